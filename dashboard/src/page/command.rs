//! Commands of buttons and keys.

/// What a button or a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Hold the view, or return to the live one.
    Hold,
    Live,
    Earlier,
    Later,
    ShorterSpan,
    LongerSpan,
    /// Show everything since the oldest value.
    Everything,
    Undo,
    Redo,
    ZoomToSelection,
    DropSelection,
    /// Show the statistics of the selected span.
    Statistics,
    /// Save the values of the selected span.
    SaveSelection,
    /// Copy a link to the times on screen.
    CopyLink,
    /// Find series, panels, actions, spans and labels.
    Find,
    /// Remove the filter by labels.
    DropFilter,
    /// Switch between dark and light.
    Theme,
    /// Switch time labels: relative, local, UTC.
    Times,
    /// Show what the server says of its sources.
    Sources,
    /// Show the keys and gestures.
    Help,
}

/// A command with its keys, as `KeyboardEvent.key` names them.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyedCommand {
    pub(super) command: Command,
    /// The first is shown in the list of keys.
    pub(super) keys: &'static [&'static str],
    /// The id of its button; empty without one.
    pub(super) button: &'static str,
    pub(super) does: &'static str,
}

const fn keyed(
    command: Command,
    keys: &'static [&'static str],
    button: &'static str,
    does: &'static str,
) -> KeyedCommand {
    KeyedCommand { command, keys, button, does }
}

/// All commands, in the order of the list of keys.
pub(super) const COMMANDS: [KeyedCommand; 20] = [
    keyed(Command::Hold, &["p"], "hold", "Hold the view, or return to the live one"),
    keyed(Command::Live, &["0", "End"], "", "Return to the live view"),
    keyed(Command::Earlier, &["a"], "earlier", "Move to earlier times"),
    keyed(Command::Later, &["d"], "later", "Move to later times"),
    keyed(Command::ShorterSpan, &["w", "+", "="], "shorter", "Show a shorter span"),
    keyed(Command::LongerSpan, &["s", "-"], "longer", "Show a longer span"),
    keyed(Command::Everything, &["Home"], "everything", "Show everything since the oldest value"),
    keyed(Command::Undo, &["Backspace"], "undo", "Show the view before"),
    keyed(Command::Redo, &["Shift+Backspace"], "redo", "Show the view after it again"),
    keyed(Command::ZoomToSelection, &["Enter", "f"], "selection-zoom", "Zoom to the selected span"),
    keyed(Command::Statistics, &["i"], "selection-statistics", "Show the statistics of the selected span"),
    keyed(Command::SaveSelection, &["e"], "selection-save", "Save the values of the selected span as CSV"),
    keyed(Command::DropSelection, &["Escape"], "selection-drop", "Drop the selection"),
    keyed(Command::Find, &["/", "Ctrl+k"], "finder-opener", "Find series, panels, actions, spans and labels"),
    keyed(Command::DropFilter, &["Shift+Escape"], "filter-drop", "Remove the filter by labels"),
    keyed(Command::CopyLink, &["l"], "copy-link", "Copy a link to the times on screen"),
    keyed(Command::Sources, &["o"], "sources-opener", "Show the sources, and what they do not measure"),
    keyed(Command::Times, &["u"], "times", "Switch time labels: relative, local time, UTC"),
    keyed(Command::Theme, &["t"], "theme", "Switch between dark and light"),
    keyed(Command::Help, &["?"], "help-opener", "Show keys and gestures"),
];

/// The key of an event with its Shift, unless the character says it already: `p`, `?`, `Shift+Backspace`.
pub(super) fn name_of(key: &str, has_shift: bool) -> String {
    if has_shift && !is_character(key) { format!("Shift+{key}") } else { key.to_owned() }
}

/// Returns true for keys that write a character: they can be switched off (WCAG 2.1.4).
pub(super) fn is_character(key: &str) -> bool {
    key.chars().count() == 1
}

/// The command of a key, by its name.
pub(super) fn of_key(name: &str) -> Option<Command> {
    let is_of = |keyed: &&KeyedCommand| keyed.keys.iter().any(|key| key.eq_ignore_ascii_case(name));
    COMMANDS.iter().find(is_of).map(|keyed| keyed.command)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_has_one_command_and_a_button_too() {
        let keys: Vec<&str> = COMMANDS.iter().flat_map(|keyed| keyed.keys).copied().collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
        let buttons: Vec<&str> = COMMANDS.iter().map(|keyed| keyed.button).filter(|id| !id.is_empty()).collect();
        assert_eq!(buttons.iter().collect::<HashSet<_>>().len(), buttons.len());
    }

    #[test]
    fn keys_are_found_with_capital_letters_and_with_shift() {
        let command = |key, has_shift| of_key(&name_of(key, has_shift));
        assert_eq!(command("P", true), Some(Command::Hold));
        assert_eq!((command("+", true), command("=", false)), (Some(Command::ShorterSpan), Some(Command::ShorterSpan)));
        assert_eq!(
            (command("Backspace", false), command("Backspace", true)),
            (Some(Command::Undo), Some(Command::Redo))
        );
        assert_eq!((command("Enter", true), command("x", false), command("", false)), (None, None, None));
    }
}

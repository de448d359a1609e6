//! Commands of the buttons and keys.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Pause the display or resume it.
    Pause,
    /// Switch between dark and light.
    Theme,
    /// Switch time labels: relative, local, UTC.
    Times,
}

impl Command {
    /// All commands, each with the id of its button and its key.
    pub(super) const ALL: [(Self, &'static str, &'static str); 3] =
        [(Self::Pause, "pause", "p"), (Self::Theme, "theme", "t"), (Self::Times, "times", "u")];
}

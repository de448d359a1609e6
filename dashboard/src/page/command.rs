//! What a person can ask for, by button or key.

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Hold the picture, or let it run again.
    Pause,
    /// Dark or light, whichever it is not.
    Theme,
    /// Times by how long ago, by the reader's clock, by UTC: the next of them.
    Times,
}

impl Command {
    /// Each, with its button's id and its key.
    pub(super) const ALL: [(Self, &'static str, &'static str); 3] =
        [(Self::Pause, "pause", "p"), (Self::Theme, "theme", "t"), (Self::Times, "times", "u")];
}

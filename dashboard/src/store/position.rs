//! Where the page stands in the stream, and what a frame means there.
//!
//! A state machine without a clock, which knows nothing of what frames hold. It notices what was lost without a trace, by
//! numbers that do not follow on each other and by heartbeats that name a position further ahead, and says when to ask
//! for it.
//!
//! ```text
//!             whole catalog            last of the history
//! Awaiting ------------------> Filling --------------------> Live
//!    ^                            |                            |
//!    +------- asked again --------+------- asked, for something was lost
//! ```
//!
//! It asks once and then waits for the answer: it asks again when ten heartbeats have come and nothing of the
//! answer, and, once, when part of the answer could not be read. Whatever else is lost waits for the next heartbeat. So
//! a server that sends nothing but nonsense is asked about once a second.

use protocol::{Body, CatalogScope, Epoch, Header, HistoryPart, Interval, Sequence, Start};

/// So many heartbeats without anything of an answer: it was lost. More than a connection that is seconds behind still has
/// on the way from before the request.
const PATIENCE: u32 = 10;

/// Where the page stands.
#[derive(Clone, Debug)]
pub struct Position {
    epoch: Option<Epoch>,
    /// The page holds everything up to here; nothing can be said while history replaces it.
    held: Option<Sequence>,
    phase: Phase,
    /// Heartbeats since something of the answer came.
    heartbeats: u32,
    /// No heartbeat has come since something was asked for.
    has_just_asked: bool,
    /// A message could not be read, and it is not known what it was.
    suspect: bool,
    /// The history that is coming was asked for because the one before was spoiled.
    is_second_try: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A request is under way.
    Awaiting,
    /// History comes.
    Filling,
    /// Samples come, and each follows on the one before.
    Live,
}

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it in.
    Take,
    /// Take it in, but it is not known that it, or what follows it, joins what is held.
    TakeAnew,
    /// Leave it: it is held already.
    Duplicate,
    /// Leave it: what it follows on is missing, and has been asked for.
    Leave,
    /// Leave it, and ask for what is missing.
    Ask,
}

/// What rows met that were taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Older rows only.
    None,
    /// Rows of the same time or later, which they replaced.
    Replaced,
}

/// What follows from a message that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing at once.
    Wait,
    /// Ask for what is missing.
    Ask,
    /// It may have been history, so there is a hole until that is told anew, if it is.
    Hole,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            epoch: None,
            held: None,
            phase: Phase::Awaiting,
            heartbeats: 0,
            has_just_asked: false,
            suspect: false,
            is_second_try: false,
        }
    }
}

impl Position {
    /// The last position held.
    pub const fn held(&self) -> Option<Sequence> {
        self.held
    }

    /// Whether samples come as they are measured, and not history.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// What to ask for, with a window of history where that cannot be had.
    pub const fn start(&self, window: Interval) -> Start {
        match (self.epoch, self.held) {
            (Some(epoch), Some(sequence)) => Start::After { epoch, sequence, window },
            _ => Start::Window(window),
        }
    }

    /// There is a new connection, and it has been told where to start.
    pub fn connected(&mut self) {
        self.suspect = false;
        self.ask();
    }

    /// What to do with a frame.
    ///
    /// Hot: once a frame.
    pub fn judge(&mut self, header: &Header, body: &Body<'_>) -> Verdict {
        let is_of_epoch = self.epoch == Some(header.epoch);
        match body {
            Body::Catalog(catalog) if catalog.scope == CatalogScope::Whole => self.begin(header.epoch),
            Body::Heartbeat(_) => self.heartbeat(header),
            // Positions and ids of another epoch mean nothing in this one.
            Body::Catalog(_) | Body::Gap(_) | Body::History(_) | Body::Samples(_) if !is_of_epoch => self.miss(),
            Body::Samples(_) => self.samples(header.sequence),
            Body::History(history) => self.history(history.part, header.sequence),
            _ => Verdict::Take,
        }
    }

    /// History was taken in. Where it replaced rows that were held, it is not known what is held until it has ended: if it
    /// is cut off, all of it is needed again.
    pub fn history_taken(&mut self, overlap: Overlap) {
        if self.phase == Phase::Filling && overlap == Overlap::Replaced {
            self.held = None;
        }
    }

    /// A message could not be read.
    pub fn unreadable(&mut self) -> Unreadable {
        self.suspect = true;
        if self.phase == Phase::Filling {
            return Unreadable::Hole;
        }
        if self.miss() == Verdict::Ask { Unreadable::Ask } else { Unreadable::Wait }
    }

    fn begin(&mut self, epoch: Epoch) -> Verdict {
        self.phase = Phase::Filling;
        self.heartbeats = 0;
        self.suspect = false;
        if self.epoch.replace(epoch) != Some(epoch) {
            self.held = None;
        }
        if self.held.is_some() { Verdict::Take } else { Verdict::TakeAnew }
    }

    fn samples(&mut self, sequence: Sequence) -> Verdict {
        match (self.held, self.phase) {
            (Some(held), _) if sequence <= held => Verdict::Duplicate,
            (Some(held), Phase::Live) if sequence == held.next() => {
                self.held = Some(sequence);
                Verdict::Take
            }
            // The last of the history was what could not be read.
            (_, Phase::Filling) if self.suspect => match self.filled(sequence) {
                Verdict::Take => Verdict::TakeAnew,
                ask => ask,
            },
            _ => self.miss(),
        }
    }

    fn history(&mut self, part: HistoryPart, sequence: Sequence) -> Verdict {
        if self.phase != Phase::Filling {
            return self.miss();
        }
        self.heartbeats = 0;
        if part == HistoryPart::Last { self.filled(sequence) } else { Verdict::Take }
    }

    /// The history has ended. When part of it could not be read, it is asked for once more; what cannot be read then
    /// remains a hole.
    fn filled(&mut self, sequence: Sequence) -> Verdict {
        if self.suspect && !self.is_second_try {
            self.is_second_try = true;
            return self.ask();
        }
        self.held = Some(sequence);
        self.phase = Phase::Live;
        self.suspect = false;
        self.is_second_try = false;
        Verdict::Take
    }

    fn heartbeat(&mut self, header: &Header) -> Verdict {
        self.has_just_asked = false;
        self.heartbeats = self.heartbeats.saturating_add(1);
        let is_whole = match self.phase {
            Phase::Live => {
                let is_ahead = self.held.is_some_and(|held| header.sequence > held);
                self.epoch == Some(header.epoch) && !is_ahead && !self.suspect
            }
            Phase::Awaiting | Phase::Filling => self.heartbeats < PATIENCE,
        };
        if is_whole { Verdict::Take } else { self.ask() }
    }

    /// Something is missing.
    fn miss(&mut self) -> Verdict {
        if self.phase == Phase::Live && !self.has_just_asked { self.ask() } else { Verdict::Leave }
    }

    fn ask(&mut self) -> Verdict {
        self.phase = Phase::Awaiting;
        self.heartbeats = 0;
        self.has_just_asked = true;
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests;

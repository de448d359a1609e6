//! The position of the page in the stream, and the handling of each frame there.
//!
//! A state machine without a clock, which does not read the bodies of frames. It detects frames that were lost without a
//! declaration, by missing numbers and by heartbeats with a later position, and schedules requests for them.
//!
//! ```text
//!           start of a catalog         last of the history
//! Awaiting ------------------> Filling --------------------> Live
//!    ^                            |                            |
//!    +------- requested again ----+------- requested, after a loss
//! ```
//!
//! It requests once and then waits for the answer. It requests again after ten heartbeats without a part of the answer,
//! and, once, if a part of the answer could not be decoded. Further losses wait for the next heartbeat, so that a server
//! whose frames cannot be decoded receives about one request a second.

use protocol::{Body, CatalogScope, Epoch, Header, HistoryPart, Interval, Revision, Sequence, Start};

/// After this many heartbeats without a part of the answer, the answer is lost. A connection that lags by seconds has
/// fewer heartbeats from before the request in transit.
const PATIENCE: u32 = 10;

/// The position of the page.
#[derive(Clone, Debug)]
pub struct Position {
    epoch: Option<Epoch>,
    /// The last position that the page holds; unknown while history replaces rows.
    held: Option<Sequence>,
    phase: Phase,
    /// Heartbeats since the last part of the answer.
    heartbeats: u32,
    /// True from a request to the next heartbeat.
    has_just_asked: bool,
    /// A message could not be decoded, and its kind is not known.
    suspect: bool,
    /// The current history was requested since a part of the one before could not be decoded.
    is_second_try: bool,
    /// Of the catalog that the page holds; 0 if it may be incomplete.
    revision: Revision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No part of the answer to a request has arrived.
    Awaiting,
    Filling,
    /// Samples arrive, each with the next number of the subscription.
    Live,
}

/// How to handle a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Take,
    /// Apply it, after marking a hole: it may not join the rows that are held.
    TakeAfterHole,
    /// Skip it: it was applied before.
    Duplicate,
    /// Skip it: earlier frames are missing, and were requested.
    Leave,
    /// Skip it, and request the missing frames.
    Ask,
}

/// The overlap of new rows with those that were held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// All rows that were held are older.
    None,
    /// Rows of the same time or later were dropped, and others follow.
    Replaced,
}

/// How to handle a message that could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Wait,
    /// Request the missing frames.
    Ask,
    /// Mark a hole: it may have been history, which may be requested once more.
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
            revision: Revision(0),
        }
    }
}

impl Position {
    /// The last position that is held.
    pub const fn held(&self) -> Option<Sequence> {
        self.held
    }

    /// Returns true if samples arrive, not history.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// The start of the next subscription: after the position that is held, or with a window of history.
    pub const fn start(&self, window: Interval) -> Start {
        match (self.epoch, self.held) {
            (Some(epoch), Some(sequence)) => Start::After { epoch, sequence, window, revision: self.revision },
            _ => Start::Window(window),
        }
    }

    /// Records that a new connection has subscribed from [`start`](Self::start).
    pub fn connected(&mut self) {
        self.suspect = false;
        self.ask();
    }

    /// Decides how to handle a frame.
    ///
    /// Hot: once a frame.
    pub fn judge(&mut self, header: &Header, body: &Body<'_>) -> Verdict {
        let is_of_epoch = self.epoch == Some(header.epoch);
        match body {
            Body::Catalog(catalog) if catalog.scope != CatalogScope::Changes => self.begin(header.epoch),
            Body::Heartbeat(_) => self.heartbeat(header),
            // Positions and ids are valid in their epoch only.
            Body::Catalog(_) | Body::Gap(_) | Body::History(_) | Body::Summaries(_) | Body::Samples(_)
                if !is_of_epoch =>
            {
                self.miss()
            }
            Body::Samples(_) => self.numbered(header),
            // Of a kind that the page does not know: it has no rows, but a number.
            _ if body.is_numbered() => self.number(header),
            Body::History(history) => self.history(history.part, header.sequence),
            Body::Summaries(_) => self.summaries(),
            _ => Verdict::Take,
        }
    }

    /// Records that a catalog was applied, after which the page holds this revision; 0 if a part of it was left out. After a
    /// message that could not be decoded, which may have been a part of the catalog, the next complete catalog has the revision.
    pub const fn catalog_taken(&mut self, revision: Revision) {
        self.revision = if self.suspect { Revision(0) } else { revision };
    }

    /// Records that a part of history was applied. If it replaced rows, the position is unknown until the history has ended:
    /// if the connection ends before, the complete history is needed again.
    pub fn history_taken(&mut self, overlap: Overlap) {
        if self.phase == Phase::Filling && overlap == Overlap::Replaced {
            self.held = None;
        }
    }

    /// Records that a frame that was taken refers to others, which are missing. `held` is the position before it: its rows are requested again.
    pub fn not_applied(&mut self, held: Option<Sequence>) -> Verdict {
        self.held = held;
        self.suspect = true;
        self.miss()
    }

    /// Decides how to handle a message that could not be decoded.
    pub fn unreadable(&mut self) -> Unreadable {
        self.suspect = true;
        self.revision = Revision(0);
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
        if self.held.is_some() { Verdict::Take } else { Verdict::TakeAfterHole }
    }

    fn numbered(&mut self, header: &Header) -> Verdict {
        let sequence = header.sequence;
        match (self.held, self.phase) {
            (Some(held), _) if sequence <= held => Verdict::Duplicate,
            (Some(held), Phase::Live) if header.previous() <= held => {
                self.held = Some(sequence);
                Verdict::Take
            }
            // The message was the last part of the history.
            (_, Phase::Filling) if self.suspect => match self.filled(sequence) {
                Verdict::Take => Verdict::TakeAfterHole,
                ask => ask,
            },
            _ => self.miss(),
        }
    }

    fn number(&mut self, header: &Header) -> Verdict {
        if self.phase == Phase::Live && self.epoch == Some(header.epoch) {
            self.numbered(header)
        } else {
            Verdict::Leave
        }
    }

    fn history(&mut self, part: HistoryPart, sequence: Sequence) -> Verdict {
        if self.phase != Phase::Filling {
            return self.miss();
        }
        self.heartbeats = 0;
        if part == HistoryPart::Last { self.filled(sequence) } else { Verdict::Take }
    }

    fn summaries(&mut self) -> Verdict {
        if self.phase != Phase::Filling {
            return Verdict::Leave;
        }
        self.heartbeats = 0;
        Verdict::Take
    }

    /// Ends the history. If a part of it could not be decoded, it is requested once more; a second failure leaves a hole.
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

//! A viewer as docs/PROTOCOL.md describes it, in a few lines: it keeps the bits of every row, and panics at a frame that is
//! repeated, out of order or missing.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;

use protocol::column::MISSING;
use protocol::{
    Blocks, Body, Epoch, Frame, Gap, GapCause, GroupId, HistoryPart, Interval, Sequence, SeriesId, Start, Timestamp,
};

/// Longer than any history of a test.
pub const WINDOW: Interval = Interval::from_secs(3_600);

/// The group and time of a row, and the bits of its values.
pub type Row = (GroupId, Timestamp);
pub type Values = BTreeMap<SeriesId, u64>;

pub struct Viewer {
    pub epoch: Option<Epoch>,
    pub position: Sequence,
    pub held: BTreeMap<Row, Values>,
    pub gaps: Vec<Gap>,
    /// True after a lost connection during the history: held rows may then be sent again.
    may_overlap: bool,
    fills: bool,
}

impl Viewer {
    /// A viewer without rows, of the given epoch if any.
    pub fn new(epoch: Option<Epoch>) -> Self {
        let (held, gaps) = (BTreeMap::new(), Vec::new());
        Self { epoch, position: Sequence(0), held, gaps, may_overlap: false, fills: true }
    }

    /// The start that it requests on a new connection.
    pub fn start(&self) -> Start {
        match self.epoch {
            Some(epoch) => Start::After { epoch, sequence: self.position, window: WINDOW },
            None => Start::Window(WINDOW),
        }
    }

    /// Records the loss of the connection.
    pub const fn cut_off(&mut self) {
        self.may_overlap |= self.fills;
        self.fills = true;
    }

    /// Returns true after the last part of the history.
    pub const fn is_live(&self) -> bool {
        !self.fills
    }

    pub fn take(&mut self, message: &[u8]) {
        let frame = Frame::decode(message).expect("decodes");
        if self.epoch != Some(frame.header.epoch) {
            *self = Self::new(Some(frame.header.epoch));
        }
        let sequence = frame.header.sequence;
        match frame.body {
            Body::Samples(samples) => {
                assert!(!self.fills, "live rows before the end of the history");
                assert_eq!(sequence, self.position.next(), "none twice, none left out");
                self.position = sequence;
                self.rows(&samples.blocks, false);
            }
            Body::History(history) => {
                self.fills = true;
                self.rows(&history.blocks, self.may_overlap);
                if history.part == HistoryPart::Last {
                    self.position = sequence;
                    (self.fills, self.may_overlap) = (false, false);
                }
            }
            Body::Gap(gap) => {
                self.may_overlap |= gap.cause != GapCause::HistoryExpired;
                self.gaps.push(gap);
            }
            Body::Heartbeat(_) => assert!(self.fills || sequence == self.position, "a heartbeat ahead of the rows"),
            _ => {}
        }
    }

    fn rows(&mut self, blocks: &Blocks<'_>, may_overlap: bool) {
        for block in blocks {
            let times: Vec<Timestamp> = block.times.iter().collect();
            let newest = self.held.range(..(block.group, Timestamp::from_micros(i64::MAX))).next_back();
            let newest = newest.map(|(&row, _)| row).filter(|row| row.0 == block.group);
            if newest.is_some_and(|(_, newest)| newest >= times[0]) {
                assert!(may_overlap, "rows that are held were sent again");
                self.held.retain(|&(group, time), _| group != block.group || time < times[0]);
            }
            for column in &block.columns {
                let mut values = vec![MISSING; times.len()];
                column.values().expect("known").copy_to(&mut values);
                for (&time, value) in times.iter().zip(values) {
                    let row = self.held.entry((block.group, time)).or_default();
                    if value.to_bits() != MISSING.to_bits() {
                        assert_eq!(row.insert(column.series, value.to_bits()), None, "a value twice");
                    }
                }
            }
        }
    }

    /// Compares, bit for bit and group by group, with the rows of `other` between this viewer's first and last row.
    pub fn check_against(&self, other: &Self) {
        assert_eq!(self.epoch, other.epoch);
        assert!(!self.held.is_empty(), "nothing to compare");
        let mut bounds: BTreeMap<GroupId, (Timestamp, Timestamp)> = BTreeMap::new();
        for &(group, time) in self.held.keys() {
            bounds.entry(group).or_insert((time, time)).1 = time;
        }
        for (group, (first, last)) in bounds {
            let theirs: Vec<_> = other.held.range((group, first)..=(group, last)).collect();
            let ours: Vec<_> = self.held.range((group, first)..=(group, last)).collect();
            assert_eq!(ours.len(), theirs.len(), "rows of {group}");
            assert!(ours == theirs, "values of {group}");
        }
    }
}

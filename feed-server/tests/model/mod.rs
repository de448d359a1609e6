//! A viewer as docs/PROTOCOL.md describes it, in a few lines: it keeps the bits of every row, and panics at a frame that is
//! repeated, out of order or missing, and at a row that is sent again with other values.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

use protocol::column::MISSING;
use protocol::{
    BlockMode, Blocks, Body, CatalogScope, Epoch, Frame, Gap, GroupId, Header, HistoryPart, Interval, Revision, Sample,
    Sequence, SeriesId, Start, Timestamp,
};

/// Longer than any history of a test.
pub const WINDOW: Interval = Interval::from_secs(3_600);

/// The group and time of a row, and the bits of its values.
pub type Row = (GroupId, Timestamp);
pub type Values = BTreeMap<SeriesId, u64>;

#[derive(Clone)]
pub struct Viewer {
    pub epoch: Option<Epoch>,
    pub position: Sequence,
    pub held: BTreeMap<Row, Values>,
    pub gaps: Vec<Gap>,
    /// Texts of the lines or of the event of each entry.
    pub entries: BTreeMap<Sequence, Vec<String>>,
    /// The series that it selects; `None` for everything.
    pub selected: Option<BTreeSet<SeriesId>>,
    /// Those of them whose rows up to the position it holds.
    complete: BTreeSet<SeriesId>,
    /// The position up to which rows of a series may have been evicted when it was added.
    pub added_at: BTreeMap<SeriesId, Sequence>,
    groups: BTreeMap<SeriesId, GroupId>,
    revision: Revision,
    fills: bool,
}

impl Viewer {
    /// A viewer without rows, of the given epoch if any.
    pub fn new(epoch: Option<Epoch>) -> Self {
        let (held, gaps, groups) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let (entries, selected, complete, added_at) = (BTreeMap::new(), None, BTreeSet::new(), BTreeMap::new());
        let (position, revision, fills) = (Sequence(0), Revision(0), true);
        Self { epoch, position, held, gaps, entries, selected, complete, added_at, groups, revision, fills }
    }

    /// The start that it requests on a new connection.
    pub fn start(&self) -> Start {
        match self.epoch {
            Some(epoch) => Start::After { epoch, sequence: self.position, window: WINDOW, revision: self.revision },
            None => Start::Window(WINDOW),
        }
    }

    /// Selects other series than before. It held all series of `catalog` if it had selected everything.
    pub fn select(&mut self, selected: BTreeSet<SeriesId>, catalog: &BTreeSet<SeriesId>) {
        if self.selected.is_none() {
            self.complete.clone_from(catalog);
        }
        self.complete.retain(|series| selected.contains(series));
        for values in self.held.values_mut() {
            values.retain(|series, _| self.complete.contains(series));
        }
        (self.selected, self.fills) = (Some(selected), true);
    }

    /// The selected series of which it holds no rows.
    pub fn added(&self) -> BTreeSet<SeriesId> {
        self.selected.iter().flatten().filter(|series| !self.complete.contains(series)).copied().collect()
    }

    /// Records the loss of the connection.
    pub const fn cut_off(&mut self) {
        self.fills = true;
    }

    /// Returns true after the last part of the history.
    pub const fn is_live(&self) -> bool {
        !self.fills
    }

    pub fn take(&mut self, message: &[u8]) {
        let frame = Frame::decode(message).expect("decodes");
        if self.epoch != Some(frame.header.epoch) {
            let selected = self.selected.take();
            *self = Self::new(Some(frame.header.epoch));
            (self.complete, self.selected) = (selected.clone().unwrap_or_default(), selected);
        }
        let sequence = frame.header.sequence;
        match frame.body {
            Body::Catalog(catalog) => {
                match catalog.scope {
                    CatalogScope::Whole => self.groups.clear(),
                    CatalogScope::Changes => {}
                    CatalogScope::Unchanged => assert_eq!(catalog.revision, self.revision, "the named revision"),
                }
                self.revision = catalog.revision;
                self.fills |= catalog.scope != CatalogScope::Changes;
                self.groups.extend(catalog.series.iter().map(|series| (series.id, series.group)));
            }
            Body::Samples(samples) => {
                assert!(!self.fills, "live rows before the end of the history");
                self.number(frame.header);
                self.rows(&samples.blocks);
                for Sample { time, series, value } in &samples.list {
                    let group = *self.groups.get(&series).expect("a series precedes its samples");
                    self.value(group, time, series, value);
                }
            }
            Body::History(history) => {
                self.fills = true;
                self.rows(&history.blocks);
                if history.part == HistoryPart::Last {
                    self.position = sequence;
                    self.fills = false;
                    self.added_at.extend(self.added().into_iter().map(|series| (series, sequence)));
                    self.complete = self.selected.clone().unwrap_or_default();
                }
            }
            Body::Logs(logs) => {
                self.entry(frame.header, logs.lines.iter().map(|line| line.text.to_owned()).collect());
            }
            Body::Event(event) => self.entry(frame.header, vec![event.text.to_owned()]),
            Body::Gap(gap) => self.gaps.push(gap),
            Body::Heartbeat(_) => {
                let is_whole =
                    if self.selected.is_none() { sequence == self.position } else { sequence <= self.position };
                assert!(self.fills || is_whole, "a heartbeat ahead of the rows");
            }
            _ => {}
        }
    }

    /// Takes the number of a live frame.
    fn number(&mut self, header: Header) {
        let is_next = header.previous() <= self.position && self.position < header.sequence;
        assert!(is_next, "none twice, none left out: {header:?} after {:?}", self.position);
        assert!(self.selected.is_some() || header.sequence == self.position.next(), "everything has every number");
        self.position = header.sequence;
    }

    fn entry(&mut self, header: Header, texts: Vec<String>) {
        let sequence = header.sequence;
        if self.is_live() {
            self.number(header);
        }
        if let Some(held) = self.entries.get(&sequence) {
            assert_eq!(*held, texts, "an entry was sent again with another content");
        }
        self.entries.insert(sequence, texts);
    }

    fn rows(&mut self, blocks: &Blocks<'_>) {
        for block in blocks {
            let times: Vec<Timestamp> = block.times.iter().collect();
            if block.mode == BlockMode::Replace {
                self.held.retain(|&(group, time), _| group != block.group || time < times[0]);
            }
            for &time in &times {
                self.held.entry((block.group, time)).or_default();
            }
            for column in &block.columns {
                let mut values = vec![MISSING; times.len()];
                column.values().expect("known").copy_to(&mut values);
                for (&time, value) in times.iter().zip(values).filter(|(_, value)| value.to_bits() != MISSING.to_bits())
                {
                    self.value(block.group, time, column.series, value);
                }
            }
        }
    }

    fn value(&mut self, group: GroupId, time: Timestamp, series: SeriesId, value: f64) {
        let is_selected = self.selected.as_ref().is_none_or(|selected| selected.contains(&series));
        assert!(is_selected, "{series:?} was not selected");
        let before = self.held.entry((group, time)).or_default().insert(series, value.to_bits());
        assert!(before.is_none_or(|before| before == value.to_bits()), "a row was sent again with another value");
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

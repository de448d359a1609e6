//! A server that sends one group as rows, and a page's store that receives them, for tests.

use protocol::{
    BlockMode, Blocks, Body, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId, Header,
    History, HistoryPart, Interval, Label, SamplesBuffer, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

use super::{Group, Store};

const GROUP: GroupId = GroupId(1);

/// The interval of the rows.
pub(crate) const INTERVAL: Interval = Interval::from_millis(100);

/// The rows are sent for this before they are evicted.
const WINDOW: Interval = Interval::from_secs(20);

#[derive(Debug)]
pub(crate) struct RowSender {
    pub(crate) store: Store,
    sequence: u64,
}

/// The time of a row.
pub(crate) fn at(row: i64) -> Timestamp {
    Timestamp::from_micros(row * INTERVAL.micros().cast_signed())
}

impl RowSender {
    /// Series `s1` to the number `series`.
    pub(crate) fn new(series: u32) -> Self {
        let mut sender = Self { store: Store::new(WINDOW), sequence: 0 };
        sender.catalog(CatalogScope::Whole, &(1..=series).collect::<Vec<_>>(), &[]);
        let history = Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() });
        sender.apply(history, at(0));
        sender
    }

    pub(crate) fn group(&self) -> &Group {
        &self.store.groups()[0]
    }

    /// Changes the answers to queries of the group.
    pub(crate) fn change_past(&mut self, change: impl FnOnce(&mut super::past::Past)) {
        self.store.change_past(change);
    }

    /// Names of the series at places.
    pub(crate) fn names(&self, places: &[usize]) -> Vec<&str> {
        places.iter().map(|&place| self.group().series()[place].name.as_str()).collect()
    }

    pub(crate) fn catalog(&mut self, scope: CatalogScope, added: &[u32], retired: &[u32]) {
        let (mut groups, mut series, mut gone, mut labels) =
            (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
        let (id, name, unit, interval) = (GROUP, "g", "1", INTERVAL);
        groups.push(&GroupDescriptor { id, name, unit, interval, ..GroupDescriptor::default() }).expect("encodes");
        for number in added {
            let (id, group, kind, name) = (SeriesId(*number), GROUP, SeriesKind::Gauge, format!("s{number}"));
            labels.clear();
            labels.push(&Label { key: "name", value: &name }).expect("encodes");
            let labels = labels.entries();
            series.push(&SeriesDescriptor { id, group, name: &name, kind, labels }).expect("encodes");
        }
        for &number in retired {
            gone.push(&SeriesId(number)).expect("encodes");
        }
        let (groups, series, retired) = (groups.entries(), series.entries(), gone.entries());
        self.apply(Body::Catalog(Catalog { scope, groups, series, retired, ..Catalog::default() }), at(0));
    }

    /// Sends a row with the values of some series, by their ids.
    pub(crate) fn row(&mut self, row: i64, values: impl IntoIterator<Item = (u32, f64)>) {
        let values: Vec<(SeriesId, f64)> = values.into_iter().map(|(id, value)| (SeriesId(id), value)).collect();
        let mut buffer = SamplesBuffer::default();
        buffer.start(at(row));
        let columns = values.iter().map(|(id, value)| (*id, std::slice::from_ref(value)));
        buffer.push(BlockMode::Merge, GROUP, &[at(row)], columns).expect("encodes");
        self.sequence += 1;
        self.apply(Body::Samples(buffer.samples()), at(row));
    }

    fn apply(&mut self, body: Body<'_>, sent: Timestamp) {
        let header = Header { epoch: Epoch(1), sequence: Sequence(self.sequence), sent, skipped: 0 };
        self.store.apply(&Frame { header, body });
    }
}

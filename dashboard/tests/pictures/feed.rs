//! A group in a store that is filled from frames.

use dashboard::store::Store;
use protocol::{
    BlockBuffer, Blocks, Body, Bounds, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor,
    GroupId, Header, History, HistoryPart, Interval, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind,
    Timestamp,
};

/// A store with 20 s of three series at `hz` rows a second. A row without a value is left out: a hole in time.
pub(crate) fn store(hz: u32, value: impl Fn(usize, f64) -> f64) -> Store {
    let mut store = Store::new(Interval::from_secs(20));
    apply(&mut store, 0, &catalog(Interval::from_micros(u64::from(1_000_000 / hz))));
    apply(&mut store, 0, &Owned::NoHistory);
    let mut sequence = 0;
    for row in 0..20 * hz {
        let seconds = f64::from(row) / f64::from(hz);
        let values = [0, 1, 2].map(|series| value(series, seconds));
        if values.iter().any(|value| value.is_finite()) {
            let time = Timestamp::from_micros(i64::from(row) * 1_000_000 / i64::from(hz));
            sequence += 1;
            apply(&mut store, sequence, &samples(time, values));
        }
    }
    store
}

/// The end of the 20 s.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(20_000_000);

fn apply(store: &mut Store, sequence: u64, body: &Owned) {
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), ..Header::default() };
    store.apply(&Frame { header, body: body.body() });
}

enum Owned {
    Catalog(EntriesBuffer, EntriesBuffer),
    NoHistory,
    Samples(BlockBuffer),
}

impl Owned {
    fn body(&self) -> Body<'_> {
        match self {
            Self::Catalog(groups, series) => Body::Catalog(Catalog {
                scope: CatalogScope::Whole,
                groups: groups.entries(),
                series: series.entries(),
                ..Catalog::default()
            }),
            Self::NoHistory => Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() }),
            Self::Samples(blocks) => Body::Samples(Samples::of_blocks(blocks.blocks())),
        }
    }
}

fn catalog(interval: Interval) -> Owned {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, bounds) = (GroupId(1), Bounds::FromZero);
    groups
        .push(&GroupDescriptor { id, name: "g", title: "G", unit: "1", interval, bounds, ..GroupDescriptor::default() })
        .expect("encodes");
    for (id, name) in [(SeriesId(1), "a"), (SeriesId(2), "b"), (SeriesId(3), "c")] {
        let labels = Entries::default();
        let descriptor = SeriesDescriptor { id, group: GroupId(1), name, kind: SeriesKind::Gauge, labels };
        series.push(&descriptor).expect("encodes");
    }
    Owned::Catalog(groups, series)
}

fn samples(time: Timestamp, values: [f64; 3]) -> Owned {
    let mut blocks = BlockBuffer::default();
    blocks.start(time);
    let columns = [(SeriesId(1), &values[..1]), (SeriesId(2), &values[1..2]), (SeriesId(3), &values[2..])];
    blocks.push(GroupId(1), &[time], columns).expect("encodes");
    Owned::Samples(blocks)
}

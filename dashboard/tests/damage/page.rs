//! A page in the middle of a stream with the epoch, groups, series and times of the golden frames.

use std::ops::Range;

use dashboard::store::capacity::BUDGET_BYTES;
use dashboard::store::{Applied, Store};
use protocol::{
    BlockBuffer, Body, Bounds, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId,
    Header, History, HistoryPart, Interval, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

pub(crate) const WINDOW: Interval = Interval::from_secs(20);

const STEP_US: i64 = 100_000;

/// About the time at which the golden frames were sent.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_100_000_000);

/// The epoch of all golden frames.
const EPOCH: Epoch = Epoch(1_700_000_000_123_456);

/// The position of the page: the golden frames follow it.
const HELD: Sequence = Sequence(4_241);

/// The state of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A part of the history has arrived, and the last part has not.
    Filling,
    Live,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Read,
    Unreadable,
}

pub(crate) struct Page {
    store: Store,
    catalogs: Vec<Vec<u8>>,
    more: Vec<u8>,
    last: Vec<u8>,
}

impl Page {
    pub(crate) fn new() -> Self {
        let catalogs =
            vec![catalog(CatalogScope::Whole, 1, &[7, 8]), catalog(CatalogScope::Changes, 2, &[7, 8, 70_000])];
        let (more, last) = (history(HistoryPart::More, -60..-30), history(HistoryPart::Last, -30..0));
        Self { store: Store::new(WINDOW), catalogs, more, last }
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Sends the page the frames that lead to this state, as a server does on request.
    pub(crate) fn bring_to(&mut self, moment: Moment) {
        if moment == Moment::Live && self.store.position().is_live() && self.store.position().held() == Some(HELD) {
            return;
        }
        self.store.connected();
        for bytes in self.catalogs.iter().chain([&self.more]) {
            take(&mut self.store, bytes);
        }
        if moment == Moment::Live {
            take(&mut self.store, &self.last);
            assert_eq!(self.store.position().held(), Some(HELD));
        }
        assert_eq!(self.store.position().is_live(), moment == Moment::Live);
    }

    /// Handles a message as a page does.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Heard {
        if let Ok(frame) = Frame::decode(bytes) {
            self.store.apply(&frame);
            Heard::Read
        } else {
            self.store.unreadable();
            Heard::Unreadable
        }
    }

    /// Does the work of a page after every message, and checks the memory budget.
    pub(crate) fn check(&mut self, after: &str) {
        self.store.prune(NOW - WINDOW);
        if let Some(newest) = self.store.newest() {
            self.store.prune(newest - WINDOW);
        }
        self.store.start();
        let bytes = self.store.bytes();
        assert!(bytes <= BUDGET_BYTES, "{after}: {bytes} bytes");
    }
}

fn take(store: &mut Store, bytes: &[u8]) -> Applied {
    store.apply(&Frame::decode(bytes).expect("decodes"))
}

fn frame(body: Body<'_>) -> Vec<u8> {
    Frame { header: Header { epoch: EPOCH, sequence: HELD, sent: NOW, skipped: 0 }, body }.to_bytes().expect("encodes")
}

/// A catalog with one group of the golden one, and these series.
fn catalog(scope: CatalogScope, group: u32, ids: &[u32]) -> Vec<u8> {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (name, unit, bounds) =
        if group == 1 { ("temperature", "Cel", Bounds::Auto) } else { ("network", "By/s", Bounds::FromZero) };
    let interval = Interval::from_micros(STEP_US.unsigned_abs());
    groups
        .push(&GroupDescriptor {
            id: GroupId(group),
            name,
            title: name,
            unit,
            interval,
            bounds,
            ..GroupDescriptor::default()
        })
        .expect("encodes");
    for &id in ids {
        let (name, labels) = (format!("series {id}"), Entries::default());
        let (id, group, kind) = (SeriesId(id), GroupId(group), SeriesKind::Gauge);
        series.push(&SeriesDescriptor { id, group, name: &name, kind, labels }).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), series.entries(), Entries::default());
    frame(Body::Catalog(Catalog { scope, groups, series, retired, ..Catalog::default() }))
}

/// Rows of both groups, at steps relative to now.
fn history(part: HistoryPart, steps: Range<i64>) -> Vec<u8> {
    let times: Vec<_> = steps.clone().map(|step| Timestamp::from_micros(NOW.micros() + step * STEP_US)).collect();
    let values: Vec<f64> = steps.map(|step| 20.0 + (step as f64 / 5.0).sin()).collect();
    let mut blocks = BlockBuffer::default();
    blocks.start(NOW);
    for group in [1, 2] {
        let columns = [7, 8].map(|id| (SeriesId(id), values.as_slice()));
        blocks.push(GroupId(group), &times, columns).expect("encodes");
    }
    frame(Body::History(History { part, blocks: blocks.blocks() }))
}

//! Summaries that are kept current: after any cuts, changes and new series, a viewer holds exactly the summaries of the rows that were
//! sent, without a bucket too many or too few.
//!
//! Without sockets: a viewer takes frames turn by turn, and a cut connection loses the end of a turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::turns::{Connection, message};
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::deliver::session::request::{RequestedSelection, StreamRequest};
use feed_server::deliver::subscription::Part;
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::stream::buckets::steps::Steps;
use feed_server::stream::selected_by::SelectedBy;
use feed_server::telemetry::Telemetry;
use proptest::prelude::*;
use protocol::column::{MISSING, is_missing};
use protocol::{
    BlockMode, Body, BucketUpdates, CatalogScope, Epoch, Frame, GroupId, HistoryPart, Interval, Revision, Sequence,
    SeriesId, SeriesKind, Start, SummaryFields, Timestamp,
};
use series::{ExactSum, Summary};

const GROUPS: usize = 3;
const SERIES: usize = 3;
/// Of the rows of every group.
const INTERVAL: Interval = Interval::from_millis(1);
const WINDOW: Interval = Interval::from_secs(3_600);

/// The start and series of a bucket.
type Bucket = (GroupId, Timestamp, SeriesId);

/// A viewer as docs/PROTOCOL.md describes it, in a few lines.
struct Viewer {
    position: Option<Sequence>,
    epoch: Epoch,
    is_live: bool,
    /// First, last, minimum, maximum, sum and count; sum and count are missing while a bucket is open.
    buckets: BTreeMap<Bucket, SummaryFields>,
    rows: BTreeSet<(GroupId, Timestamp)>,
    /// The start, the series and the summaries of the open bucket of each group.
    open: BTreeMap<GroupId, (Timestamp, Vec<SeriesId>, Vec<SummaryFields>)>,
}

impl Viewer {
    fn new(epoch: Epoch) -> Self {
        let (buckets, rows, open) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { position: None, epoch, is_live: false, buckets, rows, open }
    }

    fn start(&self) -> Start {
        let (epoch, revision) = (self.epoch, Revision(0));
        match self.position {
            None => Start::Window(WINDOW),
            Some(sequence) => Start::After { epoch, sequence, window: WINDOW, revision },
        }
    }

    fn take(&mut self, frame: &[u8]) {
        let frame = Frame::decode(frame).expect("decodes");
        match frame.body {
            Body::Catalog(catalog) if catalog.scope != CatalogScope::Changes => {
                (self.is_live, self.open) = (false, BTreeMap::new());
            }
            Body::History(history) => {
                self.blocks(&history.blocks);
                if history.part == HistoryPart::Last {
                    (self.is_live, self.position) = (true, Some(frame.header.sequence));
                    // Rows of a bucket that was open may have been evicted since: then the server cannot send it.
                    let open = &self.open;
                    self.buckets.retain(|(group, start, _), fields| {
                        !is_missing(fields[4]) || open.get(group).is_some_and(|(open, ..)| open == start)
                    });
                }
            }
            Body::Summaries(summaries) => {
                assert!(!self.is_live, "a history comes before its end");
                for block in &summaries.blocks {
                    let times: Vec<Timestamp> = block.times.iter().collect();
                    // In one answer, a block follows those before it, or has other series of the same buckets.
                    let is_held = |time: Timestamp| {
                        self.buckets.keys().any(|(group, start, _)| (*group, *start) == (block.group, time))
                    };
                    if !times.iter().all(|&time| is_held(time)) || self.held_of(block.group, times[0], &block.series) {
                        self.drop_from(block.group, times[0]);
                    }
                    for series in &block.series {
                        let fields = series.copied(times.len()).expect("known encodings");
                        for (place, &time) in
                            times.iter().enumerate().filter(|(place, _)| !is_missing(fields[0][*place]))
                        {
                            let summary = std::array::from_fn(|field| fields[field][place]);
                            self.buckets.insert((block.group, time, series.series), summary);
                        }
                    }
                }
                self.updates(&summaries.open);
            }
            Body::Samples(samples) if self.is_live => {
                let held = self.position.expect("live");
                if frame.header.sequence > held {
                    assert!(frame.header.previous() <= held, "a lost frame");
                    assert!(samples.list.is_empty(), "rows of a millisecond are sent in blocks");
                    self.blocks(&samples.blocks);
                    self.updates(&samples.updates);
                    self.position = Some(frame.header.sequence);
                }
            }
            _ => {}
        }
    }

    /// A block that repeats a series replaces what is held.
    fn held_of(
        &self,
        group: GroupId,
        time: Timestamp,
        series: &protocol::Entries<'_, protocol::SummaryColumns<'_>>,
    ) -> bool {
        series.iter().any(|series| self.buckets.contains_key(&(group, time, series.series)))
    }

    fn blocks(&mut self, blocks: &protocol::Blocks<'_>) {
        for block in blocks {
            for time in &block.times {
                assert!(self.rows.insert((block.group, time)) || block.mode == BlockMode::Replace, "a row twice");
            }
        }
    }

    fn drop_from(&mut self, group: GroupId, start: Timestamp) {
        self.buckets.retain(|(of, time, _), _| *of != group || *time < start);
    }

    fn updates(&mut self, updates: &BucketUpdates<'_>) {
        for update in updates {
            let group = update.group;
            if let Some(begins) = update.begins {
                self.drop_from(group, begins.start);
                if let Some(shape) = begins.shape {
                    self.open.insert(group, (begins.start, shape.series().collect(), Vec::new()));
                } else {
                    self.open.get_mut(&group).expect("a bucket before it").0 = begins.start;
                }
            }
            let (start, series, held) = self.open.get_mut(&group).expect("a bucket that was begun on this connection");
            assert!(update.apply_to(held), "as many series as in the bucket");
            for (&series, fields) in series.iter().zip(held) {
                self.buckets.insert((group, *start, series), *fields);
            }
        }
    }
}

/// A server and the rows that it was sent.
struct Server {
    hub: Arc<Hub>,
    groups: Vec<(GroupId, Vec<SeriesId>)>,
    sent: BTreeMap<(GroupId, SeriesId), Vec<(Timestamp, f64)>>,
    clock: i64,
}

fn series(hub: &Hub, group: GroupId, number: usize) -> SeriesId {
    let labels = vec![("number".to_owned(), number.to_string())];
    let (name, kind) = (format!("s{number}"), SeriesKind::Gauge);
    hub.catalog.register_series(Series { group, name, kind, labels }).expect("fits")
}

impl Server {
    fn start(history_bytes: usize) -> Self {
        let bounds = Bounds { history: WINDOW, history_bytes, ring_bytes: 6_000, series: 100 };
        let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
        let group = |number: usize| {
            let (name, title, unit) = (format!("g{number}"), String::new(), "1".to_owned());
            let group = Group { name, title, unit, interval: INTERVAL, ..Group::default() };
            let group = hub.catalog.register_group(group).expect("fits");
            (group, vec![series(&hub, group, 0)])
        };
        let groups = (0..GROUPS).map(group).collect();
        Self { hub, groups, sent: BTreeMap::new(), clock: feed_server::clock::now().micros() }
    }

    fn add_series(&mut self, group: usize) {
        let (id, all) = &mut self.groups[group];
        if all.len() < SERIES {
            all.push(series(&self.hub, *id, all.len()));
        }
    }

    /// Sends rows of a group, a millisecond apart, for the series in the bit mask `present`.
    fn publish(&mut self, group: usize, rows: usize, present: u8, seed: u64) {
        let (group, all) = &self.groups[group];
        let times: Vec<Timestamp> =
            (1..=rows as i64).map(|row| Timestamp::from_micros(self.clock + 1_000 * row)).collect();
        self.clock += 1_000 * rows as i64;
        let present = all.iter().enumerate().filter(|(number, _)| present & 1 << number != 0);
        let columns: Vec<BatchColumn> = present
            .map(|(number, &series)| {
                let values: Vec<f64> = (0..rows).map(|row| value(seed, number, row)).collect();
                let sent = self.sent.entry((*group, series)).or_default();
                sent.extend(times.iter().copied().zip(values.iter().copied()));
                BatchColumn { series, values }
            })
            .collect();
        let now = Timestamp::from_micros(self.clock);
        self.hub.publish([Batch { group: *group, times, columns }], now).expect("encodes");
    }

    /// The summaries of all finite values that were sent, in buckets of `step`.
    fn summaries(&self, step: Interval, of: impl Fn(GroupId) -> bool) -> BTreeMap<Bucket, SummaryFields> {
        let mut expected: BTreeMap<Bucket, Vec<f64>> = BTreeMap::new();
        for (&(group, series), rows) in self.sent.iter().filter(|((group, _), _)| of(*group)) {
            for &(time, value) in rows.iter().filter(|(_, value)| value.is_finite()) {
                let start = Timestamp::from_micros(time.micros() - time.micros().rem_euclid(step.micros() as i64));
                expected.entry((group, start, series)).or_default().push(value);
            }
        }
        let fields = |values: &[f64]| {
            let Summary { first, last, min, max, count, .. } = Summary::of(values);
            [first, last, min, max, ExactSum::of(values).value(), f64::from(count)]
        };
        expected.iter().map(|(bucket, values)| (*bucket, fields(values))).collect()
    }
}

fn value(seed: u64, series: usize, row: usize) -> f64 {
    let number = seed.wrapping_mul(31).wrapping_add((series * 7 + row) as u64);
    match number % 11 {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => 1.0 / (number % 97 + 1) as f64,
        _ => (number % 1_000) as f64 / 100.0 - 4.0,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish {
        group: usize,
        rows: usize,
        present: u8,
        seed: u64,
    },
    /// The viewer is sent a turn of about `room` bytes.
    Turn {
        room: usize,
    },
    /// The viewer loses its connection after some frames of such a turn, and resumes.
    Cut {
        room: usize,
        frames: usize,
    },
    /// A series of a group is registered.
    Register {
        group: usize,
    },
    /// Up to about this many values are sealed.
    Seal {
        values: usize,
    },
    /// Another viewer joins the same subscription.
    Join,
    /// The viewer asks for another step.
    Change {
        millis: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let publish = (0..GROUPS, 1..60_usize, 1..8_u8, any::<u64>())
        .prop_map(|(group, rows, present, seed)| Step::Publish { group, rows, present, seed });
    let room = 1..60_000_usize;
    let step = prop_oneof![
        14 => publish,
        8 => room.clone().prop_map(|room| Step::Turn { room }),
        2 => (room, 0..4_usize).prop_map(|(room, frames)| Step::Cut { room, frames }),
        2 => (0..GROUPS).prop_map(|group| Step::Register { group }),
        3 => (1..2_000_usize).prop_map(|values| Step::Seal { values }),
        1 => Just(Step::Join),
        1 => (8..60_u64).prop_map(|millis| Step::Change { millis }),
    ];
    proptest::collection::vec(step, 1..100)
}

fn request(start: Start, by: &SelectedBy, millis: u64, added: bool) -> StreamRequest {
    let none = SelectedBy::Ids(Vec::new());
    let steps = Steps { step: Interval::from_millis(millis), groups: Vec::new() };
    let added = if added { by.clone() } else { none };
    StreamRequest { start, selection: Some(RequestedSelection { id: 1, to: Part { by: by.clone(), steps }, added }) }
}

fn bits(buckets: &BTreeMap<Bucket, SummaryFields>) -> Vec<(Bucket, [u64; 6])> {
    // A minimum of zero may have either sign.
    buckets.iter().map(|(bucket, fields)| (*bucket, fields.map(|field| (field + 0.0).to_bits()))).collect()
}

/// Compares what a viewer holds with the rows that were sent. Of open buckets, sum and count are not known.
fn check(viewer: &Viewer, server: &Server, step: Interval, history: History, of: impl Fn(GroupId) -> bool) {
    let mut expected = server.summaries(step, of);
    for (&(group, start, series), fields) in &viewer.buckets {
        if is_missing(fields[4])
            && let Some(expected) = expected.get_mut(&(group, start, series))
        {
            assert_eq!(
                viewer.open.get(&group).map(|(start, ..)| *start),
                Some(start),
                "only an open bucket has no sum"
            );
            [expected[4], expected[5]] = [MISSING, MISSING];
        }
    }
    if history == History::Evicts {
        // A bucket is missing, or whole.
        expected.retain(|bucket, _| viewer.buckets.contains_key(bucket));
    }
    assert_eq!(bits(&viewer.buckets), bits(&expected));
    assert!(viewer.rows.is_empty(), "every group is sent as summaries");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    HoldsAll,
    Evicts,
}

/// Plays `steps` and lets the viewer catch up, then compares.
fn play(steps: Vec<Step>, selects: usize, millis: u64, history: History) {
    let mut server = Server::start(if history == History::HoldsAll { 64 << 20 } else { 20_000 });
    let mut millis = millis;
    let by = match selects {
        0 => SelectedBy::Selector("*".parse().expect("valid")),
        1 => SelectedBy::Selector("g0,g2".parse().expect("valid")),
        2 => SelectedBy::Groups(vec![server.groups[0].0, server.groups[2].0]),
        _ => SelectedBy::Groups(server.groups.iter().map(|(group, _)| *group).collect()),
    };
    let middle = server.groups[1].0;
    let of = |group: GroupId| group != middle || matches!(selects, 0 | 3);
    let mut viewer = Viewer::new(server.hub.epoch);
    let mut connection = Connection::open(&server.hub, request(viewer.start(), &by, millis, true));
    let mut others = Vec::new();
    for step in steps {
        match step {
            Step::Publish { group, rows, present, seed } => server.publish(group, rows, present, seed),
            Step::Turn { room } => connection.turn(room).iter().for_each(|frame| viewer.take(message(frame))),
            Step::Cut { room, frames } => {
                let sent = connection.turn(room);
                sent.iter().take(frames).for_each(|frame| viewer.take(message(frame)));
                let added = viewer.position.is_none();
                connection = Connection::open(&server.hub, request(viewer.start(), &by, millis, added));
            }
            Step::Register { group } => server.add_series(group),
            Step::Seal { values } => server.hub.seal(values).expect("encodes"),
            Step::Join => {
                let mut other = Connection::open(&server.hub, request(Start::Window(WINDOW), &by, millis, true));
                other.turn(10);
                others.push(other);
            }
            Step::Change { millis: next } => {
                // It drops what it holds in the other step, and asks for the window of all.
                millis = next;
                viewer = Viewer::new(server.hub.epoch);
                connection.cursor = Cursor::at(request(viewer.start(), &by, millis, true), Charge::Viewer);
            }
        }
    }
    connection.catch_up(10_000, |frame| viewer.take(frame));
    check(&viewer, &server, Interval::from_millis(millis), history, of);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_viewer_holds_exactly_the_summaries_of_the_rows_that_were_sent(steps in steps(), selects in 0..4_usize, millis in 8..60_u64) {
        play(steps, selects, millis, History::HoldsAll);
    }

    #[test]
    fn no_bucket_is_held_without_rows_that_were_evicted(steps in steps(), selects in 0..4_usize, millis in 8..60_u64) {
        play(steps, selects, millis, History::Evicts);
    }
}

#[test]
fn rows_without_a_selected_value_close_the_bucket_of_a_group_that_has_got_a_series() {
    let steps = [
        Step::Publish { group: 0, rows: 5, present: 1, seed: 0 },
        Step::Turn { room: 40_000 },
        Step::Register { group: 0 },
        // Of a series that does not exist.
        Step::Publish { group: 0, rows: 38, present: 4, seed: 1 },
        Step::Publish { group: 2, rows: 38, present: 1, seed: 2 },
    ];
    play(steps.into(), 1, 30, History::HoldsAll);
}

#[test]
fn a_bucket_that_two_viewers_read_at_the_same_time_has_every_row() {
    let steps = [
        Step::Publish { group: 0, rows: 1, present: 1, seed: 1 },
        Step::Turn { room: 1 },
        Step::Register { group: 0 },
        Step::Publish { group: 0, rows: 15, present: 1, seed: 0 },
        Step::Join,
    ];
    play(steps.into(), 1, 8, History::HoldsAll);
}

//! Resumption against a model: after any cuts, evictions and restarts a viewer holds every row that was sent, bit for bit, or
//! a gap for it.
//!
//! Without sockets: a viewer takes frames turn by turn, and a cut connection loses the end of a turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Row, Values, Viewer, WINDOW};
use crate::turns::{Connection, message};
use bytes::Bytes;
use feed_server::clock;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::VIEWER_LIMITS;
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::deliver::session::queries::QUERY_LIMITS;
use feed_server::deliver::session::request::{RequestedSelection, StreamRequest};
use feed_server::deliver::subscription::Part;
use feed_server::deliver::viewer::ViewerGuard;
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::entry::{Entry, EntryContent, Event, LogLine};
use feed_server::ingest::health::SourceHealth;
use feed_server::ingest::registry::{Group, GroupSource, Registry, Series};
use feed_server::stream::buckets::steps::Steps;
use feed_server::stream::selected_by::SelectedBy;
use feed_server::telemetry::Telemetry;
use proptest::prelude::*;
use protocol::{
    Body, EventKind, Frame, GapCause, GapContent, GroupId, Interval, Revision, Role, Sequence, SeriesId, SeriesKind,
    Severity, Start, Timestamp,
};

const GROUPS: usize = 3;
const SERIES_PER_GROUP: usize = 2;
/// The merge window of the first two groups; the third has none.
const LATE_US: i64 = 150_000;
/// Values that a careless copy would change.
const AWKWARD: [u64; 8] = [
    0x8000_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x7ff0_0000_0000_0002,
    0xfff8_0000_dead_beef,
    0x7fef_ffff_ffff_ffff,
    0xfff0_0000_0000_0000,
    0x3fb9_9999_9999_999a,
    0x4340_0000_0000_0001,
];

#[derive(Clone, Debug)]
enum Step {
    /// A source sends rows of a group, for the series in the bit mask `present`.
    Publish {
        group: usize,
        rows: usize,
        present: u8,
        seed: u64,
    },
    /// A source sends one row of a group that is `back` microseconds older than the newest.
    Late {
        group: usize,
        back: i64,
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
    /// The viewer resumes with a position that it never held.
    Forge {
        ahead: u64,
    },
    Restart,
    /// A source sends this many lines of a log.
    Log {
        lines: usize,
        seed: u64,
    },
    /// A source sends an event.
    Happen {
        seed: u64,
    },
    /// A series ends and is registered again, under another display name.
    Register {
        group: usize,
        series: usize,
        seed: u64,
    },
    /// The ticker seals rows: up to about this many values.
    Seal {
        values: usize,
    },
    /// The viewer changes its subscription on the same connection, to the series of a bit mask, the groups of one, or everything.
    Select {
        by: Choice,
        mask: u8,
    },
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Everything,
    Series,
    Groups,
    Selector,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let publish = (0..GROUPS, 1..400_usize, 1..4_u8, any::<u64>())
        .prop_map(|(group, rows, present, seed)| Step::Publish { group, rows, present, seed });
    // Some lie between two rows, some have the time of one, and some come after the merge window.
    let late = (0..GROUPS, 0..2 * LATE_US / 500, 1..4_u8, any::<u64>())
        .prop_map(|(group, back, present, seed)| Step::Late { group, back: 500 * back, present, seed });
    let choices = vec![Choice::Everything, Choice::Series, Choice::Groups, Choice::Selector];
    let (choice, room) = (proptest::sample::select(choices), 1..100_000_usize);
    let step = prop_oneof![
        12 => publish,
        6 => late,
        8 => room.clone().prop_map(|room| Step::Turn { room }),
        3 => (room, 0..4_usize).prop_map(|(room, frames)| Step::Cut { room, frames }),
        1 => (1..1_000_u64).prop_map(|ahead| Step::Forge { ahead }),
        1 => Just(Step::Restart),
        4 => (1..8_usize, any::<u64>()).prop_map(|(lines, seed)| Step::Log { lines, seed }),
        3 => any::<u64>().prop_map(|seed| Step::Happen { seed }),
        2 => (0..GROUPS, 0..SERIES_PER_GROUP, any::<u64>())
            .prop_map(|(group, series, seed)| Step::Register { group, series, seed }),
        6 => (1..2_000_usize).prop_map(|values| Step::Seal { values }),
        5 => (choice, any::<u8>()).prop_map(|(by, mask)| Step::Select { by, mask }),
    ];
    proptest::collection::vec(step, 1..120)
}

/// A server and the rows that it has sent.
struct Server {
    hub: Arc<Hub>,
    _viewer: ViewerGuard,
    groups: Vec<(GroupId, Vec<SeriesId>)>,
    /// Each value with the sequence of its frame.
    sent: BTreeMap<Row, BTreeMap<SeriesId, (Sequence, u64)>>,
    entries: BTreeMap<Sequence, (GapContent, Vec<String>)>,
    clock: i64,
}

impl Server {
    /// Its bounds are so small that the history evicts much, and the ring nearly everything.
    fn start(clock: i64) -> Self {
        let bounds =
            Bounds { history: WINDOW, history_bytes: 40_000, ring_bytes: 12_000, series: GROUPS * SERIES_PER_GROUP };
        let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
        let group = |number: usize| {
            let (name, title) = (format!("g{number}"), String::new());
            let interval = Interval::from_millis(1);
            let group = Group { name, title, unit: "1".into(), interval, ..Group::default() };
            let group = hub.catalog.register_group(group).expect("fits");
            if number < 2 {
                let merge_window = Interval::from_micros(LATE_US as u64);
                hub.catalog.set_source(group, GroupSource { health: SourceHealth::new("test"), merge_window });
            }
            let series = (0..SERIES_PER_GROUP).map(|series| register(&hub, group, series, format!("s{series}")));
            (group, series.collect())
        };
        let groups = (0..GROUPS).map(group).collect();
        let viewer = hub.join();
        Self { hub, _viewer: viewer, groups, sent: BTreeMap::new(), entries: BTreeMap::new(), clock }
    }

    fn position(&self) -> Sequence {
        let hello = self.hub.hello(Role::View, VIEWER_LIMITS, QUERY_LIMITS).expect("encodes");
        Frame::decode(message(&hello)).expect("decodes").header.sequence
    }

    fn all_series(&self) -> BTreeSet<SeriesId> {
        self.groups.iter().flat_map(|(_, series)| series.iter().copied()).collect()
    }

    fn publish(&mut self, group: usize, rows: usize, present: u8, seed: u64) {
        let (group, series) = &self.groups[group];
        let times: Vec<Timestamp> =
            (0..rows).map(|row| Timestamp::from_micros(self.clock + 1_000 * row as i64)).collect();
        self.clock += 1_000 * rows as i64;
        let bits = |series: usize, row: usize| bits(seed, series, row);
        let chosen: Vec<usize> = (0..SERIES_PER_GROUP).filter(|series| present & 1 << series != 0).collect();
        let columns = chosen.iter().map(|&number| BatchColumn {
            series: series[number],
            values: (0..rows).map(|row| f64::from_bits(bits(number, row))).collect(),
        });
        let batch = Batch { group: *group, times: times.clone(), columns: columns.collect() };
        let before = self.position();
        self.hub.publish([batch], times[rows - 1]).expect("encodes");
        assert_eq!(self.position(), before.next(), "rows of one batch fit one frame");
        for (row, &time) in times.iter().enumerate() {
            let values = chosen.iter().map(|&number| (series[number], (before.next(), bits(number, row)))).collect();
            self.sent.insert((*group, time), values);
        }
    }

    /// Publishes one row `back` microseconds before the newest. Values that were sent before are repeated.
    fn publish_late(&mut self, group: usize, back: i64, present: u8, seed: u64) {
        let (group, series) = &self.groups[group];
        let newest =
            self.sent.keys().rev().find(|(of, _)| of == group).map_or(self.clock - 1, |(_, time)| time.micros());
        let time = Timestamp::from_micros(newest - back);
        let held = self.sent.get(&(*group, time)).cloned().unwrap_or_default();
        let value = |number: usize| {
            let bits = held.get(&series[number]).map_or(bits(seed, number, 0), |&(_, bits)| bits);
            (series[number], f64::from_bits(bits))
        };
        let values: Vec<_> = (0..SERIES_PER_GROUP).filter(|number| present & 1 << number != 0).map(value).collect();
        let before = self.position();
        let batch = Batch::row(*group, time, values.iter().copied());
        self.hub.publish([batch], Timestamp::from_micros(newest)).expect("encodes");
        // Otherwise it came too late, or had nothing new.
        if self.position() != before {
            let row = self.sent.entry((*group, time)).or_default();
            for (series, value) in values {
                row.entry(series).or_insert((before.next(), value.to_bits()));
            }
        }
    }

    fn publish_entry(&mut self, content: EntryContent) {
        let (kind, texts) = match &content {
            EntryContent::Logs(lines) => (GapContent::Logs, lines.iter().map(|line| line.text.clone()).collect()),
            EntryContent::Event(event) => (GapContent::Events, vec![event.text.clone()]),
        };
        let before = self.position();
        let entry = Entry { source: "test".into(), content };
        self.hub.publish_entries([entry], Timestamp::from_micros(self.clock)).expect("encodes");
        assert_eq!(self.position(), before.next(), "so few lines fit one frame");
        self.entries.insert(before.next(), (kind, texts));
    }
}

fn register(hub: &Hub, group: GroupId, number: usize, name: String) -> SeriesId {
    let labels = vec![("number".to_owned(), number.to_string())];
    hub.catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits")
}

fn bits(seed: u64, series: usize, row: usize) -> u64 {
    let number = seed.wrapping_mul(31).wrapping_add((series * 7 + row) as u64);
    if number.is_multiple_of(3) {
        AWKWARD[(number / 3 % 8) as usize]
    } else {
        ((number % 1_000) as f64 * 0.1).to_bits()
    }
}

/// A text of up to 200 bytes.
fn text(seed: u64) -> String {
    format!("{seed} ").repeat(1 + (seed % 9) as usize)
}

/// An entry may be missing if a gap declares it, or if it was evicted before a viewer came without a position of this epoch.
fn is_entry_declared_missing(viewer: &Viewer, content: GapContent, sequence: Sequence) -> bool {
    viewer.gaps.iter().any(|gap| match gap.cause {
        GapCause::HistoryExpired => gap.content == content && gap.after < sequence && sequence < gap.until,
        GapCause::UnknownPosition | GapCause::EpochChanged => true,
    })
}

fn is_declared_missing(viewer: &Viewer, (group, time): Row, sequence: Sequence) -> bool {
    viewer.gaps.iter().filter(|gap| gap.content == GapContent::Rows).any(|gap| match gap.cause {
        GapCause::HistoryExpired => gap.after < sequence && sequence < gap.until,
        GapCause::UnknownPosition => sequence < gap.until,
        // Of the rows from before the viewer connected, those in the history at that time are promised.
        GapCause::EpochChanged => {
            let is_oldest =
                || viewer.held.range((group, Timestamp::from_micros(i64::MIN))..(group, time)).next().is_none();
            // A late row is evicted after those around it.
            sequence < gap.until || is_oldest()
        }
    })
}

/// Checks that every row sent is held or declared missing, and that no other row is held.
fn check(viewer: &Viewer, server: &Server) {
    for (row, values) in &server.sent {
        let held = viewer.held.get(row);
        let is_selected = |series: &SeriesId| viewer.selected.as_ref().is_none_or(|selected| selected.contains(series));
        for (series, (sequence, bits)) in values.iter().filter(|(series, _)| is_selected(series)) {
            match held.and_then(|held| held.get(series)) {
                Some(held) => {
                    assert_eq!(held, bits, "{series:?} of {row:?} at {sequence:?} differs from the sent value");
                }
                None => assert!(
                    is_declared_missing(viewer, *row, *sequence)
                        || viewer.added_at.get(series).is_some_and(|added| sequence <= added),
                    "{series:?} of {row:?} at {sequence:?} is missing without a gap"
                ),
            }
        }
    }
    let was_sent = |(row, values): (&Row, &Values)| {
        server.sent.get(row).is_some_and(|sent| values.keys().all(|series| sent.contains_key(series)))
    };
    assert!(viewer.held.iter().all(was_sent), "a value that was never sent");
    for (sequence, (content, texts)) in &server.entries {
        match viewer.entries.get(sequence) {
            Some(held) => assert_eq!(held, texts, "entry {sequence}"),
            None => assert!(
                is_entry_declared_missing(viewer, *content, *sequence),
                "{content:?} of {sequence} are missing without a gap: {:?}",
                viewer.gaps
            ),
        }
    }
    assert!(viewer.entries.keys().all(|entry| server.entries.contains_key(entry)), "an entry that was never sent");
}

fn take_all(viewer: &mut Viewer, frames: &[Bytes]) {
    for frame in frames {
        viewer.take(message(frame));
    }
}

/// A viewer's request at its position, for series that it selected in this way.
fn request(viewer: &Viewer, by: Option<&SelectedBy>) -> StreamRequest {
    let selection = by.map(|by| {
        let added = SelectedBy::Ids(viewer.added().into_iter().collect());
        RequestedSelection { id: 1, to: Part { by: by.clone(), steps: Steps::default() }, added }
    });
    StreamRequest { start: viewer.start(), selection }
}

/// What a viewer selects, and the series of it.
fn selection(server: &Server, by: Choice, mask: u8) -> (SelectedBy, BTreeSet<SeriesId>) {
    let groups = server.groups.iter().enumerate();
    let chosen = groups.filter(|(number, _)| mask & 1 << number != 0).collect::<Vec<_>>();
    let of_chosen = chosen.iter().flat_map(|(_, (_, series))| series.iter().copied()).collect();
    match by {
        Choice::Everything => (SelectedBy::Selector("*".parse().expect("valid")), server.all_series()),
        Choice::Series => {
            let series = server.all_series().into_iter().enumerate();
            let series = series.filter(|(number, _)| mask & 1 << number != 0).map(|(_, series)| series);
            let series: BTreeSet<_> = series.collect();
            (SelectedBy::Ids(series.iter().copied().collect()), series)
        }
        Choice::Groups => (SelectedBy::Groups(chosen.iter().map(|(_, (group, _))| *group).collect()), of_chosen),
        Choice::Selector => {
            let names = chosen.iter().map(|(number, _)| format!("g{number}"));
            let text = std::iter::once("nothing".to_owned()).chain(names).collect::<Vec<_>>().join(",");
            (SelectedBy::Selector(text.parse().expect("valid")), of_chosen)
        }
    }
}

/// Plays `steps` and lets the viewer catch up. Returns it, and the server of the last epoch.
fn play(steps: &[Step]) -> (Viewer, Server) {
    let mut server = Server::start(clock::now().micros());
    let mut viewer = Viewer::new(Some(server.hub.epoch));
    let mut by: Option<(Choice, u8)> = None;
    let connect = |server: &Server, viewer: &Viewer, by: Option<(Choice, u8)>| {
        let by = by.map(|(by, mask)| selection(server, by, mask).0);
        Connection::open(&server.hub, request(viewer, by.as_ref()))
    };
    let mut connection = connect(&server, &viewer, by);
    for step in steps {
        match *step {
            Step::Publish { group, rows, present, seed } => server.publish(group, rows, present, seed),
            Step::Late { group, back, present, seed } => server.publish_late(group, back, present, seed),
            Step::Turn { room } => take_all(&mut viewer, &connection.turn(room)),
            Step::Cut { room, frames } => {
                let sent = connection.turn(room);
                take_all(&mut viewer, &sent[..frames.min(sent.len())]);
                viewer.cut_off();
                connection = connect(&server, &viewer, by);
            }
            Step::Select { by: choice, mask } => {
                // It knows the ids of the epoch that it has seen.
                let knows_ids = viewer.epoch == Some(server.hub.epoch);
                let choice = if knows_ids { choice } else { Choice::Everything };
                by = Some((choice, mask));
                let (selected_by, series) = selection(&server, choice, mask);
                viewer.select(series, &server.all_series());
                connection.cursor = Cursor::at(request(&viewer, Some(&selected_by)), Charge::Viewer);
            }
            Step::Forge { ahead } => {
                viewer.cut_off();
                let sequence = Sequence(server.position().0 + ahead);
                let start = Start::After { epoch: server.hub.epoch, sequence, window: WINDOW, revision: Revision(0) };
                let by = by.map(|(by, mask)| selection(&server, by, mask).0);
                connection = Connection::open(&server.hub, StreamRequest { start, ..request(&viewer, by.as_ref()) });
                // Judged in the first turn: the stream may reach that position later.
                take_all(&mut viewer, &connection.turn(1));
            }
            Step::Log { lines, seed } => {
                let line = |number| {
                    let (time, text) = (Timestamp::from_micros(server.clock), text(seed ^ number as u64));
                    LogLine { time, severity: Severity::Info, text, labels: Vec::new() }
                };
                let lines = (0..lines).map(line).collect();
                server.publish_entry(EntryContent::Logs(lines));
            }
            Step::Happen { seed } => {
                let (time, kind) = (Timestamp::from_micros(server.clock), EventKind::Annotation);
                let event = Event { time, kind, text: text(seed), labels: Vec::new() };
                server.publish_entry(EntryContent::Event(event));
            }
            Step::Register { group, series, seed } => {
                let (group, ids) = &server.groups[group];
                server.hub.catalog.end_series(ids[series], Timestamp::from_micros(server.clock));
                let again = register(&server.hub, *group, series, format!("s{}", seed % 3));
                assert_eq!(again, ids[series], "one key has one id");
            }
            Step::Seal { values } => server.hub.seal(values).expect("encodes"),
            Step::Restart => {
                // An epoch is a number of microseconds: two that begin in the same microsecond are equal.
                let before = server.hub.epoch;
                while server.hub.epoch == before {
                    server = Server::start(server.clock);
                }
                viewer.cut_off();
                // Ids of the epoch before select nothing.
                if let Some((Choice::Series | Choice::Groups, _)) = by {
                    viewer.select(BTreeSet::new(), &server.all_series());
                    let frames = connect(&server, &viewer, by).turn(1);
                    take_all(&mut viewer, &frames);
                    by = Some((Choice::Everything, 0));
                    viewer.select(server.all_series(), &server.all_series());
                }
                connection = connect(&server, &viewer, by);
            }
        }
    }
    connection.catch_up(10_000, |frame| viewer.take(frame));
    (viewer, server)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_viewer_holds_every_row_that_was_sent_or_a_gap_for_it(steps in steps()) {
        let (viewer, server) = play(&steps);
        prop_assert_eq!(viewer.epoch, Some(server.hub.epoch));
        prop_assert!(viewer.position == server.position() || viewer.selected.is_some());
        check(&viewer, &server);
        // What a new viewer is sent, a viewer that changed its subscription holds.
        let mut new = Viewer::new(Some(server.hub.epoch));
        Connection::open(&server.hub, new.start()).catch_up(10_000, |frame| new.take(frame));
        for (row, values) in &new.held {
            let selected = values.iter().filter(|(series, _)| viewer.selected.as_ref().is_none_or(|of| of.contains(series)));
            for (series, bits) in selected {
                let held = viewer.held.get(row).and_then(|values| values.get(series));
                prop_assert_eq!(held, Some(bits), "{:?} of {:?}", series, row);
            }
        }
    }
}

const SOME_ROWS: Step = Step::Publish { group: 0, rows: 300, present: 3, seed: 1 };

#[test]
fn a_resume_within_the_history_has_no_gap() {
    let steps =
        [SOME_ROWS, Step::Cut { room: 1, frames: 1 }, SOME_ROWS, Step::Cut { room: 90_000, frames: 9 }, SOME_ROWS];
    let (viewer, server) = play(&steps);
    assert_eq!(viewer.gaps, []);
    assert_eq!(viewer.held.len(), server.sent.len());
}

#[test]
fn evicted_rows_are_one_gap_with_exact_bounds() {
    let mut steps = vec![SOME_ROWS, Step::Turn { room: 90_000 }, Step::Turn { room: 90_000 }];
    steps.extend(std::iter::repeat_n(SOME_ROWS, 9));
    let (viewer, server) = play(&steps);
    let [gap] = viewer.gaps.as_slice() else { panic!("one gap, found {:?}", viewer.gaps) };
    assert_eq!(gap.after, Sequence(1), "the position that was held");
    let last_missing = server
        .sent
        .iter()
        .filter(|(row, _)| !viewer.held.contains_key(row))
        .flat_map(|(_, sent)| sent.values())
        .map(|sent| sent.0)
        .max();
    assert_eq!(Some(gap.until), last_missing.map(Sequence::next), "the gap ends at the last missing row");
}

#[test]
fn rows_evicted_during_a_backfill_are_a_gap() {
    let many = Step::Publish { group: 0, rows: 399, present: 3, seed: 3 };
    let mut steps = vec![many.clone(), many.clone(), Step::Cut { room: 1, frames: 0 }, Step::Turn { room: 1 }];
    steps.extend(std::iter::repeat_n(many, 9));
    let (viewer, server) = play(&steps);
    assert!(!viewer.gaps.is_empty());
    check(&viewer, &server);
}

#[test]
fn sources_continue_after_the_clock_is_set_back() {
    let now = clock::now();
    let hour = 3_600_000_000;
    let mut server = Server::start(now.micros() + hour);
    server.publish(0, 10, 3, 1);
    let mut viewer = Viewer::new(Some(server.hub.epoch));
    let mut connection = Connection::open(&server.hub, viewer.start());
    connection.catch_up(90_000, |frame| viewer.take(frame));
    // Rows measured before the clock was set also arrive afterwards, alone and with later ones.
    let (group, series) = (server.groups[0].0, server.groups[0].1[0]);
    let late = |ahead: i64| Batch::row(group, now + Interval::from_micros((hour + ahead) as u64), [(series, 1.0)]);
    server.hub.publish([late(20_000)], now).expect("encodes");
    server.hub.publish([late(30_000), Batch::row(group, now, [(series, 1.0)]), late(40_000)], now).expect("encodes");
    take_all(&mut viewer, &connection.turn(90_000));
    // A viewer that is not connected meanwhile.
    let mut absent = viewer.clone();
    server.clock = now.micros() + 1_000;
    server.sent.clear();
    // The row ahead of the clock after it was dropped, so that it did not clear this one.
    server.sent.insert((group, now), BTreeMap::from([(series, (server.position(), 1.0_f64.to_bits()))]));
    server.publish(0, 10, 3, 2);
    // A live viewer is sent the rows, and a new viewer gets them as history.
    let frames = connection.turn(90_000);
    let frame = frames.iter().map(message).find_map(|bytes| match Frame::decode(bytes).expect("decodes").body {
        Body::Samples(samples) => {
            let of_blocks = samples.blocks.iter().flat_map(|block| block.times.iter());
            samples.list.iter().map(|sample| sample.time).chain(of_blocks).min()
        }
        _ => None,
    });
    assert_eq!(frame, Some(now + Interval::from_millis(1)));
    take_all(&mut viewer, &frames);
    let mut connection = Connection::open(&server.hub, absent.start());
    connection.catch_up(90_000, |frame| absent.take(frame));
    for viewer in [&viewer, &absent] {
        let newest = viewer.held.keys().map(|(_, time)| *time).max();
        assert_eq!(
            newest,
            Some(now + Interval::from_millis(10)),
            "rows from before the clock was set back are replaced"
        );
    }
    let mut other = Viewer::new(Some(server.hub.epoch));
    let mut connection = Connection::open(&server.hub, other.start());
    connection.catch_up(90_000, |frame| other.take(frame));
    check(&other, &server);
    assert_eq!(other.held.len(), 11);
    // After a small step rows are dropped until the clock catches up.
    server.clock = now.micros() - 1_000_000;
    let batch = Batch::row(server.groups[0].0, Timestamp::from_micros(server.clock), [(server.groups[0].1[0], 1.0)]);
    server.hub.publish([batch], Timestamp::from_micros(server.clock)).expect("encodes");
    assert_eq!(server.hub.telemetry.rows_out_of_order.get(), 2);
}

#[test]
#[should_panic(expected = "missing without a gap")]
fn the_model_notices_a_missing_row() {
    let (mut viewer, server) = play(&[SOME_ROWS, SOME_ROWS]);
    viewer.held.pop_last();
    check(&viewer, &server);
}

#[test]
#[should_panic(expected = "differs from the sent value")]
fn the_model_notices_a_changed_bit() {
    let (mut viewer, server) = play(&[SOME_ROWS, SOME_ROWS]);
    let value = viewer.held.values_mut().next().and_then(|row| row.values_mut().next()).expect("held");
    *value ^= 1;
    check(&viewer, &server);
}

#[test]
#[should_panic(expected = "none twice, none left out")]
fn the_model_notices_a_repeated_frame() {
    let mut server = Server::start(clock::now().micros());
    let mut viewer = Viewer::new(Some(server.hub.epoch));
    let mut connection = Connection::open(&server.hub, viewer.start());
    for _ in 0..2 {
        let frames = connection.turn(90_000);
        take_all(&mut viewer, &frames);
        server.publish(0, 10, 3, 5);
    }
    let frames = connection.turn(90_000);
    take_all(&mut viewer, &frames);
    take_all(&mut viewer, &frames);
}

//! A server, a connection that loses, repeats, reorders and damages messages, and a page that is complete in the end.

use std::collections::VecDeque;

use proptest::prelude::*;
use protocol::{
    BlockBuffer, BlockMode, Body, Bounds, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, Gap, GapCause,
    GapContent, GroupDescriptor, GroupId, Header, Heartbeat, History, HistoryPart, Interval, Revision, SamplesBuffer,
    Sequence, SeriesDescriptor, SeriesId, SeriesKind, Start, Timestamp,
};

use super::{PATIENCE, Position, Verdict};
use crate::store::{Applied, Store};

const STEP: Interval = Interval::from_millis(10);

/// A message in transit to the page. The value of a row is its number.
#[derive(Clone, Debug)]
struct Message {
    epoch: u64,
    sequence: u64,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Catalog,
    Gap,
    History(HistoryPart, BlockMode, Vec<i64>),
    Samples(i64),
    Heartbeat,
}

impl Message {
    fn is_of_history(&self) -> bool {
        !matches!(self.content, Content::Samples(_) | Content::Heartbeat)
    }

    fn apply_to(&self, store: &mut Store) -> Applied {
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        let (mut blocks, mut samples) = (BlockBuffer::default(), SamplesBuffer::default());
        let rows = match &self.content {
            Content::History(_, _, rows) => rows.clone(),
            Content::Samples(row) => vec![*row],
            _ => Vec::new(),
        };
        if !rows.is_empty() {
            let times: Vec<Timestamp> = rows.iter().map(|&row| time(row)).collect();
            let values: Vec<f64> = rows.iter().map(|&row| row as f64).collect();
            let mode = if let Content::History(_, mode, _) = self.content { mode } else { BlockMode::Merge };
            let columns = [(SeriesId(1), values.as_slice())];
            blocks.push_with(mode, GroupId(1), &times, columns).expect("encodes");
            samples.push(mode, GroupId(1), &times, columns).expect("encodes");
        }
        let (now, blocks) = (Timestamp::default(), blocks.blocks());
        let body = match &self.content {
            Content::Catalog => {
                let (id, group, bounds) = (SeriesId(1), GroupId(1), Bounds::Auto);
                let (name, title, unit) = ("g", "G", "1");
                let descriptor = GroupDescriptor {
                    id: group,
                    name,
                    title,
                    unit,
                    interval: STEP,
                    bounds,
                    ..GroupDescriptor::default()
                };
                groups.push(&descriptor).expect("encodes");
                let (kind, labels) = (SeriesKind::Gauge, Entries::default());
                series.push(&SeriesDescriptor { id, group, name: "s", kind, labels }).expect("encodes");
                let (groups, series, retired) = (groups.entries(), series.entries(), Entries::default());
                Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() })
            }
            Content::Gap => {
                let (after, until) = (Sequence(0), Sequence(0));
                Body::Gap(Gap { after, until, cause: GapCause::HistoryExpired, content: GapContent::Rows })
            }
            Content::History(part, ..) => Body::History(History { part: *part, blocks }),
            Content::Samples(_) => Body::Samples(samples.samples()),
            Content::Heartbeat => {
                Body::Heartbeat(Heartbeat { next_within: Interval::from_secs(1), ..Heartbeat::default() })
            }
        };
        let header = Header { epoch: Epoch(self.epoch), sequence: Sequence(self.sequence), sent: now, skipped: 0 };
        store.apply(&Frame { header, body })
    }
}

fn time(row: i64) -> Timestamp {
    Timestamp::from_micros(row * STEP.micros() as i64)
}

/// A server that measures rows and keeps those of its epoch that have not expired.
#[derive(Debug)]
struct Server {
    epoch: u64,
    head: u64,
    /// The first row of the epoch.
    began: i64,
    next: i64,
    expired: u64,
}

impl Server {
    const fn message(&self, content: Content) -> Message {
        Message { epoch: self.epoch, sequence: self.head, content }
    }

    const fn measure(&mut self) -> Message {
        self.head += 1;
        self.next += 1;
        self.message(Content::Samples(self.next - 1))
    }

    const fn restart(&mut self) {
        (self.epoch, self.head, self.expired, self.began) = (self.epoch + 1, 0, 0, self.next);
    }

    fn answer(&self, start: Start) -> Vec<Message> {
        let (after, is_gap, mut block_mode) = match start {
            // The first block begins before the position.
            Start::After { epoch, sequence, .. } if epoch.0 == self.epoch && sequence.0 >= self.expired => {
                (sequence.0.saturating_sub(2).max(self.expired), false, BlockMode::Merge)
            }
            Start::After { .. } => (self.expired, true, BlockMode::Replace),
            Start::Window(_) => (self.expired, false, BlockMode::Replace),
        };
        let mut messages = vec![self.message(Content::Catalog)];
        messages.extend(is_gap.then(|| self.message(Content::Gap)));
        let rows: Vec<i64> = (self.began + after as i64..self.next).collect();
        let more = rows.chunks(3).map(|rows| {
            let mode = std::mem::replace(&mut block_mode, BlockMode::Merge);
            self.message(Content::History(HistoryPart::More, mode, rows.to_vec()))
        });
        messages.extend(more);
        messages.push(self.message(Content::History(HistoryPart::Last, BlockMode::Merge, Vec::new())));
        messages
    }
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Measure,
    Heartbeat,
    Deliver(usize),
    /// The next message is lost; an answer is lost completely.
    Lose,
    /// The next message is received twice.
    Repeat,
    /// The next two samples or heartbeats are swapped.
    Reorder,
    /// The next message cannot be decoded.
    Spoil,
    /// The server restarts, with or without a catalog.
    Restart {
        is_announced: bool,
    },
    /// The server's history shrinks to its newest rows.
    Expire,
    Reconnect,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => Just(Happening::Measure),
        3 => Just(Happening::Heartbeat),
        8 => (1_usize..6).prop_map(Happening::Deliver),
        2 => Just(Happening::Lose),
        2 => Just(Happening::Repeat),
        2 => Just(Happening::Reorder),
        2 => Just(Happening::Spoil),
        1 => any::<bool>().prop_map(|is_announced| Happening::Restart { is_announced }),
        1 => Just(Happening::Expire),
        1 => Just(Happening::Reconnect),
    ]
}

struct World {
    server: Server,
    line: VecDeque<Message>,
    store: Store,
    heartbeats: usize,
    spoiled: usize,
    requests: usize,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            server: Server { epoch: 1, head: 0, began: 0, next: 0, expired: 0 },
            line: VecDeque::new(),
            store: Store::new(Interval::from_secs(60)),
            heartbeats: 0,
            spoiled: 0,
            requests: 0,
        };
        world.connect();
        world
    }

    fn connect(&mut self) {
        self.line = self.server.answer(self.store.start()).into();
        self.store.connected();
    }

    fn heartbeat(&mut self) {
        self.line.push_back(self.server.message(Content::Heartbeat));
    }

    fn deliver(&mut self) {
        let Some(message) = self.line.pop_front() else { return };
        self.heartbeats += usize::from(matches!(message.content, Content::Heartbeat));
        let applied = message.apply_to(&mut self.store);
        self.follow(applied);
    }

    fn follow(&mut self, applied: Applied) {
        if applied == Applied::Lost {
            self.requests += 1;
            self.line.extend(self.server.answer(self.store.start()));
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Measure => {
                let samples = self.server.measure();
                self.line.push_back(samples);
            }
            Happening::Heartbeat => self.heartbeat(),
            Happening::Deliver(count) => (0..count).for_each(|_| self.deliver()),
            Happening::Lose => {
                while self.line.pop_front().is_some_and(|lost| {
                    lost.is_of_history() && !matches!(lost.content, Content::History(HistoryPart::Last, ..))
                }) {}
            }
            Happening::Repeat => {
                let next = self.line.front().cloned();
                self.deliver();
                if let Some(again) = next {
                    self.line.push_front(again);
                }
            }
            Happening::Reorder => {
                if self.line.len() > 1 && !self.line[0].is_of_history() && !self.line[1].is_of_history() {
                    self.line.swap(0, 1);
                }
            }
            Happening::Spoil => {
                if self.line.pop_front().is_some() {
                    self.spoiled += 1;
                    let applied = self.store.unreadable();
                    self.follow(applied);
                }
            }
            Happening::Restart { is_announced } => {
                self.server.restart();
                if is_announced {
                    let start = Start::Window(Interval::from_secs(60));
                    self.line.extend(self.server.answer(start));
                }
            }
            Happening::Expire => self.server.expired = self.server.head.saturating_sub(4).max(self.server.expired),
            Happening::Reconnect => self.connect(),
        }
    }

    /// Without further faults: messages in transit arrive, and heartbeats.
    fn settle(&mut self) {
        for _ in 0..3 * PATIENCE {
            self.heartbeat();
            while !self.line.is_empty() {
                self.deliver();
            }
        }
    }

    /// The rows that the page holds; `None` for a hole.
    fn held(&self) -> Vec<Option<i64>> {
        let Some(group) = self.store.groups().first() else { return Vec::new() };
        group.iter(0, group.rows()).map(|(_, value)| (!value.is_nan()).then_some(value as i64)).collect()
    }
}

fn world_after(happenings: &[Happening]) -> World {
    let mut world = World::new();
    for &happening in happenings {
        world.happen(happening);
    }
    world.settle();
    world
}

/// Every measured row is held once and in order, or is in a marked hole, or is older than all rows that are held.
fn check(world: &World) -> Result<(), TestCaseError> {
    prop_assert!(world.store.position().is_live());
    prop_assert_eq!(world.store.position().held(), Some(Sequence(world.server.head)));
    let (mut last, mut is_hole) = (None, true);
    for row in world.held() {
        match (row, last) {
            (Some(row), None) => last = Some(row),
            (Some(row), Some(before)) if is_hole => {
                prop_assert!(row > before, "{before}, a hole, {row}");
                last = Some(row);
            }
            (Some(row), Some(before)) => {
                prop_assert_eq!(row, before + 1);
                last = Some(row);
            }
            (None, _) => {}
        }
        is_hole = row.is_none();
    }
    if world.server.head > 0 && !is_hole {
        prop_assert_eq!(last, Some(world.server.next - 1));
    }
    prop_assert!(
        world.requests <= 1 + world.heartbeats + world.spoiled,
        "{} requests for {} heartbeats and {} spoiled messages",
        world.requests,
        world.heartbeats,
        world.spoiled
    );
    Ok(())
}

proptest! {
    #[test]
    fn a_page_is_complete_after_any_faults_of_the_connection(happenings in prop::collection::vec(happening(), 1..80)) {
        check(&world_after(&happenings))?;
    }

    /// Without restarts, expired history and damaged messages no row is missing.
    #[test]
    fn rows_that_the_server_still_has_leave_no_hole(happenings in prop::collection::vec(happening(), 1..80)) {
        let harmless = |happening: &Happening| {
            !matches!(happening, Happening::Restart { .. } | Happening::Expire | Happening::Spoil)
        };
        let happenings: Vec<Happening> = happenings.into_iter().filter(harmless).collect();
        let world = world_after(&happenings);
        check(&world)?;
        prop_assert_eq!(world.held(), (0..world.server.next).map(Some).collect::<Vec<_>>());
    }
}

/// A page that is live and holds five rows.
fn live() -> World {
    let mut world = World::new();
    for _ in 0..5 {
        world.happen(Happening::Measure);
    }
    world.settle();
    assert_eq!((world.requests, world.held().len()), (0, 5));
    world
}

#[test]
fn lost_frames_are_requested_once_until_the_answer_arrives() {
    let mut world = live();
    world.happen(Happening::Measure);
    world.happen(Happening::Lose);
    for _ in 0..3 {
        world.happen(Happening::Measure);
        world.heartbeat();
    }
    // The answer arrives after all of these.
    world.happen(Happening::Deliver(6));
    assert_eq!((world.requests, world.held().len()), (1, 5));
    assert!(!world.store.position().is_live());
    world.settle();
    assert_eq!((world.requests, world.held().len(), world.store.counts().repairs), (1, 9, 1));
}

#[test]
fn a_heartbeat_reveals_that_the_last_samples_were_lost() {
    let mut world = live();
    world.happen(Happening::Measure);
    world.happen(Happening::Lose);
    world.heartbeat();
    world.happen(Happening::Deliver(1));
    assert_eq!(world.requests, 1);
    world.settle();
    assert_eq!(world.held(), (0..6).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_request_without_an_answer_is_repeated() {
    let mut world = live();
    world.happen(Happening::Measure);
    world.happen(Happening::Lose);
    world.heartbeat();
    world.happen(Happening::Deliver(1));
    world.happen(Happening::Lose);
    assert!(world.line.is_empty(), "the complete answer was lost");
    for _ in 1..PATIENCE {
        world.heartbeat();
        world.happen(Happening::Deliver(1));
        assert_eq!(world.requests, 1);
    }
    world.settle();
    assert_eq!((world.requests, world.held().len()), (2, 6));
}

#[test]
fn a_message_that_cannot_be_decoded_is_requested_at_once() {
    let mut world = live();
    world.happen(Happening::Measure);
    world.happen(Happening::Spoil);
    assert_eq!(world.requests, 1);
    world.settle();
    assert_eq!((world.requests, world.held().len(), world.store.counts().gaps), (1, 6, 0));
}

#[test]
fn history_that_cannot_be_decoded_twice_is_a_hole_and_the_stream_continues() {
    let mut world = live();
    for _ in 0..7 {
        world.happen(Happening::Measure);
        world.happen(Happening::Lose);
    }
    world.heartbeat();
    for _ in 0..2 {
        // A heartbeat or the rest of the answer, the catalog, three rows, of which two are held; the next three are lost.
        while world.line.front().is_some_and(|next| !matches!(next.content, Content::Catalog)) {
            world.happen(Happening::Deliver(1));
        }
        world.happen(Happening::Deliver(2));
        world.happen(Happening::Spoil);
    }
    world.settle();
    let rows: Vec<Option<i64>> = (0..6).map(Some).chain([None, Some(9), Some(10), Some(11)]).collect();
    assert_eq!((world.requests, world.held()), (2, rows));
    check(&world).expect("complete except for the hole");
}

#[test]
fn history_that_is_cut_off_while_it_replaces_rows_is_requested_whole() {
    let mut world = live();
    let whole = world.server.answer(Start::Window(Interval::from_secs(60)));
    world.line.extend(whole);
    // The catalog, and three of the five rows.
    world.happen(Happening::Deliver(2));
    assert_eq!(world.held().len(), 3);
    world.happen(Happening::Reconnect);
    world.settle();
    assert_eq!(world.held(), (0..5).map(Some).collect::<Vec<_>>());
}

#[test]
fn another_epoch_starts_after_a_hole_even_without_a_catalog() {
    for is_announced in [true, false] {
        let mut world = live();
        world.happen(Happening::Restart { is_announced });
        world.happen(Happening::Measure);
        world.settle();
        let rows: Vec<Option<i64>> = (0..5).map(Some).chain([None, Some(5)]).collect();
        assert_eq!((world.held(), world.store.counts().gaps), (rows, 1));
        assert_eq!(world.requests, usize::from(!is_announced));
    }
}

#[test]
fn numbered_frames_of_unknown_kinds_advance_the_position() {
    let mut position = Position::default();
    let mut judge = |sequence: u64, body: Body<'_>| {
        let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: Timestamp::default(), skipped: 0 };
        (position.judge(&header, &body), position.held())
    };
    let blocks = protocol::Blocks::default();
    let samples = || Body::Samples(protocol::Samples::of_blocks(blocks));
    let (numbered, other) = (Body::Unknown { kind: 64 }, Body::Unknown { kind: 200 });
    judge(5, Body::Catalog(Catalog::default()));
    assert_eq!(judge(5, numbered), (Verdict::Leave, None), "history is on its way");
    judge(5, Body::History(History { part: HistoryPart::Last, blocks }));
    assert_eq!(judge(6, numbered), (Verdict::Take, Some(Sequence(6))));
    assert_eq!(judge(6, numbered), (Verdict::Duplicate, Some(Sequence(6))));
    assert_eq!(judge(9, other), (Verdict::Take, Some(Sequence(6))), "its sequence is not a number");
    assert_eq!(judge(7, samples()), (Verdict::Take, Some(Sequence(7))));
    assert_eq!(judge(9, numbered).0, Verdict::Ask, "number 8 was lost");
}

#[test]
fn a_catalog_of_which_a_part_was_not_decoded_has_no_revision() {
    let mut position = Position::default();
    let header = Header { epoch: Epoch(1), sequence: Sequence(5), sent: Timestamp::default(), skipped: 0 };
    let last = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
    let revision = |position: &Position| match position.start(Interval::ZERO) {
        Start::After { revision, .. } => revision.0,
        Start::Window(_) => panic!("a position is held"),
    };
    let scope = CatalogScope::Changes;
    let (whole, changes) = (Catalog::default(), Catalog { scope, revision: Revision(7), ..Catalog::default() });
    let take = |position: &mut Position, catalog: Catalog<'_>| {
        position.judge(&header, &Body::Catalog(catalog));
        position.catalog_taken(catalog.revision);
    };
    take(&mut position, whole);
    take(&mut position, changes);
    position.judge(&header, &last);
    assert_eq!(revision(&position), 7);
    // The second of three parts.
    take(&mut position, whole);
    position.unreadable();
    take(&mut position, changes);
    assert_eq!(position.judge(&header, &last), Verdict::Ask, "a part of the answer may be history");
    assert_eq!(revision(&position), 0);
    // The answer is whole, and complete.
    take(&mut position, whole);
    take(&mut position, changes);
    position.judge(&header, &last);
    assert_eq!(revision(&position), 7);
}

#[test]
fn summaries_are_a_part_of_an_answer() {
    let mut position = Position::default();
    let header = |epoch, sequence| Header { epoch: Epoch(epoch), sequence: Sequence(sequence), ..Header::default() };
    let summaries = Body::Summaries(protocol::Summaries::default());
    let history = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
    let heartbeat = Body::Heartbeat(Heartbeat::default());
    assert_eq!(position.judge(&header(1, 5), &summaries), Verdict::Leave, "no catalog has begun");
    position.judge(&header(1, 5), &Body::Catalog(Catalog { scope: CatalogScope::Whole, ..Catalog::default() }));
    for _ in 1..PATIENCE {
        assert_eq!(position.judge(&header(1, 5), &heartbeat), Verdict::Take);
    }
    assert_eq!(position.judge(&header(1, 5), &summaries), Verdict::Take);
    assert_eq!(position.judge(&header(1, 5), &heartbeat), Verdict::Take, "a part of the answer has arrived");
    assert_eq!(position.judge(&header(2, 5), &summaries), Verdict::Leave);
    assert_eq!(position.judge(&header(1, 5), &history), Verdict::Take);
    assert_eq!(position.judge(&header(1, 5), &summaries), Verdict::Leave, "the answer is complete");
    position.judge(&header(1, 5), &heartbeat);
    assert_eq!(position.judge(&header(2, 5), &summaries), Verdict::Ask, "of another epoch");
}

#[test]
fn a_frame_that_refers_to_missing_ones_is_requested_again() {
    let mut position = Position::default();
    let header = |sequence| Header { epoch: Epoch(1), sequence: Sequence(sequence), ..Header::default() };
    let samples = Body::Samples(protocol::Samples::of_blocks(protocol::Blocks::default()));
    let history = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
    let heartbeat = Body::Heartbeat(Heartbeat::default());
    let fill = |position: &mut Position, sequence| {
        position.judge(&header(sequence), &Body::Catalog(Catalog { scope: CatalogScope::Whole, ..Catalog::default() }));
        position.judge(&header(sequence), &history);
    };
    fill(&mut position, 5);
    assert_eq!(position.judge(&header(6), &samples), Verdict::Take);
    assert_eq!((position.not_applied(Some(Sequence(5))), position.held()), (Verdict::Ask, Some(Sequence(5))));
    fill(&mut position, 6);
    assert_eq!(position.judge(&header(7), &samples), Verdict::Take);
    assert_eq!(position.not_applied(Some(Sequence(6))), Verdict::Leave, "once until the next heartbeat");
    assert_eq!(position.judge(&header(8), &samples), Verdict::Leave);
    assert_eq!((position.judge(&header(8), &heartbeat), position.held()), (Verdict::Ask, Some(Sequence(6))));
}

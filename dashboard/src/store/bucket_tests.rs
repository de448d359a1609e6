//! Groups that are held as buckets.

use proptest::prelude::*;
use protocol::{
    BlockMode, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GapContent, GroupDescriptor, Header,
    Heartbeat, Interval, SamplesBuffer, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Start, Timestamp,
};
use series::Summary;

use super::bucket_sender::{BucketSender, GROUP, Row, start_of, summaries_of};
use super::past_answer::AnswerSummary;
use super::{Applied, ColumnSummaries, ColumnUpdate, Exactness, Group, PastAnswer, Store};

const STEP: Interval = Interval::from_millis(100);
const SERIES: u32 = 3;
const WINDOW: Interval = Interval::from_secs(20);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// The rows at these milliseconds, each with a value for every series.
fn rows(times: impl IntoIterator<Item = i64>) -> Vec<Row> {
    let values = |time: i64| (0..i64::from(SERIES)).map(|series| (time * (series + 1)) as f64).collect();
    times.into_iter().map(|time| (at(time), values(time))).collect()
}

/// A page and its server.
struct Page {
    store: Store,
    sender: BucketSender,
    /// Rows that the page holds.
    held: usize,
}

impl Page {
    fn new() -> Self {
        let mut page = Self { store: Store::new(WINDOW), sender: BucketSender::new(STEP), held: 0 };
        page.answer(0);
        page
    }

    fn group(&self) -> &Group {
        &self.store.groups()[0]
    }

    fn apply(&mut self, bytes: &[u8]) -> Applied {
        self.store.apply(&Frame::decode(bytes).expect("decodes"))
    }

    /// A catalog that restarts the stream, with these series retired.
    fn catalog(&mut self, scope: CatalogScope, retired: &[u32]) -> Applied {
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        let (name, unit, interval, bounds) = ("g", "1", Interval::from_millis(5), Bounds::Auto);
        if scope == CatalogScope::Whole {
            groups
                .push(&GroupDescriptor {
                    id: GROUP,
                    name,
                    title: name,
                    unit,
                    interval,
                    bounds,
                    ..GroupDescriptor::default()
                })
                .expect("encodes");
            for id in 1..=SERIES {
                let (name, labels) = (format!("s{id}"), protocol::Entries::default());
                let (id, name, kind) = (SeriesId(id), name.as_str(), SeriesKind::Gauge);
                series.push(&SeriesDescriptor { id, group: GROUP, name, kind, labels }).expect("encodes");
            }
        }
        let mut gone = EntriesBuffer::default();
        for &id in retired {
            gone.push(&SeriesId(id)).expect("encodes");
        }
        let (groups, series, retired) = (groups.entries(), series.entries(), gone.entries());
        let body = Body::Catalog(Catalog { scope, groups, series, retired, ..Catalog::default() });
        let header = Header { epoch: Epoch(1), sequence: Sequence(self.sender.sequence), ..Header::default() };
        self.store.apply(&Frame { header, body })
    }

    /// The answer to a subscription for a viewer that holds the rows before `first_row`.
    fn answer(&mut self, first_row: usize) {
        self.catalog(CatalogScope::Whole, &[]);
        for frame in self.sender.history(first_row, 7, 2) {
            self.apply(&frame);
        }
        self.held = self.sender.rows.len();
    }

    /// Sends rows in one frame.
    fn send(&mut self, rows: Vec<Row>) -> Applied {
        let frame = self.sender.frame(rows);
        self.held = self.sender.rows.len();
        self.apply(&frame)
    }

    /// Rows of all series, in a frame without updates.
    fn send_rows(&mut self, rows: &[Row]) -> Applied {
        self.sender.sequence += 1;
        let mut buffer = SamplesBuffer::default();
        let times: Vec<Timestamp> = rows.iter().map(|(time, _)| *time).collect();
        let column = |series: usize| rows.iter().map(|(_, values)| values[series]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..SERIES as usize).map(column).collect();
        let columns = (1..).map(SeriesId).zip(columns.iter().map(Vec::as_slice));
        buffer.push(BlockMode::Merge, GROUP, &times, columns).expect("encodes");
        let header = Header { epoch: Epoch(1), sequence: Sequence(self.sender.sequence), ..Header::default() };
        self.store.apply(&Frame { header, body: Body::Samples(buffer.samples()) })
    }

    fn summary(&self, series: usize, row: u64) -> Summary {
        self.group().summary(series, row..row + 1)
    }

    fn starts(&self) -> Vec<i64> {
        self.group().rows().map(|row| self.group().time(row).micros() / 1_000).collect()
    }
}

fn bits(summary: Summary) -> ([u64; 4], u64, u32) {
    // A zero may have either sign.
    let Summary { first, last, min, max, sum, count } = summary;
    ([first, last, min, max].map(|value| (value + 0.0).to_bits()), (sum + 0.0).to_bits(), count)
}

#[test]
fn the_open_bucket_changes_in_place_until_it_is_closed() {
    let mut page = Page::new();
    page.send(rows([1_000, 1_005]));
    assert_eq!((page.starts(), page.group().newest()), (vec![1_000], Some(at(1_005))));
    let of = |first, last, sum, count| Summary { first, last, min: first, max: last, sum, count };
    assert_eq!(page.summary(0, 0), of(1_000.0, 1_005.0, 1_005.0, 1), "sum and count of an open bucket are not known");
    page.send(rows([1_010]));
    assert_eq!((page.group().newest(), page.group().latest(1)), (Some(at(1_010)), Some(2_020.0)));
    page.send(rows([1_015, 1_102]));
    assert_eq!(page.summary(0, 0), of(1_000.0, 1_015.0, 4_030.0, 4));
    assert_eq!((page.starts(), page.group().latest(0)), (vec![1_000, 1_100], Some(1_102.0)));
    assert_eq!(page.group().summary(0, 0..9), of(1_000.0, 1_102.0, 4_030.0 + 1_102.0, 5));
}

#[test]
fn the_value_at_a_time_is_the_last_of_its_bucket_and_a_hole_has_none() {
    let mut page = Page::new();
    page.send(rows((1_000..1_100).chain(1_500..1_600).step_by(5)));
    let value = |millis| page.group().value_at(0, at(millis));
    assert_eq!([999, 1_000, 1_099, 1_300, 1_499].map(value), [None, Some(1_095.0), Some(1_095.0), None, None]);
    assert_eq!([1_500, 1_550, 1_650, 1_900].map(value), [Some(1_595.0), Some(1_595.0), Some(1_595.0), None]);
}

#[test]
fn only_the_column_of_the_open_bucket_is_read_again() {
    let mut page = Page::new();
    page.send(rows([1_000, 1_005, 1_101]));
    let mut columns = ColumnSummaries::default();
    let mut update = |page: &Page| columns.update(page.group(), &[0, 1, 2], 100_000, 50, 30);
    assert_eq!(update(&page), ColumnUpdate::All);
    assert_eq!(update(&page), ColumnUpdate::Nothing, "no frame has arrived");
    page.send(rows([1_110]));
    assert_eq!(update(&page), ColumnUpdate::Rows(1..2));
    page.send(rows([1_120, 1_200]));
    assert_eq!(update(&page), ColumnUpdate::Rows(1..3));
    page.send(rows([1_210, 1_300]));
    assert_eq!(update(&page), ColumnUpdate::Rows(2..4));
    assert_eq!([10, 11, 12, 13].map(|column| columns.summary(0, column).count), [2, 3, 2, 1]);
    // The open bucket leaves the columns that are kept, and comes back.
    let mut until = |newest| columns.update(page.group(), &[0, 1, 2], 100_000, 50, newest);
    assert_eq!([12, 13].map(&mut until), [ColumnUpdate::All, ColumnUpdate::Rows(3..4)]);
}

#[test]
fn a_bucket_that_begins_before_the_end_of_the_answers_is_in_its_column() {
    let mut page = Page::new();
    page.send(rows((1_000..1_400).step_by(5)));
    page.store.take_past("g", STEP, at(500)..at(1_150), &PastAnswer::default(), None);
    let mut columns = ColumnSummaries::default();
    columns.update(page.group(), &[0], 1_000_000, 4, 1);
    let column = columns.summary(0, 1);
    assert_eq!((column.first, column.last), (1_100.0, 1_395.0), "the answers have what is before 1,150 ms");
}

#[test]
fn an_answer_that_is_finer_than_the_buckets_is_read_in_their_place() {
    let mut page = Page::new();
    page.send(rows((1_000..1_400).step_by(5)));
    let row = |millis: i64| {
        let value = millis as f64;
        let summary = Summary { first: value, last: value, min: value, max: value, sum: value, count: 1 };
        AnswerSummary { series: SeriesId(1), start: at(millis), step: Interval::ZERO, summary }
    };
    let answer = PastAnswer::of_test(GROUP, (1_100..1_200).step_by(5).map(row).collect());
    page.store.take_past("g", Interval::from_millis(1), at(1_100)..at(1_200), &answer, None);
    let span = at(1_110)..at(1_120);
    assert_eq!(page.group().exactness(&span), Exactness::Rows);
    let of = page.group().statistics(0, &span).expect("values");
    assert_eq!((of.count, of.min, of.max), (2, 1_110.0, 1_115.0));
    let read = |from, to| page.group().reading(0, &(at(from)..at(to))).map(|read| (read.low, read.high));
    assert_eq!((read(1_110, 1_115), read(1_112, 1_114)), (Some((1_110.0, 1_110.0)), Some((1_110.0, 1_110.0))));
    assert_eq!(read(1_210, 1_215), Some((1_200.0, 1_295.0)), "no answer: the bucket");
}

#[test]
fn a_series_without_values_in_the_newest_buckets_has_no_newest_value_and_ends_with_the_catalog() {
    let mut page = Page::new();
    // Such as NaN, which a source may send for a while.
    let without = |rows: Vec<Row>| rows.into_iter().map(|(time, values)| (time, vec![values[0], f64::NAN, values[2]]));
    page.send(rows((1_000..1_100).step_by(5)));
    page.send(without(rows((1_100..1_200).step_by(5))).collect());
    assert_eq!(page.group().latest(1), Some(2.0 * 1_095.0), "it may have a value again in the open bucket");
    page.send(without(rows((1_200..1_900).step_by(5))).collect());
    assert_eq!([0, 1].map(|series| page.group().latest(series)), [Some(1_895.0), None]);
    assert!(!page.group().has_ended(1));
    page.catalog(CatalogScope::Changes, &[2]);
    assert_eq!([0, 1].map(|series| page.group().has_ended(series)), [false, true]);
}

#[test]
fn a_series_that_has_its_first_value_later_makes_the_bucket_begin_again() {
    let mut page = Page::new();
    let mut late = rows((1_000..1_020).step_by(5));
    late[0].1[2] = f64::NAN;
    late[1].1[2] = f64::NAN;
    page.send(late[..2].to_vec());
    let generation = page.group().generation();
    assert!(page.summary(2, 0).is_empty());
    page.send(late[2..].to_vec());
    assert_eq!((page.summary(2, 0).first, page.summary(0, 0).first), (3_030.0, 1_000.0));
    assert_eq!(page.group().generation(), generation, "no other column is read again");
}

#[test]
fn an_update_of_a_bucket_that_was_not_begun_since_the_restart_asks_again() {
    let mut page = Page::new();
    page.send(rows([1_000, 1_005]));
    page.catalog(CatalogScope::Unchanged, &[]);
    let last = page.sender.history(2, 7, 2).pop().expect("the last frame");
    page.apply(&last);
    let position = page.store.position().held();
    let heartbeat = Body::Heartbeat(Heartbeat::default());
    let header = Header { epoch: Epoch(1), sequence: Sequence(page.sender.sequence), ..Header::default() };
    page.store.apply(&Frame { header, body: heartbeat });
    assert_eq!(page.send(rows([1_010])), Applied::Lost);
    assert_eq!((page.store.position().held(), page.store.counts().repairs), (position, 1));
    assert!(matches!(page.store.start(), Start::After { .. }));
    assert_eq!(page.send(rows([1_015])), Applied::Stored, "it waits for the answer");
    page.answer(2);
    page.send(rows([1_020]));
    assert_eq!((page.starts(), page.summary(0, 0).last), (vec![1_000], 1_020.0));
}

#[test]
fn an_open_bucket_that_was_not_closed_counts_as_its_last_value() {
    let mut page = Page::new();
    page.send(rows([1_000, 1_005]));
    page.sender.rows.extend(rows([1_205, 1_305]));
    page.answer(2);
    assert_eq!(page.starts(), [1_000, 1_200, 1_300]);
    assert_eq!((page.summary(0, 0).sum, page.summary(0, 0).count, page.summary(0, 0).first), (1_005.0, 1, 1_000.0));
}

#[test]
fn a_group_switches_from_rows_to_buckets_to_another_step_and_back_by_what_arrives() {
    let mut page = Page::new();
    let all = rows((1_000..3_000).step_by(5));
    page.send_rows(&all);
    assert!(!page.group().holds_buckets());
    let row_bytes = page.group().bytes();
    page.sender.rows = all.clone();
    page.answer(0);
    assert_eq!((page.group().step(), page.group().rows().clone().count()), (STEP, 20));
    assert!(page.group().capacity() >= 200 && page.group().bytes() < row_bytes);
    assert_eq!(bits(page.summary(2, page.group().rows().start)), bits(summaries_of(&all[..20])[2]));
    page.sender.step = Interval::from_millis(250);
    page.answer(0);
    assert_eq!((page.group().step(), page.starts().len()), (Interval::from_millis(250), 8));
    page.send_rows(&rows([3_000]));
    assert_eq!((page.group().step(), page.starts()), (Interval::ZERO, vec![3_000]));
    assert!(page.group().capacity() >= 4_000, "as many rows as the window has");
    page.send_rows(&rows((3_005..3_100).step_by(5)));
    assert_eq!(page.group().value(0, page.group().rows().end - 1).to_bits(), 3_095.0_f64.to_bits());
}

#[test]
fn a_gap_inserts_nothing_and_is_counted_once() {
    let mut page = Page::new();
    page.send(rows([1_000]));
    for _ in 0..2 {
        let gap = protocol::Gap {
            after: Sequence(0),
            until: Sequence(0),
            cause: protocol::GapCause::HistoryExpired,
            content: GapContent::Rows,
        };
        page.store.apply(&Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body: Body::Gap(gap) });
    }
    assert_eq!((page.starts(), page.store.counts().gaps), (vec![1_000], 1));
    page.sender.rows = rows([1_700]);
    page.answer(0);
    assert_eq!((page.starts(), page.group().value_at(0, at(1_500))), (vec![1_000, 1_700], None));
}

#[test]
fn a_clock_that_is_set_back_replaces_later_buckets() {
    let mut page = Page::new();
    page.send(rows((1_000..2_000).step_by(5)));
    page.send(rows([1_450, 1_455]));
    assert_eq!((page.starts().last(), page.group().newest()), (Some(&1_400), Some(at(1_455))));
    let row = page.group().rows().end - 1;
    assert_eq!((page.summary(0, row).first, page.summary(0, row).last), (1_400.0, 1_455.0));
}

#[test]
fn a_series_that_leaves_keeps_the_others_in_their_places() {
    let mut page = Page::new();
    page.send(rows([1_000, 1_005]));
    page.catalog(CatalogScope::Changes, &[2]);
    assert!(!page.store.prune(at(1_050)), "its bucket is in the window");
    page.send(rows([1_010]));
    assert!(page.store.prune(at(1_200)));
    let frame = page.sender.frame(rows([1_015]));
    page.apply(&frame);
    assert_eq!((page.group().latest(0), page.group().latest(1)), (Some(1_015.0), Some(3.0 * 1_015.0)));
}

#[test]
fn the_rings_keep_the_newest_buckets_and_their_memory() {
    let mut page = Page::new();
    page.send(rows([0]));
    let (bytes, capacity) = (page.group().bytes(), page.group().capacity() as i64);
    for bucket in 0..3 * capacity {
        page.send(rows([bucket * 100 + 1, bucket * 100 + 50]));
    }
    assert_eq!(page.group().bytes(), bytes);
    assert_eq!(page.starts(), (2 * capacity..3 * capacity).map(|bucket| bucket * 100).collect::<Vec<_>>());
    assert_eq!(
        i64::from(page.group().summary(0, 0..u64::MAX).count),
        2 * capacity - 1,
        "the open bucket counts as one value"
    );
}

#[test]
fn applying_updates_allocates_nothing() {
    let mut page = Page::new();
    let frames: Vec<Vec<u8>> =
        (0..60).map(|frame| page.sender.frame(rows((0..4).map(|row| 1_000 + 20 * frame + 5 * row)))).collect();
    for frame in &frames[..30] {
        page.apply(frame);
    }
    let store = &mut page.store;
    let counted = allocation_counter::measure(|| {
        for frame in &frames[30..] {
            store.apply(&Frame::decode(frame).expect("decodes"));
        }
    });
    assert_eq!((counted.count_total, page.group().newest()), (0, Some(at(1_000 + 20 * 59 + 15))));
}

/// A part of a stream.
#[derive(Clone, Debug)]
enum Step {
    /// Rows in one frame: the time to the next, and whether each series has a value.
    Rows(Vec<(u16, [Option<i8>; SERIES as usize])>),
    /// Rows that the page is not sent, and an answer from its position on.
    Missed(Vec<(u16, [Option<i8>; SERIES as usize])>),
    /// An answer with the whole window.
    Window,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![6 => (-100_i8..100).prop_map(Some), 1 => Just(None)];
    let time = prop_oneof![9 => 1_u16..20, 1 => 100_u16..500];
    let rows = || proptest::collection::vec((time.clone(), [value.clone(), value.clone(), value.clone()]), 0..40);
    prop_oneof![10 => rows().prop_map(Step::Rows), 1 => rows().prop_map(Step::Missed), 1 => Just(Step::Window)]
}

proptest! {
    /// Whatever arrives in frames and answers, the page holds the summaries of the rows.
    #[test]
    fn the_page_holds_the_summaries_of_the_rows(steps in proptest::collection::vec(step(), 1..25)) {
        let mut page = Page::new();
        let mut now = 1_000;
        // Buckets of which the page never learns the sums.
        let mut left_open = Vec::new();
        for step in steps {
            let mut timed = |rows: Vec<(u16, [Option<i8>; 3])>| -> Vec<Row> {
                rows.into_iter().map(|(after, values)| {
                    now += i64::from(after);
                    (at(now), values.map(|value| value.map_or(f64::NAN, f64::from)).to_vec())
                }).collect()
            };
            match step {
                Step::Rows(rows) => {
                    let rows = timed(rows);
                    prop_assert_eq!(page.send(rows), Applied::Stored);
                }
                Step::Missed(rows) => {
                    let first = page.held;
                    left_open.extend(page.sender.rows.last().map(|(time, _)| start_of(*time, STEP)));
                    page.sender.rows.extend(timed(rows));
                    page.answer(first);
                }
                Step::Window => page.answer(0),
            }
            let held = page.group().rows();
            let expected: Vec<&[Row]> = page.sender.buckets().collect();
            prop_assert_eq!(held.end - held.start, expected.len() as u64);
            let last = expected.len().saturating_sub(1);
            for (place, (row, rows)) in held.clone().zip(&expected).enumerate() {
                let start = start_of(rows[0].0, STEP);
                prop_assert_eq!(page.group().time(row), start);
                for (series, expected) in summaries_of(rows).into_iter().enumerate() {
                    let (found, expected) = (bits(page.summary(series, row)), bits(expected));
                    if place == last || left_open.contains(&start) {
                        prop_assert_eq!((found.0, found.2 > 0), (expected.0, expected.2 > 0));
                    } else {
                        prop_assert_eq!(found, expected);
                    }
                }
            }
            if let Some(open) = expected.last() {
                prop_assert_eq!(page.group().newest(), Some(open[open.len() - 1].0));
            }
        }
    }
}

/// What happens to the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Delivered,
    Repeated,
    Lost,
    Damaged,
}

#[derive(Clone, Debug)]
enum Event {
    /// A frame of this many rows, each this long after the one before.
    Frame(u8, u16, Fate),
    Heartbeat,
    /// The connection is lost, and of the answers to the next ones only so many frames arrive.
    Cut(Vec<usize>),
}

fn event() -> impl Strategy<Value = Event> {
    let fate = prop_oneof![12 => Just(Fate::Delivered), 1 => Just(Fate::Repeated), 1 => Just(Fate::Lost), 1 => Just(Fate::Damaged)];
    let frame = (0_u8..6, prop_oneof![9 => 1_u16..30, 1 => 100_u16..400], fate);
    prop_oneof![
        12 => frame.prop_map(|(rows, after, fate)| Event::Frame(rows, after, fate)),
        3 => Just(Event::Heartbeat),
        1 => proptest::collection::vec(0_usize..3, 0..3).prop_map(Event::Cut),
    ]
}

/// A page whose connection loses, repeats and damages frames.
struct Faulty {
    page: Page,
    /// The number of rows up to each frame.
    rows_at: Vec<usize>,
    now: i64,
}

impl Faulty {
    fn deliver(&mut self, bytes: &[u8], fate: Fate) {
        let applied = match fate {
            Fate::Lost => Applied::Stored,
            Fate::Damaged => self.page.store.unreadable(),
            Fate::Delivered => self.page.apply(bytes),
            Fate::Repeated => {
                let first = self.page.apply(bytes);
                let second = self.page.apply(bytes);
                if first == Applied::Lost { first } else { second }
            }
        };
        if applied == Applied::Lost {
            self.answer(usize::MAX);
        }
    }

    /// Sends the answer to the page's request, of which so many frames arrive.
    fn answer(&mut self, frames: usize) {
        let first = match self.page.store.start() {
            Start::After { sequence, .. } => self.rows_at[sequence.0 as usize],
            Start::Window(_) => 0,
        };
        if frames > 0 {
            self.page.catalog(CatalogScope::Whole, &[]);
        }
        let history = self.page.sender.history(first, 2, 2);
        for frame in history.iter().take(frames.saturating_sub(1)) {
            self.page.apply(frame);
        }
    }

    fn heartbeat(&mut self) {
        let header = Header { epoch: Epoch(1), sequence: Sequence(self.page.sender.sequence), ..Header::default() };
        let frame = Frame { header, body: Body::Heartbeat(Heartbeat::default()) }.to_bytes().expect("encodes");
        self.deliver(&frame, Fate::Delivered);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Frame(rows, after, fate) => {
                let times: Vec<i64> = (1..=i64::from(rows)).map(|row| self.now + row * i64::from(after)).collect();
                self.now = times.last().copied().unwrap_or(self.now);
                let frame = self.page.sender.frame(self::rows(times));
                self.rows_at.push(self.page.sender.rows.len());
                self.deliver(&frame, fate);
            }
            Event::Heartbeat => self.heartbeat(),
            Event::Cut(answers) => {
                for frames in answers.into_iter().chain([usize::MAX]) {
                    self.page.store.connected();
                    self.answer(frames);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn after_any_losses_the_page_holds_every_bucket(events in proptest::collection::vec(event(), 1..60)) {
        let mut faulty = Faulty { page: Page::new(), rows_at: vec![0], now: 1_000 };
        for event in events {
            faulty.handle(event);
        }
        faulty.heartbeat();
        faulty.heartbeat();
        let page = &faulty.page;
        prop_assert_eq!(page.store.position().held(), Some(Sequence(page.sender.sequence)));
        let expected: Vec<&[Row]> = page.sender.buckets().collect();
        let starts: Vec<i64> = expected.iter().map(|rows| start_of(rows[0].0, STEP).micros() / 1_000).collect();
        prop_assert_eq!(page.starts(), starts);
        for (row, rows) in page.group().rows().zip(expected) {
            for (series, expected) in summaries_of(rows).into_iter().enumerate() {
                let (found, expected) = (bits(page.summary(series, row)), bits(expected));
                // The sum of a bucket that was closed in a frame that was lost is not known.
                prop_assert_eq!(found.0, expected.0);
                prop_assert!(found.2 == 1 || (found.1, found.2) == (expected.1, expected.2));
            }
        }
    }
}

use protocol::{
    BlockBuffer, BlockMode, Body, Bounds, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor,
    GroupId, Header, History, HistoryPart, Label, Revision, SamplesBuffer, Sequence, SeriesDescriptor, SeriesKind,
    SummaryBuffer, SummaryColumnsBuffer, SummaryValues,
};

use super::*;

const HOURS: Interval = Interval::from_secs(21_600);
const WIDTH: u32 = 400;
/// 60 s: a column has 54 s, and the server's tier 10 s.
const STEP: i64 = 60;
const NOW: i64 = 1_000_000_030;
const LIMITS: QueryLimits = QueryLimits { at_once: 16, columns: 4_096, summaries: 1 << 20 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn frame(store: &mut Store, sequence: u64, body: Body<'_>) {
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: at(NOW), skipped: 0 };
    store.apply(&Frame { header, body });
}

/// A store with one series a group, `names`, whose rows of 1 Hz begin at `oldest`.
fn store(names: &[&str], oldest: i64, newest: i64) -> Store {
    let mut store = Store::new(window_of_rows(HOURS));
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    for (id, name) in (1..).zip(names) {
        let (interval, bounds) = (Interval::from_secs(1), Bounds::Auto);
        let group = GroupDescriptor {
            id: GroupId(id),
            name,
            title: name,
            unit: "1",
            interval,
            bounds,
            ..GroupDescriptor::default()
        };
        groups.push(&group).expect("encodes");
        let labels: Entries<'_, Label<'_>> = Entries::default();
        let (kind, name) = (SeriesKind::Gauge, "s");
        series.push(&SeriesDescriptor { id: SeriesId(id), group: GroupId(id), name, kind, labels }).expect("encodes");
    }
    let (retired, retired_groups) = (Entries::default(), Entries::default());
    let (scope, revision) = (CatalogScope::Whole, Revision(1));
    let (groups, series) = (groups.entries(), series.entries());
    frame(&mut store, 0, Body::Catalog(Catalog { scope, revision, groups, series, retired, retired_groups }));
    rows(&mut store, names, oldest, newest);
    store
}

fn rows(store: &mut Store, names: &[&str], oldest: i64, newest: i64) {
    let mut blocks = BlockBuffer::default();
    let times: Vec<Timestamp> = (oldest..=newest).map(at).collect();
    for id in 1..=names.len() as u32 {
        blocks.push(GroupId(id), &times, [(SeriesId(id), vec![1.0; times.len()].as_slice())]).expect("encodes");
    }
    frame(store, 1, Body::History(History { part: HistoryPart::Last, blocks: blocks.blocks() }));
}

/// Rows of one group that arrive live.
fn live_rows(store: &mut Store, oldest: i64, newest: i64) {
    let mut samples = SamplesBuffer::default();
    let times: Vec<Timestamp> = (oldest..=newest).map(at).collect();
    samples.start(at(newest));
    let values = vec![1.0; times.len()];
    samples.push(BlockMode::Merge, GroupId(1), &times, [(SeriesId(1), values.as_slice())]).expect("encodes");
    frame(store, 2, Body::Samples(samples.samples()));
}

/// A chart of one of the groups `a`, `b`, `c`, which draws its series.
fn chart(name: &str, width_px: u32) -> ChartOnScreen {
    let id = name.bytes().map(|letter| u32::from(letter - b'a') + 1).sum();
    ChartOnScreen { group: name.to_owned(), title: String::new(), width_px, series: vec![SeriesId(id)] }
}

fn charts(names: &[&str]) -> Vec<ChartOnScreen> {
    names.iter().map(|name| chart(name, WIDTH)).collect()
}

/// A live view of six hours.
fn live(right: Timestamp) -> ShownRange {
    ShownRange { shown: right - HOURS..right, motion: Motion::Live }
}

fn requests() -> PastRequests {
    let mut requests = PastRequests::default();
    requests.set_limits(LIMITS, HOURS);
    requests
}

fn next(requests: &mut PastRequests, store: &Store, names: &[&str], now: i64) -> Option<PastQuery> {
    requests.next(store, &charts(names), &live(at(now)), at(now))
}

/// Answers a query with one bucket of each group at each of `starts`.
fn answer(requests: &mut PastRequests, store: &mut Store, id: u32, groups: u32, starts: &[i64], value: f64) {
    let (mut blocks, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
    let times: Vec<Timestamp> = starts.iter().map(|&start| at(start)).collect();
    for group in 1..=groups {
        columns.clear();
        let first = vec![value; times.len()];
        columns.push(SeriesId(group), SummaryValues { first: &first, others: None }).expect("encodes");
        blocks.push(GroupId(group), Interval::from_secs(STEP as u64), &times, &columns).expect("encodes");
    }
    requests.take(&Answer { query: id, part: AnswerPart::Last, blocks: blocks.blocks() }, store);
}

#[test]
fn the_whole_window_is_asked_for_once_for_all_groups_of_one_width() {
    let names = ["a", "b"];
    let (mut requests, mut store) = (requests(), store(&names, NOW - 110, NOW));
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    assert_eq!(query.series, [SeriesId(1), SeriesId(2)]);
    let start = (NOW - 21_600) / STEP * STEP;
    assert_eq!((query.range.start, query.columns), (at(start), 361));
    assert_eq!(query.range.end, at(start + 361 * STEP));
    assert_eq!(next(&mut requests, &store, &names, NOW + 1), None, "one at a time");
    answer(&mut requests, &mut store, query.id, 2, &[start, start + STEP], 5.0);
    assert_eq!(next(&mut requests, &store, &names, NOW + 1), None, "all is there");
    let group = &store.groups()[1];
    assert_eq!(group.past().range(), Some(&(at(start)..at(NOW - 1))));
    assert_eq!(group.value_at(0, at(start + 90)), Some(5.0));
    assert!(next(&mut requests, &store, &["c"], NOW + 1).is_none(), "no such group");
}

#[test]
fn later_summaries_are_asked_for_before_the_rows_leave_the_rings_and_follow_the_earlier_ones() {
    let names = ["a"];
    let (mut requests, mut store) = (requests(), store(&names, NOW - 110, NOW));
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    let (start, last) = ((NOW - 21_600) / STEP * STEP, NOW / STEP * STEP);
    answer(&mut requests, &mut store, query.id, 1, &[start, last], 5.0);
    // The rings hold 512 rows at least: with a second for each, the first rows leave after some 400 s.
    live_rows(&mut store, NOW + 1, NOW + 580);
    let later = NOW + 580;
    let begins = store.groups()[0].oldest().expect("rows");
    assert!(begins + MARGIN >= at(NOW - 1));
    let query = next(&mut requests, &store, &names, later).expect("a query");
    assert_eq!(query.range.start, at(last), "the bucket that was not complete is asked for again");
    assert_eq!(u64::from(query.columns), (later - last).cast_unsigned().div_ceil(STEP as u64));
    answer(&mut requests, &mut store, query.id, 1, &[last, last + STEP], 7.0);
    let past = store.groups()[0].past();
    assert_eq!(past.range().map(|range| range.end), Some(at(later - 1)));
    assert_eq!(past.summary(0, at(last)..at(last + STEP)).count, 1, "not twice");
    assert!(past.summary(0, at(start)..at(start + STEP)).is_empty(), "it has left the window");
}

#[test]
fn while_a_source_fills_its_history_the_summaries_follow() {
    let names = ["a"];
    let newest = NOW - 3_600;
    let (mut requests, mut store) = (requests(), store(&names, newest - 110, newest));
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    let start = (NOW - 21_600) / STEP * STEP;
    answer(&mut requests, &mut store, query.id, 1, &[start], 5.0);
    assert_eq!(store.groups()[0].past().range().map(|range| range.end), Some(at(newest)));
    assert_eq!(next(&mut requests, &store, &names, NOW + 1), None, "the rows follow");
    live_rows(&mut store, newest + 1, newest + 1_200);
    let query = next(&mut requests, &store, &names, NOW + 1).expect("a query");
    assert_eq!(query.range.start, at(newest / STEP * STEP));
    answer(&mut requests, &mut store, query.id, 1, &[newest / STEP * STEP], 6.0);
    assert_eq!(store.groups()[0].past().range().map(|range| range.end), Some(at(newest + 1_200)));
}

#[test]
fn a_group_whose_rows_are_minutes_apart_is_not_asked_for_again_and_again() {
    let names = ["a"];
    let newest = NOW - 50;
    let (mut requests, mut store) = (requests(), store(&names, newest, newest));
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    answer(&mut requests, &mut store, query.id, 1, &[newest / STEP * STEP], 5.0);
    for later in [1, 20, 40, 400] {
        assert_eq!(next(&mut requests, &store, &names, NOW + later), None, "after {later} s");
    }
}

#[test]
fn another_width_is_requested_again_and_a_refusal_delays_the_next_query() {
    let names = ["a"];
    let (mut requests, mut store) = (requests(), store(&names, NOW - 110, NOW));
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    answer(&mut requests, &mut store, query.id, 1, &[(NOW - 600) / STEP * STEP], 5.0);
    let wide = [chart("a", 1_200)];
    let query = requests.next(&store, &wide, &live(at(NOW)), at(NOW)).expect("a query");
    assert_eq!((query.columns, query.range.start), (1_201, at((NOW - 21_600) / 18 * 18)));
    assert!(!requests.refused(query.id + 1, at(NOW)));
    assert!(requests.refused(query.id, at(NOW)));
    assert_eq!(requests.next(&store, &wide, &live(at(NOW + 9)), at(NOW + 9)), None);
    assert!(requests.next(&store, &wide, &live(at(NOW + 11)), at(NOW + 11)).is_some());
}

#[test]
fn two_charts_of_one_group_share_the_summaries_of_the_wider() {
    let (mut requests, mut store) = (requests(), store(&["a"], NOW - 110, NOW));
    let charts = [WIDTH, 1_200].map(|width_px| chart("a", width_px));
    let query = requests.next(&store, &charts, &live(at(NOW)), at(NOW)).expect("a query");
    assert_eq!(query.columns, 1_201);
    answer(&mut requests, &mut store, query.id, 1, &[(NOW - 600) / STEP * STEP], 5.0);
    assert_eq!(requests.next(&store, &charts, &live(at(NOW + 1)), at(NOW + 1)), None);
}

#[test]
fn the_series_that_any_chart_of_a_group_draws_are_asked_for() {
    let (mut requests, store) = (requests(), store(&["a"], NOW - 110, NOW));
    let of = |ids: &[u32]| ChartOnScreen { series: ids.iter().copied().map(SeriesId).collect(), ..chart("a", WIDTH) };
    assert_eq!(requests.next(&store, &[of(&[])], &live(at(NOW)), at(NOW)), None, "it has not chosen its series");
    let charts = [of(&[5, 1]), of(&[3, 5])];
    let query = requests.next(&store, &charts, &live(at(NOW)), at(NOW)).expect("a query");
    assert_eq!(query.series, [1, 3, 5].map(SeriesId));
}

#[test]
fn a_server_without_queries_is_asked_nothing_and_a_lost_connection_ends_the_query() {
    let names = ["a"];
    let store = store(&names, NOW - 110, NOW);
    assert_eq!(next(&mut PastRequests::default(), &store, &names, NOW), None);
    let mut requests = requests();
    let first = next(&mut requests, &store, &names, NOW).expect("a query");
    requests.disconnected();
    let second = next(&mut requests, &store, &names, NOW).expect("a query");
    assert!(second.id > first.id && second.range == first.range);
}

#[test]
fn queries_keep_to_the_limit_on_summaries_of_the_server() {
    let names = ["a", "b", "c"];
    let store = store(&names, NOW - 110, NOW);
    let mut requests = requests();
    requests.set_limits(QueryLimits { summaries: 800, ..LIMITS }, HOURS);
    let query = next(&mut requests, &store, &names, NOW).expect("a query");
    assert_eq!(query.series, [SeriesId(1), SeriesId(2)]);
}

#[test]
fn long_columns_are_multiples_of_the_steps_that_servers_keep() {
    let step = |micros| step_of(Interval::from_micros(micros)).micros();
    assert_eq!([step(150_000), step(3_999_999)], [150_000, 3_999_999]);
    assert_eq!([step(4_000_001), step(54_000_000), step(216_000_000)], [5_000_000, 60_000_000, 220_000_000]);
    assert_eq!(step(240_000_000), 240_000_000);
}

mod fixed {
    use super::*;

    fn fixed(from: i64, to: i64) -> ShownRange {
        ShownRange { shown: at(from)..at(to), motion: Motion::Fixed }
    }

    fn next(requests: &mut PastRequests, store: &Store, view: &ShownRange) -> Option<PastQuery> {
        requests.next(store, &charts(&["a"]), view, at(NOW))
    }

    #[test]
    fn a_range_that_is_held_in_rows_needs_no_query() {
        let store = store(&["a"], NOW - 100, NOW);
        assert_eq!(next(&mut requests(), &store, &fixed(NOW - 90, NOW - 10)), None);
    }

    #[test]
    fn an_earlier_range_is_asked_for_with_half_of_it_on_both_sides() {
        let store = store(&["a"], NOW - 100, NOW);
        let query = next(&mut requests(), &store, &fixed(NOW - 5_000, NOW - 4_600)).expect("a query");
        assert_eq!((query.range, query.columns), (at(NOW - 5_200)..at(NOW - 4_400), 2 * WIDTH), "a column is a second");
    }

    #[test]
    fn a_range_of_which_a_part_is_asked_for_already_is_asked_for_when_it_leaves_the_answer() {
        let mut store = store(&["a"], NOW - 100, NOW);
        let mut requests = requests();
        let query = next(&mut requests, &store, &fixed(NOW - 5_000, NOW - 4_600)).expect("a query");
        assert_eq!(next(&mut requests, &store, &fixed(NOW - 4_500, NOW - 4_100)), None, "one at a time");
        answer(&mut requests, &mut store, query.id, 1, &[], 0.0);
        // Three seconds beside it, which may have rows, are in the answer too.
        assert_eq!(next(&mut requests, &store, &fixed(NOW - 5_197, NOW - 4_797)), None, "it is in the answer");
        assert!(next(&mut requests, &store, &fixed(NOW - 5_198, NOW - 4_798)).is_some());
    }

    #[test]
    fn another_length_of_columns_is_asked_for() {
        let mut store = store(&["a"], NOW - 100, NOW);
        let mut requests = requests();
        let query = next(&mut requests, &store, &fixed(NOW - 5_000, NOW - 4_600)).expect("a query");
        answer(&mut requests, &mut store, query.id, 1, &[], 0.0);
        assert!(next(&mut requests, &store, &fixed(NOW - 4_900, NOW - 4_700)).is_some());
    }

    #[test]
    fn a_range_that_ends_now_is_asked_for_once() {
        let mut store = store(&["a"], NOW - 100, NOW);
        let mut requests = requests();
        let view = fixed(NOW - 800, NOW);
        let query = next(&mut requests, &store, &view).expect("a query");
        answer(&mut requests, &mut store, query.id, 1, &[], 0.0);
        assert_eq!(next(&mut requests, &store, &view), None, "the last second comes in rows");
    }

    #[test]
    fn of_a_range_with_too_many_columns_buckets_are_longer() {
        let store = store(&["a"], NOW - 100, NOW);
        let mut requests = PastRequests::default();
        requests.set_limits(QueryLimits { columns: WIDTH, ..LIMITS }, HOURS);
        let query = next(&mut requests, &store, &fixed(NOW - 5_000, NOW - 4_600)).expect("a query");
        assert_eq!((query.range, query.columns), (at(NOW - 5_200)..at(NOW - 4_400), WIDTH), "two seconds each");
    }

    #[test]
    fn a_short_range_is_asked_for_with_the_rows_beside_it() {
        let store = store(&["a"], NOW - 100, NOW);
        let shown = at(NOW - 5_000)..at(NOW - 5_000) + Interval::from_millis(10);
        let view = ShownRange { shown, motion: Motion::Fixed };
        let query = next(&mut requests(), &store, &view).expect("a query");
        assert!(query.range.start <= at(NOW - 5_010) && query.range.end >= at(NOW - 4_991), "{:?}", query.range);
        assert!(query.columns <= LIMITS.columns);
    }

    #[test]
    fn what_is_asked_for_beside_a_range_is_not_older_than_the_rows_of_the_server() {
        let store = store(&["a"], NOW - 100, NOW);
        let mut requests = PastRequests::default();
        requests.set_limits(LIMITS, Interval::from_secs(300));
        let query = next(&mut requests, &store, &fixed(NOW - 290, NOW - 210)).expect("a query");
        assert!(query.range.start >= at(NOW - 300) && query.range.start <= at(NOW - 290), "{:?}", query.range);
        let mut requests = PastRequests::default();
        requests.set_limits(LIMITS, Interval::from_secs(300));
        let query = next(&mut requests, &store, &fixed(NOW - 320, NOW - 240)).expect("a query");
        assert!(
            query.range.start <= at(NOW - 360),
            "of a range that is older itself, all is coarse: {:?}",
            query.range
        );
    }
}

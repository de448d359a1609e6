use super::*;

const MILLISECOND: Interval = Interval::from_millis(1);
const START: Start = Start::Window(Interval::from_secs(60));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Ten groups of 2,000 values a second, of which these are on screen.
fn screen(on_screen: &[u32]) -> Vec<CatalogGroup> {
    let group = |id| {
        let is_on_screen = on_screen.contains(&id);
        let needs = if is_on_screen { Needs::Rows } else { Needs::Unknown };
        CatalogGroup { id: GroupId(id), interval: MILLISECOND, values_per_s: 2_000.0, is_on_screen, needs }
    };
    (1..=10).map(group).collect()
}

fn choose(following: &mut Following, catalog: &[CatalogGroup], now: Timestamp) -> bool {
    following.choose(catalog, Leaving::Allowed, now)
}

fn fill(following: &mut Following) {
    following.answered(following.requested);
    following.filled();
}

fn requested(following: &mut Following) -> (Option<Vec<u32>>, Vec<u32>) {
    let StreamRequest { groups, added, .. } = following.request(START);
    let ids = |groups: Vec<GroupId>| groups.into_iter().map(|group| group.0).collect::<Vec<_>>();
    (groups.map(ids), ids(added))
}

fn following() -> Following {
    let mut following = Following::default();
    following.set_support(Support::Subsets);
    following.catalog_began(Epoch(1));
    following
}

#[test]
fn groups_off_screen_are_left_after_ten_seconds_and_added_when_they_return() {
    let mut following = following();
    following.filled();
    assert!(!choose(&mut following, &screen(&[]), at(0)), "nothing is laid out yet");
    assert!(!choose(&mut following, &screen(&[1, 2, 3]), at(0)));
    assert_eq!(requested(&mut following), (None, vec![]));
    assert!(!choose(&mut following, &screen(&[1, 2, 3]), at(9)));
    assert!(choose(&mut following, &screen(&[1, 2, 3]), at(10)));
    assert_eq!(requested(&mut following), (Some(vec![1, 2, 3]), vec![]));
    assert!(following.follows(GroupId(3)) && !following.follows(GroupId(4)));
    assert!(choose(&mut following, &screen(&[3, 4, 5]), at(11)));
    assert_eq!(requested(&mut following), (Some(vec![1, 2, 3, 4, 5]), vec![4, 5]), "1 and 2 linger");
    assert!(!following.has(GroupId(4)) && following.has(GroupId(3)));
    assert!(!choose(&mut following, &screen(&[4, 6]), at(12)), "the history is awaited");
    following.answered(following.requested - 1);
    following.filled();
    assert_eq!(following.added().len(), 2, "the history of an earlier request");
    fill(&mut following);
    assert!(choose(&mut following, &screen(&[4, 6]), at(13)));
    assert_eq!(requested(&mut following), (Some(vec![1, 2, 3, 4, 5, 6]), vec![6]));
    fill(&mut following);
    assert!(!following.choose(&screen(&[4, 6]), Leaving::Not, at(30)), "a paused view keeps what it has");
    assert!(choose(&mut following, &screen(&[4, 6]), at(30)));
    assert_eq!(requested(&mut following), (Some(vec![4, 6]), vec![]));
    assert!(following.choose(&screen(&[5]), Leaving::Not, at(31)), "and is sent what comes on screen");
    assert!(!choose(&mut following, &screen(&[4, 6]), at(99)));
}

#[test]
fn a_page_that_shows_every_group_subscribes_to_everything() {
    let mut following = following();
    assert!(choose(&mut following, &screen(&[1]), at(10)));
    assert!(choose(&mut following, &screen(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), at(11)));
    assert_eq!(requested(&mut following), (None, (2..=10).collect()));
}

#[test]
fn the_first_history_is_shortened_at_once() {
    let mut following = following();
    assert!(choose(&mut following, &screen(&[2]), at(0)));
    assert_eq!(requested(&mut following), (Some(vec![2]), vec![]));
}

#[test]
fn the_page_subscribes_to_everything_if_little_is_saved_or_the_feature_is_missing() {
    let mut following = following();
    let slow: Vec<_> = screen(&[1]).into_iter().map(|group| CatalogGroup { values_per_s: 80.0, ..group }).collect();
    choose(&mut following, &slow, at(0));
    assert!(!choose(&mut following, &slow, at(100)), "720 values a second");
    following.set_support(Support::Everything);
    assert!(!choose(&mut following, &screen(&[1]), at(200)));
}

#[test]
fn without_a_position_the_next_connection_subscribes_to_everything() {
    let mut following = following();
    assert!(choose(&mut following, &screen(&[1]), at(0)));
    following.begin_anew();
    assert_eq!(requested(&mut following), (None, vec![]));
    assert!(choose(&mut following, &screen(&[1]), at(1)));
}

#[test]
fn in_another_epoch_the_groups_on_screen_are_added() {
    let mut following = following();
    choose(&mut following, &screen(&[1]), at(0));
    choose(&mut following, &screen(&[1]), at(10));
    following.catalog_began(Epoch(2));
    assert_eq!(requested(&mut following), (Some(vec![]), vec![]));
    assert!(choose(&mut following, &screen(&[7]), at(11)));
    assert_eq!(requested(&mut following), (Some(vec![7]), vec![7]));
}

const COLUMN: Interval = Interval::from_millis(100);
const WIDER: Interval = Interval::from_millis(120);

/// Two groups of 2,000 values a second with this interval, and one of 20 a second, all on screen.
fn charts(interval: Interval, needs: [Needs; 3]) -> Vec<CatalogGroup> {
    let group =
        |(id, needs)| CatalogGroup { id: GroupId(id), interval, values_per_s: 2_000.0, is_on_screen: true, needs };
    let mut groups: Vec<CatalogGroup> = (1..).zip(needs).map(group).collect();
    (groups[2].interval, groups[2].values_per_s) = (COLUMN, 20.0);
    groups
}

const CHARTS: [Needs; 3] = [Needs::Columns(COLUMN); 3];

fn summarizing() -> Following {
    let mut following = Following::default();
    following.expect_column(COLUMN);
    following.begin_anew();
    following.set_support(Support::Summaries);
    following.catalog_began(Epoch(1));
    following
}

fn at_millis(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// The step of groups that are not listed, and the steps of those that are, in milliseconds; and the added groups.
fn steps_of(following: &mut Following) -> (u64, Vec<(u32, u64)>, Vec<u32>) {
    let StreamRequest { step, steps, added, .. } = following.request(START);
    let steps = steps.into_iter().map(|of| (of.group.0, of.step.micros() / 1_000)).collect();
    (step.micros() / 1_000, steps, added.into_iter().map(|group| group.0).collect())
}

/// The same after the first history, in the steps of [`CHARTS`].
fn filled() -> Following {
    let mut following = summarizing();
    assert!(choose(&mut following, &charts(MILLISECOND, CHARTS), at(0)));
    fill(&mut following);
    following
}

#[test]
fn the_first_subscription_is_to_buckets_of_groups_that_take_more_bytes_as_rows() {
    let mut following = summarizing();
    // Of 110 rows a second, which take the bytes of 60 updates and ten buckets, eight are in one.
    assert_eq!(following.request(START).step, Interval::from_micros(8_000_000 / 110));
    let slow = Interval::from_micros(1_000_000 / 109);
    assert!(!choose(&mut following, &charts(slow, CHARTS), at(0)), "rows are sent, and rows are better");
    assert!(choose(&mut following, &charts(MILLISECOND, CHARTS), at(0)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100)], vec![1, 2]));
    fill(&mut following);
    assert!(!choose(&mut following, &charts(MILLISECOND, CHARTS), at(9)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100)], vec![]), "also on a new connection");
}

#[test]
fn groups_with_other_columns_or_other_needs_are_added_as_soon_as_they_are_laid_out() {
    let mut following = summarizing();
    let catalog = charts(MILLISECOND, [Needs::Columns(WIDER), Needs::Rows, Needs::Rows]);
    assert!(choose(&mut following, &catalog, at(0)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 120)], vec![1, 2]), "the third has its rows");
}

#[test]
fn a_step_is_changed_when_it_has_been_wanted_for_half_a_second() {
    let mut following = filled();
    let wide = charts(MILLISECOND, [Needs::Columns(WIDER), CHARTS[1], CHARTS[2]]);
    assert!(!choose(&mut following, &charts(MILLISECOND, CHARTS), at_millis(0)));
    assert!(!choose(&mut following, &wide, at_millis(250)));
    assert!(!choose(&mut following, &charts(MILLISECOND, CHARTS), at_millis(500)), "back before it was requested");
    assert!(!choose(&mut following, &wide, at_millis(750)));
    assert!(!choose(&mut following, &wide, at_millis(1_249)));
    assert!(!following.choose(&wide, Leaving::Not, at_millis(1_250)), "the view is paused");
    assert!(!choose(&mut following, &wide, at_millis(1_500)));
    assert!(choose(&mut following, &wide, at_millis(2_000)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 120), (2, 100)], vec![1]), "the second keeps its step");
    assert!(!following.has(GroupId(1)) && following.has(GroupId(2)));
    let rows = charts(MILLISECOND, [Needs::Rows, CHARTS[1], CHARTS[2]]);
    assert!(!choose(&mut following, &rows, at_millis(5_000)), "the history is awaited");
    fill(&mut following);
    assert!(!choose(&mut following, &rows, at_millis(5_250)));
    assert!(choose(&mut following, &rows, at_millis(5_750)));
    assert_eq!(steps_of(&mut following), (0, vec![(2, 100)], vec![1]));
}

#[test]
fn pages_with_few_values_or_slow_groups_return_to_the_rows_of_everything() {
    let few = |interval| {
        let group = |group| CatalogGroup { values_per_s: 499.0, ..group };
        charts(interval, CHARTS).into_iter().map(group).collect::<Vec<_>>()
    };
    let mut following = summarizing();
    assert!(choose(&mut following, &few(MILLISECOND), at(0)));
    assert_eq!(steps_of(&mut following), (0, vec![], vec![1, 2]));
    // Ten rows a second, in columns of any length: the server sends rows of the first subscription too.
    for column in [COLUMN, Interval::from_secs(60)] {
        let mut following = Following::default();
        following.expect_column(column);
        following.begin_anew();
        following.set_support(Support::Summaries);
        following.catalog_began(Epoch(1));
        let host = charts(COLUMN, [Needs::Columns(column); 3]);
        assert!(!choose(&mut following, &host, at(0)), "its history arrives");
        fill(&mut following);
        assert!(choose(&mut following, &host, at(1)));
        assert_eq!(steps_of(&mut following), (0, vec![], vec![]));
        assert_eq!(requested(&mut following), (None, vec![]));
        assert!(!choose(&mut following, &host, at(9)));
    }
}

#[test]
fn a_group_that_comes_on_screen_is_added_in_its_step_and_keeps_it_while_it_lingers() {
    let mut following = summarizing();
    let screen = |on_screen: &[u32]| {
        let mut screen = screen(on_screen);
        screen.iter_mut().filter(|group| group.is_on_screen).for_each(|group| group.needs = Needs::Columns(COLUMN));
        screen
    };
    assert!(choose(&mut following, &screen(&[1, 2]), at(0)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100)], vec![1, 2]));
    fill(&mut following);
    let mut unmeasured = screen(&[2, 3]);
    unmeasured[2].needs = Needs::Unknown;
    assert!(!choose(&mut following, &unmeasured, at(1)), "its columns are not known yet");
    assert!(choose(&mut following, &screen(&[2, 3]), at(1)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100), (3, 100)], vec![3]));
    fill(&mut following);
    assert!(following.choose(&screen(&[3, 4]), Leaving::Not, at(2)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100), (3, 100)], vec![4]), "rows for a paused view");
}

#[test]
fn in_another_epoch_groups_have_no_steps_of_their_own() {
    let mut following = summarizing();
    assert!(choose(&mut following, &charts(MILLISECOND, [Needs::Columns(WIDER), CHARTS[1], CHARTS[2]]), at(0)));
    fill(&mut following);
    following.catalog_began(Epoch(2));
    assert_eq!(steps_of(&mut following), (0, vec![], vec![]));
    assert!(!choose(&mut following, &charts(MILLISECOND, CHARTS), at(1)));
    assert!(choose(&mut following, &charts(MILLISECOND, CHARTS), at(2)));
    assert_eq!(steps_of(&mut following), (0, vec![(1, 100), (2, 100)], vec![1, 2]));
}

#[test]
fn a_server_without_summaries_is_asked_for_rows() {
    let mut following = summarizing();
    following.set_support(Support::Subsets);
    assert_eq!(steps_of(&mut following), (0, vec![], vec![]));
    fill(&mut following);
    assert!(!choose(&mut following, &charts(MILLISECOND, CHARTS), at(9)));
    assert_eq!(Support::of([Feature::QUERIES, Feature::SUBSETS]), Support::Subsets);
    assert_eq!(Support::of([Feature::SUMMARIES, Feature::SUBSETS]), Support::Summaries);
    assert_eq!(Support::of([Feature::QUERIES]), Support::Everything);
}

#[test]
fn the_message_has_the_steps() {
    let mut following = summarizing();
    choose(&mut following, &charts(MILLISECOND, [Needs::Columns(WIDER), CHARTS[1], CHARTS[2]]), at(0));
    let sent = following.request(START).send(|message| message.to_bytes().expect("encodes")).expect("encodes");
    let message = ClientMessage::decode(&sent).expect("decodes");
    let ClientMessage::Subscribe { subset: Subset::Of { added, resolution, .. }, .. } = message else { panic!() };
    assert!(matches!(added, Selection::Groups(groups) if groups.iter().eq([1, 2].map(GroupId))));
    assert_eq!(resolution.step, Interval::ZERO);
    let steps = [(1, WIDER), (2, COLUMN)].map(|(group, step)| GroupStep { group: GroupId(group), step });
    assert!(resolution.groups.iter().eq(steps));
}

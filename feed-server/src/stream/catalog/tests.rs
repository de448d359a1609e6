//! Ids, changes, retirement and limits.

use protocol::{Interval, Prominence, SeriesKind};

use super::*;

fn group() -> Group {
    let (name, title, unit) = ("g".into(), "G".into(), "1".into());
    Group { name, title, unit, interval: Interval::from_millis(100), ..Group::default() }
}

fn series(group: GroupId, number: usize) -> Series {
    let labels = vec![("number".to_owned(), number.to_string())];
    Series { group, name: format!("s{number}"), kind: SeriesKind::Gauge, labels }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

struct Stage {
    catalog: Catalog,
    group: GroupId,
}

fn stage(max_series: usize) -> Stage {
    let catalog = Catalog::new(max_series);
    let group = catalog.register_group(group()).expect("fits");
    Stage { catalog, group }
}

impl Stage {
    fn register(&self, number: usize) -> Result<SeriesId, RegisterError> {
        self.catalog.register_series(series(self.group, number))
    }

    fn retire(&self, series: SeriesId) {
        self.catalog.end_series(series, at(1));
        self.catalog.retire_before(at(2));
    }
}

#[test]
fn an_ended_series_stays_until_its_last_sample_leaves_the_history() {
    let stage = stage(10);
    let id = stage.register(0).expect("fits");
    stage.catalog.take_changes();
    stage.catalog.end_series(id, at(100));
    stage.catalog.retire_before(at(100));
    assert_eq!(stage.catalog.len(), (1, 1));
    stage.catalog.retire_before(at(101));
    assert_eq!(stage.catalog.take_changes().retired, [id]);
    assert_eq!(stage.catalog.len(), (0, 0));
}

#[test]
fn a_group_retires_with_its_last_series_and_returns_under_its_id() {
    let stage = stage(10);
    let ids = [0, 1].map(|number| stage.register(number).expect("fits"));
    stage.catalog.take_changes();
    stage.retire(ids[0]);
    assert_eq!(stage.catalog.take_changes().retired_groups, []);
    stage.retire(ids[1]);
    let changes = stage.catalog.take_changes();
    assert_eq!((changes.retired, changes.retired_groups), (vec![ids[1]], vec![stage.group]));
    assert!(stage.catalog.whole().groups.is_empty());

    let other = stage.catalog.register_group(Group { name: "h".into(), ..group() }).expect("fits");
    assert_ne!(other, stage.group, "no id is reused");
    // By a series of the source, which holds the id, or by a source that is new.
    assert_eq!(stage.register(1), Ok(ids[1]));
    assert_eq!(
        stage.catalog.take_changes().groups,
        [(stage.group, group()), (other, Group { name: "h".into(), ..group() })]
    );
    stage.retire(ids[1]);
    assert_eq!(stage.catalog.register_group(group()), Ok(stage.group));
    assert_eq!(stage.catalog.take_changes().retired_groups, [], "it is back before viewers were told");
    assert_eq!(stage.register(1), Ok(ids[1]));
}

#[test]
fn retired_groups_that_are_remembered_are_bounded() {
    let Stage { catalog, group: first } = stage(10);
    let retire = |group_id| {
        let id = catalog.register_series(series(group_id, 0)).expect("fits");
        catalog.end_series(id, at(1));
        catalog.retire_before(at(2));
    };
    retire(first);
    for number in 0..MAX_RETIRED_GROUPS {
        retire(catalog.register_group(Group { name: number.to_string(), ..group() }).expect("fits"));
    }
    assert_eq!(catalog.register_series(series(first, 0)), Err(RegisterError::NoSuchGroup(first)));
    assert!(catalog.register_group(group()).expect("fits") > first, "no id is reused");
}

#[test]
fn every_change_has_a_revision_of_its_own() {
    let stage = stage(10);
    let mut revisions = vec![stage.catalog.revision()];
    let mut next = |is_changed: bool| {
        let revision = stage.catalog.revision();
        assert_eq!(revision > *revisions.last().expect("one"), is_changed);
        assert_eq!(stage.catalog.whole().revision, revision);
        revisions.push(revision);
    };
    let id = stage.register(0).expect("fits");
    next(true);
    stage.register(0).expect("fits");
    stage.catalog.end_series(id, at(1));
    next(false);
    stage.catalog.retire_before(at(2));
    next(true);
    stage.register(0).expect("fits");
    next(true);
    assert_eq!(stage.catalog.take_changes().revision, stage.catalog.revision());
}

#[test]
fn the_same_group_name_is_the_same_group_with_the_newest_description() {
    let Stage { catalog, group: id } = stage(10);
    catalog.take_changes();
    assert_eq!(catalog.register_group(group()), Ok(id));
    assert!(catalog.take_changes().is_empty());
    let retitled = Group { title: "Another title".into(), ..group() };
    assert_eq!(catalog.register_group(retitled.clone()), Ok(id));
    assert_eq!(catalog.take_changes().groups, [(id, retitled.clone())]);
    let moved = Group { prominence: Prominence::Detail, rank: 7, ..retitled };
    assert_eq!(catalog.register_group(moved.clone()), Ok(id));
    assert_eq!(catalog.take_changes().groups, [(id, moved.clone())]);
    let member = catalog.register_series(series(id, 0)).expect("fits");
    catalog.take_changes();
    let another_unit = Group { unit: "s".into(), ..moved };
    assert_eq!(catalog.register_group(another_unit.clone()), Ok(id));
    let changes = catalog.take_changes();
    assert_eq!(changes.groups, [(id, another_unit)]);
    assert_eq!(changes.series, [(member, series(id, 0))], "viewers begin the group again");
    let other = catalog.register_group(Group { name: "h".into(), ..group() }).expect("fits");
    assert_ne!(other, id);
}

#[test]
fn the_same_labels_in_any_order_are_the_same_series() {
    let Stage { catalog, group } = stage(10);
    let labels = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let series = |name: &str, labels: &[(String, String)]| {
        let (name, labels) = (name.to_owned(), labels.to_vec());
        catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits")
    };
    let id = series("x", &labels);
    let [a, b] = labels.clone();
    assert_eq!(series("x", &[b, a.clone()]), id);
    assert_ne!(series("x", &[a]), id);
    catalog.take_changes();
    assert_eq!(series("y", &labels), id, "the name is no part of the key");
    assert_eq!(catalog.take_changes().series[0].1.name, "y");
}

#[test]
fn a_series_that_is_registered_again_is_revived_under_its_id() {
    let stage = stage(10);
    let ids: Vec<_> = (0..3).map(|number| stage.register(number).expect("fits")).collect();
    stage.catalog.take_changes();
    stage.catalog.end_series(ids[1], at(1));
    assert_eq!(stage.register(1), Ok(ids[1]));
    stage.catalog.retire_before(Timestamp::MAX);
    assert_eq!(stage.catalog.len(), (1, 3));
    assert!(stage.catalog.take_changes().is_empty());
}

#[test]
fn the_id_of_a_retired_series_is_given_to_its_key_only() {
    let stage = stage(10);
    let ids: Vec<_> = (0..2).map(|number| stage.register(number).expect("fits")).collect();
    stage.retire(ids[1]);
    assert_eq!(stage.catalog.take_changes().retired, [ids[1]]);
    assert_eq!(stage.register(2), Ok(SeriesId(ids[1].0 + 1)));
    assert_eq!(stage.register(1), Ok(ids[1]));
    let changes = stage.catalog.take_changes();
    let added: Vec<_> = changes.series.iter().map(|(id, _)| *id).collect();
    assert_eq!((added, changes.retired), (vec![ids[1], SeriesId(ids[1].0 + 1)], vec![]));
}

#[test]
fn a_series_that_is_retired_and_back_between_two_ticks_is_not_retired_for_viewers() {
    let stage = stage(10);
    let id = stage.register(0).expect("fits");
    stage.catalog.take_changes();
    stage.retire(id);
    stage.register(0).expect("fits");
    let changes = stage.catalog.take_changes();
    assert_eq!((changes.retired, changes.series.len()), (vec![], 1));
}

#[test]
fn the_keys_of_retired_series_are_bounded() {
    let stage = stage(MAX_GROUP_SERIES);
    let first = stage.register(0).expect("fits");
    for number in 0..=MAX_RETIRED_KEYS {
        let id = stage.register(number).expect("fits");
        stage.retire(id);
    }
    assert_eq!(stage.catalog.state.lock().series_ids.len(), MAX_RETIRED_KEYS);
    assert!(stage.register(0).expect("fits") > first);
}

#[test]
fn in_a_full_group_a_new_series_takes_the_place_of_the_one_that_ended_first() {
    let stage = stage(MAX_GROUP_SERIES + 1);
    let ids: Vec<_> = (0..MAX_GROUP_SERIES).map(|number| stage.register(number).expect("fits")).collect();
    let other = stage.catalog.register_group(Group { name: "h".into(), ..group() }).expect("fits");
    let elsewhere = stage.catalog.register_series(series(other, 0)).expect("fits");
    stage.catalog.end_series(elsewhere, at(1));
    stage.catalog.end_series(ids[7], at(3));
    stage.catalog.end_series(ids[5], at(2));
    stage.catalog.take_changes();

    stage.register(9_999).expect("takes the place of a series of the group");
    assert_eq!(stage.catalog.take_changes().retired, [ids[5]]);
    // The catalog is full: any series that has ended makes room.
    let living = stage.catalog.register_series(series(other, 1)).expect("takes the place of another");
    let changes = stage.catalog.take_changes();
    assert_eq!((changes.retired, changes.series[0].0), (vec![elsewhere], living));
    // In the group, one more has ended.
    stage.register(10_000).expect("takes its place");
    assert_eq!(stage.catalog.take_changes().retired, [ids[7]]);
    let full = RegisterError::Full { series: "s10001".into(), limit: MAX_GROUP_SERIES + 1 };
    assert_eq!(stage.register(10_001), Err(full), "all series live");
    assert_eq!(stage.catalog.len(), (2, MAX_GROUP_SERIES + 1));
}

#[test]
fn a_group_whose_only_series_makes_room_for_another_of_it_stays() {
    let stage = stage(1);
    let first = stage.register(0).expect("fits");
    stage.catalog.end_series(first, at(1));
    let second = stage.register(1).expect("takes its place");
    assert_eq!(stage.catalog.len(), (1, 1));
    assert_ne!(first, second);
}

#[test]
fn a_full_group_or_catalog_is_refused_until_a_series_is_retired() {
    let stage = stage(MAX_GROUP_SERIES + 1);
    let ids: Vec<_> = (0..MAX_GROUP_SERIES).map(|number| stage.register(number).expect("fits")).collect();
    let full = RegisterError::GroupFull { series: "s9999".into(), group: "g".into() };
    assert_eq!(stage.register(9_999), Err(full));
    assert_eq!(stage.register(0), Ok(ids[0]), "a series that is held needs no room");
    stage.retire(ids[0]);
    stage.register(9_999).expect("fits again");

    let other = stage.catalog.register_group(Group { name: "h".into(), ..group() }).expect("fits");
    stage.catalog.register_series(series(other, 0)).expect("fits");
    let full = RegisterError::Full { series: "s1".into(), limit: MAX_GROUP_SERIES + 1 };
    assert_eq!(stage.catalog.register_series(series(other, 1)), Err(full));
}

#[test]
fn a_series_of_an_unknown_group_is_refused() {
    let missing = GroupId(9);
    let registered = Catalog::default().register_series(series(missing, 0));
    assert_eq!(registered, Err(RegisterError::NoSuchGroup(missing)));
}

use std::sync::Arc;

use protocol::{Bounds, EntriesBuffer, Label, Prominence, SeriesKind};

use super::*;
use crate::ingest::health::SourceHealth;
use crate::stream::catalog::Catalog;

/// The publisher `worker`, and the catalog in which it registers.
struct Stage {
    catalog: Catalog,
    registrar: Registrar,
    announcements: Announcements,
}

fn stage(max_series: usize, max_series_of_all: usize) -> Stage {
    let catalog = Catalog::new(max_series_of_all);
    let registrar = Registrar::new(Arc::new(catalog.clone()), SourceHealth::new("publish:worker"), 1);
    Stage { catalog, registrar, announcements: Announcements::new(max_series) }
}

impl Stage {
    /// Announces groups (id, name, interval) and series (id, group, value of the label).
    fn announce(&mut self, groups: &[(u32, &str, u64)], series: &[(u32, u32, &str)]) -> Result<Omissions, Violation> {
        let (mut described, mut described_series) = (EntriesBuffer::default(), EntriesBuffer::default());
        for &(id, name, interval) in groups {
            let (id, interval) = (GroupId(id), Interval::from_micros(interval));
            let group = GroupDescriptor { id, name, title: "", unit: "1", interval, ..GroupDescriptor::default() };
            described.push(&group).expect("encodes");
        }
        for &(id, group, value) in series {
            let mut labels = EntriesBuffer::default();
            labels.push(&Label { key: "state", value }).expect("encodes");
            let (id, group, kind, labels) = (SeriesId(id), GroupId(group), SeriesKind::Gauge, labels.entries());
            described_series.push(&SeriesDescriptor { id, group, name: value, kind, labels }).expect("encodes");
        }
        let Self { registrar, announcements, .. } = self;
        announcements.announce("worker", registrar, &described.entries(), &described_series.entries())
    }

    fn violation(&mut self, groups: &[(u32, &str, u64)], series: &[(u32, u32, &str)]) -> String {
        self.announce(groups, series).expect_err("breaks a rule").to_string()
    }

    fn end(&mut self, ids: &[u32]) -> Result<(), Violation> {
        let mut series = EntriesBuffer::default();
        ids.iter().try_for_each(|&id| series.push(&SeriesId(id))).expect("encodes");
        self.announcements.end(&self.registrar, &series.entries(), Timestamp::from_micros(10))
    }
}

#[test]
fn groups_have_the_name_of_their_publisher_and_are_registered_with_their_first_series() {
    let mut stage = stage(10, 10);
    assert!(stage.announce(&[(7, "jobs", 1), (9, "mails", 1)], &[]).expect("valid").is_empty());
    assert_eq!(stage.catalog.len(), (0, 0));
    stage.announce(&[], &[(300, 7, "waiting")]).expect("valid");
    let whole = stage.catalog.whole();
    let [(id, group)] = &whole.groups[..] else { panic!("{whole:?}") };
    assert_eq!((&*group.name, &*group.title), ("worker:jobs", "jobs (worker)"));
    assert_eq!(stage.announcements.group(GroupId(7)).expect("announced"), Some(*id));
    assert_eq!(stage.announcements.group(GroupId(9)).expect("announced"), None);
}

#[test]
fn the_suggested_place_of_a_group_is_that_of_its_publisher() {
    let mut stage = stage(10, 10);
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, interval, prominence) = (GroupId(1), Interval::from_secs(1), Prominence::Detail);
    let group = GroupDescriptor { id, name: "jobs", interval, prominence, rank: 7, ..GroupDescriptor::default() };
    groups.push(&group).expect("encodes");
    let (id, group, kind, labels) = (SeriesId(1), id, SeriesKind::Gauge, Entries::default());
    series.push(&SeriesDescriptor { id, group, name: "waiting", kind, labels }).expect("encodes");
    stage.announcements.announce("worker", &stage.registrar, &groups.entries(), &series.entries()).expect("valid");
    let whole = stage.catalog.whole();
    assert_eq!((whole.groups[0].1.prominence, whole.groups[0].1.rank), (Prominence::Detail, 7));
}

#[test]
fn what_is_announced_again_is_the_same_and_may_be_described_anew() {
    let mut stage = stage(10, 10);
    for interval in [1, 1, 2] {
        stage.announce(&[(1, "jobs", interval)], &[(1, 1, "waiting")]).expect("valid");
    }
    assert_eq!(stage.catalog.len(), (1, 1));
    assert_eq!(stage.catalog.intervals()[0].1, Interval::from_micros(2));
}

#[test]
fn an_announcement_that_contradicts_itself_or_an_earlier_one_is_a_violation() {
    let mut stage = stage(10, 10);
    stage.announce(&[(1, "jobs", 1), (2, "mails", 1)], &[(1, 1, "waiting")]).expect("valid");
    assert_eq!(stage.violation(&[(3, "x", 0)], &[]), "the interval of group 3 must be above 0 and at most 86400s");
    assert!(stage.violation(&[(3, "x", u64::MAX)], &[]).starts_with("the interval of group 3"));
    assert_eq!(stage.violation(&[(1, "others", 1)], &[]), "group 1 was announced with another name");
    assert_eq!(stage.violation(&[], &[(2, 5, "a")]), "group 5 was not announced");
    assert!(stage.violation(&[], &[(1, 2, "waiting")]).starts_with("series 1 was announced with other labels"));
    assert_eq!(stage.violation(&[], &[(2, 1, "waiting")]), "series 2 has the group and labels of series 1");
    assert!(stage.violation(&[], &[(1, 1, "running")]).starts_with("series 1 was announced with other labels"));
}

#[test]
fn series_over_a_limit_are_left_out_and_the_others_registered() {
    let mut stage = stage(2, 10);
    let omissions = stage.announce(&[(1, "jobs", 1)], &[(1, 1, "a"), (2, 1, "b"), (3, 1, "c"), (4, 1, "d")]);
    let omissions = omissions.expect("valid");
    assert_eq!(omissions.series, [SeriesId(3), SeriesId(4)]);
    assert_eq!(omissions.reason, "series \"c\" is left out: the publisher has 2 series, the limit for one");
    assert_eq!(stage.announcements.series(SeriesId(3), GroupId(1)).expect("known"), Announced::LeftOut);
    // Room for one more.
    stage.end(&[1]).expect("announced");
    assert_eq!(stage.announce(&[], &[(3, 1, "c"), (4, 1, "d")]).expect("valid").series, [SeriesId(4)]);
    assert!(matches!(stage.announcements.series(SeriesId(3), GroupId(1)), Ok(Announced::Registered { .. })));
}

#[test]
fn series_that_the_catalog_refuses_are_left_out_with_its_reason() {
    let mut stage = stage(10, 1);
    let long = "x".repeat(250);
    let omissions = stage.announce(&[(1, "jobs", 1), (2, &long, 1)], &[(1, 1, "a"), (2, 1, "b"), (3, 2, "c")]);
    let omissions = omissions.expect("valid");
    assert_eq!(omissions.series, [SeriesId(2), SeriesId(3)]);
    assert!(omissions.reason.contains("1 series are registered, the limit"), "{}", omissions.reason);
}

#[test]
fn groups_over_the_limit_are_left_out_with_their_series() {
    let mut stage = stage(10, 10);
    let names: Vec<String> = (0..=MAX_GROUPS).map(|number| number.to_string()).collect();
    let groups: Vec<_> = (1..).zip(&names).map(|(id, name)| (id, name.as_str(), 1)).collect();
    let last = MAX_GROUPS as u32 + 1;
    let omissions = stage.announce(&groups, &[(5, last, "a")]).expect("valid");
    assert_eq!((omissions.groups, omissions.series), (vec![GroupId(last)], vec![SeriesId(5)]));
    assert_eq!(stage.announce(&[(last, "x", 1)], &[]).expect("valid").groups, [GroupId(last)]);
}

#[test]
fn more_ids_than_allowed_are_a_violation() {
    let mut stage = stage(1, 1);
    stage.announce(&[(1, "jobs", 1)], &[]).expect("valid");
    let values: Vec<String> = (0..=MAX_IDS).map(|number| number.to_string()).collect();
    let series: Vec<_> = (0..).zip(&values).map(|(id, value)| (id, 1, value.as_str())).collect();
    assert_eq!(stage.announce(&[], &series[..MAX_IDS]).expect("valid").series.len(), MAX_IDS - 1);
    assert!(stage.violation(&[], &series[MAX_IDS..]).starts_with("too many ids"));
}

#[test]
fn ended_series_are_unknown_and_retire_and_may_be_announced_again() {
    let mut stage = stage(10, 10);
    stage.announce(&[(1, "jobs", 1)], &[(1, 1, "a"), (2, 1, "b")]).expect("valid");
    stage.end(&[2]).expect("announced");
    assert!(matches!(stage.announcements.series(SeriesId(2), GroupId(1)), Err(Violation::UnknownSeries(_))));
    assert!(matches!(stage.end(&[2]), Err(Violation::UnknownSeries(SeriesId(2)))));
    stage.catalog.retire_before(Timestamp::from_micros(11));
    assert_eq!(stage.catalog.len(), (1, 1));
    stage.announce(&[], &[(2, 1, "b")]).expect("valid");
    let Stage { registrar, announcements, catalog } = &mut stage;
    announcements.end_all(registrar, Timestamp::from_micros(20));
    catalog.retire_before(Timestamp::from_micros(21));
    assert_eq!(catalog.len(), (0, 0));
}

#[test]
fn a_group_that_the_catalog_has_forgotten_is_registered_again() {
    let mut stage = stage(10, 10_000);
    stage.announce(&[(1, "jobs", 1)], &[(1, 1, "a")]).expect("valid");
    stage.end(&[1]).expect("announced");
    stage.catalog.retire_before(Timestamp::from_micros(11));
    // More groups retire than the catalog remembers.
    let others = Registrar::new(Arc::new(stage.catalog.clone()), SourceHealth::new("test"), 1);
    for number in 0..5_000 {
        let (name, unit) = (number.to_string(), String::new());
        let (interval, bounds) = (Interval::from_secs(1), Bounds::Auto);
        let group = others
            .group(Group { title: name.clone(), name, unit, interval, bounds, ..Group::default() })
            .expect("fits");
        let (name, kind, labels) = (String::new(), SeriesKind::Gauge, Vec::new());
        others.end_at(others.series(Series { group, name, kind, labels }).expect("fits"), Timestamp::MIN);
    }
    stage.catalog.retire_before(Timestamp::MAX);
    assert!(stage.announce(&[], &[(1, 1, "a")]).expect("valid").is_empty());
    assert_eq!(stage.catalog.len(), (1, 1));
}

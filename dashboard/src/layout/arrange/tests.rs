use protocol::{
    BlockBuffer, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId, Header,
    Interval, Label, Prominence, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

use super::*;
use crate::chart::Kind;
use crate::layout::{Place, Query};
use crate::store::Store;

/// Two groups of network interfaces, each with the series `eth0`, `eth1` and `lo`, and a group `memory` with one series.
fn store() -> Store {
    store_of(&["net.received", "net.sent", "memory"])
}

/// As [`store`], with these groups.
fn store_of(names: &[&str]) -> Store {
    let groups: Vec<_> = names.iter().map(|&name| (name, Prominence::Overview, 0)).collect();
    store_of_places(&groups)
}

/// As [`store_of`], with the suggested place of each group.
fn store_of_places(described: &[(&str, Prominence, u32)]) -> Store {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    for (number, &(name, prominence, rank)) in described.iter().enumerate() {
        let (id, unit, interval, bounds) = (GroupId(number as u32), "By", Interval::from_millis(100), Bounds::FromZero);
        groups
            .push(&GroupDescriptor { id, name, title: name, unit, interval, bounds, prominence, rank })
            .expect("encodes");
        for (place, device) in ["eth0", "eth1", "lo"].into_iter().take(if name == "memory" { 1 } else { 3 }).enumerate()
        {
            let mut labels = EntriesBuffer::default();
            labels.push(&Label { key: "device", value: device }).expect("encodes");
            let (id, kind) = (SeriesId((number * 3 + place) as u32), SeriesKind::Gauge);
            let labels = labels.entries();
            series
                .push(&SeriesDescriptor { id, group: GroupId(number as u32), name: device, kind, labels })
                .expect("encodes");
        }
    }
    let mut store = Store::new(Interval::from_secs(60));
    let (groups, series, retired) = (groups.entries(), series.entries(), protocol::Entries::default());
    let catalog = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    store.connected();
    store.apply(&Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body: catalog });
    store
}

fn spec(selector: &str, settings: &str) -> PanelSpec {
    PanelSpec::parse(selector, settings).expect("well formed")
}

fn shown(placed: &[PlacedPanel]) -> Vec<(String, usize, usize)> {
    placed.iter().map(|panel| (panel.spec.query.selector.to_string(), panel.group, panel.hidden_groups)).collect()
}

#[test]
fn a_catalog_has_one_panel_per_group_in_its_order() {
    let store = store();
    let placed = Layout::of_catalog(store.groups()).place(store.groups());
    let expected = [("net.received", 0, 0), ("net.sent", 1, 0), ("memory", 2, 0)];
    assert_eq!(shown(&placed), expected.map(|(selector, group, hidden)| (selector.to_owned(), group, hidden)));
    assert!(
        placed.iter().all(|panel| panel.spec == PanelSpec::new(Query::of_group(&store.groups()[panel.group].name)))
    );
}

#[test]
fn groups_are_placed_by_prominence_then_rank_then_catalog_order() {
    use Prominence::{Detail, Overview};
    let described = [
        ("processes", Detail, 10),
        ("disks", Overview, 30),
        ("threads", Detail, 0),
        ("cpu", Overview, 10),
        ("network", Overview, 30),
        ("jobs", Overview, 0),
        ("files", Detail, 10),
    ];
    let store = store_of_places(&described);
    let placed = Layout::of_catalog(store.groups()).place(store.groups());
    let names: Vec<_> = placed.iter().map(|panel| store.groups()[panel.group].name.as_str()).collect();
    assert_eq!(names, ["jobs", "cpu", "disks", "network", "threads", "processes", "files"]);
}

#[test]
fn a_spec_replaces_the_panel_of_its_group_and_others_are_appended() {
    let store = store();
    let specs = [spec("memory", "area"), spec("net.sent{device=eth*}", "bars"), spec("absent", "line")];
    let placed = Layout::of_catalog(store.groups()).with(&specs, store.groups()).place(store.groups());
    assert_eq!(
        placed.iter().map(|panel| panel.spec.kind).collect::<Vec<_>>(),
        [Kind::Line, Kind::Line, Kind::Area, Kind::Bars]
    );
    assert_eq!(placed[3].group, 1);
}

#[test]
fn the_name_of_a_group_selects_that_group_whatever_its_characters() {
    let names =
        ["a", "b", "a/b", "a{b", "a{only}", "a,b", "a*", "*", " c ", "\"q\"", "my group", "a{device=eth0}", "ä=\"\\"];
    let store = store_of(&names);
    for (place, name) in names.into_iter().enumerate() {
        let placed =
            Layout::of_catalog(store.groups()).with(&[spec(name, "area")], store.groups()).place(store.groups());
        let shown: Vec<_> =
            placed.iter().filter(|panel| panel.spec.kind == Kind::Area).map(|panel| panel.group).collect();
        assert_eq!((placed.len(), shown), (names.len(), vec![place]), "{name:?}");
    }
}

#[test]
fn numbered_panels_come_first_by_number() {
    let store = store();
    let specs = [spec("memory", "line,place:2"), spec("net.sent", "line,place:1")];
    let placed = Layout::of_catalog(store.groups()).with(&specs, store.groups()).place(store.groups());
    assert_eq!(placed.iter().map(|panel| panel.group).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(placed[2].spec.place, Place::InOrder);
}

#[test]
fn of_several_groups_the_first_is_shown_and_the_others_are_counted() {
    let store = store();
    let placed = Layout { panels: vec![spec("net.*{device=lo}", "line")] }.place(store.groups());
    assert_eq!((placed[0].group, placed[0].hidden_groups), (0, 1));
}

#[test]
fn a_derived_group_is_shared_by_its_users_and_dropped_with_the_last() {
    let mut store = store();
    let query = spec("net.sent{device=eth*}", "line,sum").query;
    let derivation = query.derivation(&store.groups()[1]).expect("a subset is derived");
    let bytes = store.bytes();
    let first = store.derive(1, derivation.clone()).expect("the group exists");
    let one = store.bytes();
    let second = store.derive(1, derivation).expect("the group exists");
    assert!(one > bytes && store.bytes() == one, "one group for both users");
    let header = Header { epoch: Epoch(1), sequence: Sequence(1), sent: Timestamp::default(), skipped: 0 };
    let mut blocks = BlockBuffer::default();
    let times = [Timestamp::from_micros(100_000)];
    let columns = [(SeriesId(3), [1.0].as_slice()), (SeriesId(4), &[2.0]), (SeriesId(5), &[40.0])];
    blocks.push(GroupId(1), &times, columns).expect("encodes");
    let samples = Samples::of_blocks(blocks.blocks());
    let history = protocol::History { part: protocol::HistoryPart::Last, blocks: protocol::Blocks::default() };
    store.apply(&Frame { header: Header { sequence: Sequence(0), ..header }, body: Body::History(history) });
    store.apply(&Frame { header, body: Body::Samples(samples) });
    drop(first);
    store.update_derived();
    let group = store.derived(&second).expect("well formed");
    assert_eq!((group.series().len(), group.latest(0)), (1, Some(3.0)), "eth0 + eth1, without lo");
    drop(second);
    store.update_derived();
    assert_eq!(store.bytes(), bytes, "no user is left");
}

#[test]
fn a_derived_group_without_a_transform_copies_the_values() {
    let store = store();
    let query = spec("net.sent{device=eth*}", "line").query;
    let derivation = query.derivation(&store.groups()[1]).expect("a subset is derived");
    assert_eq!(derivation.transform, None);
    assert_eq!(Query::of_group("net.sent").derivation(&store.groups()[1]), None, "a complete group is shown directly");
}

use protocol::{
    BlockBuffer, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId, Header,
    Interval, Label, Prominence, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

use super::*;
use crate::chart::Kind;
use crate::layout::{Place, Query, Size};
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

/// The panels of all rows.
fn panels(rows: Vec<PlacedRow>) -> Vec<PlacedPanel> {
    rows.into_iter().flat_map(|row| row.panels).collect()
}

fn shown(placed: &[PlacedPanel]) -> Vec<(String, usize, usize)> {
    placed.iter().map(|panel| (panel.spec.query.selector.to_string(), panel.group, panel.hidden_groups)).collect()
}

#[test]
fn a_catalog_has_one_panel_per_group_in_its_order() {
    let store = store();
    let placed = panels(Layout::of_catalog(store.groups()).place(store.groups()));
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
    let placed = panels(Layout::of_catalog(store.groups()).place(store.groups()));
    let names: Vec<_> = placed.iter().map(|panel| store.groups()[panel.group].name.as_str()).collect();
    assert_eq!(names, ["jobs", "cpu", "disks", "network", "threads", "processes", "files"]);
}

#[test]
fn a_spec_replaces_the_panel_of_its_group_and_others_are_appended() {
    let store = store();
    let specs = [spec("memory", "area"), spec("net.sent{device=eth*}", "bars"), spec("absent", "line")];
    let placed = panels(Layout::of_catalog(store.groups()).with(&specs, store.groups()).place(store.groups()));
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
        let layout = Layout::of_catalog(store.groups()).with(&[spec(name, "area")], store.groups());
        let placed = panels(layout.place(store.groups()));
        let shown: Vec<_> =
            placed.iter().filter(|panel| panel.spec.kind == Kind::Area).map(|panel| panel.group).collect();
        assert_eq!((placed.len(), shown), (names.len(), vec![place]), "{name:?}");
    }
}

#[test]
fn numbered_panels_come_first_by_number() {
    let store = store();
    let specs = [spec("memory", "line,place:2"), spec("net.sent", "line,place:1")];
    let placed = panels(Layout::of_catalog(store.groups()).with(&specs, store.groups()).place(store.groups()));
    assert_eq!(placed.iter().map(|panel| panel.group).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(placed[2].spec.place, Place::InOrder);
}

#[test]
fn of_several_groups_the_first_is_shown_and_the_others_are_counted() {
    let store = store();
    let row = LayoutRow { panels: vec![spec("net.*{device=lo}", "line")], ..LayoutRow::default() };
    let placed = panels(Layout { rows: vec![row] }.place(store.groups()));
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

fn titles(rows: &[PlacedRow]) -> Vec<(&str, RowState, usize)> {
    rows.iter().map(|row| (row.title.as_str(), row.state, row.panels.len())).collect()
}

#[test]
fn the_host_has_an_overview_first_and_collapsed_details_last() {
    use Prominence::{Detail, Overview};
    let names = ["feed.viewers", "disk.io", "cpu.cores", "memory", "network.bytes", "cpu.load"];
    let mut described: Vec<_> = names.map(|name| (name, Overview, 1)).into();
    described.extend([("mine.overview", Overview, 99), ("mine.detail", Detail, 99)]);
    let store = store_of_places(&described);
    let rows = Layout::of_catalog(store.groups()).place(store.groups());
    let expected = [
        ("", RowState::Open, 2),
        ("CPU", RowState::Open, 1),
        ("Memory", RowState::Open, 1),
        ("Disks", RowState::Open, 1),
        ("Network", RowState::Open, 1),
        ("Other", RowState::Open, 1),
        ("CPU details", RowState::Collapsed, 1),
        ("More details", RowState::Collapsed, 1),
        ("The feed itself", RowState::Collapsed, 1),
    ];
    assert_eq!(titles(&rows), expected);
    assert!(rows[0].panels.iter().all(|panel| panel.spec.size == Size::Tile && panel.spec.kind == Kind::Stats));
}

#[test]
fn a_panel_of_the_address_replaces_one_of_the_host_or_comes_first() {
    let names = ["cpu.cores", "memory", "network.bytes", "disk.io"];
    let store = store_of(&names);
    let specs = [spec("disk.io", "area"), spec("memory", "bars,place:1"), spec("disk.io{device=lo}", "line")];
    let rows = Layout::of_catalog(store.groups()).with(&specs, store.groups()).place(store.groups());
    assert_eq!(titles(&rows)[..2], [("", RowState::Open, 2), ("", RowState::Open, 2)]);
    assert_eq!(rows[0].panels[0].spec.kind, Kind::Bars, "the numbered one is first");
    let disks = rows.iter().find(|row| row.title == "Disks").expect("a row");
    assert_eq!(disks.panels[0].spec.kind, Kind::Area);
    assert!(!rows.iter().any(|row| row.title == "Memory"), "its only panel has moved");
}

#[test]
fn of_many_groups_those_of_one_series_are_tiles_before_the_others() {
    let names = ["net.1", "net.2", "net.3", "net.4", "net.5", "memory"];
    let store = store_of(&names);
    assert_eq!(titles(&Layout::of_catalog(store.groups()).place(store.groups())), [("", RowState::Open, 6)]);
    let mut store = store_of(&["net.1", "net.2", "net.3", "net.4", "net.5"]);
    for single in ["a", "b", "c", "d"] {
        add_single(&mut store, single);
    }
    let rows = Layout::of_catalog(store.groups()).place(store.groups());
    assert_eq!(titles(&rows), [("net", RowState::Open, 5), ("Other", RowState::Open, 4)]);
    assert!(rows[1].panels.iter().all(|panel| panel.spec.size == Size::Tile));
}

#[test]
fn many_groups_are_in_rows_by_the_beginnings_of_their_titles() {
    let mut store = store_of(&["node_memory_a", "node_cpu_x", "node_b"]);
    for letter in ["c", "d", "e", "f"] {
        add_titled(&mut store, letter, &format!("node_memory_{letter}"));
    }
    for letter in ["p", "q", "r", "s"] {
        add_titled(&mut store, letter, &format!("go_{letter}"));
    }
    let rows = Layout::of_catalog(store.groups()).place(store.groups());
    let expected = [("node_memory", RowState::Open, 5), ("node", RowState::Open, 2), ("go", RowState::Open, 4)];
    assert_eq!(titles(&rows), expected);
    let of_memory: Vec<_> = rows[0].panels.iter().map(|panel| panel.spec.title.as_deref()).collect();
    assert_eq!(of_memory, [Some("c"), Some("d"), Some("e"), Some("f"), None], "tiles come first");
    // A beginning that all have says nothing.
    let mut store = store_of(&["all.1", "all.2", "all.3", "all.4", "all.5", "all.6"]);
    for letter in ["c", "d", "e", "f"] {
        add_titled(&mut store, letter, &format!("all.{letter}"));
    }
    let rows = Layout::of_catalog(store.groups()).place(store.groups());
    assert_eq!(titles(&rows), [("", RowState::Open, 10)]);
}

#[test]
fn many_details_are_in_a_collapsed_row() {
    let named: Vec<String> = (0..9).map(|number| format!("d{number}")).collect();
    let mut described: Vec<(&str, Prominence, u32)> = vec![("a", Prominence::Overview, 0)];
    described.extend(named.iter().map(|name| (name.as_str(), Prominence::Detail, 0)));
    let layout = |described: &[(&str, Prominence, u32)]| {
        let store = store_of_places(described);
        Layout::of_catalog(store.groups()).place(store.groups())
    };
    assert_eq!(titles(&layout(&described)), [("", RowState::Open, 1), ("Details", RowState::Collapsed, 9)]);
    assert_eq!(titles(&layout(&described[..9])), [("", RowState::Open, 9)]);
}

/// Adds a group of one series, whose id is that of its name's letter.
fn add_single(store: &mut Store, name: &str) {
    add_titled(store, name, name);
}

fn add_titled(store: &mut Store, name: &str, title: &str) {
    let id = u32::from(name.as_bytes()[0]);
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (unit, interval) = ("1", Interval::from_millis(100));
    groups
        .push(&GroupDescriptor { id: GroupId(id), name, title, unit, interval, ..GroupDescriptor::default() })
        .expect("encodes");
    let labels = protocol::Entries::default();
    let (kind, group) = (SeriesKind::Counter, GroupId(id));
    series.push(&SeriesDescriptor { id: SeriesId(id), group, name, kind, labels }).expect("encodes");
    let (groups, series) = (groups.entries(), series.entries());
    let catalog = Catalog { scope: CatalogScope::Changes, groups, series, ..Catalog::default() };
    store.apply(&Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body: Body::Catalog(catalog) });
}

#[test]
fn counters_are_shown_as_rates() {
    let mut store = store_of(&["net.1"]);
    add_single(&mut store, "c");
    let spec = PanelSpec::of_group(&store.groups()[1]);
    assert_eq!((spec.query.transform, spec.kind), ("rate".parse().ok(), Kind::Line));
    assert_eq!(PanelSpec::of_group(&store.groups()[0]).query.transform, None);
}

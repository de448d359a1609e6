//! What the server allows in the file of a layout is what the page understands.

use dashboard::chart::{Kind, Shown};
use dashboard::layout::{Layout, Order, Size};
use dashboard::view::{Mapping, RangeMode};

#[test]
fn each_value_of_a_layout_file_has_its_meaning_on_the_page() {
    let parsed = |panel: &str| {
        let file = format!("[[row]]\n[[row.panel]]\nseries = \"cpu\"\n{panel}\n");
        let lines = feed_server::app::layout_file::parse("layout.toml", &file).expect("valid");
        Layout::parse(&lines).expect("understood").rows[0].panels[0].clone()
    };
    for kind in Kind::ALL {
        assert_eq!(parsed(&format!("kind = \"{}\"", kind.name())).kind, kind);
    }
    for order in Order::ALL {
        assert_eq!(parsed(&format!("sort = \"{}\"", order.name())).order, order);
    }
    for (size, name) in [(Size::Normal, "normal"), (Size::Wide, "wide"), (Size::Tile, "tile")] {
        assert_eq!(parsed(&format!("size = \"{name}\"")).size, size);
    }
    let all = parsed(
        "transform = \"p99:10s\"\ntitle = \"a, 100 %\"\nunit = \"By\"\nrange = [-1, 2.5]\nlog = true\nonly = [\"b\", \"a,c\"]",
    );
    assert_eq!((all.title.as_deref(), all.unit.as_deref()), (Some("a, 100 %"), Some("By")));
    assert_eq!(all.query.transform, "p99:10s".parse().ok());
    assert_eq!((all.axis.mapping, all.axis.range), (Mapping::Log, RangeMode::Fixed { low: -1.0, high: 2.5 }));
    assert_eq!(all.shown, Shown::Only(vec!["a,c".to_owned(), "b".to_owned()]));
    assert_eq!(parsed("hide = [\"x\"]").shown, Shown::Except(vec!["x".to_owned()]));
}

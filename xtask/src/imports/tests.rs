use super::rooms::CrateRules;
use super::rules::violations;

const ROOMS: CrateRules = CrateRules {
    sources: "crate/src",
    rooms: &["ingest", "stream", "net"],
    forbidden: &["tokio", "std::net", "std::time::SystemTime"],
    restricted: &[("protocol", &["Timestamp", "SeriesKind"])],
};

/// The violations in planted files: file, line and the start of the text.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let mut files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    for parent in ["lib.rs", "stream/mod.rs", "net/mod.rs"] {
        if !files.iter().any(|(path, _)| path == parent) {
            files.push((parent.to_owned(), String::new()));
        }
    }
    let found = violations(&ROOMS, &files).expect("the files are Rust");
    found.into_iter().map(|violation| violation.to_string()).collect()
}

/// Files in which `stream/hub.rs`, with `text`, may reach one leaf and one later room.
fn hub(text: &str) -> Vec<String> {
    found(&[
        ("lib.rs", "pub mod clock; pub mod net; pub mod stream; pub mod ingest;"),
        ("clock.rs", "pub struct Clock; pub fn now() {}"),
        ("ingest/mod.rs", "mod batch; pub use batch::Batch;"),
        ("ingest/batch.rs", "pub struct Batch;"),
        ("net/mod.rs", "pub mod framing; pub use framing::Framing as Frames;"),
        ("net/framing.rs", "pub struct Framing; pub fn frame() {} pub mod masks { pub const MASK: u8 = 1; }"),
        ("stream/mod.rs", "pub mod hub;"),
        ("stream/hub.rs", text),
    ])
}

#[test]
fn an_import_against_the_order_of_rooms_is_found() {
    assert_eq!(
        hub("//! The hub.\n\nuse crate::net::framing::Framing;\n"),
        ["crate/src/stream/hub.rs:3: found crate::net::framing::Framing (net/framing.rs); \
          allowed: leaves and ingest, stream"]
    );
    assert_eq!(hub("use crate::clock::Clock;\nuse crate::ingest::Batch;\npub struct Hub(Clock, Batch);"), [""; 0]);
}

#[test]
fn two_files_that_import_each_other_are_found() {
    let planted = [
        ("stream/mod.rs", "pub mod hub; pub mod log;"),
        ("stream/hub.rs", "use super::log::Log;\npub struct Hub(Log);"),
        ("stream/log.rs", "pub struct Log;\n\nimpl From<crate::stream::hub::Hub> for Log {}"),
    ];
    assert_eq!(
        found(&planted),
        [
            "crate/src/stream/hub.rs:1: found a circle of 2 files: stream/hub.rs:1 imports super::log::Log (stream/log.rs), \
          stream/log.rs:3 imports crate::stream::hub::Hub (stream/hub.rs); \
          allowed: imports in one direction; move what both need into a file of its own"
        ]
    );
}

#[test]
fn a_circle_of_three_files_is_found_once() {
    let planted = [
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "use crate::c::C;\npub struct B(C);"),
        ("c.rs", "use crate::a::A;\npub struct C(Box<A>);"),
        ("d.rs", "use crate::a::A;"),
    ];
    let found = found(&planted);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("a circle of 3 files: a.rs:1 imports crate::b::B (b.rs), b.rs:1"), "{found:?}");
}

#[test]
fn a_module_and_its_child_must_not_import_each_other() {
    let child = ("stream/log.rs", "use super::Limits;\npub struct Log(Limits);");
    let circle = found(&[("stream/mod.rs", "mod log;\npub struct Limits;\npub struct Hub(log::Log);"), child]);
    assert!(circle.len() == 1 && circle[0].contains("stream/log.rs:1 imports super::Limits"), "{circle:?}");
    // A module that only re-exports items of its child does not depend on it.
    assert_eq!(found(&[("stream/mod.rs", "mod log;\npub use log::Log;\npub struct Limits;"), child]), [""; 0]);
}

#[test]
fn every_way_to_write_an_import_is_read() {
    for (text, line) in [
        ("use crate::{clock, net::framing};\nfn f() { framing::frame() }", 2),
        ("use crate::{clock::{Clock, now},\n net::{framing::{self, Framing}}};", 2),
        ("use super::super::net::framing::Framing;", 1),
        ("use crate::net::framing::*;\npub struct Hub;\nfn f() { frame() }", 1),
        ("use crate::net::Frames;", 1),
        ("use crate::net::Frames as Other;", 1),
        ("pub use crate::net::Frames;\npub struct Hub(Frames);", 1),
        ("use crate::net as wire;\nfn f() { wire::framing::frame() }", 2),
        ("fn f() {\n crate::net::framing::frame() }", 2),
        ("fn f() { println!(\"{}\", crate::net::framing::masks::MASK) }", 1),
        ("type F = <crate::net::framing::Framing as Default>::Output;", 1),
        ("mod inner { use super::super::super::net::framing::Framing; }", 1),
        ("mod inner {\n fn f() { crate::net::framing::frame() } }", 2),
        ("use crate::net::framing::made_by_a_macro;", 1),
    ] {
        let found = hub(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        let start = format!("crate/src/stream/hub.rs:{line}: found ");
        assert!(found[0].starts_with(&start) && found[0].contains("(net/framing.rs)"), "{text}: {found:?}");
    }
}

#[test]
fn paths_that_are_not_imports_are_not_counted() {
    for text in [
        "//! See [`crate::net::framing`].\n/// `use crate::net::framing::Framing;`\npub struct Hub;",
        "const TEXT: &str = \"use crate::net::framing::Framing;\";",
        "// use crate::net::framing::Framing;\n/* crate::net::framing::frame() */",
        "pub use crate::net::Frames;",
        "pub(in crate::stream) struct Hub; pub(super) struct Log; pub struct Pair(pub (u8, u8));",
        "enum State { Open }\nuse State::Open;\nfn f() { let _ = State::Open; }",
        "fn f<'a>(text: &'a str) -> impl Iterator + use<'a> { text.chars() }",
        "fn f<T: Iterator>() -> <T as Iterator>::Item { Vec::<u8>::new() }",
    ] {
        assert_eq!(hub(text), [""; 0], "{text}");
    }
}

#[test]
fn tests_are_exempt() {
    for text in [
        "#[cfg(test)]\nmod tests { use crate::net::framing::Framing; }",
        "#[cfg(test)]\nuse crate::net::framing::Framing;\npub struct Hub;",
        "#[cfg(test)]\nimpl Hub { fn f() { crate::net::framing::frame() } }\npub struct Hub;",
        "#[test]\nfn a_test() { crate::net::framing::frame() }",
        "#[cfg(test)]\npub(crate) fn for_tests() { crate::net::framing::frame() }",
        "#[cfg(all(test, unix))]\n#[allow(unused)]\nconst T: fn() = crate::net::framing::frame;",
    ] {
        assert_eq!(hub(text), [""; 0], "{text}");
    }
    assert_eq!(hub("#[cfg(not(test))]\nuse crate::net::framing::Framing;").len(), 1);
    assert_eq!(hub("#[cfg(test)]\nmod tests {}\nuse crate::net::framing::Framing;").len(), 1, "the next item is read");
}

#[test]
fn files_that_hold_only_tests_are_exempt() {
    let test = "use crate::net::framing::Framing;";
    for (declared, file) in [
        (("stream/mod.rs", "#[cfg(test)]\nmod tests;"), "stream/tests.rs"),
        (("stream/hub.rs", "#[cfg(test)]\nmod tests;"), "stream/hub/tests.rs"),
        (("stream/hub.rs", "#[cfg(test)]\n#[path = \"hub_tests.rs\"]\nmod tests;"), "stream/hub_tests.rs"),
    ] {
        let framing = ("net/framing.rs", "pub struct Framing;");
        assert_eq!(found(&[declared, (file, test), framing]), [""; 0], "{file}");
        assert_eq!(found(&[(file, test), framing]).len(), 1, "{file}");
    }
}

#[test]
fn a_leaf_imports_only_leaves_and_every_room_is_in_the_table() {
    let leaf = found(&[("clock.rs", "use crate::net::Framing;"), ("net/mod.rs", "pub struct Framing;")]);
    assert!(leaf.len() == 1 && leaf[0].contains("since this file is a leaf"), "{leaf:?}");
    let unknown = found(&[("net/mod.rs", "use crate::attic::Box;"), ("attic/mod.rs", "pub struct Box;")]);
    assert!(unknown.len() == 1 && unknown[0].contains("the room attic, which is not in the table"), "{unknown:?}");
}

#[test]
fn forbidden_imports_are_found() {
    for text in [
        "use tokio::sync::mpsc;",
        "fn f() { ::tokio::spawn(async {}) }",
        "use std::{fmt, net::{IpAddr}};",
        "use std::time;\nfn f() { time::SystemTime::now() }",
        "use protocol::Frame;",
        "use protocol::{Timestamp, limits::SERIES};",
    ] {
        let found = hub(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with("crate/src/stream/hub.rs:"), "{text}: {found:?}");
    }
    for text in
        ["use std::time::Duration;", "use protocol::{Timestamp, time::Timestamp as Time};", "use tokio_like::x;"]
    {
        assert_eq!(hub(text), [""; 0], "{text}");
    }
    let rules = CrateRules { rooms: &[], ..ROOMS };
    let file = ("lib.rs".to_owned(), "use std::net::IpAddr;".to_owned());
    assert_eq!(violations(&rules, &[file]).expect("Rust").len(), 1, "the crate's root is read too");
}

#[test]
fn a_file_that_is_not_rust_is_an_error_that_names_it() {
    let error = violations(&ROOMS, &[("net/a.rs".to_owned(), "fn (".to_owned())]).expect_err("not Rust");
    assert!(format!("{error:#}").contains("net/a.rs"), "{error:#}");
}

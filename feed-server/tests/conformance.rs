//! Conformance with [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455): the cases of the Autobahn test suite, run by
//! kosoku, a Python package, against the echo example, which uses the server's accept loop, upgrade, socket and framing. The
//! groups 12 and 13 test compression, which the server does not negotiate.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a test")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

/// Cases in all, without compression.
const CASES: usize = 301;

/// Cases that send more than a viewer may, or take long.
const LARGE_CASES: usize = 54;

/// Cases that neither pass nor fail: invalid UTF-8 is reported at the end of its message, not at the first invalid byte; and
/// three cases are informational.
const NEITHER_PASS_NOR_FAIL: [(&str, &str); 5] = [
    ("6.4.3", "NON-STRICT"),
    ("6.4.4", "NON-STRICT"),
    ("7.1.6", "INFORMATIONAL"),
    ("7.13.1", "INFORMATIONAL"),
    ("7.13.2", "INFORMATIONAL"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseResult {
    behavior: String,
    behavior_close: String,
}

struct Echo {
    process: Child,
    address: String,
}

impl Echo {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(variable("KYMOGRAPH_ECHO"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("prints its address");
        let address = line.trim().trim_end_matches('/').rsplit('/').next().expect("an address").to_owned();
        Self { process, address }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn variable(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run these tests by `cargo xtask test`"))
}

/// Runs all cases except the groups `excluded`, and checks that none failed. Returns the number of cases.
fn run(echo: &Echo, excluded: &[&str]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let kosoku = Path::new(&variable("KYMOGRAPH_PYTHON")).with_file_name("kosoku");
    let groups = excluded.iter().flat_map(|group| ["-x", group]);
    let output = Command::new(kosoku)
        .args(["-m", "fuzzingclient", "-o"])
        .arg(folder.path())
        .args(groups)
        .arg(&echo.address)
        .output()
        .expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report = std::fs::read_to_string(folder.path().join("index.json")).expect("a report");
    let report: BTreeMap<String, BTreeMap<String, CaseResult>> =
        serde_json::from_str(&report).expect("Autobahn's layout");
    let cases = report.into_values().next().expect("of one server");
    for (case, CaseResult { behavior, behavior_close }) in &cases {
        let expected = NEITHER_PASS_NOR_FAIL.iter().find(|neither| neither.0 == case).map_or("OK", |neither| neither.1);
        assert_eq!(behavior, expected, "case {case}");
        let close = if expected == "NON-STRICT" { "OK" } else { expected };
        assert_eq!(behavior_close, close, "the end of case {case}");
    }
    cases.len()
}

#[test]
fn every_case_of_the_conformance_suite_passes() {
    let echo = Echo::start(&["--message-limit", "33554432"]);
    assert_eq!(run(&echo, &["12.*", "13.*"]), CASES);
}

#[test]
fn with_a_viewers_limits_every_case_within_them_passes() {
    let echo = Echo::start(&[]);
    assert_eq!(run(&echo, &["9.*", "12.*", "13.*"]), CASES - LARGE_CASES);
}

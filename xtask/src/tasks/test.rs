//! Sets up the machine for the tests and runs them.

use std::env::consts::EXE_SUFFIX;
use std::ffi::{OsStr, OsString};

use anyhow::Result;

use crate::node::{self, Node};
use crate::page::{self, Compression, SOCKET_PROBE};
use crate::programs::{CADDY, CHROMIUM, FIREFOX, NGINX, Program, SOURCE_PEERS};
use crate::setup::{NODE_EXPORTER, PROMETHEUS, PROMTOOL};
use crate::steps::Steps;
use crate::workspace::{Workspace, cargo, run};
use crate::{python, setup};

/// Seeds of the simulation in a long run; the test's own default is 100.
const LONG_SEEDS: &str = "1000";

/// A selection of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All but those marked `#[ignore = "long: ..."]`.
    Brief,
    Long,
}

/// The crates of `cargo xtask`. They are tested separately: together with the others, cargo would build wasm-bindgen a
/// second time, with the features of shared dependencies that the others need.
const OWN_PACKAGES: [&str; 2] = ["xtask", "page-tools"];

/// Sets up what tests need, builds the page, and runs the tests. `arguments` go to `cargo test`; unless they name packages,
/// the whole workspace is tested.
///
/// Tests find files through the environment:
///
/// | variable | names |
/// | --- | --- |
/// | `KYMOGRAPH_CHROMIUM`, `KYMOGRAPH_FIREFOX` | browsers |
/// | `KYMOGRAPH_NGINX`, `KYMOGRAPH_CADDY` | reverse proxies; Caddy in a long run only |
/// | `KYMOGRAPH_VMSTAT`, `KYMOGRAPH_IOSTAT`, `KYMOGRAPH_MPSTAT`, `KYMOGRAPH_PING` | programs whose output is read, on Linux |
/// | `KYMOGRAPH_PAGE` | the folder of the page |
/// | `KYMOGRAPH_SOCKET_PROBE` | the folder of the page that drives the WebSocket client alone |
/// | `KYMOGRAPH_FEED_SERVER` | the server, in the dev profile |
/// | `KYMOGRAPH_PYTHON` | a Python with the packages that `docs/examples` and the tests need |
/// | `KYMOGRAPH_PROMTOOL` | Prometheus' tool, which checks the format of `/metrics` |
/// | `KYMOGRAPH_PROMETHEUS`, `KYMOGRAPH_NODE_EXPORTER` | programs that the sources under test read from |
/// | `KYMOGRAPH_NODE`, `KYMOGRAPH_NODE_FLAGS` | a Node with a WebSocket, and a flag that it needs for it |
/// | `KYMOGRAPH_EXAMPLES` | the folder of the example clients |
/// | `KYMOGRAPH_ECHO` | feed-server's echo example, in the dev profile |
/// | `KYMOGRAPH_SEEDS` | seeds of the simulation: set in a long run, unless it is set already |
///
/// # Errors
/// When a step or a test fails.
pub fn test(scope: Scope, arguments: &[OsString]) -> Result<()> {
    let (workspace, steps) = (Workspace::find()?, Steps::default());
    setup::wasm_target()?;
    let needed: &[Program] =
        if scope == Scope::Long { &[CHROMIUM, FIREFOX, NGINX, CADDY] } else { &[CHROMIUM, FIREFOX, NGINX] };
    let source_peers: &[Program] = if cfg!(target_os = "linux") { &SOURCE_PEERS } else { &[] };
    let programs = needed.iter().chain(source_peers).map(|program| Ok((program.variable, program.find_or_install()?)));
    let programs = programs.collect::<Result<Vec<_>>>()?;
    let python = python::environment(&workspace)?;
    let Node { program: node, flag: node_flags } = node::find_or_install()?;
    let unpacked = |program| setup::unpacked(program, &workspace.target);
    let promtool = unpacked(PROMTOOL)?;
    let (prometheus, node_exporter) = (unpacked(PROMETHEUS)?, unpacked(NODE_EXPORTER)?);
    let dist = page::build(&workspace, Compression::Quick, &steps)?;
    let probe = page::build_probe(&workspace, SOCKET_PROBE, &steps)?;

    let built = workspace.target.join("debug");
    let variables = [
        ("KYMOGRAPH_PAGE", dist),
        ("KYMOGRAPH_SOCKET_PROBE", probe),
        ("KYMOGRAPH_FEED_SERVER", built.join(format!("feed-server{EXE_SUFFIX}"))),
        ("KYMOGRAPH_PYTHON", python),
        ("KYMOGRAPH_PROMTOOL", promtool),
        ("KYMOGRAPH_PROMETHEUS", prometheus),
        ("KYMOGRAPH_NODE_EXPORTER", node_exporter),
        ("KYMOGRAPH_NODE", node),
        ("KYMOGRAPH_NODE_FLAGS", node_flags.into()),
        ("KYMOGRAPH_EXAMPLES", workspace.root.join("docs/examples")),
        ("KYMOGRAPH_ECHO", built.join(format!("examples/echo{EXE_SUFFIX}"))),
    ];
    let cargo_test = |selection: &[&str]| {
        let mut command = cargo();
        command.current_dir(&workspace.root).env_remove("KYMOGRAPH_DIST").arg("test").args(selection);
        command.envs(variables.iter().chain(&programs).map(|(name, path)| (name, path)));
        if scope == Scope::Long && std::env::var_os("KYMOGRAPH_SEEDS").is_none() {
            command.env("KYMOGRAPH_SEEDS", LONG_SEEDS);
        }
        command
    };
    let arguments = with_scope(scope, arguments);
    if names_packages(&arguments) {
        // The servers under test are built with the tests of feed-server; another crate's need them too.
        steps.run("building the servers under test", || {
            let mut servers = cargo();
            servers.current_dir(&workspace.root).env_remove("KYMOGRAPH_DIST");
            run(servers.args(["build", "--package", "feed-server", "--bins", "--examples"]))
        })?;
        steps.run("running the tests", || run(cargo_test(&[]).args(&arguments)))?;
    } else {
        let [own, tools] = OWN_PACKAGES;
        let others = ["--workspace", "--exclude", own, "--exclude", tools];
        steps.run("building the tests", || run(cargo_test(&others).arg("--no-run")))?;
        steps.run("running the tests", || run(cargo_test(&others).args(&arguments)))?;
        steps.run("testing xtask", || {
            run(cargo_test(&["--package", own]).args(&arguments))?;
            run(cargo_test(&["--package", tools, "--lib"]).args(&arguments))
        })?;
    }
    steps.print();
    Ok(())
}

/// Adds the flag that runs ignored tests too.
fn with_scope(scope: Scope, arguments: &[OsString]) -> Vec<OsString> {
    let mut arguments = arguments.to_vec();
    if scope == Scope::Long {
        if !arguments.iter().any(|argument| argument == OsStr::new("--")) {
            arguments.push("--".into());
        }
        arguments.push("--include-ignored".into());
    }
    arguments
}

/// True if `-p NAME`, `-pNAME`, `--package NAME` or `--package=NAME` is among cargo's own arguments.
fn names_packages(arguments: &[OsString]) -> bool {
    let own = arguments.iter().take_while(|argument| *argument != OsStr::new("--"));
    own.map(|argument| argument.to_string_lossy()).any(|argument| {
        (argument.starts_with("-p") && !argument.starts_with("--"))
            || argument == "--package"
            || argument.starts_with("--package=")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn packages_are_named_before_the_double_dash() {
        for line in ["-p protocol", "-pprotocol", "--lib --package protocol", "--package=protocol -- --nocapture"] {
            assert!(names_packages(&words(line)), "{line}");
        }
        for line in ["", "--profile page", "a_filter", "-- -p protocol"] {
            assert!(!names_packages(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_long_run_includes_ignored_tests() {
        for (line, long) in [
            ("", "-- --include-ignored"),
            ("-p protocol laws", "-p protocol laws -- --include-ignored"),
            ("-- --nocapture", "-- --nocapture --include-ignored"),
        ] {
            assert_eq!(with_scope(Scope::Long, &words(line)), words(long));
            assert_eq!(with_scope(Scope::Brief, &words(line)), words(line));
        }
    }
}

//! Every test, on a machine that is set up for it first.

use std::env::consts::EXE_SUFFIX;
use std::ffi::{OsStr, OsString};

use anyhow::Result;

use crate::workspace::{Workspace, cargo, heading, run};
use crate::{page, python, setup};

/// Sets up what tests need, builds what they look at, and runs them. `arguments` go to `cargo test`; unless they name
/// packages, the whole workspace is tested.
///
/// Tests learn where things are from the environment:
///
/// | variable | what it names |
/// | --- | --- |
/// | `KYMOGRAPH_CHROMIUM` | the browser |
/// | `KYMOGRAPH_PAGE` | the folder of the page |
/// | `KYMOGRAPH_SOCKET_PROBE` | the folder of the page that drives the WebSocket client alone |
/// | `KYMOGRAPH_FEED_SERVER` | the server, in the dev profile |
/// | `KYMOGRAPH_PYTHON` | a Python that has what `docs/examples` and the tests need |
/// | `KYMOGRAPH_ECHO` | feed-server's echo example, likewise |
///
/// # Errors
/// When a step or a test fails.
pub fn test(arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    setup::wasm_target()?;
    let browser = setup::browser()?;
    let python = python::environment(&workspace)?;
    let dist = page::build(&workspace)?;
    let probe = page::build_probe(&workspace, page::SOCKET_PROBE)?;

    heading("building the servers under test");
    let mut servers = cargo();
    // The same for build and test, or cargo would build the server twice, once without the page.
    servers.current_dir(&workspace.root).env("KYMOGRAPH_DIST", &dist);
    run(servers.args(["build", "--package", "feed-server", "--bins", "--examples"]))?;

    heading("running the tests");
    let built = workspace.target.join("debug");
    let mut test = cargo();
    test.current_dir(&workspace.root)
        .env("KYMOGRAPH_CHROMIUM", browser)
        .env_remove("KYMOGRAPH_DIST")
        .env("KYMOGRAPH_PAGE", dist)
        .env("KYMOGRAPH_SOCKET_PROBE", probe)
        .env("KYMOGRAPH_FEED_SERVER", built.join(format!("feed-server{EXE_SUFFIX}")))
        .env("KYMOGRAPH_PYTHON", python)
        .env("KYMOGRAPH_ECHO", built.join(format!("examples/echo{EXE_SUFFIX}")))
        .arg("test");
    if !names_packages(arguments) {
        test.arg("--workspace");
    }
    run(test.args(arguments))
}

/// Whether `-p NAME`, `-pNAME`, `--package NAME` or `--package=NAME` is among cargo's own arguments.
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

    #[test]
    fn packages_are_named_before_the_double_dash() {
        let named = |line: &str| names_packages(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        for line in ["-p protocol", "-pprotocol", "--lib --package protocol", "--package=protocol -- --nocapture"] {
            assert!(named(line), "{line}");
        }
        for line in ["", "--profile page", "a_filter", "-- -p protocol"] {
            assert!(!named(line), "{line}");
        }
    }
}

//! What `cargo xtask` can do.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::chromium::{Browser, Viewport};
use crate::workspace::{Workspace, cargo, heading, output, run};
use crate::{page, setup};

const CARGO_DENY: &str = "0.20.2";

/// Builds the page and the release server that holds it; returns the server.
///
/// # Errors
/// When a step fails.
pub fn dist() -> Result<PathBuf> {
    let workspace = Workspace::find()?;
    setup::wasm_target()?;
    let dist = page::build(&workspace)?;
    heading("building the server");
    let mut command = cargo();
    command.current_dir(&workspace.root).env("KYMOGRAPH_DIST", dist);
    run(command.args(["build", "--release", "--package", "feed-server", "--bin", "feed-server"]))?;
    Ok(workspace.target.join("release").join(format!("feed-server{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds everything and becomes the server, so that Ctrl-C and SIGTERM reach it.
///
/// # Errors
/// When a step fails, or the server does.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let server = dist()?;
    let mut command = Command::new(&server);
    command.arg("serve").args(arguments);
    heading("feed-server serve");
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(error).with_context(|| format!("cannot start {}", server.display()))
    }
    #[cfg(not(unix))]
    run(&mut command)
}

/// Sets up what tests need and runs every test.
///
/// # Errors
/// When a step or a test fails.
pub fn test(arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    setup::wasm_target()?;
    let browser = setup::browser()?;
    let dist = page::build(&workspace)?;
    let probe = page::build_socket_probe(&workspace)?;
    heading("building the servers under test");
    let mut command = cargo();
    command.current_dir(&workspace.root);
    run(command.args(["build", "--package", "feed-server", "--bins", "--examples"]))?;
    heading("running the tests");
    let built = workspace.target.join("debug");
    let mut command = cargo();
    command.current_dir(&workspace.root).arg("test");
    if !arguments.iter().any(|argument| argument == "-p" || argument == "--package") {
        command.arg("--workspace");
    }
    command
        .args(arguments)
        .env("KYMOGRAPH_CHROMIUM", browser)
        .env("KYMOGRAPH_DIST_UNDER_TEST", dist)
        .env("KYMOGRAPH_SOCKET_PROBE", probe)
        .env("KYMOGRAPH_FEED_SERVER", built.join("feed-server"))
        .env("KYMOGRAPH_ECHO", built.join("examples/echo"));
    run(&mut command)
}

/// Checks format, lints, documentation and dependencies.
///
/// # Errors
/// At the first check that fails.
pub fn check() -> Result<()> {
    let workspace = Workspace::find()?;
    let step = |what: &str, arguments: &[&str]| {
        heading(what);
        let mut command = cargo();
        command.current_dir(&workspace.root).env("RUSTDOCFLAGS", "-Dwarnings");
        run(command.args(arguments))
    };
    step("format", &["fmt", "--all", "--check"])?;
    step("lints", &["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"])?;
    setup::wasm_target()?;
    let page_target = workspace.page_target();
    let page_target = page_target.to_str().context("the target folder's name is not UTF-8")?;
    let wasm = ["clippy", "-p", "dashboard", "--lib", "--examples", "--target", "wasm32-unknown-unknown"];
    step("lints of the page", &[&wasm[..], &["--target-dir", page_target, "--", "-Dwarnings"]].concat())?;
    step("documentation", &["doc", "--workspace", "--no-deps"])?;
    if output(cargo().args(["deny", "--version"])).is_err() {
        step("installing cargo-deny", &["install", "--locked", "cargo-deny", "--version", CARGO_DENY])?;
    }
    step("dependencies", &["deny", "check", "bans", "licenses", "sources"])
}

/// Runs the criterion benches.
///
/// # Errors
/// When one fails.
pub fn bench(quick: bool, arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    let mut command = cargo();
    command.current_dir(&workspace.root).args(["bench", "--package", "benches", "--"]);
    if quick {
        command.args(["--warm-up-time", "0.1", "--measurement-time", "0.2", "--sample-size", "10"]);
    }
    run(command.args(arguments))
}

/// What to take a picture of.
#[derive(Clone, Debug)]
pub struct Screenshot {
    /// The page.
    pub url: String,
    /// The PNG file to write.
    pub out: PathBuf,
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Device pixels a CSS pixel.
    pub scale: f64,
    /// JavaScript that is true when the page is ready.
    pub wait: String,
}

/// Takes a picture of a page.
///
/// # Errors
/// When there is no browser, or the page never becomes ready.
pub fn screenshot(wanted: &Screenshot) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let browser = Browser::launch(&setup::browser()?).await?;
        let page = browser.page("about:blank").await?;
        page.set_viewport(Viewport { width: wanted.width, height: wanted.height, scale: wanted.scale }).await?;
        page.navigate(&wanted.url).await?;
        page.wait_for(&wanted.wait).await?;
        page.screenshot(&wanted.out).await
    })
}

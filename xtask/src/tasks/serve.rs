//! Builds Kymograph and starts it.

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::thread;

use anyhow::{Result, anyhow};

use crate::page::{self, Compression};
use crate::server::{self, Profile};
use crate::setup;
use crate::steps::{Steps, heading};
use crate::workspace::Workspace;

/// Builds page and server at the same time, then starts the server, which reads the page from its folder. The server
/// replaces this process, so that Ctrl-C and SIGTERM reach it.
///
/// # Errors
/// When a step fails, or the server cannot be started.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let (workspace, steps) = (Workspace::find()?, Steps::default());
    setup::wasm_target()?;
    let (server, page) = thread::scope(|scope| {
        let server =
            scope.spawn(|| steps.run("building the server", || server::build(&workspace, Profile::Serve, None)));
        let page = page::build(&workspace, Compression::Quick, &steps);
        let server = server.join().map_err(|_| anyhow!("the thread that built the server panicked"))?;
        anyhow::Ok((server?, page?))
    })?;
    steps.print();
    let mut command = Command::new(server);
    command.arg("serve");
    if !names_page(arguments) {
        command.arg("--www").arg(page);
    }
    heading("feed-server serve");
    become_command(command.args(arguments))
}

/// True if the arguments name the folder of a page.
fn names_page(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == OsStr::new("--www") || argument.to_string_lossy().starts_with("--www="))
}

#[cfg(unix)]
fn become_command(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    use anyhow::Context;

    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

#[cfg(not(unix))]
fn become_command(command: &mut Command) -> Result<()> {
    crate::workspace::run(command)
}

//! Build everything, then be the server.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use super::dist::dist;
use crate::workspace::heading;

/// Builds page and server, and becomes the server, so that Ctrl-C and SIGTERM reach it.
///
/// # Errors
/// When a step fails, or the server cannot be started.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let mut command = Command::new(dist()?);
    command.arg("serve").args(arguments);
    heading("feed-server serve");
    become_command(&mut command)
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

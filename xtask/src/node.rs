//! A Node for the example client in JavaScript.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::steps::heading;
use crate::workspace::in_path;

/// Debian's Node is older than 22. Its package of `ws` is found by Debian's Node without further settings.
const DEBIAN_PACKAGES: [&str; 2] = ["nodejs", "node-ws"];

/// Flags with which a Node may have a WebSocket: none from version 22 on.
const FLAGS: [&str; 2] = ["", "--experimental-websocket"];

/// Prints nothing, and fails without a WebSocket.
const HAS_WEBSOCKET: &str = "globalThis.WebSocket ?? require('ws')";

/// A Node with a WebSocket.
#[derive(Clone, Debug)]
pub struct Node {
    pub program: PathBuf,
    /// A flag that it needs, or nothing.
    pub flag: &'static str,
}

/// Finds a Node with a WebSocket, or installs Debian's if this is Debian and the user is root.
///
/// # Errors
/// When none is found or can be installed.
pub fn find_or_install() -> Result<Node> {
    if let Some(node) = find() {
        return Ok(node);
    }
    let by_hand = "the tests of docs/examples need Node 20.10 or later, or Node 18 with the package `ws`: install it (Debian: \
                   `sudo apt-get install nodejs node-ws`; Fedora: `sudo dnf install nodejs`; macOS: `brew install node`)";
    let Some(apt) = in_path("apt-get").filter(|_| setup::is_root()) else { bail!(by_hand) };
    heading("installing nodejs");
    setup::install_debian_packages(&apt, &DEBIAN_PACKAGES).context(by_hand)?;
    find().context(by_hand)
}

fn find() -> Option<Node> {
    let program = ["node", "nodejs"].into_iter().find_map(in_path)?;
    let has_websocket = |flag: &&str| {
        let mut command = Command::new(&program);
        command.args([flag].into_iter().filter(|flag| !flag.is_empty())).args(["-e", HAS_WEBSOCKET]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let flag = FLAGS.into_iter().find(has_websocket)?;
    Some(Node { program, flag })
}

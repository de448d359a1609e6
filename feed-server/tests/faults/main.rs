//! Faults of networks, systems and peers, with real sockets and processes.
//!
//! | module | subject |
//! | --- | --- |
//! | [`network`] | connections that are slow, cut, silent or damaged |
//! | [`system`] | suspended and killed processes, full disks, too few descriptors |
//! | [`log_output`] | standard error or standard output that no process reads |
//! | [`terminal`] | a server in a terminal: colours, the background, a terminal that is closed |
//! | [`signals`] | which signals end the server, and how soon |
//! | [`stuck_folder`] | files of the page on a file system that does not answer |
//! | [`stuck`] | a file system that does not answer |
//! | [`memory`] | memory of the history, for groups of any shape |
//! | [`crowd`] | many viewers at once, and many hostile peers |
//! | [`soak`] | minutes of viewers that connect and leave |
//! | [`proxy`], [`process`], [`follow`] | a faulty network, a server process, a viewer that reconnects |

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a test")]
#![allow(unreachable_pub, reason = "modules of one test binary")]

#[path = "../model/mod.rs"]
mod model;

mod crowd;
mod follow;
mod log_output;
mod memory;
mod network;
mod process;
mod proxy;
mod signals;
mod soak;
mod stuck;
mod stuck_folder;
mod system;
mod terminal;

use std::sync::LazyLock;

use tokio::sync::{Mutex, MutexGuard};

/// Held by tests that must not run beside others.
async fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
    MACHINE.lock().await
}

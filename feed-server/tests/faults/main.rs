//! Faults: what networks, systems and peers do to a server, by real sockets and processes.
//!
//! | module | subject |
//! | --- | --- |
//! | [`network`] | connections that are slow, cut, silent or damaged |
//! | [`system`] | processes that are stopped or killed, disks that are full, descriptors that run out |
//! | [`crowd`] | many viewers at once, and strangers that want to be many |
//! | [`soak`] | minutes of coming and going |
//! | [`proxy`], [`process`], [`follow`] | what they are made of |

#![allow(unreachable_pub, reason = "modules of one test binary")]

#[path = "../model/mod.rs"]
mod model;

mod crowd;
mod follow;
mod network;
mod process;
mod proxy;
mod soak;
mod system;

use std::sync::LazyLock;

use tokio::sync::{Mutex, MutexGuard};

/// Held by tests that need the machine for themselves.
async fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
    MACHINE.lock().await
}

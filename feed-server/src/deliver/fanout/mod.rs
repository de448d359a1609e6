//! Fan-out: from a frame, encoded and framed once, to the sockets of all its viewers.
//!
//! ```text
//! hub -> ring of framed messages -> shard (a task with some of the viewers) -> outbox of each viewer -> its socket
//! ```
//! The kernel takes nearly all of the time: five microseconds and more a write. So a tick's frames go to a viewer in one
//! vectored write, nothing is copied for it, and only the shards' tasks wake, a few for all viewers. A viewer whose
//! socket is full is handed back to its session, which sends the missed frames: it does not delay its shard.
//!
//! | file | subject |
//! | --- | --- |
//! | [`outbox`] | a viewer's socket for writing: complete frames, in order, from several writers |
//! | [`viewer_stream`] | the same socket for tungstenite, which reads, and answers pings and closes |
//! | [`shard`] | the loop that writes each tick to the viewers that are up to date |

pub mod outbox;
pub mod shard;
pub mod viewer_stream;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::deliver::hub::Hub;
use shard::LiveViewer;

/// More shards would only wait for the hub's lock.
const MAX_SHARDS: usize = 4;

/// The shards; viewers are assigned to them in turn. The shards end when this is dropped.
#[derive(Debug)]
pub struct Fanout {
    shards: Vec<mpsc::UnboundedSender<LiveViewer>>,
    next: AtomicUsize,
}

impl Fanout {
    /// Starts a shard for each processor, at most four. Must be called within a runtime.
    pub fn start(hub: &Arc<Hub>) -> Self {
        let shards = available_parallelism().map_or(1, usize::from).min(MAX_SHARDS);
        Self::with_shards(hub, shards)
    }

    pub fn with_shards(hub: &Arc<Hub>, shards: usize) -> Self {
        let start = |_| {
            // Each viewer is in the queue at most once, so viewers bound its length.
            let (sender, arrivals) = mpsc::unbounded_channel();
            tokio::spawn(run_shard(Arc::clone(hub), arrivals));
            sender
        };
        Self { shards: (0..shards.max(1)).map(start).collect(), next: AtomicUsize::new(0) }
    }

    /// Passes a viewer that is up to date to a shard.
    pub fn admit(&self, viewer: LiveViewer) {
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % self.shards.len();
        // If the shard has ended the viewer is dropped, and its session ends.
        let _stopping = self.shards[shard].send(viewer);
    }
}

/// Restarts a shard that panicked. Its viewers are dropped.
async fn run_shard(hub: Arc<Hub>, mut arrivals: mpsc::UnboundedReceiver<LiveViewer>) {
    while AssertUnwindSafe(shard::run(&hub, &mut arrivals)).catch_unwind().await.is_err() {
        tracing::error!("fan-out shard panicked; its viewers were dropped; restarting it");
    }
}

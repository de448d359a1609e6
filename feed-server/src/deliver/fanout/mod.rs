//! Fan-out: from a frame, encoded and framed once, to the sockets of all its viewers.
//!
//! ```text
//! hub -> ring of framed messages -> shard (a task with some of the viewers) -> outbox of each viewer -> its socket
//! ```
//! What fan-out costs is the kernel's: five microseconds and more a write. So a tick's frames go to a viewer in one
//! vectored write, nothing is copied for it, and no task wakes but the shards', a few for all viewers. A viewer whose
//! socket takes no more is handed back to its session, which catches up by itself: it never delays its shard.
//!
//! | file | subject |
//! | --- | --- |
//! | [`outbox`] | a viewer's way to its socket: whole frames, in order, from whoever writes |
//! | [`viewer_stream`] | the same socket as tungstenite sees it: it reads, and answers pings and closes |
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

use crate::stream::hub::Hub;
use shard::LiveViewer;

/// More writers than this only take turns at the hub's lock.
const MOST_SHARDS: usize = 4;

/// The shards; viewers go to each in turn. They end when this is dropped.
#[derive(Debug)]
pub struct Fanout {
    shards: Vec<mpsc::UnboundedSender<LiveViewer>>,
    next: AtomicUsize,
}

impl Fanout {
    /// Starts a shard for each processor, four at most. Must be called within a runtime.
    pub fn start(hub: &Arc<Hub>) -> Self {
        let shards = available_parallelism().map_or(1, usize::from).min(MOST_SHARDS);
        Self::with_shards(hub, shards)
    }

    /// Starts so many shards.
    pub fn with_shards(hub: &Arc<Hub>, shards: usize) -> Self {
        let start = |_| {
            // As many viewers may be under way as there are, and each is sent once: the queue holds no more.
            let (sender, arrivals) = mpsc::unbounded_channel();
            tokio::spawn(keep(Arc::clone(hub), arrivals));
            sender
        };
        Self { shards: (0..shards.max(1)).map(start).collect(), next: AtomicUsize::new(0) }
    }

    /// Hands a viewer that is up to date to a shard.
    pub fn admit(&self, viewer: LiveViewer) {
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % self.shards.len();
        // A shard that has ended drops the viewer, and its session hears of it.
        let _stopping = self.shards[shard].send(viewer);
    }
}

/// A shard that a defect has ended begins anew: its viewers are gone, but none that come later.
async fn keep(hub: Arc<Hub>, mut arrivals: mpsc::UnboundedReceiver<LiveViewer>) {
    while AssertUnwindSafe(shard::run(&hub, &mut arrivals)).catch_unwind().await.is_err() {
        tracing::error!("a shard has panicked, and its viewers with it; it begins anew");
    }
}

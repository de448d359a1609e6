//! A shard: some of the viewers that are up to date, and the loop that writes each tick to them.

use std::sync::Arc;

use bytes::Bytes;
use protocol::Sequence;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::outbox::{Outbox, Sent, Ticket};
use crate::deliver::pace::Pace;
use crate::stream::frame_ring::RingFrame;
use crate::stream::hub::Hub;

/// Writes between two chances for other tasks: about half a millisecond.
const WRITES_PER_TURN: usize = 64;

/// A viewer that has everything up to now.
#[derive(Debug)]
pub struct LiveViewer {
    /// The way to its socket.
    pub outbox: Arc<Outbox>,
    /// Allows the shard to write there.
    pub ticket: Ticket,
    /// Where it stands.
    pub place: Place,
    /// How often it may be sent something.
    pub pace: Arc<Pace>,
    /// Where it goes when it falls behind.
    pub back: oneshot::Sender<Place>,
}

/// A viewer's place in the ring of recent frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the next frame in the ring.
    pub next: u64,
    /// The position it holds.
    pub position: Sequence,
}

/// What is to become of a viewer.
enum Verdict {
    Stays,
    GoesBack,
}

/// Writes to the viewers that arrive, until nobody is left who could send one.
pub(super) async fn run(hub: &Hub, arrivals: &mut mpsc::UnboundedReceiver<LiveViewer>) {
    let mut ring_end: watch::Receiver<u64> = hub.subscribe();
    let mut viewers: Vec<LiveViewer> = Vec::new();
    loop {
        tokio::select! {
            arrival = arrivals.recv() => match arrival {
                Some(viewer) => viewers.push(viewer),
                None => return,
            },
            changed = ring_end.changed() => match changed {
                Ok(()) => tick(hub, &mut viewers).await,
                Err(_) => return,
            },
        }
    }
}

async fn tick(hub: &Hub, viewers: &mut Vec<LiveViewer>) {
    let Some(oldest) = viewers.iter().map(|viewer| viewer.place.next).min() else { return };
    let recent = hub.recent(oldest);
    // One list for all: a viewer is sent the end of it, from its place on.
    let frames: Vec<Bytes> = recent.frames.iter().map(|frame| frame.bytes.clone()).collect();
    let now = Instant::now();
    let mut writes = 0;
    let mut number = 0;
    while let Some(viewer) = viewers.get_mut(number) {
        let verdict = match viewer.place.next.checked_sub(recent.first) {
            Some(skip) if viewer.pace.due(now) => viewer.send(hub, &recent.frames, &frames, skip as usize, now),
            Some(_) => viewer.wait(),
            // It fell off the ring's tail, which its session makes good from history.
            None => Verdict::GoesBack,
        };
        match verdict {
            Verdict::Stays => number += 1,
            Verdict::GoesBack => {
                let viewer = viewers.swap_remove(number);
                // Nobody is there to take it: the session has withdrawn it, or ended.
                let _gone = viewer.back.send(viewer.place);
            }
        }
        writes += 1;
        if writes % WRITES_PER_TURN == 0 {
            yield_now().await;
        }
    }
}

impl LiveViewer {
    /// Sends the frames from number `skip` on.
    ///
    /// Hot: once per viewer and tick.
    fn send(&mut self, hub: &Hub, ring: &[RingFrame], frames: &[Bytes], skip: usize, now: Instant) -> Verdict {
        let due = frames.get(skip..).unwrap_or_default();
        let Some(last) = ring.last().filter(|_| !due.is_empty()) else { return self.wait() };
        match self.outbox.send_live(self.ticket, due) {
            Ok(Sent::Withdrawn) | Err(_) => Verdict::GoesBack,
            Ok(sent) => {
                self.place = Place { next: self.place.next + due.len() as u64, position: last.sequence };
                self.pace.sent(now);
                hub.telemetry().sent(due);
                if sent == Sent::Whole { Verdict::Stays } else { Verdict::GoesBack }
            }
        }
    }

    /// Nothing to send now. A viewer whose session has ended is let go, or its socket would stay open.
    fn wait(&self) -> Verdict {
        if self.back.is_closed() { Verdict::GoesBack } else { Verdict::Stays }
    }
}

//! A shard: some of the viewers that are up to date, and the loop that writes each tick to them.

use std::sync::Arc;

use bytes::Bytes;
use protocol::Sequence;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::outbox::{Outbox, Sent, Ticket};
use crate::deliver::frame_ring::RingFrame;
use crate::deliver::hub::Hub;
use crate::deliver::pacer::Pacer;
use crate::deliver::subscription::Subscription;

/// Writes before other tasks get a turn: about half a millisecond.
const WRITES_PER_TURN: usize = 64;

/// A viewer that has been sent everything up to now.
#[derive(Debug)]
pub struct LiveViewer {
    pub outbox: Arc<Outbox>,
    /// Allows the shard to write to the outbox.
    pub ticket: Ticket,
    /// Has the ring of its frames.
    pub subscription: Arc<Subscription>,
    pub position: RingPosition,
    pub pacer: Arc<Pacer>,
    /// Hands the viewer back to its session.
    pub back: oneshot::Sender<RingPosition>,
}

/// The frames that a viewer has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingPosition {
    /// Number of the next frame in the ring.
    pub next: u64,
    /// The position that the viewer holds.
    pub sequence: Sequence,
}

/// The result of a turn: the viewer stays with the shard or leaves it.
enum AfterTick {
    Keep,
    HandBack,
}

/// The viewers of one subscription.
struct SubscribedViewers {
    subscription: Arc<Subscription>,
    viewers: Vec<LiveViewer>,
}

/// Writes to the viewers that arrive, until the fan-out is dropped.
pub(super) async fn run(hub: &Hub, arrivals: &mut mpsc::UnboundedReceiver<LiveViewer>) {
    let mut new_frames: watch::Receiver<u64> = hub.new_frames();
    let mut parts: Vec<SubscribedViewers> = Vec::new();
    loop {
        tokio::select! {
            arrival = arrivals.recv() => match arrival {
                Some(viewer) => admit(&mut parts, viewer),
                None => return,
            },
            changed = new_frames.changed() => match changed {
                Ok(()) => {
                    let mut writes = 0;
                    for part in &mut parts {
                        part.tick(hub, &mut writes).await;
                    }
                    parts.retain(|part| !part.viewers.is_empty());
                }
                Err(_) => return,
            },
        }
    }
}

fn admit(parts: &mut Vec<SubscribedViewers>, viewer: LiveViewer) {
    if let Some(part) = parts.iter_mut().find(|part| Arc::ptr_eq(&part.subscription, &viewer.subscription)) {
        part.viewers.push(viewer);
    } else {
        parts.push(SubscribedViewers { subscription: Arc::clone(&viewer.subscription), viewers: vec![viewer] });
    }
}

impl SubscribedViewers {
    async fn tick(&mut self, hub: &Hub, writes: &mut usize) {
        let Self { subscription, viewers } = self;
        let Some(oldest) = viewers.iter().map(|viewer| viewer.position.next).min() else { return };
        let recent = subscription.recent(oldest);
        // One list for all viewers: each is sent the end of it, from its position on.
        let frames: Vec<Bytes> = recent.frames.iter().map(|frame| frame.bytes.clone()).collect();
        let now = Instant::now();
        let mut number = 0;
        while let Some(viewer) = viewers.get_mut(number) {
            let after = match viewer.position.next.checked_sub(recent.first) {
                Some(skip) if viewer.pacer.due(now) => viewer.send(hub, &recent.frames, &frames, skip as usize, now),
                Some(_) => viewer.wait(),
                // The viewer is behind the ring's tail; its session sends the history.
                None => AfterTick::HandBack,
            };
            match after {
                AfterTick::Keep => number += 1,
                AfterTick::HandBack => {
                    let viewer = viewers.swap_remove(number);
                    // Fails if the session has revoked the ticket, or ended.
                    let _gone = viewer.back.send(viewer.position);
                }
            }
            *writes += 1;
            if writes.is_multiple_of(WRITES_PER_TURN) {
                yield_now().await;
            }
        }
    }
}

impl LiveViewer {
    /// Sends the frames from number `skip` on.
    ///
    /// Hot: once per viewer and tick.
    fn send(&mut self, hub: &Hub, ring: &[RingFrame], frames: &[Bytes], skip: usize, now: Instant) -> AfterTick {
        let due = frames.get(skip..).unwrap_or_default();
        let Some(last) = ring.last().filter(|_| !due.is_empty()) else { return self.wait() };
        match self.outbox.send_live(self.ticket, due) {
            Ok(Sent::Revoked) | Err(_) => AfterTick::HandBack,
            Ok(sent) => {
                let sequence = last.sequence.max(self.position.sequence);
                self.position = RingPosition { next: self.position.next + due.len() as u64, sequence };
                self.pacer.sent(now);
                hub.telemetry.sent(due);
                if sent == Sent::Whole { AfterTick::Keep } else { AfterTick::HandBack }
            }
        }
    }

    /// Skips this tick. A viewer whose session has ended is dropped, or its socket would stay open.
    fn wait(&self) -> AfterTick {
        if self.back.is_closed() { AfterTick::HandBack } else { AfterTick::Keep }
    }
}

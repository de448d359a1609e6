//! The part of a session in which it sends what its viewer misses.

use std::future::{pending, ready};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::channel::TURN_BYTES;
use super::cursor::{Charge, Cursor};
use super::end::SessionEnd;
use super::{Event, Session, Writer};
use crate::deliver::backfill_limiter::BackfillTurn;
use crate::deliver::fanout::outbox::Sent;
use crate::deliver::fanout::shard::{LiveViewer, RingPosition};
use crate::deliver::viewer::ViewerGuard;

impl Session {
    /// Sends the frames that the viewer misses, then hands it to a shard.
    pub(super) async fn catch_up(
        &mut self,
        mut cursor: Cursor,
        viewer: &mut ViewerGuard,
    ) -> Result<Writer, SessionEnd> {
        let _behind = self.hub.telemetry.viewers_catching_up.enter();
        // The place in the queue for the next turn, kept while messages are read.
        let mut place: Option<BoxFuture<'static, BackfillTurn>> = None;
        let mut sent_since_pause = 0;
        loop {
            let paused_until = self.pacer.next_due().filter(|&due| due > Instant::now());
            let event = if self.outbox.flush_now()? != Sent::Whole {
                // A viewer whose socket accepts nothing would hold a turn that others wait for.
                place = None;
                self.next_event(pending()).await?
            } else if let Some(position) = cursor.caught_up(viewer) {
                return Ok(Writer::Shard(self.hand_over(position, viewer)));
            } else if let Some(due) = paused_until {
                place = None;
                self.next_event(sleep_until(due).map(|()| None)).await?
            } else if cursor.needs_turn() {
                let place = place.get_or_insert_with(|| self.wait_for_turn(&cursor));
                self.next_event(place.as_mut().map(Some)).await?
            } else {
                let frames = cursor.live(viewer, TURN_BYTES);
                // None if the viewer is behind the ring: its history follows without a pause.
                if !frames.is_empty() {
                    self.send(&frames)?;
                    self.pacer.sent(Instant::now());
                }
                drop(frames);
                // A viewer whose socket takes everything at once must not delay the others or the hub.
                yield_now().await;
                self.next_event(ready(None)).await?
            };
            match event {
                Event::Message(message) => {
                    if let Some(request) = self.read(message)? {
                        cursor = Cursor::at(request, Charge::Viewer);
                        place = None;
                    }
                }
                Event::Other(Some(turn)) => {
                    place = None;
                    sent_since_pause += self.send_turn(&mut cursor, viewer, turn)?;
                    if sent_since_pause >= TURN_BYTES || !cursor.needs_turn() {
                        self.pacer.sent(Instant::now());
                        sent_since_pause = 0;
                    }
                    yield_now().await;
                }
                Event::Other(None) | Event::Flushed => {}
            }
        }
    }

    /// Waits for the viewer's budget, and then in the queue for a turn.
    fn wait_for_turn(&self, cursor: &Cursor) -> BoxFuture<'static, BackfillTurn> {
        let backfills = Arc::clone(&self.backfills);
        let charge = cursor.charge();
        // See `backfill_limiter`.
        if charge == Charge::Overall && !cursor.has_begun() {
            return ready(backfills.turn_at_once()).boxed();
        }
        let ready_at = (charge == Charge::Viewer).then(|| self.history_budget.ready_at());
        async move {
            if let Some(ready_at) = ready_at {
                sleep_until(ready_at).await;
            }
            backfills.turn().await
        }
        .boxed()
    }

    /// Sends the frames of a turn. Returns how many bytes.
    fn send_turn(
        &mut self,
        cursor: &mut Cursor,
        viewer: &mut ViewerGuard,
        mut permit: BackfillTurn,
    ) -> Result<usize, SessionEnd> {
        let room = permit.room();
        let turn = cursor.next_turn(viewer, permit.blocks(), room)?;
        let now = Instant::now();
        permit.spend(turn.cost, now);
        if cursor.charge() == Charge::Viewer {
            self.history_budget.spend(turn.cost, now);
        }
        self.send(&turn.frames)?;
        Ok(turn.frames.iter().map(Bytes::len).sum())
    }

    fn hand_over(&self, position: RingPosition, viewer: &ViewerGuard) -> oneshot::Receiver<RingPosition> {
        let (back, handed_back) = oneshot::channel();
        self.fanout.admit(LiveViewer {
            outbox: Arc::clone(&self.outbox),
            ticket: self.outbox.ticket(),
            subscription: Arc::clone(viewer.subscription()),
            position,
            pacer: Arc::clone(&self.pacer),
            back,
        });
        handed_back
    }
}

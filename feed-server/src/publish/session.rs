//! A publisher's WebSocket, from the upgrade to the close.
//!
//! A session carries out one message after another, and reads the next one only when the stream has taken the rows of the last: a
//! publisher that sends faster waits, because TCP does.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    Body, Bye, ByeReason, ClientMessage, EntriesBuffer, Interval, LeftOut, QueryLimits, RefusalCode, Refused, Role,
    ViewerLimits,
};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_util::sync::CancellationToken;

use super::acknowledgement::Acknowledgement;
use super::end::SessionEnd;
use super::limits::OPEN_DEADLINE;
use super::omissions::Omissions;
use super::publisher::{RowsError, RowsMessage};
use super::publishers::{Opened, Publishers};
use super::violation::Violation;
use crate::deliver::fanout::outbox::{Outbox, Sent};
use crate::deliver::fanout::viewer_stream::{ReadLimit, ViewerStream};
use crate::deliver::hub::Hub;
use crate::deliver::session::Service;
use crate::deliver::session::channel::{Channel, websocket_config};
use crate::deliver::session::liveness::{Liveness, LivenessAction, Queue, ReadProgress};
use crate::deliver::session::violation::Violation as SessionViolation;
use crate::net::close_handshake::{acknowledged, close_handshake};
use crate::net::socket::Socket as _;

/// One longest message is read by one call to the kernel. At most as many as publishers are allocated.
const READ_BUFFER_BYTES: usize = MAX_MESSAGE_BYTES;

/// No message is read while more bytes than this wait for the publisher: the answers to its messages.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// The limits that `Hello` states: of messages and bytes none, since the stream takes them at its own rate.
const LIMITS: ViewerLimits = ViewerLimits {
    message_bytes: MAX_MESSAGE_BYTES as u32,
    messages: u32::MAX,
    messages_at_once: u32::MAX,
    bytes: u32::MAX,
    bytes_at_once: u32::MAX,
};

/// Serves one publisher until it leaves, breaks a rule, is replaced, its browser session has ended (`ended`), or the server stops.
pub async fn run(
    upgraded: crate::net::connection::Upgraded,
    service: Service,
    publishers: Arc<Publishers>,
    ended: CancellationToken,
) {
    let Service { hub, stop, .. } = service;
    let config = websocket_config().read_buffer_size(READ_BUFFER_BYTES);
    let Channel { socket, outbox, permit: _held } = Channel::open(upgraded, config, ReadLimit::Unlimited).await;
    let now = Instant::now();
    let mut session = Session {
        socket,
        outbox,
        hub,
        publishers,
        opened: None,
        acknowledgement: Acknowledgement::sent(0, now),
        open_due: now + OPEN_DEADLINE,
        liveness: Liveness::Heard(now),
        read_progress: ReadProgress::default(),
    };
    let Err(end) = session.serve(&stop, &ended).await;
    tracing::debug!(end = end.to_string(), "a publisher's session ended");
    session.end(end).await;
}

struct Session {
    socket: WebSocketStream<ViewerStream>,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
    publishers: Arc<Publishers>,
    /// `None` until `Open`.
    opened: Option<Opened>,
    acknowledgement: Acknowledgement,
    open_due: Instant,
    liveness: Liveness,
    read_progress: ReadProgress,
}

impl Session {
    async fn serve(
        &mut self,
        stop: &CancellationToken,
        ended: &CancellationToken,
    ) -> Result<std::convert::Infallible, SessionEnd> {
        let hello = self.hub.hello(Role::Publish, LIMITS, QueryLimits::default())?;
        self.send(&[hello])?;
        loop {
            let waits = self.outbox.flush_now()? != Sent::Whole;
            let due = self.due(waits).await?;
            let replaced = self.opened.as_ref().map(|opened| opened.replaced().clone()).unwrap_or_default();
            let queued = self.outbox.queued_bytes();
            let _queued = waits.then(|| self.hub.telemetry.queued_bytes.hold(queued));
            let reads = queued < MAX_ANSWER_BYTES;
            // A message is carried out as a whole: what ends the session is looked at between two messages.
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(SessionEnd::Stopping),
                () = ended.cancelled() => return Err(Violation::from(SessionViolation::SessionEnded).into()),
                () = replaced.cancelled() => return Err(Violation::Replaced.into()),
                message = self.socket.next(), if reads => {
                    self.read(message.ok_or(SessionEnd::ClosedByPublisher)??).await?;
                }
                flushed = poll_fn(|context| self.outbox.poll_flush(context)), if waits => flushed?,
                () = sleep_until(due) => {}
            }
        }
    }

    /// Does what is due, and returns when the next is.
    async fn due(&mut self, waits: bool) -> Result<Instant, SessionEnd> {
        let now = Instant::now();
        let queue = if waits { Queue::Waiting } else { Queue::Empty };
        let reading_due = self.read_progress.deadline(queue, self.outbox.taken_bytes(), now);
        let reading_due = reading_due.ok_or(Violation::from(SessionViolation::NotReading))?;
        let own_due = match &self.opened {
            None if now >= self.open_due => return Err(Violation::NotOpened.into()),
            None => self.open_due,
            // The answer to a publisher that does not read waits for it.
            Some(_) if waits => reading_due,
            Some(opened) if now >= self.acknowledgement.due(opened.held_number()) => self.acknowledge(now)?,
            Some(opened) => self.acknowledgement.due(opened.held_number()),
        };
        let silence_due = match self.liveness.action(now) {
            LivenessAction::Wait(due) => due,
            LivenessAction::Ping => {
                self.socket.send(Message::Ping(Bytes::new())).await?;
                self.liveness = Liveness::Pinged(now);
                now
            }
            LivenessAction::Close => return Err(Violation::from(SessionViolation::NoAnswer).into()),
        };
        Ok(own_due.min(silence_due).min(reading_due))
    }

    async fn read(&mut self, message: Message) -> Result<(), SessionEnd> {
        self.liveness = Liveness::Heard(Instant::now());
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return Err(Violation::from(SessionViolation::Text).into()),
            Message::Close(_) => return Err(SessionEnd::ClosedByPublisher),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(()),
        };
        self.hub.telemetry.messages_received.inc();
        let message = ClientMessage::decode(&bytes);
        let message = message.map_err(|error| Violation::from(SessionViolation::Malformed(error)))?;
        match (message, &mut self.opened) {
            (ClientMessage::Open { publisher, run }, None) => {
                self.opened = Some(self.publishers.open(publisher, run).await?);
                self.acknowledge(Instant::now())?;
            }
            (ClientMessage::Open { .. }, Some(_)) => return Err(Violation::OpenedTwice.into()),
            (ClientMessage::Announce { groups, series }, Some(opened)) => {
                let omissions = opened.announce(&groups, &series).await?;
                if !omissions.is_empty() {
                    self.leave_out(&omissions)?;
                }
            }
            (ClientMessage::Rows { number, lost, blocks }, Some(opened)) => {
                opened.rows(RowsMessage { number, lost, blocks }).await.map_err(|error| match error {
                    RowsError::Violation(violation) => violation.into(),
                    RowsError::Closed(_) => SessionEnd::Stopping,
                })?;
            }
            (ClientMessage::End { series }, Some(opened)) => opened.end(&series).await?,
            (message, None) => return Err(Violation::OpenFirst { found: message.kind() }.into()),
            (other, Some(_)) => {
                let kind = other.kind();
                let text = format!("a publisher's connection has no request of kind {kind}");
                let refused = Refused { request: kind, code: RefusalCode::UNKNOWN_KIND, text: &text, id: 0 };
                self.send(&[self.hub.frame_now(Body::Refused(refused))?])?;
            }
        }
        Ok(())
    }

    fn leave_out(&self, omissions: &Omissions) -> Result<(), SessionEnd> {
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        omissions.groups.iter().try_for_each(|group| groups.push(group))?;
        omissions.series.iter().try_for_each(|id| series.push(id))?;
        let text = &omissions.reason;
        let left_out = LeftOut { groups: groups.entries(), series: series.entries(), text };
        self.send(&[self.hub.frame_now(Body::LeftOut(left_out))?])
    }

    /// Sends the held position. Returns when it is due again.
    fn acknowledge(&mut self, now: Instant) -> Result<Instant, SessionEnd> {
        let Some(opened) = &self.opened else { return Ok(self.open_due) };
        let held = opened.held();
        self.acknowledgement = Acknowledgement::sent(held.number, now);
        self.send(&[self.hub.frame_now(Body::Held(held))?])?;
        Ok(self.acknowledgement.due(held.number))
    }

    fn send(&self, frames: &[Bytes]) -> Result<(), SessionEnd> {
        self.hub.telemetry.sent(frames);
        self.outbox.send(frames)?;
        Ok(())
    }

    /// Sends the reason and closes.
    async fn end(&mut self, end: SessionEnd) {
        match &end {
            SessionEnd::Stopping => {
                self.outbox.socket().send_rest_after_drop();
                // What is held need not be sent to the next server.
                let _gone_anyway = self.acknowledge(Instant::now());
                let (text, retry_after) = (end.to_string(), Interval::from_millis(250));
                let bye = Bye { reason: ByeReason::ServerStopping, retry_after, text: &text };
                if let Ok(bye) = self.hub.frame_now(Body::Bye(bye)) {
                    let _gone_anyway = self.send(&[bye]);
                }
            }
            SessionEnd::Violation(violation) => {
                let publisher = self.opened.as_ref().map_or("", Opened::name);
                tracing::warn!(publisher, reason = %violation, "a publisher's connection is closed");
                self.hub.telemetry.refuse(violation.label());
            }
            SessionEnd::Encode(_) => tracing::error!(error = %end, "a publisher's session closed"),
            SessionEnd::ClosedByPublisher | SessionEnd::Lost(_) | SessionEnd::Io(_) => {}
        }
        if let Some(opened) = self.opened.take() {
            opened.close().await;
        }
        let (code, reason) = end.close();
        if close_handshake(&mut self.socket, CloseFrame { code, reason: reason.into() }).await {
            acknowledged(self.outbox.socket()).await;
        }
    }
}

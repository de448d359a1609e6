//! A session: one viewer's WebSocket, from the upgrade to the last frame.
//!
//! A session writes the frames for its viewer alone: hello, catalog, history, replies. Once the viewer is up to date, a
//! shard of the [fan-out](crate::deliver::fanout) writes, and the session only reads; when the viewer falls behind, the
//! shard hands it back.
//!
//! | file | subject |
//! | --- | --- |
//! | [`channel`] | both directions of the viewer's connection |
//! | [`cursor`] | the viewer's position in the stream, and the frames that are next |
//! | `catch_up` | sends what the viewer misses, in turns with the other sessions |
//! | `end` | the reason for the end of a session, and the close that its viewer is sent |
//! | [`request`], `beginning` | the stream that a viewer requests; joining its subscription |
//! | [`queries`] | the viewer's queries, and their answers |
//! | [`liveness`] | detects lost viewers |
//! | [`violation`] | the rules that a viewer can break, with close code and reason of each |
//! | this file | the loop that connects these parts to a socket |

mod beginning;
mod catch_up;
pub mod channel;
pub mod cursor;
mod end;
pub mod liveness;
pub mod queries;
pub mod request;
pub mod violation;

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    Body, Bye, ByeReason, ClientMessage, Echo, Interval, RefusalCode, Refused, Role, Start, Subset, ViewerLimits,
    Visibility,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::deliver::backfill_limiter::{BackfillLimiter, BackfillLimits};
use crate::deliver::byte_budget::ByteBudget;
use crate::deliver::fanout::Fanout;
use crate::deliver::fanout::outbox::{Outbox, Sent};
use crate::deliver::fanout::shard::RingPosition;
use crate::deliver::fanout::viewer_stream::{ReadLimit, ViewerStream};
use crate::deliver::hub::Hub;
use crate::deliver::pacer::Pacer;
use crate::net::close_handshake::{acknowledged, close_handshake};
use crate::net::connection::Upgraded;
use crate::net::socket::Socket as _;
use crate::rate_limiter::{BYTES_AT_ONCE, BYTES_PER_SECOND, MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, RateLimiter};
use crate::telemetry::Telemetry;
use channel::{Channel, websocket_config};
use cursor::{Charge, Cursor};
use end::SessionEnd;
use liveness::{ANSWER_DEADLINE, Liveness, LivenessAction, Queue, ReadProgress, SUBSCRIBE_DEADLINE};
use queries::{QUERY_LIMITS, Queries, answer};
use request::StreamRequest;
use violation::Violation;

/// The window of history of a viewer that does not set `window`.
pub const DEFAULT_WINDOW: Interval = Interval::from_secs(60);

/// The limits that `Hello` states.
pub const VIEWER_LIMITS: ViewerLimits = ViewerLimits {
    message_bytes: MAX_MESSAGE_BYTES as u32,
    messages: MESSAGES_PER_SECOND,
    messages_at_once: MESSAGES_AT_ONCE,
    bytes: BYTES_PER_SECOND,
    bytes_at_once: BYTES_AT_ONCE,
};

/// The event at which a viewer's stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStart {
    /// At once, with this much history.
    Immediate(Interval),
    /// When the viewer has sent `Subscribe`.
    OnSubscribe,
}

/// The parts of the server that every session uses.
#[derive(Clone, Debug)]
pub struct Service {
    pub hub: Arc<Hub>,
    pub fanout: Arc<Fanout>,
    pub backfills: Arc<BackfillLimiter>,
    pub stop: CancellationToken,
}

impl Service {
    /// A service with the default limits of history.
    pub fn new(hub: Arc<Hub>, fanout: Arc<Fanout>, stop: CancellationToken) -> Self {
        let backfills = Arc::new(BackfillLimiter::new(BackfillLimits::default()));
        Self { hub, fanout, backfills, stop }
    }
}

/// Serves one viewer until it leaves, breaks a rule, its browser session has ended (`ended`), or the server stops.
pub async fn run(upgraded: Upgraded, service: Service, start: SessionStart, role: Role, ended: CancellationToken) {
    let Service { hub, fanout, backfills, stop } = service;
    let now = Instant::now();
    let read_limit = ReadLimit::Limited(RateLimiter::of_bytes(now));
    let Channel { socket, outbox, permit: _held } = Channel::open(upgraded, websocket_config(), read_limit).await;
    let mut session = Session {
        socket,
        outbox,
        hub,
        fanout,
        history_budget: backfills.viewer_budget(),
        query_budget: Some(backfills.viewer_budget()),
        backfills,
        pacer: Arc::default(),
        queries: Queries::default(),
        answering: None,
        message_limit: RateLimiter::of_messages(now),
        liveness: Liveness::Heard(now),
        read_progress: ReadProgress::default(),
    };
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => SessionEnd::Stopping,
        () = ended.cancelled() => Violation::SessionEnded.into(),
        result = session.stream(start, role) => match result {
            Ok(never) => match never {},
            Err(end) => end,
        },
    };
    tracing::debug!(end = end.to_string(), "session ended");
    // From here on the shard must not write.
    session.outbox.revoke();
    // Nothing polls it any more, and it may hold a turn that others wait for.
    session.answering = None;
    session.end(end).await;
}

/// Closes the stream of a page without valid credentials, with a reason. A page cannot distinguish a refused handshake from a
/// stopped server, so it would retry for ever.
pub async fn refuse(upgraded: Upgraded, telemetry: &Telemetry, violation: Violation) {
    telemetry.refuse(violation.label());
    let mut socket = upgraded.into_websocket(websocket_config()).await;
    close_handshake(&mut socket, CloseFrame { code: violation.close_code(), reason: violation.reason().into() }).await;
}

struct Session {
    socket: WebSocketStream<ViewerStream>,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
    fanout: Arc<Fanout>,
    backfills: Arc<BackfillLimiter>,
    history_budget: ByteBudget,
    pacer: Arc<Pacer>,
    queries: Queries,
    /// Answers the queries; `None` without any.
    answering: Option<BoxFuture<'static, Result<ByteBudget, SessionEnd>>>,
    /// `None` while `answering` holds it.
    query_budget: Option<ByteBudget>,
    message_limit: RateLimiter,
    liveness: Liveness,
    read_progress: ReadProgress,
}

/// Pending without queries.
fn poll_answers(
    answering: &mut Option<BoxFuture<'static, Result<ByteBudget, SessionEnd>>>,
    context: &mut Context<'_>,
) -> Poll<Result<ByteBudget, SessionEnd>> {
    answering.as_mut().map_or(Poll::Pending, |answering| answering.as_mut().poll(context))
}

/// What a session waits for.
enum Event<T> {
    Message(Message),
    /// The viewer's socket has taken all waiting bytes.
    Flushed,
    /// The future passed by the caller is ready.
    Other(T),
}

/// The task that sends frames to the viewer.
enum Writer {
    Session(Cursor),
    /// A shard, until it hands the viewer back.
    Shard(oneshot::Receiver<RingPosition>),
}

impl Session {
    async fn stream(&mut self, start: SessionStart, role: Role) -> Result<Infallible, SessionEnd> {
        let mut viewer = self.hub.join();
        let hello = self.hub.hello(role, VIEWER_LIMITS, QUERY_LIMITS)?;
        self.send(&[hello])?;
        let start = match start {
            SessionStart::Immediate(window) => Start::Window(window).into(),
            SessionStart::OnSubscribe => {
                timeout(SUBSCRIBE_DEADLINE, self.first_request()).await.map_err(|_| Violation::NotSubscribed)??
            }
        };
        let mut writer = Writer::Session(Cursor::at(start, Charge::Overall));
        loop {
            writer = match writer {
                Writer::Session(cursor) => self.catch_up(cursor, &mut viewer).await?,
                Writer::Shard(back) => self.listen(back).await?,
            };
        }
    }

    /// Reads the viewer's messages while a shard writes.
    async fn listen(&mut self, mut back: oneshot::Receiver<RingPosition>) -> Result<Writer, SessionEnd> {
        loop {
            match self.next_event(&mut back).await? {
                Event::Message(message) => {
                    if let Some(request) = self.read(message)? {
                        self.outbox.revoke();
                        return Ok(Writer::Session(Cursor::at(request, Charge::Viewer)));
                    }
                }
                Event::Other(position) => {
                    let position = position.map_err(|_| SessionEnd::ShardFailed)?;
                    return Ok(Writer::Session(Cursor::resume(position)));
                }
                Event::Flushed => {}
            }
        }
    }

    async fn first_request(&mut self) -> Result<StreamRequest, SessionEnd> {
        loop {
            if let Event::Message(message) = self.next_event(pending::<Infallible>()).await?
                && let Some(request) = self.read(message)?
            {
                return Ok(request);
            }
        }
    }

    /// Waits for a message, until the viewer's socket has taken all waiting bytes, or for `other`. Meanwhile checks that
    /// the viewer is not lost.
    async fn next_event<T>(&mut self, other: impl Future<Output = T>) -> Result<Event<T>, SessionEnd> {
        let mut other = pin!(other);
        loop {
            let silence_due = self.ping_if_silent().await?;
            let waits = self.outbox.flush_now()? != Sent::Whole;
            let queue = if waits { Queue::Waiting } else { Queue::Empty };
            let reading_due = self.read_progress.deadline(queue, self.outbox.taken_bytes(), Instant::now());
            let reading_due = reading_due.ok_or(Violation::NotReading)?;
            let _queued = waits.then(|| self.hub.telemetry.queued_bytes.hold(self.outbox.queued_bytes()));
            tokio::select! {
                // Messages first: they must be read during a flood of frames and after a sleep of this machine.
                biased;
                message = self.socket.next() => return Ok(Event::Message(message.ok_or(SessionEnd::ClosedByViewer)??)),
                flushed = poll_fn(|context| self.outbox.poll_flush(context)), if waits => {
                    flushed?;
                    return Ok(Event::Flushed);
                }
                budget = poll_fn(|context| poll_answers(&mut self.answering, context)) => {
                    (self.answering, self.query_budget) = (None, Some(budget?));
                }
                value = &mut other => return Ok(Event::Other(value)),
                () = sleep_until(silence_due.min(reading_due)) => {}
            }
        }
    }

    /// Carries out a message. Returns the stream that a `Subscribe` requests.
    fn read(&mut self, message: Message) -> Result<Option<StreamRequest>, SessionEnd> {
        let now = Instant::now();
        self.liveness = Liveness::Heard(now);
        if !self.message_limit.take(1, now) {
            return Err(Violation::TooManyMessages.into());
        }
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return Err(Violation::Text.into()),
            Message::Close(_) => return Err(SessionEnd::ClosedByViewer),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
        };
        self.hub.telemetry.messages_received.inc();
        match ClientMessage::decode(&bytes).map_err(Violation::Malformed)? {
            request @ ClientMessage::Subscribe { start, subset } => match StreamRequest::read(start, subset) {
                Ok(request) => return Ok(Some(request)),
                Err(refused) => {
                    let id = if let Subset::Of { id, .. } = subset { id } else { 0 };
                    self.refuse(request.kind(), refused.code, &refused.text, id)?;
                }
            },
            ClientMessage::Probe { origin } => {
                let echo = Body::Echo(Echo { origin, received: clock::now() });
                self.send(&[self.hub.frame_now(echo)?])?;
            }
            ClientMessage::Pace { visibility, frames_per_second } => {
                let rate = if visibility == Visibility::Hidden { 0 } else { frames_per_second };
                self.pacer.limit(rate);
            }
            request @ ClientMessage::Query { id, selection, from, to, columns, order } => {
                if let Err(refused) = self.queries.add(id, selection, (from, to), columns, order) {
                    self.refuse(request.kind(), refused.code, &refused.text, id)?;
                } else if let Some(budget) = self.query_budget.take() {
                    let (hub, backfills) = (Arc::clone(&self.hub), Arc::clone(&self.backfills));
                    let outbox = Arc::clone(&self.outbox);
                    self.answering = Some(answer(self.queries.clone(), hub, backfills, outbox, budget).boxed());
                }
            }
            ClientMessage::Cancel { id } => self.queries.cancel(id),
            message @ (ClientMessage::Open { .. }
            | ClientMessage::Announce { .. }
            | ClientMessage::Rows { .. }
            | ClientMessage::End { .. }) => {
                let kind = message.kind();
                let text = format!("requests of kind {kind} are for publishers, which connect at /v1/publish");
                self.refuse(kind, RefusalCode::UNKNOWN_KIND, &text, 0)?;
            }
            ClientMessage::Unknown { kind } => {
                self.refuse(kind, RefusalCode::UNKNOWN_KIND, &format!("no request of kind {kind} is known"), 0)?;
            }
        }
        Ok(None)
    }

    fn refuse(&self, request: u8, code: RefusalCode, text: &str, id: u32) -> Result<(), SessionEnd> {
        let refused = Refused { request, code, text, id };
        self.send(&[self.hub.frame_now(Body::Refused(refused))?])
    }

    /// Sends frames. The bytes that the socket does not take at once are sent in [`Session::next_event`].
    fn send(&self, frames: &[Bytes]) -> Result<(), SessionEnd> {
        self.hub.telemetry.sent(frames);
        self.outbox.send(frames)?;
        Ok(())
    }

    /// Sends a ping to a silent viewer. Returns the time of the next check.
    async fn ping_if_silent(&mut self) -> Result<Instant, SessionEnd> {
        let now = Instant::now();
        match self.liveness.action(now) {
            LivenessAction::Wait(due) => Ok(due),
            LivenessAction::Ping => {
                self.socket.send(Message::Ping(Bytes::new())).await?;
                self.liveness = Liveness::Pinged(now);
                Ok(now + ANSWER_DEADLINE)
            }
            LivenessAction::Close => Err(Violation::NoAnswer.into()),
        }
    }

    /// Sends the reason and closes.
    async fn end(&mut self, end: SessionEnd) {
        match &end {
            SessionEnd::Stopping => {
                // A viewer on a slow link receives it after the server has ended.
                self.outbox.socket().send_rest_after_drop();
                let (text, retry_after) = (end.to_string(), Interval::from_millis(250));
                let bye = Bye { reason: ByeReason::ServerStopping, retry_after, text: &text };
                if let Ok(bye) = self.hub.frame_now(Body::Bye(bye)) {
                    let _gone_anyway = self.send(&[bye]);
                }
            }
            SessionEnd::Violation(violation) => self.hub.telemetry.refuse(violation.label()),
            SessionEnd::Encode(_) | SessionEnd::ShardFailed => tracing::error!(error = %end, "session closed"),
            SessionEnd::ClosedByViewer | SessionEnd::Lost(_) | SessionEnd::Io(_) => {}
        }
        let (code, reason) = end.close();
        if close_handshake(&mut self.socket, CloseFrame { code, reason: reason.into() }).await {
            acknowledged(self.outbox.socket()).await;
        }
    }
}

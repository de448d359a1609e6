//! A session: one viewer's WebSocket, from the upgrade to the last frame.
//!
//! A session writes what is for its viewer alone: hello, catalog, history, answers. Once the viewer has everything up to
//! now, a shard of the [fan-out](crate::deliver::fanout) writes, and the session only reads; when the viewer falls behind, the
//! shard hands it back.
//!
//! | file | subject |
//! | --- | --- |
//! | [`cursor`] | where the viewer's stream stands, and which frames are next |
//! | `ended` | why a session ended, and what its viewer is told |
//! | [`liveness`] | whether the viewer is still there |
//! | [`pace`] | how often it may be sent something |
//! | [`refusal`] | which close code and reason a broken rule earns |
//! | this file | the loop that ties them to a socket |

pub mod cursor;
mod ended;
pub mod liveness;
pub mod refusal;

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use protocol::{Body, Bye, ByeReason, ClientMessage, Echo, Interval, Log, Severity, Start, Visibility};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use crate::app::shutdown::ShutdownListener;
use crate::clock;
use crate::deliver::fanout::Fanout;
use crate::deliver::fanout::outbox::{Outbox, Sent};
use crate::deliver::fanout::shard::{self, LiveViewer};
use crate::deliver::fanout::viewer_stream::{Intake, ViewerStream};
use crate::deliver::pace::Pace;
use crate::http::upgrade::Upgraded;
use crate::net::close_handshake::farewell;
use crate::net::connection::Connection;
use crate::net::connection_limiter::Place;
use crate::rate_limiter::Allowance;
use crate::stream::hub::Hub;
use crate::telemetry::Telemetry;
use cursor::Cursor;
use ended::Ended;
use liveness::{ANSWER_DEADLINE, Liveness, Reading, Verdict};
use refusal::Refused;

/// How far back a viewer's window reaches that does not say.
pub const DEFAULT_WINDOW: Interval = Interval::from_secs(60);

/// A viewer that asked to begin by request must make it within this time.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);

/// Most bytes put into the socket before the loop looks at what the viewer said.
const TURN_BYTES: usize = 256 * 1_024;

/// Limits of a viewer's socket. tungstenite's own defaults cost 131 KiB a viewer.
pub fn websocket_config() -> WebSocketConfig {
    let limit = protocol::limits::MAX_MESSAGE_BYTES;
    WebSocketConfig::default()
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * TURN_BYTES)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
}

/// Both directions of a viewer's connection.
#[derive(Debug)]
pub struct Channel {
    /// What is read from it; pongs and closes go out here too.
    pub socket: WebSocketStream<ViewerStream>,
    /// What frames are written to.
    pub outbox: Arc<Outbox>,
    /// Its place among the server's connections.
    pub place: Option<Place>,
}

impl Channel {
    /// Of a connection that was just upgraded.
    pub async fn open(upgraded: Upgraded, config: WebSocketConfig, intake: Intake) -> Self {
        let Upgraded { socket, early, place } = upgraded;
        let outbox = Arc::new(Outbox::new(socket));
        let stream = ViewerStream::new(Arc::clone(&outbox), intake);
        let socket = WebSocketStream::from_partially_read(stream, early, Role::Server, Some(config)).await;
        Self { socket, outbox, place }
    }
}

/// When a viewer's stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// At once, with this much history.
    AtOnce(Interval),
    /// When the viewer has sent `Subscribe`.
    OnRequest,
}

/// What a session works with.
#[derive(Clone, Debug)]
pub struct Service {
    /// The stream.
    pub hub: Arc<Hub>,
    /// Who writes to viewers that are up to date.
    pub fanout: Arc<Fanout>,
    /// When to end.
    pub shutdown: ShutdownListener,
}

/// Serves one viewer until it leaves, breaks a rule, or the server stops.
pub async fn run(upgraded: Upgraded, service: Service, opening: Opening) {
    let Service { hub, fanout, mut shutdown } = service;
    let now = Instant::now();
    let intake = Intake::Bounded(Allowance::of_bytes(now));
    let Channel { socket, outbox, place: _until_the_end } = Channel::open(upgraded, websocket_config(), intake).await;
    let mut session = Session {
        socket,
        outbox,
        hub,
        fanout,
        pace: Arc::default(),
        allowance: Allowance::of_messages(now),
        liveness: Liveness::Heard(now),
        reading: Reading::default(),
    };
    let ended = tokio::select! {
        biased;
        () = shutdown.stopped() => Ended::Stopping,
        result = session.stream(opening) => match result {
            Ok(never) => match never {},
            Err(ended) => ended,
        },
    };
    tracing::debug!(%ended, "session ended");
    // From here on nobody else writes.
    session.outbox.withdraw();
    session.end(ended).await;
}

/// Tells a page without the token to sign in. A refused handshake would look to it like a server that is gone, and it would
/// ask again for ever.
pub async fn turn_away(mut socket: WebSocketStream<Connection>, telemetry: &Telemetry) {
    let refused = Refused::NoToken;
    telemetry.refuse(refused.label());
    farewell(&mut socket, CloseFrame { code: refused.close_code(), reason: refused.reason().into() }).await;
}

struct Session {
    socket: WebSocketStream<ViewerStream>,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
    fanout: Arc<Fanout>,
    pace: Arc<Pace>,
    allowance: Allowance,
    liveness: Liveness,
    reading: Reading,
}

/// What a session waits for.
enum Event<T> {
    /// The viewer said this.
    Said(Message),
    /// The viewer's socket has taken all that there was.
    Flushed,
    /// Something else was ready.
    Other(T),
}

/// Who writes to the viewer.
enum Writer {
    /// The session.
    Session(Cursor),
    /// A shard, until it hands the viewer back.
    Shard(oneshot::Receiver<shard::Place>),
}

impl Session {
    async fn stream(&mut self, opening: Opening) -> Result<Infallible, Ended> {
        let _seat = self.hub.join();
        let hello = self.hub.hello()?;
        self.send(&[hello])?;
        let start = match opening {
            Opening::AtOnce(window) => Start::Window(window),
            Opening::OnRequest => {
                timeout(REQUEST_DEADLINE, self.first_request()).await.map_err(|_| Refused::Silent)??
            }
        };
        let mut writer = Writer::Session(Cursor::at(&self.hub, start)?);
        loop {
            writer = match writer {
                Writer::Session(cursor) => self.catch_up(cursor).await?,
                Writer::Shard(back) => self.listen(back).await?,
            };
        }
    }

    /// Sends what the viewer lacks, and hands it to a shard when that is nothing.
    async fn catch_up(&mut self, mut cursor: Cursor) -> Result<Writer, Ended> {
        let _behind = self.hub.telemetry().viewers_catching_up.enter();
        loop {
            let mut due = None;
            let is_whole = self.outbox.flush_now()? == Sent::Whole;
            if is_whole {
                if let Some(place) = cursor.caught_up(&self.hub) {
                    return Ok(Writer::Shard(self.hand_over(place)));
                }
                let now = Instant::now();
                if self.pace.due(now) {
                    let turn = cursor.next_turn(&self.hub, TURN_BYTES)?;
                    self.pace.sent(now);
                    self.send(&turn)?;
                    drop(turn);
                    // A viewer that takes everything at once must not keep the others, nor the hub, waiting.
                    yield_now().await;
                }
                due = self.pace.next_due();
            }
            let due = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    // Nothing is taken now: the next turn waits for that.
                    None if !is_whole => pending().await,
                    None => {}
                }
            };
            if let Event::Said(message) = self.next_event(due).await?
                && let Some(start) = self.read(message)?
            {
                cursor = Cursor::at(&self.hub, start)?;
            }
        }
    }

    fn hand_over(&self, place: shard::Place) -> oneshot::Receiver<shard::Place> {
        let (back, handed_back) = oneshot::channel();
        self.fanout.admit(LiveViewer {
            outbox: Arc::clone(&self.outbox),
            ticket: self.outbox.ticket(),
            place,
            pace: Arc::clone(&self.pace),
            back,
        });
        handed_back
    }

    /// Reads what the viewer says while a shard writes.
    async fn listen(&mut self, mut back: oneshot::Receiver<shard::Place>) -> Result<Writer, Ended> {
        loop {
            match self.next_event(&mut back).await? {
                Event::Said(message) => {
                    if let Some(start) = self.read(message)? {
                        self.outbox.withdraw();
                        return Ok(Writer::Session(Cursor::at(&self.hub, start)?));
                    }
                }
                Event::Other(place) => {
                    return Ok(Writer::Session(Cursor::resume(place.map_err(|_| Ended::Abandoned)?)));
                }
                Event::Flushed => {}
            }
        }
    }

    async fn first_request(&mut self) -> Result<Start, Ended> {
        loop {
            if let Event::Said(message) = self.next_event(pending::<Infallible>()).await?
                && let Some(start) = self.read(message)?
            {
                return Ok(start);
            }
        }
    }

    /// Waits until the viewer says something, its socket has taken all there was, or `other` is ready. Meanwhile makes sure
    /// that the viewer is there.
    async fn next_event<T>(&mut self, other: impl Future<Output = T>) -> Result<Event<T>, Ended> {
        let mut other = pin!(other);
        loop {
            let quiet = self.ask_if_quiet().await?;
            let waits = self.outbox.flush_now()? != Sent::Whole;
            let stalled = self.reading.verdict(waits, self.outbox.taken_bytes(), Instant::now());
            let stalled = stalled.ok_or(Refused::NotReading)?;
            let _queued = waits.then(|| self.hub.telemetry().queued_bytes.hold(self.outbox.queued_bytes()));
            tokio::select! {
                // What the viewer says comes first: neither a flood of frames nor this machine's sleep must keep it from being
                // heard.
                biased;
                message = self.socket.next() => return Ok(Event::Said(message.ok_or(Ended::ClosedByViewer)??)),
                flushed = poll_fn(|context| self.outbox.poll_flush(context)), if waits => {
                    flushed?;
                    return Ok(Event::Flushed);
                }
                value = &mut other => return Ok(Event::Other(value)),
                () = sleep_until(quiet.min(stalled)) => {}
            }
        }
    }

    /// Does what a message asks for. A `Subscribe` is handed back.
    fn read(&mut self, message: Message) -> Result<Option<Start>, Ended> {
        let now = Instant::now();
        self.liveness = Liveness::Heard(now);
        if !self.allowance.take(1, now) {
            return Err(Refused::Flood.into());
        }
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return Err(Refused::Text.into()),
            Message::Close(_) => return Err(Ended::ClosedByViewer),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
        };
        self.hub.telemetry().messages_received.inc();
        match ClientMessage::decode(&bytes).map_err(Refused::Malformed)? {
            ClientMessage::Subscribe { start } => return Ok(Some(start)),
            ClientMessage::Probe { origin } => {
                let echo = Body::Echo(Echo { origin, received: clock::now() });
                self.send(&[self.hub.frame_now(echo)?])?;
            }
            ClientMessage::Pace { visibility, frames_per_second } => {
                let rate = if visibility == Visibility::Hidden { 0 } else { frames_per_second };
                self.pace.limit(rate);
            }
            ClientMessage::Acknowledge { sequence } => tracing::trace!(%sequence, "acknowledged"),
            ClientMessage::Annotate { .. } | ClientMessage::Relay { .. } => {
                let text = "this feed is read-only: the request was not carried out";
                let log = Body::Log(Log { at: clock::now(), severity: Severity::Warning, source: "feed-server", text });
                self.send(&[self.hub.frame_now(log)?])?;
            }
        }
        Ok(None)
    }

    /// Sends frames. What is not taken at once goes with [`Session::next_event`].
    fn send(&self, frames: &[Bytes]) -> Result<(), Ended> {
        self.hub.telemetry().sent(frames);
        self.outbox.send(frames)?;
        Ok(())
    }

    /// Asks a viewer that has been quiet for a sign of life. Returns when to look again.
    async fn ask_if_quiet(&mut self) -> Result<Instant, Ended> {
        let now = Instant::now();
        match self.liveness.verdict(now) {
            Verdict::Wait(due) => Ok(due),
            Verdict::Ask => {
                self.socket.send(Message::Ping(Bytes::new())).await?;
                self.liveness = Liveness::Asked(now);
                Ok(now + ANSWER_DEADLINE)
            }
            Verdict::Gone => Err(Refused::NoAnswer.into()),
        }
    }

    /// Says why the session ends, where there is still somebody to hear it.
    async fn end(&mut self, ended: Ended) {
        match &ended {
            Ended::Stopping => {
                let (text, retry_after) = (ended.to_string(), Interval::from_millis(250));
                let bye = Bye { reason: ByeReason::ServerStopping, retry_after, text: &text };
                if let Ok(bye) = self.hub.frame_now(Body::Bye(bye)) {
                    let _gone_anyway = self.send(&[bye]);
                }
            }
            Ended::Refused(refused) => self.hub.telemetry().refuse(refused.label()),
            Ended::Encode(_) | Ended::Abandoned => tracing::error!(error = %ended, "session closed"),
            Ended::ClosedByViewer | Ended::Lost(_) | Ended::Io(_) => {}
        }
        let (code, reason) = ended.close();
        farewell(&mut self.socket, CloseFrame { code, reason: reason.into() }).await;
    }
}

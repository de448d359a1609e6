//! A WebSocket client that speaks in types and comes back when it is cut off.

use std::rc::Rc;

use protocol::Interval;
use protocol::limits::MAX_MESSAGE_BYTES;
use thiserror::Error;

use super::close::{Close, InvalidClose};
use super::codec::{Codec, Outgoing};
use super::engine::Engine;
use super::event::ClientEvent;
use super::policy::{Input, Policy, State};
use super::settings::{Settings, Silence};
use super::socket::{ConnectError, SendError, Socket, SocketState};

/// What can be chosen about a client.
#[derive(Clone, Debug)]
pub struct Options {
    /// When to give up, when to try again.
    pub settings: Settings,
    /// Subprotocols to offer, best first.
    pub subprotocols: Vec<String>,
    /// The longest message to take. So much memory is reserved, once.
    pub max_message_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { settings: Settings::default(), subprotocols: Vec::new(), max_message_bytes: MAX_MESSAGE_BYTES }
    }
}

/// A typed message was not sent.
#[derive(Debug, Error)]
pub enum ClientSendError<E> {
    /// The codec has no words for it.
    #[error(transparent)]
    Encode(E),
    /// The connection did not take it.
    #[error(transparent)]
    Send(SendError),
}

/// A connection to one URL that is made again whenever it is lost, and that carries the messages of one [`Codec`].
///
/// What happens comes to one handler, as [`ClientEvent`]s. The handler may call any method and may drop the client;
/// no method calls the handler. When the client is dropped nothing of it stays behind: no handler, no timer, no
/// connection.
///
/// ```no_run
/// use dashboard::link::{ClientEvent, FrameCodec, Options, WebSocketClient};
/// use protocol::{ClientMessage, Interval, Start};
///
/// # fn page() -> Result<(), Box<dyn std::error::Error>> {
/// let client = WebSocketClient::connect("wss://example.org/feed", FrameCodec, Options::default(), |event| {
///     match event {
///         ClientEvent::Message(frame) => { /* frame.body borrows from the message */ }
///         ClientEvent::Closed { close, will_retry_in: None } => { /* close.to_string() tells a person why */ }
///         _ => {}
///     }
/// })?;
/// // Once it is open:
/// client.send(ClientMessage::Subscribe { start: Start::Window(Interval::from_secs(60)) })?;
/// # Ok(())
/// # }
/// ```
pub struct WebSocketClient<C: Codec> {
    engine: Rc<Engine<C>>,
}

impl<C: Codec> WebSocketClient<C> {
    /// Begins to connect to `url`. `on_event` is called once this has returned, and as long as the client lives.
    ///
    /// # Errors
    /// A [`ConnectError`] when the browser will not even try. It would not next time either, so nothing is retried.
    pub fn connect(
        url: &str,
        codec: C,
        options: Options,
        on_event: impl FnMut(ClientEvent<'_, C>) + 'static,
    ) -> Result<Self, ConnectError> {
        Ok(Self { engine: Engine::start(url, codec, options, Box::new(on_event))? })
    }

    /// Sends a message now, or not at all: nothing is queued for a later connection, which would have to be told
    /// other things first.
    ///
    /// # Errors
    /// When the codec cannot write it, or there is no open connection.
    pub fn send(&self, message: C::Out<'_>) -> Result<(), ClientSendError<C::EncodeError>> {
        let message = self.engine.codec().encode(message).map_err(ClientSendError::Encode)?;
        let sent = self.engine.with_socket(|socket| match (socket, &message) {
            (None, _) => Err(SendError::NotOpen { state: SocketState::Closed }),
            (Some(socket), Outgoing::Text(text)) => socket.send_text(text),
            (Some(socket), Outgoing::Binary(bytes)) => socket.send_binary(bytes),
        });
        sent.map_err(ClientSendError::Send)
    }

    /// Bytes that were sent and have not left the browser.
    pub fn buffered_amount(&self) -> u32 {
        self.engine.with_socket(|socket| socket.map_or(0, Socket::buffered_amount))
    }

    /// How things stand.
    pub fn state(&self) -> State {
        self.engine.ask(Policy::state)
    }

    /// Attempts to reconnect since the client was made.
    pub fn retries(&self) -> u64 {
        self.engine.ask(Policy::retries)
    }

    /// Closes for good; [`ClientEvent::Closed`] follows, after what was under way. Does nothing when it is closed.
    ///
    /// # Errors
    /// [`InvalidClose`] for a code or a reason that a page may not send.
    pub fn close(&self, code: u16, reason: &str) -> Result<(), InvalidClose> {
        self.engine.want(Input::Close(Close::request(code, reason)?));
        Ok(())
    }

    /// Connects without waiting any longer: a person asks for it, or the network is back. Also after a close that
    /// forbade to reconnect; not before a time that the server set. Does nothing while there is a connection.
    pub fn retry_now(&self) {
        self.engine.want(Input::Retry);
    }

    /// After the next loss, no retry comes sooner than this: what a server's `Bye` asked for.
    pub fn set_retry_floor(&self, floor: Interval) {
        self.engine.change(|policy| policy.set_retry_floor(floor));
    }

    /// Changes how long the other side may say nothing.
    pub fn set_silence(&self, silence: Silence) {
        self.engine.change(|policy| policy.set_silence(silence));
    }
}

impl<C: Codec> Drop for WebSocketClient<C> {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

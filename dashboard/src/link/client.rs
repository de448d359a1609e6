//! A WebSocket client that sends typed messages and reconnects when the connection is lost.
#![warn(missing_docs)]

use std::rc::Rc;

use protocol::Interval;
use thiserror::Error;

use super::close::{Close, InvalidClose};
use super::codec::{Codec, Outgoing};
use super::engine::Engine;
use super::event::ClientEvent;
use super::policy::{Input, Policy, State};
use super::settings::{ClientOptions, Silence};
use super::socket::{ConnectError, SendError, Socket, SocketState};

/// A typed message was not sent.
#[derive(Debug, Error)]
pub enum ClientSendError<E> {
    /// The codec cannot encode the message.
    #[error(transparent)]
    Encode(E),
    /// The connection did not accept the message.
    #[error(transparent)]
    Send(SendError),
}

/// A connection to one URL that reconnects whenever it is lost, and that carries the messages of one [`Codec`].
///
/// One handler receives all events as [`ClientEvent`]s. The handler may call any method and may drop the client; no method
/// calls the handler. Dropping the client removes its handler, timer and connection.
///
/// ```no_run
/// use dashboard::link::{ClientEvent, ClientOptions, FrameCodec, WebSocketClient};
/// use protocol::{ClientMessage, Interval, Start};
///
/// # fn page() -> Result<(), Box<dyn std::error::Error>> {
/// let client = WebSocketClient::connect("wss://example.org/feed", FrameCodec, ClientOptions::default(), |event| {
///     match event {
///         ClientEvent::Message { message, .. } => { /* message.body borrows from the received bytes */ }
///         ClientEvent::Closed { close, will_retry_in: None } => { /* show close.to_string() */ }
///         _ => {}
///     }
/// })?;
/// // Once it is open:
/// client.send(ClientMessage::subscribe(Start::Window(Interval::from_secs(60))))?;
/// # Ok(())
/// # }
/// ```
pub struct WebSocketClient<C: Codec> {
    engine: Rc<Engine<C>>,
}

impl<C: Codec> WebSocketClient<C> {
    /// Starts to connect to `url`. `on_event` is called after this returns, for as long as the client lives.
    ///
    /// # Errors
    /// A [`ConnectError`] if the browser rejects the attempt itself. It would reject the next one too, so no retry follows.
    pub fn connect(
        url: &str,
        codec: C,
        options: ClientOptions,
        on_event: impl FnMut(ClientEvent<'_, C>) + 'static,
    ) -> Result<Self, ConnectError> {
        Ok(Self { engine: Engine::start(url, codec, options, Box::new(on_event))? })
    }

    /// Sends a message now or fails. Messages are not queued for a later connection, which needs other messages first.
    ///
    /// # Errors
    /// If the codec cannot encode the message, or no connection is open.
    pub fn send(&self, message: C::Out<'_>) -> Result<(), ClientSendError<C::EncodeError>> {
        let message = self.engine.codec().encode(message).map_err(ClientSendError::Encode)?;
        let sent = self.engine.with_socket(|socket| match (socket, &message) {
            (None, _) => Err(SendError::NotOpen { state: SocketState::Closed }),
            (Some(socket), Outgoing::Text(text)) => socket.send_text(text),
            (Some(socket), Outgoing::Binary(bytes)) => socket.send_binary(bytes),
        });
        sent.map_err(ClientSendError::Send)
    }

    /// Bytes that are queued in the browser.
    pub fn buffered_amount(&self) -> u32 {
        self.engine.with_socket(|socket| socket.map_or(0, Socket::buffered_amount))
    }

    /// The state of the connection.
    pub fn state(&self) -> State {
        self.engine.read(Policy::state)
    }

    /// Attempts to reconnect since the client was created.
    pub fn retries(&self) -> u64 {
        self.engine.read(Policy::retries)
    }

    /// Closes the connection and does not reconnect. [`ClientEvent::Closed`] follows. Does nothing if closed already.
    ///
    /// # Errors
    /// [`InvalidClose`] for a code or a reason that a page may not send.
    pub fn close(&self, code: u16, reason: &str) -> Result<(), InvalidClose> {
        self.engine.request(Input::Close(Close::request(code, reason)?));
        Ok(())
    }

    /// Connects without further waiting, on a request of the user or when the network is back. Also works after a close that
    /// forbids reconnecting, but not before the time set by [`set_retry_floor`](Self::set_retry_floor). Does nothing while
    /// connected.
    pub fn retry_now(&self) {
        self.engine.request(Input::Retry);
    }

    /// Sets the shortest wait before the first retry after the next loss, as a server's `Bye` requests it.
    pub fn set_retry_floor(&self, floor: Interval) {
        self.engine.change(|policy| policy.set_retry_floor(floor));
    }

    /// Changes the longest silence.
    pub fn set_silence(&self, silence: Silence) {
        self.engine.change(|policy| policy.set_silence(silence));
    }
}

impl<C: Codec> Drop for WebSocketClient<C> {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

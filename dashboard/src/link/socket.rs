//! One WebSocket connection, owned.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use super::callback::Callback;
use super::close::{Close, CloseCode, InvalidClose};

/// What happens on a connection. A message is not copied: it stays with the browser until its consumer has looked at
/// its length and decided where it goes.
#[derive(Clone, Debug)]
pub enum SocketEvent {
    /// Messages can be sent.
    Open,
    /// A text message.
    Text(JsString),
    /// A binary message: a view of its `ArrayBuffer`.
    Binary(Uint8Array),
    /// Something failed. A browser does not say what, so that a page cannot explore a network; `Closed` follows.
    Error,
    /// It is over. This is the last event.
    Closed(Close),
}

/// [`readyState`](https://developer.mozilla.org/docs/Web/API/WebSocket/readyState).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Not open yet.
    Connecting,
    /// Messages go both ways.
    Open,
    /// One side asked to close.
    Closing,
    /// Over, or never opened.
    Closed,
}

impl fmt::Display for SocketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        })
    }
}

/// A connection was not even begun.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The URL or a subprotocol is malformed.
    #[error("cannot connect to {url:?}: {message}")]
    Malformed {
        /// The URL.
        url: String,
        /// The browser's words.
        message: String,
    },
    /// The browser does not allow it, for instance an insecure connection from a secure page.
    #[error("the browser forbids to connect to {url:?}: {message}")]
    Forbidden {
        /// The URL.
        url: String,
        /// The browser's words.
        message: String,
    },
}

/// A message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// There is no open connection.
    #[error("the connection is {state}, not open")]
    NotOpen {
        /// What it is instead.
        state: SocketState,
    },
    /// The browser did not take it.
    #[error("the browser refused the message: {message}")]
    Refused {
        /// The browser's words.
        message: String,
    },
}

/// One connection: a [`WebSocket`](https://developer.mozilla.org/docs/Web/API/WebSocket) in `ArrayBuffer` mode with
/// its handlers. When it is dropped it takes its handlers back, then closes; after that nothing is called any more.
///
/// The handler may do anything with the socket from inside an event, dropping it included.
pub struct Socket {
    inner: WebSocket,
    _on_open: Callback<Event>,
    _on_message: Callback<MessageEvent>,
    _on_error: Callback<Event>,
    _on_close: Callback<CloseEvent>,
}

impl Socket {
    /// Begins to connect. `on_event` is never called before this returns.
    ///
    /// # Errors
    /// A [`ConnectError`] when the browser will not even try. A connection that fails later is an event.
    pub fn connect(
        url: &str,
        subprotocols: &[String],
        on_event: impl FnMut(SocketEvent) + 'static,
    ) -> Result<Self, ConnectError> {
        let names: Array = subprotocols.iter().map(|name| JsValue::from_str(name)).collect();
        let socket = WebSocket::new_with_str_sequence(url, &names).map_err(|error| ConnectError::of(url, &error))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        // A browser never runs one handler inside another, so the cell is free whenever an event comes.
        let handler = Rc::new(RefCell::new(on_event));
        let emit = move |event| (*handler.borrow_mut())(event);

        let tell = emit.clone();
        let on_open = Callback::new(move |_: Event| tell(SocketEvent::Open));
        socket.set_onopen(Some(on_open.function()));

        let tell = emit.clone();
        let on_message = Callback::new(move |event: MessageEvent| {
            if let Some(message) = message_of(event.data()) {
                tell(message);
            }
        });
        socket.set_onmessage(Some(on_message.function()));

        let tell = emit.clone();
        let on_error = Callback::new(move |_: Event| tell(SocketEvent::Error));
        socket.set_onerror(Some(on_error.function()));

        let on_close = Callback::new(move |event: CloseEvent| {
            let code = CloseCode(event.code());
            emit(SocketEvent::Closed(Close { code, reason: event.reason(), clean: event.was_clean() }));
        });
        socket.set_onclose(Some(on_close.function()));

        Ok(Self { inner: socket, _on_open: on_open, _on_message: on_message, _on_error: on_error, _on_close: on_close })
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// [`SendError::NotOpen`] when the connection is not open: a browser would drop the message in silence.
    pub fn send_text(&self, text: &str) -> Result<(), SendError> {
        self.send(|socket| socket.send_with_str(text))
    }

    /// Sends a binary message. The browser copies it straight out of Wasm memory.
    ///
    /// # Errors
    /// As [`Self::send_text`].
    pub fn send_binary(&self, bytes: &[u8]) -> Result<(), SendError> {
        self.send(|socket| socket.send_with_u8_array(bytes))
    }

    /// Bytes that were sent and have not left the browser.
    pub fn buffered_amount(&self) -> u32 {
        self.inner.buffered_amount()
    }

    /// Asks to close. [`SocketEvent::Closed`] comes when the other side has answered, or the browser stops waiting.
    ///
    /// # Errors
    /// [`InvalidClose`], see [`Close::request`].
    pub fn close(&self, code: u16, reason: &str) -> Result<(), InvalidClose> {
        let request = Close::request(code, reason)?;
        // The browser refuses what the line above has refused already, and nothing else.
        let _accepted = self.inner.close_with_code_and_reason(request.code.0, &request.reason);
        Ok(())
    }

    /// How far the connection is.
    pub fn state(&self) -> SocketState {
        match self.inner.ready_state() {
            WebSocket::CONNECTING => SocketState::Connecting,
            WebSocket::OPEN => SocketState::Open,
            WebSocket::CLOSING => SocketState::Closing,
            _ => SocketState::Closed,
        }
    }

    /// The subprotocol that the server chose; empty when it chose none.
    pub fn subprotocol(&self) -> String {
        self.inner.protocol()
    }

    fn send(&self, send: impl FnOnce(&WebSocket) -> Result<(), JsValue>) -> Result<(), SendError> {
        match self.state() {
            SocketState::Open => send(&self.inner).map_err(|error| SendError::Refused { message: words_of(&error).1 }),
            state => Err(SendError::NotOpen { state }),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onerror(None);
        self.inner.set_onclose(None);
        // 1000 is a code that no browser refuses. A socket that is closing or closed ignores it.
        let _accepted = self.inner.close_with_code(CloseCode::NORMAL.0);
    }
}

impl ConnectError {
    fn of(url: &str, error: &JsValue) -> Self {
        let url = url.to_owned();
        match words_of(error) {
            (name, message) if name == "SyntaxError" => Self::Malformed { url, message },
            (_, message) => Self::Forbidden { url, message },
        }
    }
}

/// In `ArrayBuffer` mode a message is a string or an `ArrayBuffer`; there is no third kind.
fn message_of(data: JsValue) -> Option<SocketEvent> {
    match data.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Some(SocketEvent::Binary(Uint8Array::new(&buffer))),
        Err(data) => data.dyn_into::<JsString>().ok().map(SocketEvent::Text),
    }
}

/// The name and message of an exception.
fn words_of(error: &JsValue) -> (String, String) {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => (error.name().into(), error.message().into()),
        None => (String::new(), format!("{error:?}")),
    }
}

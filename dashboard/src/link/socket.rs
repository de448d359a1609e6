//! One owned WebSocket connection.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use super::callback::Callback;
use super::close::{Close, CloseCode, InvalidClose};

/// An event of a connection. Messages are not copied: they stay in the browser's memory until the consumer has
/// checked their length.
#[derive(Clone, Debug)]
pub enum SocketEvent {
    Open,
    Text(JsString),
    /// A view of the message's `ArrayBuffer`.
    Binary(Uint8Array),
    /// Browsers hide the cause, so that pages cannot explore a network; `Closed` follows.
    Error,
    /// The connection has ended; no event follows.
    Closed(Close),
}

/// A value of [`readyState`](https://developer.mozilla.org/docs/Web/API/WebSocket/readyState) of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    Connecting,
    Open,
    Closing,
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

/// The browser rejected an attempt to connect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The URL or a subprotocol is malformed.
    #[error("cannot connect to {url:?}: {message}")]
    Malformed { url: String, message: String },
    /// For instance an insecure connection from a secure page.
    #[error("the browser does not allow a connection to {url:?}: {message}")]
    Forbidden { url: String, message: String },
}

/// A message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    #[error("the connection must be open to send, found {state}")]
    NotOpen { state: SocketState },
    #[error("the browser rejected the message: {message}")]
    Refused { message: String },
}

/// One connection: a [`WebSocket`](https://developer.mozilla.org/docs/Web/API/WebSocket) in `ArrayBuffer` mode with
/// its handlers. Dropping it detaches the handlers, then closes the connection.
///
/// The handler may use the socket from inside an event, and may drop it.
pub struct Socket {
    inner: WebSocket,
    _on_open: Callback<Event>,
    _on_message: Callback<MessageEvent>,
    _on_error: Callback<Event>,
    _on_close: Callback<CloseEvent>,
}

impl Socket {
    /// Starts to connect. `on_event` is never called before this returns.
    ///
    /// # Errors
    /// A [`ConnectError`] if the browser rejects the attempt. Later failures are events.
    pub fn connect(
        url: &str,
        subprotocols: &[String],
        on_event: impl FnMut(SocketEvent) + 'static,
    ) -> Result<Self, ConnectError> {
        let names: Array = subprotocols.iter().map(|name| JsValue::from_str(name)).collect();
        let socket = WebSocket::new_with_str_sequence(url, &names).map_err(|error| ConnectError::of(url, &error))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        // A browser never runs one handler inside another, so the cell is not borrowed when an event arrives.
        let handler = Rc::new(RefCell::new(on_event));
        let emit = move |event| (*handler.borrow_mut())(event);

        let emit_event = emit.clone();
        let on_open = Callback::new(move |_: Event| emit_event(SocketEvent::Open));
        socket.set_onopen(Some(on_open.function()));

        let emit_event = emit.clone();
        let on_message = Callback::new(move |event: MessageEvent| {
            if let Some(message) = message_of(event.data()) {
                emit_event(message);
            }
        });
        socket.set_onmessage(Some(on_message.function()));

        let emit_event = emit.clone();
        let on_error = Callback::new(move |_: Event| emit_event(SocketEvent::Error));
        socket.set_onerror(Some(on_error.function()));

        let on_close = Callback::new(move |event: CloseEvent| {
            let code = CloseCode(event.code());
            emit(SocketEvent::Closed(Close { code, reason: event.reason(), clean: event.was_clean() }));
        });
        socket.set_onclose(Some(on_close.function()));

        Ok(Self { inner: socket, _on_open: on_open, _on_message: on_message, _on_error: on_error, _on_close: on_close })
    }

    /// # Errors
    /// [`SendError::NotOpen`] if the connection is not open: the browser would drop the message without an error.
    pub fn send_text(&self, text: &str) -> Result<(), SendError> {
        self.send(|socket| socket.send_with_str(text))
    }

    /// Sends a binary message. The browser copies it from Wasm memory.
    ///
    /// # Errors
    /// The errors of [`Self::send_text`].
    pub fn send_binary(&self, bytes: &[u8]) -> Result<(), SendError> {
        self.send(|socket| socket.send_with_u8_array(bytes))
    }

    /// Bytes that are queued in the browser.
    pub fn buffered_amount(&self) -> u32 {
        self.inner.buffered_amount()
    }

    /// Sends a close. [`SocketEvent::Closed`] follows after the answer or the browser's timeout.
    ///
    /// # Errors
    /// The errors of [`Close::request`].
    pub fn close(&self, code: u16, reason: &str) -> Result<(), InvalidClose> {
        let request = Close::request(code, reason)?;
        // Cannot fail: `request` has checked code and reason.
        let _accepted = self.inner.close_with_code_and_reason(request.code.0, &request.reason);
        Ok(())
    }

    pub fn state(&self) -> SocketState {
        match self.inner.ready_state() {
            WebSocket::CONNECTING => SocketState::Connecting,
            WebSocket::OPEN => SocketState::Open,
            WebSocket::CLOSING => SocketState::Closing,
            _ => SocketState::Closed,
        }
    }

    fn send(&self, send: impl FnOnce(&WebSocket) -> Result<(), JsValue>) -> Result<(), SendError> {
        match self.state() {
            SocketState::Open => {
                send(&self.inner).map_err(|error| SendError::Refused { message: name_and_message(&error).1 })
            }
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
        // Cannot fail: browsers accept 1000, and a closed socket ignores it.
        let _accepted = self.inner.close_with_code(CloseCode::NORMAL.0);
    }
}

impl ConnectError {
    fn of(url: &str, error: &JsValue) -> Self {
        let url = url.to_owned();
        match name_and_message(error) {
            (name, message) if name == "SyntaxError" => Self::Malformed { url, message },
            (_, message) => Self::Forbidden { url, message },
        }
    }
}

/// In `ArrayBuffer` mode a message is a string or an `ArrayBuffer`.
fn message_of(data: JsValue) -> Option<SocketEvent> {
    match data.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Some(SocketEvent::Binary(Uint8Array::new(&buffer))),
        Err(data) => data.dyn_into::<JsString>().ok().map(SocketEvent::Text),
    }
}

fn name_and_message(error: &JsValue) -> (String, String) {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => (error.name().into(), error.message().into()),
        None => (String::new(), format!("{error:?}")),
    }
}

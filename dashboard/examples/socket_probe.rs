//! The WebSocket client for browser tests: a JavaScript class that connects, sends, and records events.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use dashboard::link::{
    ClientEvent, ClientOptions, Incoming, Outgoing, RawCodec, Settings, Silence, State, WebSocketClient, live_closures,
};
use js_sys::{Array, Object, Reflect, Uint8Array};
use protocol::Interval;
use wasm_bindgen::prelude::*;

/// A client that records its events.
#[wasm_bindgen]
pub struct Probe {
    client: WebSocketClient<RawCodec>,
    events: Rc<RefCell<Vec<Object>>>,
}

#[wasm_bindgen]
impl Probe {
    /// Connects. Silence is allowed, since an echo server sends only replies; see [`Probe::set_silence_millis`].
    ///
    /// # Errors
    /// If the browser rejects the attempt to connect.
    #[wasm_bindgen(constructor)]
    pub fn new(url: &str) -> Result<Self, JsError> {
        let events = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&events);
        let settings = Settings { silence: Silence::Allowed, ..Settings::default() };
        let options = ClientOptions { settings, ..ClientOptions::default() };
        let client = WebSocketClient::connect(url, RawCodec, options, move |event| {
            log.borrow_mut().push(describe(event));
        })?;
        Ok(Self { client, events })
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// If no connection is open.
    #[wasm_bindgen(js_name = sendText)]
    pub fn send_text(&self, text: &str) -> Result<(), JsError> {
        Ok(self.client.send(Outgoing::Text(Cow::Borrowed(text)))?)
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// If no connection is open.
    #[wasm_bindgen(js_name = sendBinary)]
    pub fn send_binary(&self, bytes: &[u8]) -> Result<(), JsError> {
        Ok(self.client.send(Outgoing::Binary(Cow::Borrowed(bytes)))?)
    }

    /// The events so far: an array of objects, each with a `type`.
    ///
    /// | `type` | more |
    /// | --- | --- |
    /// | `open`, `error` | |
    /// | `text` | `text` |
    /// | `binary` | `bytes`: an array of numbers |
    /// | `tooLong` | `length`, `limit` |
    /// | `closed` | `code`, `reason`, `clean`, `willRetryInMillis` (null without a retry) |
    /// | `state` | `state`, as [`Probe::state`] |
    pub fn events(&self) -> Array {
        self.events.borrow().iter().collect()
    }

    /// Attempts to reconnect so far.
    pub fn retries(&self) -> u32 {
        u32::try_from(self.client.retries()).unwrap_or(u32::MAX)
    }

    /// `connecting`, `live`, `reconnecting`, `closing` or `closed`.
    pub fn state(&self) -> String {
        name_of(&self.client.state()).to_owned()
    }

    /// Bytes that are queued in the browser.
    #[wasm_bindgen(js_name = bufferedAmount)]
    pub fn buffered_amount(&self) -> u32 {
        self.client.buffered_amount()
    }

    /// Closes without a retry.
    ///
    /// # Errors
    /// For a code or a reason that browsers reject.
    pub fn close(&self, code: u16, reason: &str) -> Result<(), JsError> {
        Ok(self.client.close(code, reason)?)
    }

    /// Ends the wait before a retry and connects.
    #[wasm_bindgen(js_name = retryNow)]
    pub fn retry_now(&self) {
        self.client.retry_now();
    }

    /// Sets the shortest wait after the next loss.
    #[wasm_bindgen(js_name = setRetryFloorMillis)]
    pub fn set_retry_floor_millis(&self, millis: u32) {
        self.client.set_retry_floor(Interval::from_millis(millis.into()));
    }

    /// Sets the longest silence.
    #[wasm_bindgen(js_name = setSilenceMillis)]
    pub fn set_silence_millis(&self, millis: u32) {
        self.client.set_silence(Silence::LostAfter(Interval::from_millis(millis.into())));
    }
}

/// The number of functions of all probes that the browser can still call.
#[wasm_bindgen(js_name = liveClosures)]
pub fn count_live_closures() -> usize {
    live_closures()
}

/// Connects, sends from inside every event, and drops the client from inside its first event of the given `type`. `events`
/// receives all events until then.
///
/// # Errors
/// If the browser rejects the attempt to connect.
#[wasm_bindgen(js_name = dropInside)]
pub fn drop_inside(url: &str, kind: &str, events: Array) -> Result<(), JsError> {
    let holder = Rc::new(RefCell::new(None::<WebSocketClient<RawCodec>>));
    let held = Rc::clone(&holder);
    let kind = JsValue::from(kind);
    let client = WebSocketClient::connect(url, RawCodec, ClientOptions::default(), move |event| {
        let event = describe(event);
        if let Some(client) = &*held.borrow() {
            let _sent_or_not_open = client.send(Outgoing::Text(Cow::Borrowed("from inside")));
        }
        if Reflect::get(&event, &"type".into()).is_ok_and(|found| found == kind) {
            drop(held.take());
        }
        // The captures of the handler must outlive the client.
        events.push(&event);
    })?;
    holder.replace(Some(client));
    Ok(())
}

fn describe(event: ClientEvent<'_, RawCodec>) -> Object {
    match event {
        ClientEvent::Opened => object("open", []),
        ClientEvent::Error => object("error", []),
        ClientEvent::Message { message: Incoming::Text(text), .. } => object("text", [("text", text.into())]),
        ClientEvent::Message { message: Incoming::Binary(bytes), .. } => {
            object("binary", [("bytes", Array::from(&Uint8Array::from(bytes)).into())])
        }
        ClientEvent::Unreadable(never) => match never {},
        ClientEvent::TooLong { length, limit } => {
            object("tooLong", [("length", length.into()), ("limit", limit.into())])
        }
        ClientEvent::Closed { close, will_retry_in } => object(
            "closed",
            [
                ("code", close.code.0.into()),
                ("reason", close.reason.into()),
                ("clean", close.clean.into()),
                ("willRetryInMillis", will_retry_in.map_or(JsValue::NULL, |wait| (wait.as_secs_f64() * 1e3).into())),
            ],
        ),
        ClientEvent::StateChanged(state) => object("state", [("state", name_of(&state).into())]),
    }
}

fn name_of(state: &State) -> &'static str {
    match state {
        State::Connecting { .. } => "connecting",
        State::Live => "live",
        State::Reconnecting { .. } => "reconnecting",
        State::Closing => "closing",
        State::Closed(_) => "closed",
    }
}

fn object<const N: usize>(kind: &str, fields: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (name, value) in fields.into_iter().chain([("type", kind.into())]) {
        // Cannot fail: a plain object accepts every property.
        let _taken = Reflect::set(&object, &name.into(), &value);
    }
    object
}

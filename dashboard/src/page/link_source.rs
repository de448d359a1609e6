//! The live link as a source of frames.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use protocol::{AnswerOrder, ClientMessage, EntriesBuffer, Interval, Selection, Timestamp, close_codes};
use wasm_bindgen::JsValue;
use web_sys::Url;

use super::connection_check::check_connection;
use super::dom;
use super::frame_source::{FrameEvent, FrameSource, Refusal, SourceStatus};
use super::past_requests::PastQuery;
use super::server_request::ServerRequest;
use super::session_key::SessionKey;
use crate::link::{ClientEvent, ClientOptions, Clock, ConnectError, FrameCodec, State, WebSocketClient};
use crate::store::StreamRequest;

/// The second failure in a row is explained: the first can be a server that restarts.
const FAILURES_BEFORE_A_CHECK: u32 = 2;

pub(super) struct LinkSource {
    client: WebSocketClient<FrameCodec>,
}

type EventHandler = dyn FnMut(FrameEvent<'_>);

/// The attempts to connect: asks the server for the reason when several in a row fail.
struct Attempts {
    on_event: Rc<RefCell<EventHandler>>,
    is_open: bool,
    failures: u32,
    is_refused: Rc<Cell<bool>>,
    check: Option<ServerRequest>,
}

impl LinkSource {
    /// Starts to connect to `url`, and offers `key` at each attempt.
    pub(super) fn connect(
        url: &str,
        key: SessionKey,
        clock: Rc<dyn Clock>,
        on_event: impl FnMut(FrameEvent<'_>) + 'static,
    ) -> Result<Self, ConnectError> {
        let options = ClientOptions { clock, subprotocols: Rc::new(key), ..ClientOptions::default() };
        let mut attempts = Attempts::new(on_event);
        let client = WebSocketClient::connect(url, FrameCodec, options, move |event| {
            attempts.observe(&event);
            if let Some(event) = translate(event, attempts.is_refused.get()) {
                attempts.emit(event);
            }
        })?;
        Ok(Self { client })
    }

    fn send(&self, message: ClientMessage<'_>) {
        // Fails without an open connection; the next one starts with new requests.
        let _not_open = self.client.send(message);
    }
}

impl Attempts {
    fn new(on_event: impl FnMut(FrameEvent<'_>) + 'static) -> Self {
        let on_event: Rc<RefCell<EventHandler>> = Rc::new(RefCell::new(on_event));
        Self { on_event, is_open: false, failures: 0, is_refused: Rc::default(), check: None }
    }

    fn emit(&self, event: FrameEvent<'_>) {
        (*self.on_event.borrow_mut())(event);
    }

    fn observe(&mut self, event: &ClientEvent<'_, FrameCodec>) {
        match event {
            ClientEvent::Opened => {
                (self.is_open, self.failures, self.check) = (true, 0, None);
                if self.is_refused.take() {
                    self.emit(FrameEvent::StreamRefused(None));
                }
            }
            ClientEvent::Closed { will_retry_in: Some(_), .. } if !std::mem::take(&mut self.is_open) => {
                self.failures += 1;
                if self.failures >= FAILURES_BEFORE_A_CHECK {
                    self.ask();
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self) {
        let (on_event, is_refused, failures) = (Rc::clone(&self.on_event), Rc::clone(&self.is_refused), self.failures);
        // Without a check the page still shows that it reconnects.
        self.check = check_connection(move |answer| {
            let refusal = answer.explain(failures);
            if refusal.is_some() || is_refused.get() {
                is_refused.set(refusal.is_some());
                (*on_event.borrow_mut())(FrameEvent::StreamRefused(refusal));
            }
        })
        .ok();
    }
}

impl FrameSource for LinkSource {
    fn subscribe(&self, request: &StreamRequest) {
        request.send(|message| self.send(message));
    }

    fn probe(&self, origin: Timestamp) {
        self.send(ClientMessage::Probe { origin });
    }

    fn query(&self, query: &PastQuery) {
        let PastQuery { id, series, range, columns } = query;
        let mut ids = EntriesBuffer::default();
        // An id always fits.
        if series.iter().try_for_each(|id| ids.push(id)).is_ok() {
            let (from, to) = (range.start, range.end);
            let (selection, order) = (Selection::Series(ids.entries()), AnswerOrder::Direct);
            self.send(ClientMessage::Query { id: *id, selection, from, to, columns: *columns, order });
        }
    }

    fn wake(&self) {
        // Not after a close that forbids reconnecting.
        if matches!(self.client.state(), State::Reconnecting { .. }) {
            self.client.retry_now();
        }
    }

    fn reconnect(&self) {
        self.client.retry_now();
    }

    fn set_retry_floor(&self, floor: Interval) {
        self.client.set_retry_floor(floor);
    }

    fn retries(&self) -> u64 {
        self.client.retries()
    }
}

/// Relative to the page's address.
pub(super) const STREAM_PATH: &str = "stream?start=request";

/// The stream of the server that served the page: relative to the page's address, which may be below a path of a proxy.
pub(super) fn stream_url() -> Result<String, JsValue> {
    let url = Url::new_with_base(STREAM_PATH, &dom::window()?.location().href()?)?;
    url.set_protocol(if url.protocol() == "https:" { "wss:" } else { "ws:" });
    Ok(url.href())
}

fn translate(event: ClientEvent<'_, FrameCodec>, is_refused: bool) -> Option<FrameEvent<'_>> {
    Some(match event {
        ClientEvent::Opened => FrameEvent::Opened,
        ClientEvent::Message { message, bytes } => FrameEvent::Frame { frame: message, bytes },
        ClientEvent::Unreadable(error) => FrameEvent::BadFrame { reason: error.to_string() },
        ClientEvent::TooLong { length, limit } => {
            FrameEvent::BadFrame { reason: format!("a message must be at most {limit} bytes, found {length}") }
        }
        ClientEvent::Closed { close, will_retry_in: None } if close.code.0 == close_codes::TOKEN_REQUIRED => {
            FrameEvent::SignInNeeded(Refusal::NoSession)
        }
        ClientEvent::Closed { close, will_retry_in: None } if close.code.0 == close_codes::ACCESS_DENIED => {
            FrameEvent::SignInNeeded(Refusal::WrongRole)
        }
        ClientEvent::Closed { close, will_retry_in: None } => FrameEvent::Ended { reason: close.to_string() },
        ClientEvent::StateChanged(state) => FrameEvent::StatusChanged(status(&state, is_refused)),
        ClientEvent::Closed { .. } | ClientEvent::Error => return None,
    })
}

fn status(state: &State, is_refused: bool) -> SourceStatus {
    match *state {
        State::Connecting { retry: 0 } => SourceStatus::Connecting,
        State::Connecting { retry: attempt } | State::Reconnecting { retry: attempt, .. } if is_refused => {
            SourceStatus::Refused { attempt }
        }
        State::Connecting { retry: attempt } | State::Reconnecting { retry: attempt, .. } => {
            SourceStatus::Reconnecting { attempt }
        }
        State::Live => SourceStatus::Live,
        State::Closing => SourceStatus::Closing,
        State::Closed(ref close) if close.code.0 == close_codes::TOKEN_REQUIRED => {
            SourceStatus::Closed { reason: "signed out".to_owned() }
        }
        State::Closed(ref close) => SourceStatus::Closed { reason: close.to_string() },
    }
}

//! Does what the policy says, with a socket and a timer of the browser's.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{JsString, Uint8Array};
use protocol::{Interval, Timestamp};

use super::client::Options;
use super::close::{Close, CloseCode};
use super::codec::{Codec, Incoming};
use super::event::ClientEvent;
use super::page_clock::page_now;
use super::policy::{Action, Input, Policy};
use super::socket::{ConnectError, Socket, SocketEvent};
use super::staging::Staging;
use super::timer::Timer;

/// What a client and its callbacks share. Callbacks hold it weakly: it lives as long as the client, or until the event
/// from inside which the client was dropped has run.
///
/// Each part has a cell of its own, and no cell but the handler's and the staging's is borrowed while the handler
/// runs. So a handler may call any method of the client.
pub(super) struct Engine<C: Codec> {
    this: Weak<Self>,
    url: String,
    subprotocols: Vec<String>,
    codec: C,
    policy: RefCell<Policy>,
    socket: RefCell<Option<Socket>>,
    alarm: RefCell<Option<Alarm>>,
    staging: RefCell<Staging>,
    handler: RefCell<Box<Handler<C>>>,
    owner: Cell<Owner>,
}

pub(super) type Handler<C> = dyn FnMut(ClientEvent<'_, C>);

struct Alarm {
    at: Timestamp,
    _timer: Timer,
}

/// Whether somebody still wants to hear.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Listening,
    Gone,
}

impl<C: Codec> Engine<C> {
    /// Begins to connect.
    pub(super) fn start(
        url: &str,
        codec: C,
        options: Options,
        handler: Box<Handler<C>>,
    ) -> Result<Rc<Self>, ConnectError> {
        let engine = Rc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            url: url.to_owned(),
            subprotocols: options.subprotocols,
            codec,
            policy: RefCell::new(Policy::new(options.settings, page_now())),
            socket: RefCell::new(None),
            alarm: RefCell::new(None),
            staging: RefCell::new(Staging::with_limit(options.max_message_bytes)),
            handler: RefCell::new(handler),
            owner: Cell::new(Owner::Listening),
        });
        engine.open_socket()?;
        engine.set_alarm();
        Ok(engine)
    }

    /// Lets the owner ask the policy something.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Policy) -> T) -> T {
        question(&self.policy.borrow())
    }

    /// Lets the owner change the policy. What follows from it happens in a turn of its own: the handler is never
    /// called from inside a method of the client.
    pub(super) fn change(&self, change: impl FnOnce(&mut Policy)) {
        change(&mut self.policy.borrow_mut());
        self.set_alarm();
    }

    /// Tells the policy what the owner wants.
    pub(super) fn want(&self, input: Input) {
        self.change(|policy| policy.handle(input, page_now(), js_sys::Math::random()));
    }

    /// The connection, if there is one.
    pub(super) fn with_socket<T>(&self, look: impl FnOnce(Option<&Socket>) -> T) -> T {
        look(self.socket.borrow().as_ref())
    }

    /// What the messages mean.
    pub(super) fn codec(&self) -> &C {
        &self.codec
    }

    /// The owner is gone: lets go of everything that the browser could call.
    pub(super) fn stop(&self) {
        self.owner.set(Owner::Gone);
        self.alarm.take();
        self.socket.take();
    }

    fn open_socket(&self) -> Result<(), ConnectError> {
        let this = Weak::clone(&self.this);
        let socket = Socket::connect(&self.url, &self.subprotocols, move |event| {
            if let Some(engine) = this.upgrade() {
                engine.socket_event(event);
            }
        })?;
        self.socket.replace(Some(socket));
        Ok(())
    }

    fn socket_event(&self, event: SocketEvent) {
        match event {
            SocketEvent::Binary(message) => self.binary(&message),
            SocketEvent::Text(message) => self.text(&message),
            SocketEvent::Error => self.tell(ClientEvent::Error),
            SocketEvent::Open => self.happened(Input::Open),
            SocketEvent::Closed(close) => {
                self.socket.take();
                self.happened(Input::Lost(close));
            }
        }
    }

    /// Hot: once per message.
    fn binary(&self, message: &Uint8Array) {
        self.policy.borrow_mut().heard(page_now());
        let mut staging = self.staging.borrow_mut();
        let limit = staging.limit();
        match staging.stage(message) {
            Some(bytes) => self.message(Incoming::Binary(bytes)),
            None => self.tell(ClientEvent::TooLong { length: message.length() as usize, limit }),
        }
    }

    fn text(&self, message: &JsString) {
        self.policy.borrow_mut().heard(page_now());
        let limit = self.staging.borrow().limit();
        let length = message.length() as usize;
        if length <= limit {
            self.message(Incoming::Text(&String::from(message)));
        } else {
            self.tell(ClientEvent::TooLong { length, limit });
        }
    }

    fn message(&self, message: Incoming<'_>) {
        self.tell(match self.codec.decode(message) {
            Ok(message) => ClientEvent::Message(message),
            Err(error) => ClientEvent::Unreadable(error),
        });
    }

    fn tell(&self, event: ClientEvent<'_, C>) {
        if self.owner.get() == Owner::Listening {
            (*self.handler.borrow_mut())(event);
        }
    }

    /// Tells the policy what happened, and does what it says. What the owner asked for before that comes first.
    fn happened(&self, input: Input) {
        self.obey();
        self.policy.borrow_mut().handle(input, page_now(), js_sys::Math::random());
        self.obey();
        self.set_alarm();
    }

    fn obey(&self) {
        while self.owner.get() == Owner::Listening {
            // The borrow must end before the action, in which the owner may come back.
            let action = self.policy.borrow_mut().next_action();
            match action {
                Some(action) => self.act(action),
                None => return,
            }
        }
    }

    fn act(&self, action: Action) {
        match action {
            Action::Connect => {
                if let Err(error) = self.open_socket() {
                    let close = Close::unclean(CloseCode::ABNORMAL, error.to_string());
                    self.policy.borrow_mut().handle(Input::Lost(close), page_now(), js_sys::Math::random());
                }
            }
            Action::Close(request) => self.with_socket(|socket| send_close(socket, &request)),
            Action::Abandon(close) => send_close(self.socket.take().as_ref(), &close),
            Action::TellOpened => self.tell(ClientEvent::Opened),
            Action::TellClosed(close, will_retry_in) => self.tell(ClientEvent::Closed { close, will_retry_in }),
            Action::TellState => {
                let state = self.ask(Policy::state);
                self.tell(ClientEvent::StateChanged(state));
            }
        }
    }

    /// Makes sure that the browser wakes the policy when it wants to be woken.
    fn set_alarm(&self) {
        if self.owner.get() == Owner::Gone {
            return;
        }
        let Some(at) = self.ask(Policy::wake_at) else {
            self.alarm.take();
            return;
        };
        if self.alarm.borrow().as_ref().is_some_and(|alarm| alarm.at == at) {
            return;
        }
        let this = Weak::clone(&self.this);
        let wake = move || {
            if let Some(engine) = this.upgrade() {
                engine.alarm.take();
                engine.happened(Input::Wake);
            }
        };
        let delay = Interval::from_micros(at.micros_since(page_now()).max(0).unsigned_abs());
        self.alarm.replace(Some(Alarm { at, _timer: Timer::after(delay, wake) }));
    }
}

/// A request for what a page may not send was never made: [`Close::request`] checked it.
fn send_close(socket: Option<&Socket>, close: &Close) {
    if let Some(socket) = socket {
        let _valid = socket.close(close.code.0, &close.reason);
    }
}

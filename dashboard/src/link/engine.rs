//! Carries out the actions of the policy with a socket and a timer of the browser.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{JsString, Uint8Array};
use protocol::{Interval, Timestamp};

use super::clock::Clock;
use super::close::{Close, CloseCode};
use super::codec::{Codec, Incoming};
use super::event::ClientEvent;
use super::policy::{Action, Input, Policy};
use super::settings::{ClientOptions, Subprotocols};
use super::socket::{ConnectError, Socket, SocketEvent};
use super::staging::Staging;
use super::timer::Timer;

/// State shared by a client and its callbacks. Callbacks hold it weakly: it lives as long as the client, or until the
/// event handler returns if the client was dropped in it.
///
/// Each part has a separate cell, and only the cells of the handler and of the staging memory are borrowed while the
/// handler runs. So a handler may call any method of the client.
pub(super) struct Engine<C: Codec> {
    this: Weak<Self>,
    url: String,
    subprotocols: Rc<dyn Subprotocols>,
    codec: C,
    clock: Rc<dyn Clock>,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Alive,
    Dropped,
}

impl<C: Codec> Engine<C> {
    pub(super) fn start(
        url: &str,
        codec: C,
        options: ClientOptions,
        handler: Box<Handler<C>>,
    ) -> Result<Rc<Self>, ConnectError> {
        let now = options.clock.now();
        let engine = Rc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            url: url.to_owned(),
            subprotocols: options.subprotocols,
            codec,
            clock: options.clock,
            policy: RefCell::new(Policy::new(options.settings, now)),
            socket: RefCell::new(None),
            alarm: RefCell::new(None),
            staging: RefCell::new(Staging::with_limit(options.max_message_bytes)),
            handler: RefCell::new(handler),
            owner: Cell::new(Owner::Alive),
        });
        engine.open_socket()?;
        engine.set_alarm();
        Ok(engine)
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Policy) -> T) -> T {
        read(&self.policy.borrow())
    }

    /// Changes the policy. Its actions run in a later task: no method of the client calls the handler.
    pub(super) fn change(&self, change: impl FnOnce(&mut Policy)) {
        change(&mut self.policy.borrow_mut());
        self.set_alarm();
    }

    /// Passes a request of the owner to the policy.
    pub(super) fn request(&self, input: Input) {
        self.change(|policy| policy.handle(input, self.clock.now(), js_sys::Math::random()));
    }

    pub(super) fn with_socket<T>(&self, read: impl FnOnce(Option<&Socket>) -> T) -> T {
        read(self.socket.borrow().as_ref())
    }

    pub(super) fn codec(&self) -> &C {
        &self.codec
    }

    /// Drops every callback that the browser could call. Called when the owner is dropped.
    pub(super) fn stop(&self) {
        self.owner.set(Owner::Dropped);
        self.alarm.take();
        self.socket.take();
    }

    fn open_socket(&self) -> Result<(), ConnectError> {
        let this = Weak::clone(&self.this);
        let socket = Socket::connect(&self.url, &self.subprotocols.offered(), move |event| {
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
            SocketEvent::Error => self.emit(ClientEvent::Error),
            SocketEvent::Open => self.handle(Input::Open),
            SocketEvent::Closed(close) => {
                self.socket.take();
                self.handle(Input::Lost(close));
            }
        }
    }

    /// Hot: once per message.
    fn binary(&self, message: &Uint8Array) {
        self.policy.borrow_mut().message_arrived(self.clock.now());
        let mut staging = self.staging.borrow_mut();
        let limit = staging.limit();
        match staging.stage(message) {
            Some(bytes) => self.message(Incoming::Binary(bytes)),
            None => self.emit(ClientEvent::TooLong { length: message.length() as usize, limit }),
        }
    }

    fn text(&self, message: &JsString) {
        self.policy.borrow_mut().message_arrived(self.clock.now());
        let limit = self.staging.borrow().limit();
        let length = message.length() as usize;
        if length <= limit {
            self.message(Incoming::Text(&String::from(message)));
        } else {
            self.emit(ClientEvent::TooLong { length, limit });
        }
    }

    fn message(&self, message: Incoming<'_>) {
        let bytes = message.len();
        self.emit(match self.codec.decode(message) {
            Ok(message) => ClientEvent::Message { message, bytes },
            Err(error) => ClientEvent::Unreadable(error),
        });
    }

    fn emit(&self, event: ClientEvent<'_, C>) {
        if self.owner.get() == Owner::Alive {
            (*self.handler.borrow_mut())(event);
        }
    }

    /// Passes an event to the policy and runs its actions. Earlier requests of the owner run first.
    fn handle(&self, input: Input) {
        self.run_actions();
        self.policy.borrow_mut().handle(input, self.clock.now(), js_sys::Math::random());
        self.run_actions();
        self.set_alarm();
    }

    fn run_actions(&self) {
        while self.owner.get() == Owner::Alive {
            // The borrow must end before the action: the owner may call a method from inside it.
            let action = self.policy.borrow_mut().next_action();
            match action {
                Some(action) => self.run(action),
                None => return,
            }
        }
    }

    fn run(&self, action: Action) {
        match action {
            Action::Connect => {
                if let Err(error) = self.open_socket() {
                    let close = Close::unclean(CloseCode::ABNORMAL, error.to_string());
                    self.policy.borrow_mut().handle(Input::Lost(close), self.clock.now(), js_sys::Math::random());
                }
            }
            Action::Close(request) => self.with_socket(|socket| send_close(socket, &request)),
            Action::Abandon(close) => send_close(self.socket.take().as_ref(), &close),
            Action::EmitOpened => self.emit(ClientEvent::Opened),
            Action::EmitClosed(close, will_retry_in) => self.emit(ClientEvent::Closed { close, will_retry_in }),
            Action::EmitState => {
                let state = self.read(Policy::state);
                self.emit(ClientEvent::StateChanged(state));
            }
        }
    }

    /// Sets the timer for the next wake-up of the policy.
    fn set_alarm(&self) {
        if self.owner.get() == Owner::Dropped {
            return;
        }
        let Some(at) = self.read(Policy::wake_at) else {
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
                engine.handle(Input::Wake);
            }
        };
        let delay = Interval::from_micros(at.micros_since(self.clock.now()).max(0).unsigned_abs());
        self.alarm.replace(Some(Alarm { at, _timer: Timer::after(delay, wake) }));
    }
}

/// Cannot fail: [`Close::request`] checked code and reason.
fn send_close(socket: Option<&Socket>, close: &Close) {
    if let Some(socket) = socket {
        let _valid = socket.close(close.code.0, &close.reason);
    }
}

//! Buttons, keys, and the browser events that may end a sleep of the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::app::App;
use super::command::Command;
use super::dom;
use super::listener::Listener;

/// Listens for events that may end a sleep: the page is shown, thawed, or back on the network.
pub(super) fn listen_for_waking(app: &Rc<RefCell<App>>) -> Result<[Listener; 3], JsValue> {
    let listen = |target: EventTarget, kind| {
        let app = Rc::downgrade(app);
        Listener::new(target, kind, move |_: Event| {
            if let Some(app) = app.upgrade() {
                app.borrow_mut().wake();
            }
        })
    };
    Ok([
        listen(dom::document()?.into(), "visibilitychange")?,
        listen(dom::document()?.into(), "resume")?,
        listen(dom::window()?.into(), "online")?,
    ])
}

/// Preferences of the browser that change colours.
const COLOR_QUERIES: [&str; 2] = ["(forced-colors: active)", "(prefers-color-scheme: light)"];

/// Listens for changes of colours, and for the beginning and the end of printing.
pub(super) fn listen_for_media(app: &Rc<RefCell<App>>) -> Result<Vec<Listener>, JsValue> {
    let listen = |target: EventTarget, kind, handler: fn(&mut App)| {
        let app = Rc::downgrade(app);
        Listener::new(target, kind, move |_: Event| {
            if let Some(app) = app.upgrade() {
                handler(&mut app.borrow_mut());
            }
        })
    };
    let window = dom::window()?;
    let mut listeners = vec![
        listen(window.clone().into(), "beforeprint", App::prepare_print)?,
        listen(window.clone().into(), "afterprint", App::finish_print)?,
    ];
    for query in COLOR_QUERIES {
        if let Some(query) = window.match_media(query)? {
            listeners.push(listen(query.into(), "change", App::colors_changed)?);
        }
    }
    Ok(listeners)
}

/// Inputs that may change anything on the page.
const INPUTS: [&str; 3] = ["click", "change", "keydown"];

/// Inputs that move the pointer or the page: charts and crosshair follow them.
const MOVES: [&str; 4] = ["pointermove", "pointerout", "pointerdown", "scroll"];

/// Requests a display frame after each input.
pub(super) fn listen_for_input(app: &Rc<RefCell<App>>) -> Result<Vec<Listener>, JsValue> {
    let window = dom::window()?;
    let inputs = INPUTS.into_iter().map(|kind| {
        let app = Rc::downgrade(app);
        Listener::new(window.clone(), kind, move |_: Event| {
            if let Some(app) = app.upgrade() {
                app.borrow_mut().input();
            }
        })
    });
    let moves = MOVES.into_iter().map(|kind| {
        let frames = app.borrow().frames();
        Listener::new(window.clone(), kind, move |_: Event| frames.request())
    });
    inputs.chain(moves).collect()
}

pub(super) fn listen(app: &Rc<RefCell<App>>) -> Result<Vec<Listener>, JsValue> {
    let mut listeners = Vec::new();
    for (command, id, _) in Command::ALL {
        let button: HtmlElement = dom::by_id(id)?;
        let app = Rc::downgrade(app);
        listeners.push(Listener::new(button, "click", move |_: Event| {
            if let Some(app) = app.upgrade() {
                app.borrow_mut().command(command);
            }
        })?);
    }
    let app = Rc::downgrade(app);
    listeners.push(Listener::new(dom::window()?, "keydown", move |event: Event| {
        if event.target().is_some_and(|target| is_text_field(&target)) {
            return;
        }
        let key: KeyboardEvent = event.unchecked_into();
        if key.ctrl_key() || key.meta_key() || key.alt_key() {
            return;
        }
        let command = Command::ALL.iter().find(|(_, _, name)| key.key().eq_ignore_ascii_case(name));
        if let (Some((command, ..)), Some(app)) = (command, app.upgrade()) {
            app.borrow_mut().command(*command);
        }
    })?);
    Ok(listeners)
}

/// Returns true for a field into which keys are typed, such as a token; false for a radio button.
fn is_text_field(target: &EventTarget) -> bool {
    target.dyn_ref().is_some_and(|input: &HtmlInputElement| ["password", "text"].contains(&input.type_().as_str()))
}

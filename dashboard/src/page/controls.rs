//! Buttons, keys, and the browser events that may end a sleep of the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, EventTarget, HtmlElement, KeyboardEvent};

use super::app::App;
use super::command::{self, COMMANDS, Command};
use super::dom;
use super::listener::Listener;
use super::menu;

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
const INPUTS: [&str; 5] = ["click", "dblclick", "change", "input", "keydown"];

/// Inputs that move the pointer or the page: charts and crosshair follow them.
const MOVES: [&str; 7] = ["pointermove", "pointerout", "pointerdown", "pointerup", "pointercancel", "wheel", "scroll"];

/// Requests a display frame after each input.
pub(super) fn listen_for_input(app: &Rc<RefCell<App>>) -> Result<Vec<Listener>, JsValue> {
    let window = dom::window()?;
    let inputs = INPUTS.into_iter().map(|kind| {
        let (app, frames) = (Rc::downgrade(app), app.borrow().frames());
        Listener::new(window.clone(), kind, move |_: Event| {
            // Closing a dialog within a display frame may raise `change` of its field at once, while the frame has borrowed the app:
            // the input then waits for the next frame.
            if let Some(app) = app.upgrade() {
                app.try_borrow_mut().map_or_else(|_| frames.request(), |mut app| app.input());
            }
        })
    });
    let moves = MOVES.into_iter().map(|kind| {
        let frames = app.borrow().frames();
        Listener::new(window.clone(), kind, move |_: Event| frames.request())
    });
    inputs.chain(moves).collect()
}

/// Listens to the buttons and keys of all commands.
pub(super) fn listen(app: &Rc<RefCell<App>>) -> Result<Vec<Listener>, JsValue> {
    let mut listeners = Vec::new();
    for keyed in COMMANDS.iter().filter(|keyed| !keyed.button.is_empty()) {
        let button: HtmlElement = dom::by_id(keyed.button)?;
        let app = Rc::downgrade(app);
        listeners.push(Listener::new(button, "click", move |_: Event| {
            if let Some(app) = app.upgrade() {
                app.borrow_mut().command(keyed.command);
            }
        })?);
    }
    let switch = app.borrow().help().switch().clone();
    let weak = Rc::downgrade(app);
    listeners.push(Listener::new(switch, "change", move |_: Event| {
        if let Some(app) = weak.upgrade() {
            let app = app.borrow();
            app.show_error(app.help().keep());
        }
    })?);
    listeners.push(Listener::new(dom::window()?, "pointerdown", move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        menu::close_all(target.as_ref());
    })?);
    let weak = Rc::downgrade(app);
    listeners.push(Listener::new(dom::window()?, "keydown", move |event: Event| {
        if let (Some(app), Ok(key)) = (weak.upgrade(), event.dyn_into()) {
            press(&mut app.borrow_mut(), &key);
        }
    })?);
    Ok(listeners)
}

fn press(app: &mut App, key: &KeyboardEvent) {
    let has_control = key.ctrl_key() || key.meta_key();
    if has_control && !key.alt_key() && key.key().eq_ignore_ascii_case("k") {
        // The browser has other uses for it.
        key.prevent_default();
        app.command(Command::Find);
        return;
    }
    let is_for_page = !key.repeat() && !key.ctrl_key() && !key.meta_key() && !key.alt_key() && !key.is_composing();
    let Some(command) = command::of_key(&command::name_of(&key.key(), key.shift_key())) else { return };
    let target = key.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_taken = key.default_prevented() || target.is_some_and(|target| takes_key(&target, command));
    if is_for_page && command == Command::DropSelection && menu::close_all(None) {
        // Escape closes what is open first.
        key.prevent_default();
    } else if is_for_page && !is_taken && app.help().allows(&key.key()) {
        key.prevent_default();
        app.command(command);
    }
}

/// Returns true if an element that has the focus uses the key itself: fields, lists, and for Enter whatever it opens. While a dialog is open,
/// keys are for it.
fn takes_key(target: &Element, command: Command) -> bool {
    let is_in = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    is_in("input, textarea, select, [contenteditable], dialog[open]")
        || command == Command::ZoomToSelection && is_in("button, summary, a")
}

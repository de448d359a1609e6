//! Sign-in and sign-out: exchanges the token of a link or of the form for a session, and connects.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::address;
use super::app::App;
use super::dom;
use super::layout_request;
use super::link_source::{LinkSource, stream_url};
use super::listener::Listener;
use super::sign_in_request::{self, Answer};

/// Exchanges a token for a session, then connects.
pub(super) fn exchange(app: &Rc<RefCell<App>>, token: &str) -> Result<(), JsValue> {
    let weak = Rc::downgrade(app);
    let request = sign_in_request::sign_in(token, move |answer| {
        let Some(app) = weak.upgrade() else { return };
        let is_signed_in = app.borrow_mut().sign_in().answered(answer);
        // A session of this browser may still be valid if the token of an old link is not.
        let result = is_signed_in
            .and_then(|is_signed_in| if is_signed_in || !app.borrow().has_source() { connect(&app) } else { Ok(()) });
        app.borrow().show_error(result);
    })?;
    app.borrow_mut().sign_in().sent(request);
    Ok(())
}

/// Connects to the server that served the page, or again after the link has ended.
pub(super) fn connect(app: &Rc<RefCell<App>>) -> Result<(), JsValue> {
    if app.borrow().has_source() {
        app.borrow().reconnect();
        return Ok(());
    }
    let key = app.borrow_mut().sign_in().key().clone();
    let weak = Rc::downgrade(app);
    // Sent with the stream, so that it usually arrives before the catalog. If it arrives later, the panels are arranged again.
    let layout = layout_request::ask(key.get().as_deref(), move |lines| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().layout_arrived(lines);
        }
    })?;
    app.borrow_mut().wait_for_layout(layout);
    let clock = app.borrow().clock();
    let weak = Rc::downgrade(app);
    let source = LinkSource::connect(&stream_url()?, key, clock, move |event| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().event(event);
        }
    });
    app.borrow_mut().attach(Box::new(source.map_err(|error| JsValue::from_str(&error.to_string()))?));
    Ok(())
}

/// Listens for the form, the button that signs out, links that are opened in this tab, and sign-ins of other tabs.
pub(super) fn listen(app: &Rc<RefCell<App>>) -> Result<[Listener; 4], JsValue> {
    let weak = Rc::downgrade(app);
    let submitted = Listener::new(dom::by_id::<HtmlElement>("sign-in")?, "submit", move |event: Event| {
        event.prevent_default();
        let Some(app) = weak.upgrade() else { return };
        let token = app.borrow_mut().sign_in().take_token();
        let result = exchange(&app, &token);
        app.borrow().show_error(result);
    })?;
    let weak = Rc::downgrade(app);
    let signed_out = Listener::new(dom::by_id::<HtmlElement>("sign-out")?, "click", move |_: Event| {
        let Some(app) = weak.upgrade() else { return };
        let result = sign_out(&app);
        app.borrow().show_error(result);
    })?;
    let weak = Rc::downgrade(app);
    let stored = Listener::new(dom::window()?, "storage", move |_: Event| {
        let Some(app) = weak.upgrade() else { return };
        let is_asking = app.borrow_mut().sign_in().is_asking();
        let result = if is_asking { connect(&app) } else { Ok(()) };
        app.borrow().show_error(result);
    })?;
    // A browser does not load the page again if only the fragment of its address changes.
    let weak = Rc::downgrade(app);
    let linked = Listener::new(dom::window()?, "hashchange", move |_: Event| {
        let Some(app) = weak.upgrade() else { return };
        let result = address::take_token().and_then(|token| token.map_or(Ok(()), |token| exchange(&app, &token)));
        app.borrow().show_error(result);
    })?;
    Ok([submitted, signed_out, stored, linked])
}

/// Ends the session. The server then closes the stream.
fn sign_out(app: &Rc<RefCell<App>>) -> Result<(), JsValue> {
    let weak = Rc::downgrade(app);
    let mut app = app.borrow_mut();
    let sign_in = app.sign_in();
    let Some(key) = sign_in.key().get() else { return Ok(()) };
    sign_in.key().remove();
    let kept = key.clone();
    sign_in.sent(sign_in_request::sign_out(&key, move |answer| {
        let (Answer::Refused { reason }, Some(app)) = (answer, weak.upgrade()) else { return };
        // The session may still be valid: the user can repeat the sign-out.
        app.borrow_mut().sign_in().key().set(kept.clone());
        app.borrow().show_notice(&reason);
    })?);
    Ok(())
}

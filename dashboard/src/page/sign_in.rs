//! Sign-in: exchanges the token of a link or of the form for a session, and asks for a token when the server refuses.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement, HtmlInputElement};

use super::address;
use super::app::App;
use super::dom::{self, Text};
use super::frame_source::{Refusal, SourceStatus};
use super::link_source::{LinkSource, stream_url};
use super::listener::Listener;
use super::session_key::SessionKey;
use super::sign_in_request::{Answer, SignInRequest};

/// The form, and the request that it sent last.
#[derive(Debug)]
pub(super) struct SignIn {
    key: SessionKey,
    form: HtmlElement,
    title: Text,
    text: Text,
    token: HtmlInputElement,
    error: Text,
    sign_out: HtmlElement,
    request: Option<SignInRequest>,
}

impl SignIn {
    pub(super) fn new() -> Result<Self, JsValue> {
        let text = |id| dom::by_id(id).map(Text::new);
        Ok(Self {
            key: SessionKey::new()?,
            form: dom::by_id("sign-in")?,
            title: text("sign-in-title")?,
            text: text("sign-in-text")?,
            token: dom::by_id("sign-in-token")?,
            error: text("sign-in-error")?,
            sign_out: dom::by_id("sign-out")?,
            request: None,
        })
    }

    /// Asks for a token, and says why.
    pub(super) fn ask(&mut self, refusal: Refusal) -> Result<(), JsValue> {
        let (title, text) = match refusal {
            Refusal::NoSession if self.key.get().is_none() => ("Sign in", "This server needs a token."),
            Refusal::NoSession => {
                ("Your session has ended", "It was revoked, or has expired, or the server no longer knows it.")
            }
            Refusal::WrongRole => ("Another token is needed", "The role of this token does not include viewing."),
        };
        self.title.set(title);
        self.text.set(&format!("{text} Open the link that the server printed at its start, or paste its token here."));
        self.form.set_hidden(false);
        self.token.focus()
    }

    /// Hides the form when the page is live again, and the button when nobody is signed in.
    pub(super) fn follow(&mut self, status: &SourceStatus) {
        let is_live = *status == SourceStatus::Live;
        if is_live && !self.form.hidden() {
            self.form.set_hidden(true);
            self.error.set("");
        }
        let can_sign_out = is_live && self.key.get().is_some();
        if self.sign_out.hidden() == can_sign_out {
            self.sign_out.set_hidden(!can_sign_out);
        }
    }

    fn is_asking(&self) -> bool {
        !self.form.hidden()
    }

    /// The token that was typed: also from a complete link. The field is cleared.
    fn take_token(&self) -> String {
        let typed = self.token.value();
        self.token.set_value("");
        let token = typed.rsplit_once("#token=").map_or(typed.as_str(), |(_, token)| token);
        token.trim().to_owned()
    }

    /// Shows a refusal. Returns false for one.
    fn answered(&mut self, answer: Answer) -> Result<bool, JsValue> {
        match answer {
            Answer::SignedIn { key } => self.key.set(key),
            Answer::Done => {}
            Answer::Refused { reason } => {
                if !self.is_asking() {
                    self.ask(Refusal::NoSession)?;
                }
                self.error.set(&reason);
                return Ok(false);
            }
        }
        self.error.set("");
        Ok(true)
    }
}

/// Exchanges a token for a session, then connects.
pub(super) fn exchange(app: &Rc<RefCell<App>>, token: &str) -> Result<(), JsValue> {
    let weak = Rc::downgrade(app);
    let request = SignInRequest::sign_in(token, move |answer| {
        let Some(app) = weak.upgrade() else { return };
        let is_signed_in = app.borrow_mut().sign_in().answered(answer);
        // A session of this browser may still be valid if the token of an old link is not.
        let result = is_signed_in
            .and_then(|is_signed_in| if is_signed_in || !app.borrow().has_source() { connect(&app) } else { Ok(()) });
        app.borrow().show_error(result);
    })?;
    app.borrow_mut().sign_in().request = Some(request);
    Ok(())
}

/// Connects to the server that served the page, or again after the link has ended.
pub(super) fn connect(app: &Rc<RefCell<App>>) -> Result<(), JsValue> {
    if app.borrow().has_source() {
        app.borrow().reconnect();
        return Ok(());
    }
    let key = app.borrow_mut().sign_in().key.clone();
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
    let mut app = app.borrow_mut();
    let sign_in = app.sign_in();
    let Some(key) = sign_in.key.get() else { return Ok(()) };
    sign_in.key.remove();
    sign_in.request = Some(SignInRequest::sign_out(&key, |_| {})?);
    Ok(())
}

//! The form that asks for a token when the server refuses the page, and the button that signs out.

use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, HtmlInputElement};

use super::dom::{self, Text};
use super::frame_source::{Refusal, SourceStatus};
use super::server_request::ServerRequest;
use super::session_key::SessionKey;
use super::sign_in_request::Answer;

/// The form, and the request that it sent last.
#[derive(Debug)]
pub(super) struct SignInForm {
    key: SessionKey,
    form: HtmlElement,
    title: Text,
    text: Text,
    token: HtmlInputElement,
    error: Text,
    sign_out: HtmlElement,
    request: Option<ServerRequest>,
}

impl SignInForm {
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
                ("Your session has ended", "It was revoked, or has expired, or the server has no record of it.")
            }
            Refusal::WrongRole => ("Another token is needed", "The role of this token does not include viewing."),
        };
        self.title.set(title);
        self.text.set(&format!("{text} Open the link that the server printed at its start, or paste its token here."));
        self.form.set_hidden(false);
        self.token.focus()
    }

    /// Hides the form when the page is live again, and the button when the page is not signed in.
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

    pub(super) const fn key(&self) -> &SessionKey {
        &self.key
    }

    /// Keeps a request until the next one.
    pub(super) fn sent(&mut self, request: ServerRequest) {
        self.request = Some(request);
    }

    pub(super) fn is_asking(&self) -> bool {
        !self.form.hidden()
    }

    /// The token that was typed: also from a complete link. The field is cleared.
    pub(super) fn take_token(&self) -> String {
        let typed = self.token.value();
        self.token.set_value("");
        let token = typed.rsplit_once("#token=").map_or(typed.as_str(), |(_, token)| token);
        token.trim().to_owned()
    }

    /// Shows a refusal. Returns false for one.
    pub(super) fn answered(&mut self, answer: Answer) -> Result<bool, JsValue> {
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

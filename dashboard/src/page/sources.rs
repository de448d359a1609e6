//! What the server says of its sources: in a dialog, and in place of the charts while there are none.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::{HtmlDialogElement, HtmlElement};

use super::dom;
use super::foreign_text::isolated;
use super::frame_loop::FrameLoop;
use super::link_source::{STREAM_PATH, stream_url};
use super::server_request::ServerRequest;

/// Relative to the page's address, as the stream.
const PATH: &str = "sources";

/// Stands for the address of the server, which knows only the one on which it listens.
const ADDRESS: &str = "ADDRESS";

const TIMEOUT_MS: u32 = 10_000;

/// While the lines are on screen, they are requested again after this time.
const AGAIN: Interval = Interval::from_secs(2);

#[derive(Debug)]
pub(super) struct Sources {
    dialog: HtmlDialogElement,
    /// In place of the charts.
    empty: HtmlElement,
    request: Option<ServerRequest>,
    answer: Rc<RefCell<Option<String>>>,
    /// The lines on screen.
    shown: String,
    asked: Timestamp,
}

impl Sources {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            dialog: dom::by_id("sources")?,
            empty: dom::by_id("empty")?,
            request: None,
            answer: Rc::default(),
            shown: String::new(),
            asked: Timestamp::default(),
        })
    }

    pub(super) fn open(&mut self) -> Result<(), JsValue> {
        self.asked = Timestamp::default();
        if self.dialog.open() { Ok(()) } else { self.dialog.show_modal() }
    }

    /// Requests the lines while they are on screen, and shows an answer. `key` is the page's half of the session.
    pub(super) fn follow(
        &mut self,
        has_charts: bool,
        key: impl FnOnce() -> Option<String>,
        frames: &FrameLoop,
        now: Timestamp,
    ) -> Result<(), JsValue> {
        if self.empty.hidden() != has_charts {
            self.empty.set_hidden(has_charts);
        }
        if let Some(lines) = self.answer.take().filter(|lines| *lines != self.shown) {
            let text = lines.replace(ADDRESS, &server_address()?);
            for id in ["sources-list", "empty-list"] {
                list(&dom::by_id(id)?, &text)?;
            }
            self.shown = lines;
        }
        if (!has_charts || self.dialog.open()) && now >= self.asked + AGAIN {
            self.asked = now;
            let (answer, frames, key) = (Rc::clone(&self.answer), frames.clone(), key());
            let header = key.as_deref().map(|key| ("X-Kymograph-Key", key));
            self.request = Some(ServerRequest::get(PATH, header, TIMEOUT_MS, move |request| {
                if let (Ok(200), Ok(Some(lines))) = (request.status(), request.response_text()) {
                    answer.replace(Some(lines));
                    frames.request();
                }
            })?);
        }
        Ok(())
    }
}

/// The address of the server for programs, such as `ws://127.0.0.1:9000/`.
fn server_address() -> Result<String, JsValue> {
    stream_url().map(|url| url.split(STREAM_PATH).next().unwrap_or_default().to_owned())
}

/// Fills a table with lines of source, subject and text. A source is seen in the first of its lines.
fn list(table: &HtmlElement, lines: &str) -> Result<(), JsValue> {
    table.set_text_content(None);
    let mut before = "";
    for line in lines.lines() {
        let mut parts = line.splitn(3, '\t');
        let source = parts.next().unwrap_or_default();
        let row: HtmlElement = dom::element("tr", "")?;
        let is_first = source != std::mem::replace(&mut before, source);
        row.set_class_name(if is_first { "source-first" } else { "" });
        let head: HtmlElement = dom::element("th", "")?;
        head.set_attribute("scope", "row")?;
        let name: HtmlElement = dom::element("span", if is_first { "" } else { "only-read" })?;
        name.set_text_content(Some(&isolated(source)));
        head.append_child(&name)?;
        row.append_child(&head)?;
        for part in parts {
            let cell: HtmlElement = dom::element("td", "")?;
            cell.set_text_content(Some(&isolated(part)));
            row.append_child(&cell)?;
        }
        table.append_child(&row)?;
    }
    Ok(())
}

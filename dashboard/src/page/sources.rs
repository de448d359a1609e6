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
    reason: Option<Empty>,
    request: Option<ServerRequest>,
    answer: Rc<RefCell<Option<String>>>,
    /// The lines on screen.
    shown: String,
    asked: Timestamp,
}

/// The reason for which a page has no charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    NoSeries,
    /// No series has the labels of the filter.
    Filtered,
    /// No series is in the layout.
    Layout,
}

impl Empty {
    /// A title and what to do.
    const fn texts(self) -> [&'static str; 2] {
        match self {
            Self::NoSeries => {
                ["No series yet", "Charts appear as soon as a source sends values. The sources of this server:"]
            }
            Self::Filtered => [
                "No series has these labels",
                "The filter shows only series with its labels. Shift + Esc removes it. Find (/) lists labels such as device=sda when their key is typed.",
            ],
            Self::Layout => [
                "No series is in this layout",
                "The panels of the layout select series that this server does not have. Remove layout= from the address, or correct the file of --layout.",
            ],
        }
    }
}

impl Sources {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            dialog: dom::by_id("sources")?,
            empty: dom::by_id("empty")?,
            reason: None,
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

    /// Requests the lines while they are on screen, and shows an answer. `empty` is the reason for which the page has no charts; `key` is the page's
    /// half of the session.
    pub(super) fn follow(
        &mut self,
        empty: Option<Empty>,
        key: impl FnOnce() -> Option<String>,
        frames: &FrameLoop,
        now: Timestamp,
    ) -> Result<(), JsValue> {
        if self.reason != empty {
            self.reason = empty;
            // The next answer fills the list of this place.
            self.shown.clear();
            self.empty.set_hidden(empty.is_none());
            let [title, text] = empty.map_or([""; 2], Empty::texts);
            dom::by_id::<HtmlElement>("empty-title")?.set_text_content(Some(title));
            dom::by_id::<HtmlElement>("empty-text")?.set_text_content(Some(text));
        }
        if let Some(lines) = self.answer.take().filter(|lines| *lines != self.shown) {
            let text = lines.replace(ADDRESS, &server_address()?);
            list(&dom::by_id("sources-list")?, &text)?;
            list(&dom::by_id("empty-list")?, if empty == Some(Empty::NoSeries) { &text } else { "" })?;
            self.shown = lines;
        }
        if (empty == Some(Empty::NoSeries) || self.dialog.open()) && now >= self.asked + AGAIN {
            self.asked = now;
            let (answer, frames, key) = (Rc::clone(&self.answer), frames.clone(), key());
            let header = key.as_deref().map(|key| ("X-Kymograph-Key", key));
            self.request = Some(ServerRequest::get(PATH, header, TIMEOUT_MS, move |request| {
                let lines = match (request.status(), request.response_text()) {
                    (Ok(200), Ok(Some(lines))) => lines,
                    (Ok(0) | Err(_), _) => "server\tno answer\tIt does not run, or the network is down".to_owned(),
                    (Ok(status), _) => format!("server\tno answer\tIt answers with status {status}"),
                };
                answer.replace(Some(lines));
                frames.request();
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

//! Moves the view: gestures, the selection, the bar of the time, and the view's part of the address.
//!
//! | file | subject |
//! | --- | --- |
//! | `hand` | which movements of pointers select, pan or zoom |
//! | `gestures` | pointers and wheel of the browser |
//! | `selection` | the selected span, and what can be done with it |
//! | `overview`, `overview_grip` | the whole history, with a window that can be dragged |
//! | `time_bar` | live or held, the span, the times |

mod gestures;
mod hand;
mod overview;
mod overview_grip;
mod selection;
mod time_bar;

use std::ops::Range;

use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::address;
use super::command::Command;
use super::overview_requests::OverviewRequests;
use super::parameters::Parameters;
use super::theme::Palette;
use crate::view::{TimeLabels, rfc3339};
use crate::viewport::{View, Viewport};
use gestures::Gestures;
use hand::Act;
use overview::Overview;
use selection::Selection;
use time_bar::TimeBar;

pub(super) use selection::span_text;

/// The part of the span by which keys and buttons move the view.
const STEP: f64 = 0.25;

/// A view that has stayed for this long is written into the address.
const SETTLED_US: i64 = 400_000;

/// The part of the width between two places.
pub(super) type Fractions = Option<(f64, f64)>;

#[derive(Debug)]
pub(super) struct Navigation {
    viewport: Viewport,
    gestures: Gestures,
    selection: Selection,
    bar: TimeBar,
    overview: Overview,
    /// The times of the overview.
    history: Option<Range<Timestamp>>,
    /// The view that the address has.
    written: View,
    /// The view of the last figures, and the time since which it is the same.
    settling: Option<(View, Timestamp)>,
    /// The view of the last call of [`take_changed`](Self::take_changed).
    seen: View,
}

impl Navigation {
    /// Shows the view of the address.
    pub(super) fn new(parameters: &Parameters, panels: &HtmlElement) -> Result<Self, JsValue> {
        let viewport = match parameters.at {
            Some(at) => Viewport::fixed(parameters.window, at),
            None => Viewport::live(parameters.window),
        };
        let (written, seen) = (viewport.view(), viewport.view());
        let (gestures, selection, bar) = (Gestures::new(panels)?, Selection::new()?, TimeBar::new()?);
        let (overview, history) = (Overview::new()?, None);
        Ok(Self { viewport, gestures, selection, bar, overview, history, written, settling: None, seen })
    }

    pub(super) const fn viewport(&self) -> &Viewport {
        &self.viewport
    }

    /// Follows the server's clock.
    pub(super) fn follow(&mut self, server_now: Timestamp) {
        self.viewport.follow(server_now);
        self.selection.follow(&self.viewport);
    }

    /// Applies what pointers and the bar have done since the last display frame.
    pub(super) fn take_gestures(&mut self) -> Result<(), JsValue> {
        for act in self.gestures.take() {
            match act {
                Act::Select { from, to } => self.selection.select(&mut self.viewport, from, to),
                Act::Selected => self.selection.show_bar(self.gestures.pointer())?,
                Act::Pan { by } => self.viewport.pan(by),
                Act::Panned => self.viewport.settle(),
                Act::Zoom { factor, at } => self.viewport.zoom(factor, at),
                Act::BrokenOff => self.selection.drop_it(&mut self.viewport),
                Act::ZoomOut => self.viewport.zoom_out(),
            }
        }
        if let (Some(chosen), Some(history)) = (self.overview.take_chosen(), &self.history) {
            let span = self.viewport.now().micros_since(history.start).max(0) as f64;
            let time = |fraction: f64| history.start + Interval::from_micros((span * fraction) as u64);
            // A pixel of the strip.
            let tolerance = Interval::from_micros((span / f64::from(self.overview.columns().max(1))) as u64);
            self.viewport.drag_to(time(chosen.part.0)..time(chosen.part.1), tolerance);
            if chosen.is_final {
                self.viewport.settle();
            }
        }
        if let Some(span) = self.bar.take_span() {
            self.viewport.set_span(span);
        }
        Ok(())
    }

    /// Shows a span.
    pub(super) fn set_span(&mut self, span: Interval) {
        self.viewport.set_span(span);
    }

    /// Does a command, after the gestures before it. It ends a gesture that is under way.
    pub(super) fn command(&mut self, command: Command) -> Result<(), JsValue> {
        self.take_gestures()?;
        self.gestures.let_go();
        let viewport = &mut self.viewport;
        match command {
            Command::Hold => viewport.toggle_hold(),
            Command::Live => viewport.go_live(),
            Command::Earlier => viewport.pan(-STEP),
            Command::Later => {
                viewport.pan(STEP);
                viewport.settle();
            }
            Command::ShorterSpan => viewport.step_in(),
            Command::LongerSpan => viewport.step_out(),
            Command::Everything => viewport.show_all(),
            Command::Undo => viewport.undo(),
            Command::Redo => viewport.redo(),
            Command::ZoomToSelection => self.selection.zoom(viewport),
            Command::DropSelection => self.selection.drop_it(viewport),
            Command::Statistics
            | Command::SaveSelection
            | Command::CopyLink
            | Command::Find
            | Command::Sources
            | Command::DropFilter
            | Command::Theme
            | Command::Times
            | Command::Help => {}
        }
        Ok(())
    }

    /// Returns true if the view has changed since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.seen, self.viewport.view()) != self.viewport.view()
    }

    /// The selected part of the width.
    pub(super) fn selected(&self) -> Fractions {
        let range = self.selection.range()?;
        let [from, to] = [range.start, range.end].map(|time| self.viewport.fraction_of(time).clamp(0.0, 1.0));
        (from < to).then_some((from, to))
    }

    /// The selected span, and the plot on which it was selected.
    pub(super) fn selection(&self) -> Option<(Range<Timestamp>, HtmlElement)> {
        Some((self.selection.range()?.clone(), self.gestures.plot()?))
    }

    /// Columns of the overview.
    pub(super) const fn overview_columns(&self) -> u32 {
        self.overview.columns()
    }

    /// Shows a changed view in the bar and in the overview.
    pub(super) fn show(
        &mut self,
        history: &OverviewRequests,
        palette: &Palette,
        labels: TimeLabels,
    ) -> Result<(), JsValue> {
        if self.history.as_ref() != history.range() {
            self.history = history.range().cloned();
            self.viewport.set_oldest(history.oldest().unwrap_or(Timestamp::MIN));
        }
        self.bar.show(&self.viewport, labels)?;
        self.overview.show(history, &self.viewport, palette, labels)
    }

    /// Shows everything again: the labels of times or the colours have changed.
    pub(super) const fn repaint(&mut self) {
        self.bar.forget();
        self.overview.repaint();
    }

    /// Measures the overview.
    pub(super) fn size_changed(&mut self) -> Result<(), JsValue> {
        self.overview.measure()
    }

    /// Shows the age of a held view, and writes a view that a gesture has left into the address: browsers limit how often that is written.
    pub(super) fn show_figures(&mut self, now: Timestamp) -> Result<(), JsValue> {
        self.bar.show_age(&self.viewport);
        let view = self.viewport.view();
        let (since, is_settled) = match self.settling {
            Some((settling, since)) if settling == view => (since, now.micros_since(since) >= SETTLED_US),
            _ => (now, false),
        };
        self.settling = Some((view, since));
        if view == self.written || !is_settled {
            return Ok(());
        }
        self.written = view;
        let at = match view {
            View::Live { .. } => None,
            View::Fixed { to, .. } => Some(rfc3339::format(to)),
        };
        let span = self.viewport.span().as_secs_f64().to_string();
        address::set_all(&[("window", Some(&span)), ("at", at.as_deref())])
    }
}

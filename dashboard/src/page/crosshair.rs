//! The crosshair: a line across all charts at the time that is read, by a pointer over a plot or by keys while a plot has the focus.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::listener::Listener;
use super::plot_place::PlotPlace;

/// Position in the width of a plot: 0 is the left edge, 1 the right edge. `None` outside of all plots.
pub(super) type PlotFraction = Option<f64>;

/// Columns and series that a key moves by, with Shift.
const MANY: i64 = 10;

/// The place of the crosshair: a time, and a series of one plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReadPoint {
    pub(super) fraction: f64,
    /// The plot in which it is read.
    pub(super) plot: HtmlElement,
    pub(super) series: ReadSeries,
}

/// The series that is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ReadSeries {
    /// The nearest to a pointer, by its place in the height of the plot: 0 is the top, 1 the bottom.
    NearestTo(f64),
    /// By its place among the drawn ones, chosen by keys.
    Place(i64),
    /// None: the pointer is on the axis.
    None,
}

/// A movement by keys.
#[derive(Clone, Debug, PartialEq)]
enum Move {
    Columns(i64),
    Series(i64),
    Start,
    End,
}

#[derive(Debug)]
enum PointerEvent {
    At(ReadPoint),
    /// It has left the plots.
    Left,
}

/// What pointers and keys have done since the last display frame.
#[derive(Debug, Default)]
struct PendingInput {
    /// The newest event of a pointer.
    pointer: Option<PointerEvent>,
    moves: Vec<(HtmlElement, Move)>,
    focus_left: bool,
}

#[derive(Debug)]
pub(super) struct Crosshair {
    pending: Rc<RefCell<PendingInput>>,
    shown: Option<ReadPoint>,
    _listeners: [Listener; 5],
}

impl Crosshair {
    /// Follows pointers and keys on the plots within `panels`.
    pub(super) fn new(panels: &HtmlElement) -> Result<Self, JsValue> {
        let pending: Rc<RefCell<PendingInput>> = Rc::default();
        let listen = |kind, act: fn(&mut PendingInput, &Event)| {
            let pending = Rc::clone(&pending);
            Listener::new(panels.clone(), kind, move |event: Event| act(&mut pending.borrow_mut(), &event))
        };
        let listeners = [
            listen("pointermove", |pending, event| {
                pending.pointer = Some(point_at(event).map_or(PointerEvent::Left, PointerEvent::At));
            })?,
            // A touch reads at once: a finger that rests sends no `pointermove`.
            listen("pointerdown", |pending, event| {
                pending.pointer = Some(point_at(event).map_or(PointerEvent::Left, PointerEvent::At));
            })?,
            listen("pointerleave", |pending, event| {
                // A finger that is lifted leaves the values on screen.
                if !is_touch(event) {
                    pending.pointer = Some(PointerEvent::Left);
                }
            })?,
            listen("keydown", |pending, event| {
                if is_key(event, "Escape") {
                    pending.focus_left = true;
                } else if let Some(moved) = move_of(event) {
                    event.prevent_default();
                    pending.moves.push(moved);
                }
            })?,
            listen("focusout", |pending, _| pending.focus_left = true)?,
        ];
        Ok(Self { pending, shown: None, _listeners: listeners })
    }

    pub(super) const fn point(&self) -> Option<&ReadPoint> {
        self.shown.as_ref()
    }

    pub(super) fn fraction(&self) -> PlotFraction {
        self.shown.as_ref().map(|point| point.fraction)
    }

    /// Returns true if keys moved the crosshair.
    pub(super) fn is_by_keys(&self) -> bool {
        self.shown.as_ref().is_some_and(|point| matches!(point.series, ReadSeries::Place(_)))
    }

    /// Follows pointer and keys; `columns_of` has the columns of a plot. Returns true if something else is read.
    ///
    /// Hot: once a display frame.
    pub(super) fn follow(&mut self, columns_of: &dyn Fn(&HtmlElement) -> u32) -> bool {
        let PendingInput { pointer, moves, focus_left } = self.pending.take();
        if pointer.is_none() && moves.is_empty() && !focus_left {
            return false;
        }
        let before = self.shown.clone();
        match pointer {
            Some(PointerEvent::At(point)) => self.shown = Some(point),
            Some(PointerEvent::Left) => self.shown = None,
            None => {}
        }
        if focus_left && self.is_by_keys() {
            self.shown = None;
        }
        for (plot, moved) in moves {
            let point = self.shown.as_ref().filter(|point| point.plot == plot);
            self.shown = Some(stepped(point, plot, &moved, columns_of));
        }
        self.shown != before
    }
}

/// The point after a movement by keys. The first key begins at the newest column.
fn stepped(
    from: Option<&ReadPoint>,
    plot: HtmlElement,
    moved: &Move,
    columns_of: &dyn Fn(&HtmlElement) -> u32,
) -> ReadPoint {
    let (mut fraction, mut place) = match from {
        Some(&ReadPoint { fraction, series: ReadSeries::Place(place), .. }) => (fraction, place),
        Some(&ReadPoint { fraction, .. }) => (fraction, 0),
        None => (1.0, 0),
    };
    match *moved {
        Move::Columns(columns) => fraction += columns as f64 / f64::from(columns_of(&plot).max(1)),
        Move::Series(series) => place += series,
        Move::Start => fraction = 0.0,
        Move::End => fraction = 1.0,
    }
    ReadPoint { fraction: fraction.clamp(0.0, 1.0), plot, series: ReadSeries::Place(place) }
}

fn point_at(event: &Event) -> Option<ReadPoint> {
    let plot = PlotPlace::of(event)?;
    let place = plot.of_pointer(event.dyn_ref()?);
    let series = plot.part_of_height(place).map_or(ReadSeries::None, ReadSeries::NearestTo);
    let fraction = plot.has_time(place).then_some(place.x / plot.width)?;
    Some(ReadPoint { fraction, plot: plot.root, series })
}

fn is_touch(event: &Event) -> bool {
    event.dyn_ref().is_some_and(|event: &web_sys::PointerEvent| event.pointer_type() == "touch")
}

fn is_key(event: &Event, name: &str) -> bool {
    event.dyn_ref().is_some_and(|event: &KeyboardEvent| event.key() == name)
}

/// The movement of a key on a plot to which keys have moved the focus. After a click on a plot, keys are for the page.
fn move_of(event: &Event) -> Option<(HtmlElement, Move)> {
    let key: &KeyboardEvent = event.dyn_ref()?;
    let plot: HtmlElement = event.target()?.dyn_into().ok()?;
    let element: &Element = plot.as_ref();
    let is_plot = element.matches(".plot:focus-visible").unwrap_or(false);
    if !is_plot || key.ctrl_key() || key.meta_key() || key.alt_key() {
        return None;
    }
    let many = if key.shift_key() { MANY } else { 1 };
    let moved = match key.key().as_str() {
        "ArrowLeft" => Move::Columns(-many),
        "ArrowRight" => Move::Columns(many),
        "ArrowUp" => Move::Series(-many),
        "ArrowDown" => Move::Series(many),
        "Home" => Move::Start,
        "End" => Move::End,
        _ => return None,
    };
    Some((plot, moved))
}

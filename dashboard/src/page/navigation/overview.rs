//! The overview: one chart over the whole history, and on it the window that the charts show, which can be dragged.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use protocol::{Interval, Timestamp};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlElement, KeyboardEvent, PointerEvent};

use super::overview_grip::{OverviewGrip, Part};
use crate::chart::{SparklinePainter, SparklineStyle};
use crate::page::canvas::Canvas;
use crate::page::dom::{self, Text};
use crate::page::foreign_text::isolated;
use crate::page::listener::Listener;
use crate::page::overview_requests::OverviewRequests;
use crate::page::theme::Palette;
use crate::surface::{Composite, Pixels};
use crate::view::{self, TimeLabels};
use crate::viewport::Viewport;

const LINE_PX: f64 = 1.0;
const FILL_ALPHA: u8 = 60;

/// Texts follow the time as often.
const TEXT_PAUSE_US: i64 = 1_000_000;

/// The part of the history by which an arrow key moves an edge.
const KEY_STEP: f64 = 0.01;

#[derive(Debug)]
pub(super) struct Overview {
    root: HtmlElement,
    canvas: Canvas,
    window: HtmlElement,
    edges: [HtmlElement; 2],
    start: Text,
    painter: SparklinePainter,
    /// Version, width and palette of the last drawing.
    drawn: Option<(u64, u32)>,
    /// Of the chart.
    name: String,
    /// The edges of the window in columns of the strip, and the time of its texts.
    placed_px: [u32; 2],
    placed_at: Timestamp,
    /// In CSS pixels.
    width: f64,
    height: f64,
    scale: f64,
    shared: Rc<Shared>,
    _listeners: Vec<Listener>,
}

#[derive(Debug, Default)]
struct Shared {
    grip: RefCell<Option<OverviewGrip>>,
    /// The left end of the strip when the pointer was pressed: the layout may change meanwhile.
    left: Cell<f64>,
    /// The window on the strip.
    part: Cell<Part>,
    /// The window that was chosen, and whether the pointer was released.
    chosen: Cell<Option<Chosen>>,
}

/// A part of the overview that a hand has chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) part: Part,
    /// The hand has let go.
    pub(super) is_final: bool,
}

impl Overview {
    pub(super) fn new() -> Result<Self, JsValue> {
        let root: HtmlElement = dom::by_id("overview")?;
        let canvas = Canvas::new("overview-canvas")?;
        canvas.element().set_attribute("aria-hidden", "true")?;
        root.prepend_with_node_1(canvas.element())?;
        let edges = [dom::by_id("overview-from")?, dom::by_id("overview-to")?];
        let shared: Rc<Shared> = Rc::default();
        let listen = |target: &HtmlElement, kind, handler: fn(&Shared, &Event)| {
            let shared = Rc::clone(&shared);
            Listener::new(target.clone(), kind, move |event: Event| handler(&shared, &event))
        };
        let listeners = vec![
            listen(&root, "pointerdown", Shared::press)?,
            listen(&root, "pointermove", Shared::move_to)?,
            listen(&root, "pointerup", Shared::release)?,
            listen(&root, "pointercancel", Shared::release)?,
            listen(&root, "keydown", Shared::key)?,
        ];
        Ok(Self {
            root,
            canvas,
            window: dom::by_id("overview-window")?,
            edges,
            start: Text::new(dom::by_id("overview-start")?),
            painter: SparklinePainter::default(),
            drawn: None,
            name: String::new(),
            placed_px: [0; 2],
            placed_at: Timestamp::default(),
            width: 0.0,
            height: 0.0,
            scale: 1.0,
            shared,
            _listeners: listeners,
        })
    }

    /// Columns of the strip.
    pub(super) const fn columns(&self) -> u32 {
        (self.width * self.scale) as u32
    }

    /// What was chosen since the last call.
    pub(super) fn take_chosen(&self) -> Option<Chosen> {
        self.shared.chosen.take()
    }

    /// Measures the strip.
    pub(super) fn measure(&mut self) -> Result<(), JsValue> {
        (self.width, self.height) = (f64::from(self.root.client_width()), f64::from(self.root.client_height()));
        self.scale = dom::window()?.device_pixel_ratio();
        self.drawn = None;
        Ok(())
    }

    /// Makes the next call of [`show`](Self::show) draw again: the colours have changed.
    pub(super) const fn repaint(&mut self) {
        self.drawn = None;
    }

    /// Draws the history if it has changed, and places the window.
    pub(super) fn show(
        &mut self,
        history: &OverviewRequests,
        viewport: &Viewport,
        palette: &Palette,
        labels: TimeLabels,
    ) -> Result<(), JsValue> {
        self.root.class_list().toggle_with_force("is-empty", history.range().is_none())?;
        // On paper it has no size.
        let Some(range) = history.range().filter(|_| self.columns() > 0) else { return Ok(()) };
        let wanted = (history.version(), self.columns());
        if self.drawn != Some(wanted) || self.canvas.take_emptied() {
            self.drawn = Some(wanted);
            self.draw(history, palette)?;
            // The window is placed again, and the picture gets its width.
            self.placed_at = Timestamp::default();
            self.name = isolated(history.title());
            self.root.set_title("The whole history: drag to show another part of it");
        }
        self.place(range, viewport, labels)
    }

    fn draw(&mut self, history: &OverviewRequests, palette: &Palette) -> Result<(), JsValue> {
        let (width, height) = (self.columns(), (self.height * self.scale) as u32);
        self.canvas.fit(width, height);
        self.canvas.place([0.0, 0.0, f64::from(width), f64::from(height)], self.scale)?;
        let color = palette.axes.label;
        let mut background = Pixels::new(width, height);
        background.fill(palette.panel);
        let mut lines = Pixels::new(width, height);
        let line_width_px = (LINE_PX * self.scale) as f32;
        let style = SparklineStyle { line_width_px, dot_radius_px: 0.0, color, fill_alpha: FILL_ALPHA };
        self.painter.paint(&mut lines, &history.columns(), 0, style, 0..height);
        let mut composite = Composite::default();
        composite.set_background(background, Vec::new());
        composite.show(&lines, 0..width, u8::MAX);
        self.canvas.commit(composite.pixels(), (0, 0), 0..width)
    }

    fn place(&mut self, range: &Range<Timestamp>, viewport: &Viewport, labels: TimeLabels) -> Result<(), JsValue> {
        let whole = range.start..range.end.max(viewport.now());
        let span = whole.end.micros_since(whole.start).max(1) as f64;
        let fraction = |time: Timestamp| (time.micros_since(whole.start) as f64 / span).clamp(0.0, 1.0);
        let shown = viewport.shown();
        let part = (fraction(shown.start), fraction(shown.end));
        self.shared.part.set(part);
        // In a live view the window moves all the time, by less than can be seen.
        let shown_px = [part.0, part.1].map(|fraction| (fraction * f64::from(self.columns())).round() as u32);
        let is_moved = std::mem::replace(&mut self.placed_px, shown_px) != shown_px;
        if !is_moved && whole.end.micros_since(self.placed_at) < TEXT_PAUSE_US {
            return Ok(());
        }
        self.placed_at = whole.end;
        // The picture ends at the time of its answer.
        let drawn = range.end.micros_since(range.start) as f64 / span;
        self.canvas.element().style().set_property("width", &format!("{:.2}%", 100.0 * drawn))?;
        let style = self.window.style();
        style.set_property("left", &format!("{:.3}%", part.0 * 100.0))?;
        style.set_property("width", &format!("{:.3}%", (part.1 - part.0) * 100.0))?;
        for (edge, (at, fraction)) in self.edges.iter().zip([(shown.start, part.0), (shown.end, part.1)]) {
            edge.set_attribute("aria-valuenow", &format!("{:.0}", fraction * 100.0))?;
            edge.set_attribute(
                "aria-valuetext",
                &view::time_label(labels, at, whole.end, Interval::from_micros(span as u64)),
            )?;
        }
        let age = super::selection::span_text(Interval::from_micros((span / 1e6).round() as u64 * 1_000_000));
        self.start.set(&format!("{}: {age}", self.name));
        Ok(())
    }
}

impl Shared {
    /// The place of a pointer on the strip.
    fn place_of(&self, event: &Event) -> Option<f64> {
        let pointer: &PointerEvent = event.dyn_ref()?;
        Some(f64::from(pointer.client_x()) - self.left.get())
    }

    fn press(&self, event: &Event) {
        let root: Option<HtmlElement> = event.current_target().and_then(|root| root.dyn_into().ok());
        let (Some(root), Some(pointer)) = (root, event.dyn_ref::<PointerEvent>()) else { return };
        if pointer.button() == 0 {
            let shown = root.get_bounding_client_rect();
            self.left.set(shown.left());
            let x = f64::from(pointer.client_x()) - shown.left();
            *self.grip.borrow_mut() = Some(OverviewGrip::press(x, self.part.get(), shown.width()));
            // Fails only if the pointer has been released already.
            let _released = root.set_pointer_capture(pointer.pointer_id());
        }
    }

    fn move_to(&self, event: &Event) {
        let Some(x) = self.place_of(event) else { return };
        if let Some(part) = self.grip.borrow_mut().as_mut().and_then(|grip| grip.move_to(x)) {
            self.chosen.set(Some(Chosen { part, is_final: false }));
        }
    }

    fn release(&self, event: &Event) {
        let Some(x) = self.place_of(event) else { return };
        if let Some(mut grip) = self.grip.borrow_mut().take()
            && let Some(part) = grip.move_to(x).or_else(|| grip.release())
        {
            self.chosen.set(Some(Chosen { part, is_final: true }));
        }
    }

    /// Arrow keys move the edge that has the focus.
    fn key(&self, event: &Event) {
        let (Some(key), Some(target)) = (event.dyn_ref::<KeyboardEvent>(), event.target()) else { return };
        let by = match key.key().as_str() {
            "ArrowLeft" | "ArrowDown" => -KEY_STEP,
            "ArrowRight" | "ArrowUp" => KEY_STEP,
            _ => return,
        };
        let is_from = target.dyn_ref().is_some_and(|edge: &HtmlElement| edge.id() == "overview-from");
        let (from, to) = self.part.get();
        let part = if is_from { ((from + by).clamp(0.0, to), to) } else { (from, (to + by).clamp(from, 1.0)) };
        key.prevent_default();
        self.chosen.set(Some(Chosen { part, is_final: true }));
    }
}

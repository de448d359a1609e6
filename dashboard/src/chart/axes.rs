//! Grid and labels, drawn with plotters, and only if they change: the grid on the pixels below the series, labels on the canvas.
//!
//! Lines and texts are single plotters elements at this crate's ticks. Plotters' mesh measures every label with a styled
//! element in the page, which costs a reflow each and is forbidden by the page's content security policy, and its search
//! for ticks does not end on an axis that is not finite.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::surface::Color;
use crate::view::LabelRoom;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisColors {
    /// Of lines across the plot.
    pub grid: Color,
    /// Of the plot's lower edge.
    pub axis: Color,
    pub label: Color,
}

/// Position and size of the plot within the layer, in device pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlotBox {
    pub left: i32,
    pub top: i32,
    pub width: i32,
    pub height: i32,
    /// Device pixels per CSS pixel.
    pub scale: f64,
}

impl PlotBox {
    /// The width of a line of the grid: a CSS pixel, in whole device pixels.
    pub fn line_px(&self) -> i32 {
        self.scale.round().max(1.0) as i32
    }

    /// The left edge of the grid line at a time, from the left edge of the plot, within which it is.
    pub fn line_left(&self, mark: &Mark) -> i32 {
        (mark.position_px.round() as i32).min(self.width - self.line_px()).max(0)
    }
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Device pixels from the plot's left or top edge.
    pub position_px: f64,
    pub label: String,
}

/// The marks of both axes.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// From the top.
    pub values: &'a [Mark],
    /// From the left.
    pub times: &'a [Mark],
}

/// The look of labels.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub color: Color,
    pub font: &'a str,
    /// Of the time axis.
    pub room: LabelRoom<'a>,
}

/// Font size of labels in CSS pixels.
pub const FONT_PX: f64 = 11.0;
/// Between a label and the plot, in CSS pixels.
pub const LABEL_GAP_PX: f64 = 6.0;

/// Draws grid lines at the marks, and the line below the plot. The layer has the plot's width, and more rows below.
///
/// # Errors
/// The errors of the backend.
pub fn draw_grid<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    marks: Marks<'_>,
    colors: AxisColors,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
    // Corners belong to a rectangle.
    let filled = |from: (i32, i32), to: (i32, i32), color: Color| {
        layer.draw(&Rectangle::new([from, (to.0 - 1, to.1 - 1)], rgb(color).filled()))
    };
    let line = plot.line_px();
    let across = |y: i32, color| filled((plot.left, y), (right, y + line), color);
    for mark in marks.values {
        across(plot.top + mark.position_px.round() as i32, colors.grid)?;
    }
    for mark in marks.times {
        let x = plot.left + plot.line_left(mark);
        filled((x, plot.top), (x + line, bottom), colors.grid)?;
    }
    across(bottom, colors.axis)?;
    layer.present()
}

/// Draws the labels of the marks: values on the left of the plot, times below.
///
/// # Errors
/// The errors of the backend.
pub fn draw_labels<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    marks: Marks<'_>,
    look: Look<'_>,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let bottom = plot.top + plot.height;
    let gap = (LABEL_GAP_PX * plot.scale).round() as i32;
    let label_color = rgb(look.color);
    // `FontFamily::from(&str)` calls `to_lowercase`, whose tables would make the page 9 KiB larger.
    let family = FontFamily::Name(look.font);
    let label = TextStyle::from((family, FONT_PX * plot.scale)).color(&label_color);
    for mark in marks.values {
        let y = plot.top + mark.position_px.round() as i32;
        let style = label.pos(Pos::new(HPos::Right, VPos::Center));
        layer.draw(&Text::new(mark.label.as_str(), (plot.left - gap, y), style))?;
    }
    for mark in marks.times {
        let left = look.room.left_of(mark.position_px / plot.scale, (look.room.measure)(&mark.label));
        let label_x = plot.left + (left * plot.scale).round() as i32;
        let style = label.pos(Pos::new(HPos::Left, VPos::Top));
        layer.draw(&Text::new(mark.label.as_str(), (label_x, bottom + gap), style))?;
    }
    layer.present()
}

const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

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

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Device pixels from the plot's left or top edge.
    pub position_px: f64,
    pub label: String,
}

/// Font size of labels in CSS pixels.
const FONT_PX: f64 = 11.0;
/// Half the width of a digit, as a fraction of the font size.
const HALF_CHARACTER: f64 = 0.3;
/// Between a label and the plot, in CSS pixels.
const LABEL_GAP_PX: f64 = 6.0;

/// Draws grid lines at `values`, from the top, and at `times`, from the left, and the line below the plot. The layer has the
/// plot's size, and more rows below.
///
/// # Errors
/// The errors of the backend.
pub fn draw_grid<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    values: &[Mark],
    times: &[Mark],
    colors: AxisColors,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
    let line = plot.scale.round().max(1.0) as i32;
    // Corners belong to a rectangle.
    let filled = |from: (i32, i32), to: (i32, i32), color: Color| {
        layer.draw(&Rectangle::new([from, (to.0 - 1, to.1 - 1)], rgb(color).filled()))
    };
    let across = |y: i32, color| filled((plot.left, y), (right, y + line), color);
    for mark in values {
        across(plot.top + mark.position_px.round() as i32, colors.grid)?;
    }
    for mark in times {
        let x = (plot.left + mark.position_px.round() as i32).min(right - line);
        filled((x, plot.top), (x + line, bottom), colors.grid)?;
    }
    across(bottom, colors.axis)?;
    layer.present()
}

/// Draws labels beside the plot: `values` on the left of it, `times` below.
///
/// # Errors
/// The errors of the backend.
pub fn draw_labels<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    values: &[Mark],
    times: &[Mark],
    color: Color,
    font: &str,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
    let gap = (LABEL_GAP_PX * plot.scale).round() as i32;
    let label_color = rgb(color);
    let label = TextStyle::from((font, FONT_PX * plot.scale)).color(&label_color);
    for mark in values {
        let y = plot.top + mark.position_px.round() as i32;
        let style = label.pos(Pos::new(HPos::Right, VPos::Center));
        layer.draw(&Text::new(mark.label.as_str(), (plot.left - gap, y), style))?;
    }
    for mark in times {
        let x = plot.left + mark.position_px.round() as i32;
        // Near an end of the plot a label moves inwards: the layer ends there.
        let half = (mark.label.chars().count() as f64 * FONT_PX * plot.scale * HALF_CHARACTER) as i32;
        let label_x = x.max(plot.left + half).min(right - half);
        let style = label.pos(Pos::new(HPos::Center, VPos::Top));
        layer.draw(&Text::new(mark.label.as_str(), (label_x, bottom + gap), style))?;
    }
    layer.present()
}

const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

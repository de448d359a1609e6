//! Grid and labels, drawn with plotters on a separate layer, and only if they change.
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

/// Draws grid lines and labels at `values`, from the top, and at `times`, from the left.
///
/// # Errors
/// The errors of the backend.
pub fn draw<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    values: &[Mark],
    times: &[Mark],
    colors: AxisColors,
    font: &str,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
    let gap = (LABEL_GAP_PX * plot.scale).round() as i32;
    let line = plot.scale.round().max(1.0) as u32;
    let grid = rgb(colors.grid).stroke_width(line);
    let axis = rgb(colors.axis).stroke_width(line);
    let label_color = rgb(colors.label);
    let label = TextStyle::from((font, FONT_PX * plot.scale)).color(&label_color);
    for mark in values {
        let y = plot.top + mark.position_px.round() as i32;
        layer.draw(&PathElement::new([(plot.left, y), (right, y)], grid))?;
        let style = label.pos(Pos::new(HPos::Right, VPos::Center));
        layer.draw(&Text::new(mark.label.as_str(), (plot.left - gap, y), style))?;
    }
    for mark in times {
        let x = plot.left + mark.position_px.round() as i32;
        layer.draw(&PathElement::new([(x, plot.top), (x, bottom)], grid))?;
        // Near an end of the plot a label moves inwards: the layer ends there.
        let half = (mark.label.chars().count() as f64 * FONT_PX * plot.scale * HALF_CHARACTER) as i32;
        let label_x = x.max(plot.left + half).min(right - half);
        let style = label.pos(Pos::new(HPos::Center, VPos::Top));
        layer.draw(&Text::new(mark.label.as_str(), (label_x, bottom + gap), style))?;
    }
    layer.draw(&PathElement::new([(plot.left, bottom), (right, bottom)], axis))?;
    layer.present()
}

const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

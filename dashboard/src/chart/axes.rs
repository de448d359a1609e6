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
use crate::view::{LabelRoom, shortened};

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

/// The marks of both axes.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// From the top.
    pub values: &'a [Mark],
    /// From the left.
    pub times: &'a [Mark],
    /// What the labels of the values leave out; in the upper left corner of the plot.
    pub note: Option<&'a str>,
}

/// The look of grid and labels.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub colors: AxisColors,
    pub font: &'a str,
    /// Of the time axis.
    pub room: LabelRoom<'a>,
}

/// Font size of labels in CSS pixels.
pub const FONT_PX: f64 = 11.0;
/// Between a label and the plot, in CSS pixels.
pub const LABEL_GAP_PX: f64 = 6.0;

/// Draws grid lines and labels at the marks.
///
/// # Errors
/// The errors of the backend.
pub fn draw<B: DrawingBackend>(
    layer: &DrawingArea<B, Shift>,
    plot: PlotBox,
    marks: Marks<'_>,
    look: Look<'_>,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
    let gap = (LABEL_GAP_PX * plot.scale).round() as i32;
    let line = plot.scale.round().max(1.0) as u32;
    let grid = rgb(look.colors.grid).stroke_width(line);
    let axis = rgb(look.colors.axis).stroke_width(line);
    let label_color = rgb(look.colors.label);
    let label = TextStyle::from((look.font, FONT_PX * plot.scale)).color(&label_color);
    for mark in marks.values {
        let y = plot.top + mark.position_px.round() as i32;
        layer.draw(&PathElement::new([(plot.left, y), (right, y)], grid))?;
        let style = label.pos(Pos::new(HPos::Right, VPos::Center));
        layer.draw(&Text::new(mark.label.as_str(), (plot.left - gap, y), style))?;
    }
    for mark in marks.times {
        let x = plot.left + mark.position_px.round() as i32;
        layer.draw(&PathElement::new([(x, plot.top), (x, bottom)], grid))?;
        let left = look.room.left_of(mark.position_px / plot.scale, (look.room.measure)(&mark.label));
        let label_x = plot.left + (left * plot.scale).round() as i32;
        let style = label.pos(Pos::new(HPos::Left, VPos::Top));
        layer.draw(&Text::new(mark.label.as_str(), (label_x, bottom + gap), style))?;
    }
    if let Some(note) = marks.note {
        let room_px = look.room.width_css_px - 2.0 * LABEL_GAP_PX;
        let note = shortened(note, room_px, look.room.measure);
        let style = label.pos(Pos::new(HPos::Left, VPos::Top));
        layer.draw(&Text::new(note.as_str(), (plot.left + gap, plot.top + gap / 2), style))?;
    }
    layer.draw(&PathElement::new([(plot.left, bottom), (right, bottom)], axis))?;
    layer.present()
}

const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

//! How things look: what is the same for all panels, and how one panel writes its values.

use std::rc::Rc;

use protocol::{Bounds, Interval};
use series::Unit;

use super::theme::Palette;
use crate::chart::Style;
use crate::view::TimeLabels;

/// Width of a line in CSS pixels.
pub(super) const LINE_PX: f64 = 1.5;

/// Characters of a unit that fit beside a number on the axis, such as `MiB/s`. A longer one stands in the head, once.
const LONGEST_UNIT: usize = 5;

/// What is the same for all panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// How much time is shown.
    pub(super) span: Interval,
    /// How times are told.
    pub(super) times: TimeLabels,
    /// Colours.
    pub(super) palette: &'a Palette,
    /// Whether the picture moves.
    pub(super) motion: Motion,
}

/// Whether the picture moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// It does, as samples come.
    Live,
    /// It is held: what is not there is drawn as it was then.
    Held,
}

impl Look<'_> {
    /// For charts on a screen of `scale` device pixels a CSS pixel.
    pub(super) fn style(&self, scale: f64) -> Style {
        Style {
            line_width_px: (LINE_PX * scale) as f32,
            series: Rc::clone(&self.palette.series),
            ramp: Rc::clone(&self.palette.ramp),
        }
    }
}

/// How a panel writes values.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    /// Their unit.
    pub(super) unit: Unit,
    /// The unit, where it stands in the panel's head and not beside each number.
    pub(super) long_unit: Option<String>,
}

impl Writing {
    /// For values of a unit in UCUM.
    pub(super) fn new(unit: &str, bounds: &Bounds) -> Self {
        let unit = Unit::parse(unit, bounds);
        let many = unit.format(2.0).unit;
        let long_unit = (many.trim().chars().count() > LONGEST_UNIT).then(|| many.trim().to_owned());
        Self { unit, long_unit }
    }

    /// A number with its multiple, without a unit that stands elsewhere: `60k packets/s` becomes `60k`.
    pub(super) fn short(&self, label: &str) -> String {
        let number = label.split_once(' ').filter(|_| self.long_unit.is_some()).map_or(label, |(number, _)| number);
        number.to_owned()
    }
}

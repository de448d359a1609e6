//! Settings that all panels share while they draw.

use std::rc::Rc;

use protocol::Interval;

use super::theme::Palette;
use crate::chart::Style;
use crate::view::TimeLabels;
use crate::viewport::Motion;

/// Width of a line in CSS pixels.
pub(super) const LINE_PX: f64 = 1.5;

/// The shade of series on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shade {
    #[default]
    Full,
    /// The values are old.
    Dimmed,
}

impl Shade {
    /// The part of 255 of the alpha of series.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Full => u8::MAX,
            Self::Dimmed => 115,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RenderContext<'a> {
    /// The span of time on screen.
    pub(super) span: Interval,
    pub(super) times: TimeLabels,
    pub(super) palette: &'a Palette,
    pub(super) motion: Motion,
    pub(super) shade: Shade,
}

impl RenderContext<'_> {
    /// For charts on a screen of `scale` device pixels per CSS pixel.
    pub(super) fn style(&self, scale: f64) -> Style {
        Style {
            line_width_px: (LINE_PX * scale) as f32,
            series: Rc::clone(&self.palette.series),
            ramp: Rc::clone(&self.palette.ramp),
        }
    }
}

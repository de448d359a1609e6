//! Strokes: lines drawn with a round pen, and their edges.
//!
//! The pen's disc follows the graph of a function, so that its ink in any vertical cut is one interval: from the highest
//! to the lowest point that a disc within reach covers. Joints and ends are round, steep parts keep their width, and a
//! spike rises half a width above its sample, never further.

use super::color::Color;
use super::dash::Dashes;

/// Coordinates are clamped to this: it is beyond any surface, and areas are still precise.
const FAR_PX: f64 = 1e5;

/// Finer lines are invisible.
const MIN_WIDTH_PX: f32 = 0.1;

/// Wider lines hide the data.
const MAX_WIDTH_PX: f32 = 64.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// In device pixels, such as 1.5 times the device's pixel ratio.
    pub width_px: f32,
    pub color: Color,
    pub dashes: Dashes,
}

/// Ink that is higher than so many widths of the line is drawn in the gaps between dashes too: no peak vanishes.
const STEEP_WIDTHS: f32 = 2.0;

impl Stroke {
    pub const fn solid(width_px: f32, color: Color) -> Self {
        Self { width_px, color, dashes: Dashes::SOLID }
    }

    /// Returns true if a column is left out for a gap between dashes, by its distance from the beginning of the line and
    /// the height of its ink. The beginning has ink, so that a short line does not vanish.
    ///
    /// Hot: once for each column of each line.
    pub(super) fn leaves_out(&self, x: u32, from_start: f64, height: impl Fn() -> f32) -> bool {
        self.dashes.is_gap(x) && from_start >= f64::from(self.reach()) && height() <= STEEP_WIDTHS * 2.0 * self.radius()
    }

    /// Half the width, within the limits of a pen: the pen's radius.
    pub fn radius(self) -> f32 {
        let width = if self.width_px.is_nan() { 1.0 } else { self.width_px };
        width.clamp(MIN_WIDTH_PX, MAX_WIDTH_PX) / 2.0
    }

    /// The radius of the dot that shows a sample without neighbours: a disc of the line's width is only a dim pixel.
    pub fn dot_radius(self) -> f32 {
        2.0 * self.radius()
    }

    /// The number of columns beyond the clip whose ink may reach into it.
    pub fn reach(self) -> u32 {
        (self.radius().ceil() as u32 + 1).max(self.dot_radius().ceil() as u32)
    }

    /// The number of columns beyond the clip to read: those whose ink may reach into it, and the neighbours that decide
    /// whether a column is a dot. A dot is in the middle of its column.
    pub fn seen(self) -> u32 {
        self.reach().max((self.dot_radius() - 0.5).ceil() as u32 + 1)
    }
}

/// A straight piece of a line between two samples, or a single sample.
///
/// In `f64`, since pieces may begin far left of the surface.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    start: f64,
    end: f64,
    /// Height at the start; of a vertical piece, the smaller and the larger height.
    top: f64,
    bottom: f64,
    slope: f64,
    /// Horizontal distance from a cut to the disc that touches the edge there.
    lean: f64,
    /// Vertical distance from the line to its edges.
    rise: f64,
}

/// The top and bottom of a stroke in a vertical cut.
pub type Cut = (f64, f64);

impl Piece {
    /// A piece from one sample to the next, widened by `radius`. An end left of the start is moved above or below it.
    pub fn new(from: (f32, f32), to: (f32, f32), radius: f64) -> Self {
        let start = far(from.0);
        let end = far(to.0).max(start);
        let (left, right) = (far(from.1), far(to.1));
        let run = end - start;
        // Below a millionth of a pixel the slope is not precise: the piece is vertical.
        if run < 1e-6 {
            let (top, bottom) = (left.min(right), left.max(right));
            return Self { start, end, top, bottom, slope: 0.0, lean: 0.0, rise: radius };
        }
        let slope = (right - left) / run;
        let length = (1.0 + slope * slope).sqrt();
        Self { start, end, top: left, bottom: left, slope, lean: radius * slope / length, rise: radius * length }
    }

    pub fn start(&self) -> f64 {
        self.start
    }

    /// Never before the start.
    pub fn end(&self) -> f64 {
        self.end
    }

    /// Height of the line at `x`, which must lie on the piece.
    pub fn height_at(&self, x: f64) -> f64 {
        self.top + self.slope * (x - self.start)
    }

    /// Returns true if the edges are straight between the two cuts: no end of the piece is within reach.
    pub fn is_straight_between(&self, left: f64, right: f64) -> bool {
        let lean = self.lean.abs();
        self.start + lean <= left && right <= self.end - lean
    }

    /// The cut at `x`, where the edges must be [straight](Self::is_straight_between).
    pub fn straight_cut(&self, x: f64) -> Cut {
        let height = self.height_at(x);
        (height - self.rise, height + self.rise)
    }

    /// Extends `cut` at `x` by the ink of the pen of `radius` along this piece.
    pub fn widen(&self, cut: &mut Cut, x: f64, radius: f64) {
        let reach = |from: f64| {
            let at = from.max(self.start).min(self.end);
            let height = radius * radius - (at - x) * (at - x);
            // With a tolerance: the cut at the very end of the stroke is a point, not empty.
            (height > -1e-6).then(|| (self.slope * (at - self.start), height.max(0.0).sqrt()))
        };
        if let Some((along, height)) = reach(x - self.lean) {
            cut.0 = cut.0.min(self.top + along - height);
        }
        if let Some((along, height)) = reach(x + self.lean) {
            cut.1 = cut.1.max(self.bottom + along + height);
        }
    }
}

fn far(coordinate: f32) -> f64 {
    f64::from(coordinate).clamp(-FAR_PX, FAR_PX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING: Cut = (f64::INFINITY, f64::NEG_INFINITY);

    fn cut(piece: Piece, x: f64, radius: f64) -> Cut {
        let mut cut = NOTHING;
        piece.widen(&mut cut, x, radius);
        cut
    }

    #[test]
    fn a_single_sample_is_a_disc() {
        let dot = Piece::new((5.0, 7.0), (5.0, 7.0), 2.0);
        assert_eq!(cut(dot, 5.0, 2.0), (5.0, 9.0));
        assert_eq!(cut(dot, 7.0, 2.0), (7.0, 7.0));
        assert_eq!(cut(dot, 7.1, 2.0), NOTHING);
    }

    #[test]
    fn a_vertical_piece_keeps_the_width_of_the_pen() {
        let wall = Piece::new((5.0, 70.0), (5.0, 10.0), 2.0);
        assert_eq!(cut(wall, 5.0, 2.0), (8.0, 72.0));
        assert_eq!(cut(wall, 3.0, 2.0), (10.0, 70.0));
    }

    proptest! {
        #[test]
        fn straight_cut_and_widen_agree_on_straight_edges(
            from in -50.0_f32..50.0, to in -50.0_f32..50.0, run in 10.0_f32..60.0, part in 0.0_f64..1.0,
        ) {
            let piece = Piece::new((0.0, from), (run, to), 1.5);
            let x = part * f64::from(run);
            prop_assume!(piece.is_straight_between(x, x));
            let (straight, widened) = (piece.straight_cut(x), cut(piece, x, 1.5));
            prop_assert!((straight.0 - widened.0).abs() < 1e-6 && (straight.1 - widened.1).abs() < 1e-6);
        }

        #[test]
        fn the_edges_stay_within_a_radius_of_the_samples(
            from in -50.0_f32..50.0, to in -50.0_f32..50.0, run in 0.0_f32..60.0, x in -3.0_f64..63.0,
        ) {
            let (top, bottom) = cut(Piece::new((0.0, from), (run, to), 1.5), x, 1.5);
            prop_assert!(top >= f64::from(from.min(to)) - 1.5 - 1e-6);
            prop_assert!(bottom <= f64::from(from.max(to)) + 1.5 + 1e-6);
        }
    }
}

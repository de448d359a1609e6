//! Lines through samples: for series with fewer than about one sample a column.

use std::ops::Range;

use super::color::Color;
use super::coverage::{ColumnCoverage, Strip};
use super::dash::Dashes;
use super::edge::Edge;
use super::pen::{Cut, Piece, Stroke};
use super::pixels::Pixels;

/// Parts into which a column is cut if a joint bends its edges. With four, a bend is off by less than 1/50 of a pixel.
const PARTS_AT_JOINTS: u32 = 4;

/// Points without a break between them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Run {
    /// Two or more, of which the pieces near the clip are kept.
    Line,
    /// One.
    Lone((f32, f32)),
}

/// Draws lines. It owns scratch memory only: a reused painter does not allocate.
#[derive(Debug, Default)]
pub struct LinePainter {
    column: ColumnCoverage,
    pieces: Vec<Piece>,
    /// The first x of the run, if it is near the clip or right of it; a later one otherwise.
    run_start: f64,
}

impl LinePainter {
    /// Strokes a line through `points`, whose x rises, on the columns of `clip`.
    ///
    /// A point with a coordinate that is not finite breaks the line. A point without neighbours is a dot of twice the line's
    /// width. Points outside the surface are allowed.
    ///
    /// Hot: once for each sparse series of each redrawn chart.
    pub fn polyline(
        &mut self,
        pixels: &mut Pixels,
        points: impl IntoIterator<Item = (f32, f32)>,
        stroke: Stroke,
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        let radius = f64::from(stroke.radius());
        self.for_each_run(points, radius, &clip, |painter, run| match run {
            Run::Line => painter.stroke_run(pixels, radius, stroke, &clip),
            Run::Lone(point) => painter.spot(pixels, point, point.1, stroke, &clip),
        });
    }

    /// Draws a disc of twice the line's width from a point to the height `bottom` below it.
    pub(super) fn spot(
        &mut self,
        pixels: &mut Pixels,
        top: (f32, f32),
        bottom: f32,
        stroke: Stroke,
        clip: &Range<u32>,
    ) {
        let radius = f64::from(stroke.dot_radius());
        self.pieces.clear();
        self.pieces.push(Piece::new(top, (top.0, bottom), radius));
        self.stroke_run(pixels, radius, Stroke { dashes: Dashes::SOLID, ..stroke }, clip);
        self.pieces.clear();
    }

    /// Draws a disc as wide as the stroke.
    pub fn dot(&mut self, pixels: &mut Pixels, center: (f32, f32), stroke: Stroke, clip: Range<u32>) {
        if center.0.is_finite() && center.1.is_finite() {
            let half = Stroke { width_px: stroke.width_px / 2.0, ..stroke };
            let clip = pixels.clip_columns(clip);
            self.spot(pixels, center, center.1, half, &clip);
        }
    }

    /// Fills between the line through `points` and the height `base`, on the columns of `clip`.
    ///
    /// Draw it before the line, with a low alpha.
    pub fn fill_below(
        &mut self,
        pixels: &mut Pixels,
        points: impl IntoIterator<Item = (f32, f32)>,
        base: f32,
        color: Color,
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        self.for_each_run(points, 0.0, &clip, |painter, run| {
            if run == Run::Line {
                painter.fill_run(pixels, base, color, &clip);
            }
        });
    }

    /// Collects the points into unbroken runs of pieces, and draws each.
    fn for_each_run(
        &mut self,
        points: impl IntoIterator<Item = (f32, f32)>,
        radius: f64,
        clip: &Range<u32>,
        mut draw: impl FnMut(&mut Self, Run),
    ) {
        let (left, right) = (f64::from(clip.start) - radius, f64::from(clip.end) + radius);
        let mut last = None;
        let mut is_lone = true;
        self.pieces.clear();
        for point in points {
            if !(point.0.is_finite() && point.1.is_finite()) {
                self.end_run(last.take().filter(|_| is_lone), &mut draw);
                is_lone = true;
                continue;
            }
            // A point left of its predecessor counts as above it.
            let point = (point.0.max(last.map_or(point.0, |(x, _)| x)), point.1);
            if last.is_none() {
                self.run_start = f64::from(point.0);
            }
            if let Some(last) = last.replace(point) {
                is_lone = false;
                let piece = Piece::new(last, point, radius);
                if piece.end() >= left {
                    self.pieces.push(piece);
                }
                if piece.end() > right {
                    break;
                }
            }
        }
        self.end_run(last.filter(|_| is_lone), &mut draw);
    }

    /// Draws the pieces of a run, or its only point.
    fn end_run(&mut self, lone: Option<(f32, f32)>, draw: &mut impl FnMut(&mut Self, Run)) {
        if let Some(lone) = lone {
            draw(self, Run::Lone(lone));
        } else if !self.pieces.is_empty() {
            draw(self, Run::Line);
        }
        self.pieces.clear();
    }

    /// The columns of the clip within `radius` of a run.
    fn columns_of_run(&self, radius: f64, clip: &Range<u32>) -> Range<u32> {
        match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => {
                let start = (first.start() - radius).floor() as u32;
                let end = (last.end() + radius).ceil() as u32;
                start.max(clip.start)..end.min(clip.end)
            }
            _ => 0..0,
        }
    }

    fn stroke_run(&mut self, pixels: &mut Pixels, radius: f64, stroke: Stroke, clip: &Range<u32>) {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else { return };
        let inked = (first.start() - radius, last.end() + radius);
        let mut done = 0;
        for x in self.columns_of_run(radius, clip) {
            let (left, right) = (f64::from(x), f64::from(x + 1));
            done += self.pieces[done..].iter().take_while(|piece| piece.end() + radius < left).count();
            let near = &self.pieces[done..];
            let near = &near[..near.iter().take_while(|piece| piece.start() - radius <= right).count()];
            match near {
                [only] if only.is_straight_between(left, right) => {
                    self.column.push(strip(left, right, only.straight_cut(left), only.straight_cut(right)));
                }
                _ => push_bent(&mut self.column, near, radius, left.max(inked.0), right.min(inked.1)),
            }
            if stroke.leaves_out(x, left - self.run_start, || self.column.height()) {
                self.column.clear();
            } else {
                self.column.paint(pixels, x, stroke.color);
            }
        }
    }

    fn fill_run(&mut self, pixels: &mut Pixels, base: f32, color: Color, clip: &Range<u32>) {
        // Turns NaN into a number.
        let base = base.max(f32::MIN);
        let mut done = 0;
        for x in self.columns_of_run(0.0, clip) {
            let (left, right) = (f64::from(x), f64::from(x + 1));
            done += self.pieces[done..].iter().take_while(|piece| piece.end() <= left).count();
            for piece in self.pieces[done..].iter().take_while(|piece| piece.start() < right) {
                let (from, to) = (piece.start().max(left), piece.end().min(right));
                self.column.push(fill_strip(
                    (to - from) as f32,
                    (piece.height_at(from) as f32, piece.height_at(to) as f32),
                    base,
                ));
            }
            self.column.paint(pixels, x, color);
        }
    }
}

/// A strip between a line and a base, which may be below or above the line or cross it.
fn fill_strip(width: f32, line: (f32, f32), base: f32) -> Strip {
    let line = Edge::straight(line.0, line.1);
    Strip { width, top: line.held(f32::NEG_INFINITY, base), bottom: line.held(base, f32::INFINITY) }
}

fn strip(left: f64, right: f64, from: Cut, to: Cut) -> Strip {
    Strip {
        width: (right - left) as f32,
        top: Edge::straight(from.0 as f32, to.0 as f32),
        bottom: Edge::straight(from.1 as f32, to.1 as f32),
    }
}

/// Adds the strips of a column whose edges are bent by an end or a joint.
fn push_bent(column: &mut ColumnCoverage, near: &[Piece], radius: f64, left: f64, right: f64) {
    let cut_at = |x: f64| {
        let mut cut = (f64::INFINITY, f64::NEG_INFINITY);
        for piece in near {
            piece.widen(&mut cut, x, radius);
        }
        cut
    };
    let step = (right - left) / f64::from(PARTS_AT_JOINTS);
    let mut from = cut_at(left);
    for part in 1..=PARTS_AT_JOINTS {
        let to = cut_at(left + step * f64::from(part));
        if from.0 <= from.1 && to.0 <= to.1 {
            column.push(strip(0.0, step, from, to));
        }
        from = to;
    }
}

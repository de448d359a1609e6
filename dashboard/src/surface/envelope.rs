//! Extremes a column: for series with more than about one sample a column.
//!
//! Where a column holds many samples the line runs up and down in it, so the column is a run from the highest to the
//! lowest, and no spike is lost however many samples there are. A column in which the line only rises or only falls
//! is drawn as that slope: dense but smooth series look like lines, not stairs.

use std::ops::Range;

use super::color::Color;
use super::coverage::{ColumnCoverage, Strip};
use super::edge::Edge;
use super::line::{LinePainter, Stroke, fill_strip};
use super::pixels::Pixels;

/// Heights farther out than this are drawn as this: beyond any surface, and areas still precise.
const FAR_PX: f32 = 1e5;

/// What a column has to show: heights in pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnSpan {
    /// The earliest sample.
    pub first: f32,
    /// The latest sample.
    pub last: f32,
    /// The highest on screen: the smallest y.
    pub min: f32,
    /// The lowest on screen: the largest y.
    pub max: f32,
}

impl ColumnSpan {
    /// The same with each number finite and in order; none when one is not finite.
    fn checked(self) -> Option<Self> {
        let Self { first, last, min, max } = self;
        if ![first, last, min, max].into_iter().all(f32::is_finite) {
            return None;
        }
        let [first, last, min, max] = [first, last, min, max].map(|y| y.clamp(-FAR_PX, FAR_PX));
        let (min, max) = (min.min(max), max.max(min));
        Some(Self { first: first.clamp(min, max), last: last.clamp(min, max), min, max })
    }

    /// Joins two neighbours that a jump from one to the other tore apart: they meet half-way between what they were
    /// before either was joined to any, so that a column depends on those beside it and no others.
    fn join(before: &mut Self, after: &mut Self, before_alone: Self) {
        let middle = if before_alone.max < after.min {
            f32::midpoint(before_alone.max, after.min)
        } else if after.max < before_alone.min {
            f32::midpoint(after.max, before_alone.min)
        } else {
            return;
        };
        before.last = middle;
        after.first = middle;
        for span in [before, after] {
            span.min = span.min.min(middle);
            span.max = span.max.max(middle);
        }
    }

    /// Whether the line only rises or only falls here.
    fn is_slope(self) -> bool {
        self.min >= self.first.min(self.last) && self.max <= self.first.max(self.last)
    }

    /// From where to where the pen inks a neighbour's part while it draws this column.
    fn inked_beside(self, reach: &Reach) -> (f32, f32) {
        if !self.is_slope() {
            return (self.min - reach.height, self.max + reach.height);
        }
        // Two discs on the slope bound what it inks beside it: a flat slope's one in the middle, a steep one's the
        // farthest that still reaches.
        let middle = f32::midpoint(self.first, self.last);
        let far = self.first + (self.last - self.first) * reach.far_at;
        ((middle - reach.height).min(far - reach.far_height), (middle + reach.height).max(far + reach.far_height))
    }
}

/// How the pen reaches into a part of a column while it draws another column.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Columns to the other one, to the right.
    away: isize,
    /// Half the height of the disc that sits in the middle of the other column.
    height: f32,
    /// Where in the other column, 0 to 1, the farthest disc sits that still reaches.
    far_at: f32,
    /// Half the height of that disc.
    far_height: f32,
}

impl Reach {
    /// The reach of a pen to a point `at` in a column, 0 to 1, from a column some columns away; none if too far.
    fn new(at: f32, away: i16, radius: f32) -> Option<Self> {
        let beside = at - f32::from(away);
        let half_height = |from: f32| (radius * radius - (from - beside) * (from - beside)).max(0.0).sqrt();
        let far_at = if away > 0 { beside + radius } else { beside - radius }.clamp(0.0, 1.0);
        let (height, far_height) = (half_height(0.5), half_height(far_at));
        (height > 0.0).then_some(Self { away: isize::from(away), height, far_at, far_height })
    }
}

/// A part of a column, and how the neighbours' pens reach into it. The same for every column.
#[derive(Debug)]
struct Part {
    from: f32,
    to: f32,
    reaches: Vec<Reach>,
}

impl Part {
    fn level(&self, top: f32, bottom: f32) -> Strip {
        Strip { width: self.to - self.from, top: Edge::level(top), bottom: Edge::level(bottom) }
    }
}

/// Memory that outlives a call, so that drawing allocates nothing.
#[derive(Debug, Default)]
pub struct EnvelopeScratch {
    spans: Vec<ColumnSpan>,
    parts: Vec<Part>,
    parts_radius: f32,
}

impl EnvelopeScratch {
    /// Cuts a column where a neighbour's pen ends, each neighbour's line running down the middle of its column.
    fn plan(&mut self, radius: f32) {
        if (self.parts_radius - radius).abs() < f32::EPSILON {
            return;
        }
        let farthest = (radius + 0.5).ceil() as i16;
        let overlaps = (1..=farthest).map(|away| radius - f32::from(away) + 0.5).filter(|overlap| *overlap > 1e-3);
        let mut cuts: Vec<f32> = overlaps.flat_map(|overlap| [overlap.min(1.0), 1.0 - overlap.min(1.0)]).collect();
        cuts.extend([0.0, 1.0]);
        cuts.sort_by(f32::total_cmp);
        cuts.dedup_by(|a, b| (*a - *b).abs() < 1e-3);
        self.parts.clear();
        self.parts.extend(cuts.windows(2).map(|pair| {
            let middle = f32::midpoint(pair[0], pair[1]);
            let others = (-farthest..=farthest).filter(|away| *away != 0);
            let reaches = others.filter_map(|away| Reach::new(middle, away, radius)).collect();
            Part { from: pair[0], to: pair[1], reaches }
        }));
        self.parts_radius = radius;
    }
}

impl EnvelopeScratch {
    /// The strips of a column: its own line widened by the pen, and what its neighbours' pens ink beyond that.
    fn push_column(&self, column: &mut ColumnCoverage, index: usize, radius: f32) {
        let own = self.spans[index];
        let (highest, lowest) = (own.min - radius, own.max + radius);
        if !own.is_slope() {
            column.push(Strip { width: 1.0, top: Edge::level(highest), bottom: Edge::level(lowest) });
            for part in &self.parts {
                let (top, bottom) = self.inked_by_neighbours(index, part);
                if top < highest {
                    column.push(part.level(top, highest));
                }
                if bottom > lowest {
                    column.push(part.level(lowest, bottom));
                }
            }
            return;
        }
        let slope = own.last - own.first;
        let rise = radius * (1.0 + slope * slope).sqrt();
        let height_at = |at: f32| own.first + slope * at;
        let strip = |from: f32, to: f32, (top, bottom): (f32, f32)| Strip {
            width: to - from,
            top: Edge::straight(height_at(from) - rise, height_at(to) - rise).held(highest, top),
            bottom: Edge::straight(height_at(from) + rise, height_at(to) + rise).held(bottom, lowest.max(bottom)),
        };
        // A gentle slope inks all that its neighbours ink here, and needs no cutting.
        let is_hidden = |part: &Part| {
            let (top, bottom) = self.inked_by_neighbours(index, part);
            let (from, to) = (height_at(part.from), height_at(part.to));
            top >= highest.max(from.max(to) - rise) && bottom <= lowest.min(from.min(to) + rise)
        };
        if self.parts.iter().all(is_hidden) {
            column.push(strip(0.0, 1.0, (f32::INFINITY, f32::NEG_INFINITY)));
            return;
        }
        for part in &self.parts {
            column.push(strip(part.from, part.to, self.inked_by_neighbours(index, part)));
        }
    }

    /// From where to where the neighbours' pens ink a part of a column.
    fn inked_by_neighbours(&self, index: usize, part: &Part) -> (f32, f32) {
        let (mut top, mut bottom) = (f32::INFINITY, f32::NEG_INFINITY);
        for reach in &part.reaches {
            if let Some(beside) = index.checked_add_signed(reach.away).and_then(|index| self.spans.get(index)) {
                let (highest, lowest) = beside.inked_beside(reach);
                top = top.min(highest);
                bottom = bottom.max(lowest);
            }
        }
        (top, bottom)
    }
}

impl LinePainter {
    /// Strokes the extremes of `columns`, whose x rises, on the columns of `clip`.
    ///
    /// A column of `None`, a missing one, or one with a number that is not finite breaks the line. Give
    /// [`Stroke::reach`] columns beyond the clip on both sides, where they exist: their pen reaches in.
    ///
    /// Hot: once for each dense series of each redrawn chart.
    pub fn envelope(
        &mut self,
        pixels: &mut Pixels,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        stroke: Stroke,
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        // Thinner than a pixel an extreme would fade.
        let radius = stroke.radius().max(0.5);
        self.envelope.plan(radius);
        self.for_each_stretch(columns, &clip, stroke.reach(), |painter, start| {
            for index in painter.indices(start, &clip) {
                painter.envelope.push_column(&mut painter.column, index, radius);
                painter.column.paint(pixels, start + index as u32, stroke.color);
            }
        });
    }

    /// Fills between the middle of each column's extremes and the height `base`, on the columns of `clip`.
    ///
    /// Draw it before the envelope, with a low alpha.
    pub fn fill_below_envelope(
        &mut self,
        pixels: &mut Pixels,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        base: f32,
        color: Color,
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        let base = base.max(f32::MIN);
        self.for_each_stretch(columns, &clip, 1, |painter, start| {
            for index in painter.indices(start, &clip) {
                let span = painter.envelope.spans[index];
                let middle = f32::midpoint(span.min, span.max);
                let line = if span.is_slope() { (span.first, span.last) } else { (middle, middle) };
                painter.column.push(fill_strip(1.0, line, base));
                painter.column.paint(pixels, start + index as u32, color);
            }
        });
    }

    /// The spans of a stretch that begins at column `start`, as far as they lie in the clip.
    fn indices(&self, start: u32, clip: &Range<u32>) -> Range<usize> {
        let end = self.envelope.spans.len().min(clip.end.saturating_sub(start) as usize);
        clip.start.saturating_sub(start) as usize..end
    }

    /// Gathers unbroken stretches of columns, joined where the line jumps, and has each drawn from its first column.
    fn for_each_stretch(
        &mut self,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        clip: &Range<u32>,
        reach: u32,
        mut draw: impl FnMut(&mut Self, u32),
    ) {
        let seen = clip.start.saturating_sub(reach)..clip.end.saturating_add(reach);
        let mut start = 0;
        let mut before_alone = None;
        self.envelope.spans.clear();
        for (x, span) in columns.into_iter().skip_while(|(x, _)| *x < seen.start).take_while(|(x, _)| *x < seen.end) {
            let expected = start + self.envelope.spans.len() as u32;
            let span = span.and_then(ColumnSpan::checked);
            if !self.envelope.spans.is_empty() && (span.is_none() || x != expected) {
                draw(self, start);
                self.envelope.spans.clear();
            }
            let Some(mut span) = span else { continue };
            let before_alone = before_alone.replace(span);
            match (self.envelope.spans.last_mut(), before_alone) {
                (Some(before), Some(before_alone)) => ColumnSpan::join(before, &mut span, before_alone),
                _ => start = x,
            }
            self.envelope.spans.push(span);
        }
        if !self.envelope.spans.is_empty() {
            draw(self, start);
        }
    }
}

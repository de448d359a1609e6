//! Extremes of each column: for series with more than about one sample a column.
//!
//! A column with many samples is drawn from its highest to its lowest value, so that no spike is lost. A column in which
//! the line only rises or only falls is drawn as that slope: dense but smooth series look like lines, not stairs.

use std::ops::Range;

use super::coverage::{ColumnCoverage, Strip};
use super::edge::Edge;
use super::line::LinePainter;
use super::pen::Stroke;
use super::pixels::Pixels;

/// Heights are clamped to this: it is beyond any surface, and areas are still precise.
const FAR_PX: f32 = 1e5;

/// The extremes of a column: heights in pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnSpan {
    /// Of the earliest sample.
    pub first: f32,
    /// Of the latest sample.
    pub last: f32,
    /// Of the highest sample on screen: the smallest y.
    pub min: f32,
    /// Of the lowest sample on screen: the largest y.
    pub max: f32,
}

impl ColumnSpan {
    /// The span with its heights in order and clamped; `None` if one is not finite.
    fn checked(self) -> Option<Self> {
        let Self { first, last, min, max } = self;
        if ![first, last, min, max].into_iter().all(f32::is_finite) {
            return None;
        }
        let [first, last, min, max] = [first, last, min, max].map(|y| y.clamp(-FAR_PX, FAR_PX));
        let (min, max) = (min.min(max), max.max(min));
        Some(Self { first: first.clamp(min, max), last: last.clamp(min, max), min, max })
    }

    /// Joins two neighbours that have a gap between their heights: both are extended to the middle of the gap. The gap is
    /// measured before any join, so that a column depends on its two neighbours only.
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

    /// Returns true if a dot is as high.
    fn is_low(self, stroke: Stroke) -> bool {
        self.max - self.min < 2.0 * stroke.dot_radius()
    }

    /// Returns true if the line only rises or only falls in this column.
    fn is_slope(self) -> bool {
        self.min >= self.first.min(self.last) && self.max <= self.first.max(self.last)
    }

    /// Top and bottom of the ink in a part of a neighbour while the pen draws this column.
    fn inked_beside(self, reach: &Reach) -> (f32, f32) {
        if !self.is_slope() {
            return (self.min - reach.height, self.max + reach.height);
        }
        // Two discs on the slope bound its ink in a neighbour: of a flat slope the one in the middle, of a steep slope
        // the farthest one that still reaches.
        let middle = f32::midpoint(self.first, self.last);
        let far = self.first + (self.last - self.first) * reach.far_at;
        ((middle - reach.height).min(far - reach.far_height), (middle + reach.height).max(far + reach.far_height))
    }
}

/// The pen's reach into a part of a column while it draws another column.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Offset of the other column, positive to the right.
    away: isize,
    /// Half the height of the disc in the middle of the other column.
    height: f32,
    /// Position in the other column, 0 to 1, of the farthest disc that still reaches.
    far_at: f32,
    /// Half the height of that disc.
    far_height: f32,
}

impl Reach {
    /// The reach of a pen in a column that is `away` columns to the right, to the position `at` of this column, 0 to 1.
    /// `None` if it does not reach.
    fn new(at: f32, away: i16, radius: f32) -> Option<Self> {
        let beside = at - f32::from(away);
        let half_height = |from: f32| (radius * radius - (from - beside) * (from - beside)).max(0.0).sqrt();
        let far_at = if away > 0 { beside + radius } else { beside - radius }.clamp(0.0, 1.0);
        let (height, far_height) = (half_height(0.5), half_height(far_at));
        (height > 0.0).then_some(Self { away: isize::from(away), height, far_at, far_height })
    }
}

/// A part of a column, and the reach of the neighbours' pens into it. The same for every column.
#[derive(Debug)]
struct Part {
    from: f32,
    to: f32,
    reaches: Vec<Reach>,
}

impl Part {
    /// Top and bottom of the ink of the neighbours' pens in this part of the column `index`.
    fn inked_by_neighbours(&self, spans: &[ColumnSpan], index: usize) -> (f32, f32) {
        let (mut top, mut bottom) = (f32::INFINITY, f32::NEG_INFINITY);
        for reach in &self.reaches {
            if let Some(beside) = index.checked_add_signed(reach.away).and_then(|index| spans.get(index)) {
                let (highest, lowest) = beside.inked_beside(reach);
                top = top.min(highest);
                bottom = bottom.max(lowest);
            }
        }
        (top, bottom)
    }

    fn level(&self, top: f32, bottom: f32) -> Strip {
        Strip { width: self.to - self.from, top: Edge::level(top), bottom: Edge::level(bottom) }
    }
}

/// A part of the ink of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Columns with neighbours, and others as wide as a column.
    Line,
    /// Columns without neighbours.
    Dots,
}

/// Draws the extremes of each column. It owns scratch memory only: a reused painter does not allocate.
#[derive(Debug, Default)]
pub struct ExtremesPainter {
    column: ColumnCoverage,
    dot: LinePainter,
    spans: Vec<ColumnSpan>,
    parts: Vec<Part>,
    parts_radius: f32,
}

impl ExtremesPainter {
    /// Strokes the extremes of `columns`, whose x rises, on the columns of `clip`.
    ///
    /// The line breaks at a column that is `None` or missing, and at one with a height that is not finite. A column without
    /// neighbours is a dot of twice the line's width, unless it is higher than that. `columns` must include
    /// [`Stroke::seen`] columns beyond the clip on both sides, if they exist.
    ///
    /// Hot: once for each dense series of each redrawn chart.
    pub fn stroke(
        &mut self,
        pixels: &mut Pixels,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        stroke: Stroke,
        clip: Range<u32>,
    ) {
        self.draw(pixels, columns, stroke, clip, [Ink::Line, Ink::Dots]);
    }

    /// The part of [`stroke`](Self::stroke) that is a line, or the part that is dots.
    pub fn stroke_part(
        &mut self,
        pixels: &mut Pixels,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        stroke: Stroke,
        clip: Range<u32>,
        part: Ink,
    ) {
        self.draw(pixels, columns, stroke, clip, [part; 2]);
    }

    fn draw(
        &mut self,
        pixels: &mut Pixels,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        stroke: Stroke,
        clip: Range<u32>,
        parts: [Ink; 2],
    ) {
        let clip = pixels.clip_columns(clip);
        // A thinner extreme would fade.
        let radius = stroke.radius().max(0.5);
        self.plan(radius);
        self.for_each_run(columns, &clip, stroke.seen(), |painter, start| {
            let lone = painter.spans.first().filter(|span| painter.spans.len() == 1 && span.is_low(stroke));
            if let Some(&lone) = lone.filter(|_| parts.contains(&Ink::Dots)) {
                painter.dot.spot(pixels, (start as f32 + 0.5, lone.min), lone.max, stroke, &clip);
            } else if parts.contains(&Ink::Line) {
                for index in painter.indices(start, &clip) {
                    let x = start + index as u32;
                    painter.push_column(index, radius);
                    if stroke.leaves_out(x, index as f64, || painter.column.height()) {
                        painter.column.clear();
                    } else {
                        painter.column.paint(pixels, x, stroke.color);
                    }
                }
            }
        });
    }

    /// The indices of the spans within the clip, for a run that begins at column `start`.
    fn indices(&self, start: u32, clip: &Range<u32>) -> Range<usize> {
        let end = self.spans.len().min(clip.end.saturating_sub(start) as usize);
        clip.start.saturating_sub(start) as usize..end
    }

    /// Collects unbroken runs of columns, joins neighbours with a gap between them, and draws each run.
    fn for_each_run(
        &mut self,
        columns: impl IntoIterator<Item = (u32, Option<ColumnSpan>)>,
        clip: &Range<u32>,
        reach: u32,
        mut draw: impl FnMut(&mut Self, u32),
    ) {
        let seen = clip.start.saturating_sub(reach)..clip.end.saturating_add(reach);
        let mut start = 0;
        let mut before_alone = None;
        self.spans.clear();
        for (x, span) in columns.into_iter().skip_while(|(x, _)| *x < seen.start).take_while(|(x, _)| *x < seen.end) {
            let expected = start + self.spans.len() as u32;
            let span = span.and_then(ColumnSpan::checked);
            if !self.spans.is_empty() && (span.is_none() || x != expected) {
                draw(self, start);
                self.spans.clear();
            }
            let Some(mut span) = span else { continue };
            let before_alone = before_alone.replace(span);
            match (self.spans.last_mut(), before_alone) {
                (Some(before), Some(before_alone)) => ColumnSpan::join(before, &mut span, before_alone),
                _ => start = x,
            }
            self.spans.push(span);
        }
        if !self.spans.is_empty() {
            draw(self, start);
        }
    }

    /// Cuts a column at the ends of the neighbours' pens, as if each neighbour's line were in the middle of its column.
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

    /// Adds the strips of a column: its own line widened by the pen, and the ink of its neighbours' pens beyond that.
    fn push_column(&mut self, index: usize, radius: f32) {
        let Self { column, spans, parts, .. } = self;
        let own = spans[index];
        let (highest, lowest) = (own.min - radius, own.max + radius);
        if !own.is_slope() {
            column.push(Strip { width: 1.0, top: Edge::level(highest), bottom: Edge::level(lowest) });
            for part in &*parts {
                let (top, bottom) = part.inked_by_neighbours(spans, index);
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
        // A gentle slope covers its neighbours' ink, and the column need not be cut.
        let is_hidden = |part: &Part| {
            let (top, bottom) = part.inked_by_neighbours(spans, index);
            let (from, to) = (height_at(part.from), height_at(part.to));
            top >= highest.max(from.max(to) - rise) && bottom <= lowest.min(from.min(to) + rise)
        };
        if parts.iter().all(is_hidden) {
            column.push(strip(0.0, 1.0, (f32::INFINITY, f32::NEG_INFINITY)));
            return;
        }
        for part in &*parts {
            column.push(strip(part.from, part.to, part.inked_by_neighbours(spans, index)));
        }
    }
}

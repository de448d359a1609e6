//! Lines: through each sample of sparse series, and through the extremes of each column of dense ones.

use std::ops::Range;

use protocol::Timestamp;

use super::columns::Columns;
use super::plot::Plot;
use super::scene::{ChosenStyle, Scene};
use crate::surface::{ExtremesPainter, LinePainter, Pixels, Stroke};
use crate::view::Scale;

/// If a column has more samples, its extremes are drawn: a line through the samples would be a vertical stroke.
const MAX_SAMPLES_PER_COLUMN: u64 = 2;

/// Draws lines. It owns scratch memory only.
#[derive(Debug, Default)]
pub(super) struct LinesPainter {
    line: LinePainter,
    extremes: ExtremesPainter,
}

impl LinesPainter {
    /// Draws all series on the columns of `clip`, which must be clear.
    ///
    /// Hot: once a redrawn chart.
    pub(super) fn paint(
        &mut self,
        pixels: &mut Pixels,
        scene: &Scene<'_>,
        summaries: &impl Columns,
        scale: Scale,
        style: &ChosenStyle,
        clip: Range<u32>,
    ) {
        let plot = Plot::new(pixels, scale);
        let source = LineSource::of(scene, u64::from(pixels.width()));
        for series in style.drawing_order(summaries.series()) {
            let stroke = style.stroke(series, scene.left);
            if source == LineSource::Columns {
                let columns = (clip.start.saturating_sub(stroke.seen())..clip.end)
                    .map(|x| (x, plot.span(&summaries.summary(series, x))));
                self.extremes.stroke(pixels, columns, stroke, clip.clone());
            } else if source == LineSource::Answer {
                let points = answer_points(scene, series, plot);
                self.line.polyline(pixels, points, stroke, clip.clone());
            } else {
                let points = points(scene, series, plot, &clip, stroke);
                self.line.polyline(pixels, points, stroke, clip.clone());
            }
        }
    }
}

/// What a line leads through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineSource {
    /// The extremes of each column.
    Columns,
    Rows,
    /// The rows of the answer to a query, or its buckets if they have a row each.
    Answer,
}

impl LineSource {
    fn of(scene: &Scene<'_>, width: u64) -> Self {
        let group = scene.group;
        if scene.reads_answer {
            // An answer has rows only if they are fewer than two for each column.
            return if group.past().is_sparse(group.interval) { Self::Answer } else { Self::Columns };
        }
        let first = group.first_row_at(scene.window.start_of(scene.left)).saturating_sub(1);
        let is_dense = group.rows().end - first > width * MAX_SAMPLES_PER_COLUMN;
        if is_dense || group.holds_buckets() || group.past().has_buckets() { Self::Columns } else { Self::Rows }
    }
}

/// The values of an answer as points on the surface, and the rows after it; NaN at a hole.
fn answer_points(scene: &Scene<'_>, series: usize, plot: Plot) -> impl Iterator<Item = (f32, f32)> {
    let (group, place) = (scene.group, scene.places[series]);
    let known = group.past().range().cloned().unwrap_or(scene.now..scene.now);
    let later = group.iter(place, group.first_row_at(known.end)..group.rows().end);
    let rows = group.past().sparse_rows(place, known.start, known.end).chain(later);
    let longest = group.longest_step().micros() + group.past().longest().micros();
    joined(scene, rows, longest.cast_signed(), plot)
}

/// A series' samples as points on the surface; NaN at a hole.
fn points(
    scene: &Scene<'_>,
    series: usize,
    plot: Plot,
    clip: &Range<u32>,
    stroke: Stroke,
) -> impl Iterator<Item = (f32, f32)> {
    let (group, window) = (scene.group, scene.window);
    // Only rows whose line can reach the clip.
    let first_column = scene.left + i64::from(clip.start) - i64::from(stroke.reach());
    let first_row = group.first_row_at(window.start_of(first_column)).saturating_sub(1);
    let longest = group.longest_step().micros() as i64;
    let place = scene.places[series];
    let before = group.past().rows(place, window.start_of(first_column), scene.rows_begin());
    joined(scene, before.chain(group.iter(place, first_row..group.rows().end)), longest, plot)
}

/// Rows as points; NaN between two that are farther apart than `longest`, in microseconds.
fn joined(
    scene: &Scene<'_>,
    rows: impl Iterator<Item = (Timestamp, f64)>,
    longest: i64,
    plot: Plot,
) -> impl Iterator<Item = (f32, f32)> {
    let (window, now) = (scene.window, scene.now);
    let mut previous: Option<Timestamp> = None;
    rows.flat_map(move |(time, value)| {
        let hole = previous.replace(time).filter(|&previous| time.micros_since(previous) > longest);
        let x = window.x_of(time, now);
        let hole = hole.map(|_| (x, f32::NAN));
        hole.into_iter().chain([(x, if value.is_finite() { plot.y(value) } else { f32::NAN })])
    })
}

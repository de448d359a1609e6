//! Lines and extremes, pixel by pixel.

use std::ops::Range;

use proptest::prelude::*;

use super::{Color, ColumnSpan, Dash, ExtremesPainter, LinePainter, Pixels, Stroke};

const INK: Color = Color::opaque(10, 200, 30);

fn stroke(width_px: f32) -> Stroke {
    Stroke::solid(width_px, INK)
}

fn line(width: u32, height: u32, points: &[(f32, f32)], width_px: f32) -> Pixels {
    let mut pixels = Pixels::new(width, height);
    LinePainter::default().polyline(&mut pixels, points.iter().copied(), stroke(width_px), 0..width);
    pixels
}

fn extremes(width: u32, height: u32, spans: &[Option<ColumnSpan>], width_px: f32) -> Pixels {
    let mut pixels = Pixels::new(width, height);
    ExtremesPainter::default().stroke(&mut pixels, (0..).zip(spans.iter().copied()), stroke(width_px), 0..width);
    pixels
}

#[allow(clippy::unnecessary_wraps)] // As `extremes` takes it.
fn level(y: f32) -> Option<ColumnSpan> {
    Some(ColumnSpan { first: y, last: y, min: y, max: y })
}

fn alpha(pixels: &Pixels, x: u32, y: u32) -> f32 {
    pixels.pixel(x, y).map_or(0.0, |pixel| f32::from(pixel[3]) / 255.0)
}

fn column_area(pixels: &Pixels, x: u32) -> f32 {
    (0..pixels.height()).map(|y| alpha(pixels, x, y)).sum()
}

fn area(pixels: &Pixels) -> f32 {
    (0..pixels.width()).map(|x| column_area(pixels, x)).sum()
}

/// The rows of a column that are inked at all.
fn inked(pixels: &Pixels, x: u32) -> Option<Range<u32>> {
    let mut rows = (0..pixels.height()).filter(|y| alpha(pixels, x, *y) > 0.0);
    let first = rows.next()?;
    Some(first..rows.next_back().unwrap_or(first) + 1)
}

/// A picture in characters, so that a failure can be seen.
fn drawn(pixels: &Pixels) -> Vec<String> {
    let shade = |x, y| char::from(b" .:+#"[(alpha(pixels, x, y) * 4.0).round() as usize]);
    (0..pixels.height()).map(|y| (0..pixels.width()).map(|x| shade(x, y)).collect()).collect()
}

#[test]
fn a_level_line_covers_its_width_in_every_column() {
    for (y, width) in [(10.0, 1.0), (10.3, 1.5), (10.5, 3.0), (10.9, 0.4)] {
        let pixels = line(20, 20, &[(-5.0, y), (7.3, y), (30.0, y)], width);
        for x in 0..20 {
            assert!((column_area(&pixels, x) - width).abs() < 2.0 / 255.0, "{:#?}", drawn(&pixels));
        }
    }
}

#[test]
fn a_diagonal_covers_its_length_times_its_width() {
    for (run, rise) in [(40.0_f32, 40.0_f32), (40.0, 10.0), (20.0, 80.0), (3.0, 80.0), (0.0, 80.0)] {
        let pixels = line(100, 100, &[(10.3, 10.7), (10.3 + run, 10.7 + rise)], 3.0);
        let ends = std::f32::consts::PI * 1.5 * 1.5;
        let expected = 3.0 * run.hypot(rise) + ends;
        assert!((area(&pixels) / expected - 1.0).abs() < 0.01, "{run} {rise}: {} for {expected}", area(&pixels));
    }
}

#[test]
fn a_point_without_neighbours_is_a_dot_of_twice_the_lines_width() {
    let lone = [(0.0, f32::NAN), (4.5, 4.5), (8.0, f32::NAN)];
    let column = [None, None, None, None, level(4.5), None, None, None, None];
    for pixels in [line(9, 9, &lone, 1.5), extremes(9, 9, &column, 1.5)] {
        let expected = std::f32::consts::PI * 1.5 * 1.5;
        assert!((area(&pixels) / expected - 1.0).abs() < 0.06, "{:#?}", drawn(&pixels));
        assert!((alpha(&pixels, 4, 4) - 1.0).abs() < f32::EPSILON);
        assert!(alpha(&pixels, 3, 4) > 0.9 && alpha(&pixels, 4, 3) > 0.9, "{:#?}", drawn(&pixels));
    }
}

#[test]
fn a_lone_column_with_a_range_is_drawn_from_end_to_end() {
    for height in [1.0, 2.5, 30.0] {
        let mut spans = [None; 9];
        spans[4] = Some(ColumnSpan { first: 10.0, last: 10.5, min: 10.0, max: 10.0 + height });
        let pixels = extremes(9, 60, &spans, 1.5);
        let rows = inked(&pixels, 4).expect("drawn");
        assert!(rows.start <= 9 && rows.end as f32 >= 10.0 + height, "{height}: {rows:?}");
        assert!((10..(10.0 + height) as u32).all(|y| alpha(&pixels, 4, y) > 0.99), "{:#?}", drawn(&pixels));
    }
}

#[test]
fn a_lone_sample_at_an_edge_is_visible() {
    for x in [0.0, 0.5, 8.5, 8.9] {
        let pixels = line(9, 9, &[(x, 4.5)], 1.5);
        assert!(area(&pixels) > 3.0, "{x}: {:#?}", drawn(&pixels));
    }
}

#[test]
fn the_end_of_a_line_left_of_the_clip_is_no_dot() {
    let mut pixels = Pixels::new(20, 9);
    LinePainter::default().polyline(&mut pixels, [(2.0, 4.5), (9.9, 4.5), (12.0, f32::NAN)], stroke(1.0), 11..20);
    assert!((0..20).all(|x| inked(&pixels, x).is_none()), "{:#?}", drawn(&pixels));
}

#[test]
fn heights_that_are_not_finite_break_the_line() {
    for hole in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let pixels = line(20, 5, &[(0.0, 2.5), (5.0, 2.5), (10.0, hole), (15.0, 2.5), (20.0, 2.5)], 1.0);
        assert!((6..14).all(|x| inked(&pixels, x).is_none()), "{:#?}", drawn(&pixels));
        assert_eq!((inked(&pixels, 3), inked(&pixels, 17)), (Some(2..3), Some(2..3)));
    }
    let none = ColumnSpan { first: 2.5, last: 2.5, min: f32::NAN, max: 2.5 };
    let two = [level(2.5); 2];
    let pixels = extremes(8, 5, &[&two[..], &[None], &two, &[Some(none)], &two].concat(), 1.0);
    let columns: Vec<_> = (0..8).map(|x| inked(&pixels, x).is_some()).collect();
    assert_eq!(columns, [true, true, false, true, true, false, true, true]);
}

#[test]
fn a_spike_of_one_sample_ends_at_its_row() {
    let pixels = line(20, 60, &[(0.0, 50.0), (9.5, 50.0), (10.5, 8.0), (11.5, 50.0), (20.0, 50.0)], 2.0);
    assert_eq!(inked(&pixels, 10).map(|rows| rows.start), Some(7), "{:#?}", drawn(&pixels));
    let mut spans = [level(50.0); 20];
    spans[10] = Some(ColumnSpan { first: 50.0, last: 50.0, min: 8.0, max: 50.0 });
    let pixels = extremes(20, 60, &spans, 2.0);
    assert_eq!(inked(&pixels, 10), Some(7..51));
    assert!((alpha(&pixels, 10, 7) - 1.0).abs() < f32::EPSILON);
    assert!((0..20).all(|x| inked(&pixels, x).is_some_and(|rows| rows.start >= 7)));
}

#[test]
fn a_steep_line_keeps_its_width() {
    let polyline = line(20, 60, &[(0.0, 50.0), (10.0, 50.0), (10.0, 10.0), (20.0, 10.0)], 3.0);
    let mut spans = [level(50.0); 20];
    spans[10..].fill(level(10.0));
    let dense = extremes(20, 60, &spans, 3.0);
    for pixels in [polyline, dense] {
        for y in 15..45 {
            let across: f32 = (0..20).map(|x| alpha(&pixels, x, y)).sum();
            assert!((2.9..=4.1).contains(&across), "{y}: {across} {:#?}", drawn(&pixels));
        }
    }
}

#[test]
fn a_smooth_dense_series_has_the_width_of_its_stroke() {
    let rising = |y: f32| Some(ColumnSpan { first: y, last: y + 0.9, min: y, max: y + 0.9 });
    let spans: Vec<_> = (0..40_u8).map(|x| rising(f32::from(x) + 5.0)).collect();
    let pixels = extremes(40, 60, &spans, 1.5);
    for x in 5..35 {
        let expected = 1.5 * std::f32::consts::SQRT_2;
        assert!((column_area(&pixels, x) / expected - 1.0).abs() < 0.1, "{}", column_area(&pixels, x));
    }
}

#[test]
fn a_fill_reaches_from_the_line_to_its_base() {
    let mut pixels = Pixels::new(10, 20);
    let mut painter = LinePainter::default();
    painter.fill_below(&mut pixels, [(0.0, 5.0), (10.0, 15.0)], 18.0, INK, 0..10);
    assert!((area(&pixels) - 80.0).abs() < 0.5, "{:#?}", drawn(&pixels));
    // A line that crosses its base is filled on both sides of it.
    pixels.clear();
    painter.fill_below(&mut pixels, [(0.0, 5.0), (10.0, 15.0)], 10.0, INK, 0..10);
    assert!((area(&pixels) - 25.0).abs() < 0.5, "{:#?}", drawn(&pixels));
}

#[test]
fn drawing_a_part_again_gives_the_same_picture() {
    // With holes: lone columns and pairs.
    for holes in [100, 2, 3, 5] {
        for width in [1.0, 1.5, 3.0, 4.5] {
            let height = |x: u8| (f32::from(x) * 1.7).sin() * 10.0 + 20.0;
            let spans: Vec<_> = (0..40_u8).map(|x| if x % holes == 1 { None } else { level(height(x)) }).collect();
            for dash in Dash::ALL {
                let stroke = Stroke { dashes: dash.on_columns(width, 3), ..stroke(width) };
                let mut whole = Pixels::new(40, 40);
                ExtremesPainter::default().stroke(&mut whole, (0..).zip(spans.iter().copied()), stroke, 0..40);
                let (mut part, clip) = (whole.clone(), 20..25);
                let reach = stroke.seen();
                part.clear_columns(clip.clone());
                let seen = (clip.start - reach..clip.end + reach).map(|x| (x, spans[x as usize]));
                ExtremesPainter::default().stroke(&mut part, seen, stroke, clip);
                assert_eq!(part.bytes(), whole.bytes(), "{holes} {width} {dash:?}");
            }
        }
    }
}

fn dashed(first_column: i64) -> Stroke {
    Stroke { dashes: Dash::Dashed.on_columns(1.5, first_column), ..stroke(1.5) }
}

/// The columns with ink, of a line drawn by both painters.
fn inked_columns(points: &[(f32, f32)], stroke: Stroke) -> [String; 2] {
    let mut pixels = [Pixels::new(40, 60), Pixels::new(40, 60)];
    LinePainter::default().polyline(&mut pixels[0], points.iter().copied(), stroke, 0..40);
    let spans = points.iter().map(|&(x, y)| (x as u32, level(y).filter(|_| y.is_finite())));
    ExtremesPainter::default().stroke(&mut pixels[1], spans, stroke, 0..40);
    pixels.map(|pixels| (0..40).map(|x| if inked(&pixels, x).is_some() { '#' } else { '.' }).collect())
}

#[test]
fn a_level_line_is_drawn_in_dashes() {
    let points: Vec<_> = (0..40).map(|x| (x as f32 + 0.5, 30.5)).collect();
    for columns in inked_columns(&points, dashed(0)) {
        assert_eq!(columns, "########.....########.....########.....#");
    }
    for columns in inked_columns(&points, dashed(6)) {
        assert_eq!(&columns[3..], "....########.....########.....#######", "6 columns later");
    }
}

#[test]
fn a_spike_is_drawn_between_dashes() {
    let spike: Vec<_> = (0..40).map(|x| (x as f32 + 0.5, if x == 23 { 5.5 } else { 30.5 })).collect();
    for columns in inked_columns(&spike, dashed(0)) {
        assert_eq!(&columns[23..24], "#", "{columns}");
        assert_eq!(&columns[8..13], ".....");
    }
}

#[test]
fn a_short_line_and_a_lone_sample_are_drawn_between_dashes() {
    for length in 1..5 {
        let points: Vec<_> = (0..40_u8)
            .map(|x| (f32::from(x) + 0.5, if (9..9 + length).contains(&x) { 30.5 } else { f32::NAN }))
            .collect();
        for columns in inked_columns(&points, dashed(0)) {
            assert!(columns[8..12].contains('#'), "{length}: {columns}");
        }
    }
}

fn any_height() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -50.0_f32..100.0, Just(f32::NAN), Just(f32::INFINITY), Just(1e30), Just(-1e30)]
}

fn any_span() -> impl Strategy<Value = Option<ColumnSpan>> {
    let heights = (any_height(), any_height(), any_height(), any_height());
    prop::option::of(heights.prop_map(|(first, last, min, max)| ColumnSpan { first, last, min, max }))
}

proptest! {
    #[test]
    fn no_input_panics_or_draws_outside_the_clip(
        points in prop::collection::vec((any_height(), any_height()), 0..20),
        spans in prop::collection::vec((any::<u32>(), any_span()), 0..20),
        width: f32, base in any_height(), clip in (0_u32..50, 0_u32..50),
    ) {
        let clip = clip.0..clip.1;
        let mut pixels = Pixels::new(40, 30);
        pixels.take_dirty();
        let mut painter = LinePainter::default();
        painter.polyline(&mut pixels, points.iter().copied(), stroke(width), clip.clone());
        painter.fill_below(&mut pixels, points, base, INK, clip.clone());
        for spans in [spans.clone(), spans.iter().map(|(x, span)| (x % 64, *span)).collect()] {
            ExtremesPainter::default().stroke(&mut pixels, spans, stroke(width), clip.clone());
        }
        for x in (0..40).filter(|x| !clip.contains(x)) {
            prop_assert!(inked(&pixels, x).is_none());
        }
        if let Some(dirty) = pixels.take_dirty() {
            prop_assert!(clip.start <= dirty.start && dirty.end <= clip.end);
        }
    }

    #[test]
    fn drawn_extremes_have_no_holes(
        heights in prop::collection::vec((2.0_f32..58.0, 0.0_f32..9.0, 0.0_f32..1.0, 0.0_f32..1.0), 2..40),
        width in 1.0_f32..4.0,
    ) {
        let spans: Vec<_> = heights.iter().map(|(top, run, first, last)| {
            Some(ColumnSpan { first: top + run * first, last: top + run * last, min: *top, max: top + run })
        }).collect();
        let pixels = extremes(spans.len() as u32, 70, &spans, width);
        for x in 0..spans.len() as u32 - 1 {
            let (Some(left), Some(right)) = (inked(&pixels, x), inked(&pixels, x + 1)) else { panic!("nothing at {x}") };
            prop_assert!(left.start <= right.end && right.start <= left.end, "{x}: {left:?} {right:?}");
            for (x, rows) in [(x, left), (x + 1, right)] {
                prop_assert!(rows.into_iter().all(|y| alpha(&pixels, x, y) > 0.0), "a hole at {x}: {:#?}", drawn(&pixels));
            }
        }
    }

    #[test]
    fn a_line_upside_down_is_the_picture_upside_down(
        points in prop::collection::vec((0.0_f32..9.0, 2.0_f32..58.0), 2..12), width in 0.5_f32..4.0,
    ) {
        let mut x = 0.0;
        let points: Vec<_> = points.into_iter().map(|(step, y)| { x += step; (x, y) }).collect();
        let upside_down: Vec<_> = points.iter().map(|(x, y)| (*x, 60.0 - y)).collect();
        let (one, other) = (line(60, 60, &points, width), line(60, 60, &upside_down, width));
        for x in 0..60 {
            for y in 0..60 {
                prop_assert!((alpha(&one, x, y) - alpha(&other, x, 59 - y)).abs() < 1.5 / 255.0);
            }
        }
    }
}

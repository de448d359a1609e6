//! Every kind of chart on generated columns.

use std::ops::Range;

use proptest::prelude::*;
use protocol::Bounds;

use super::*;
use crate::surface::{Color, ColorRamp, Pixels};
use crate::view::{Mapping, Scale};
use series::Summary;
use series::Unit;

const COLORS: [Color; 3] = [Color::opaque(255, 0, 0), Color::opaque(0, 255, 0), Color::opaque(0, 0, 255)];
const HEIGHT: u32 = 40;

/// One value a column; NaN for none.
#[derive(Debug)]
struct Table(Vec<Vec<f64>>);

impl Columns for Table {
    fn series(&self) -> usize {
        self.0.len()
    }

    fn width(&self) -> u32 {
        self.0.first().map_or(0, |series| series.len() as u32)
    }

    fn summary(&self, series: usize, x: u32) -> Summary {
        let values = self.0.get(series).and_then(|series| series.get(x as usize));
        values.map_or(Summary::EMPTY, |value| Summary::of(&[*value]))
    }
}

const AREA: AreaStyle<'_> =
    AreaStyle { edge_width_px: 1.0, fill_alpha: 128, series: &COLORS, dashes: &[], first_column: 0 };
const SPARK: SparklineStyle =
    SparklineStyle { line_width_px: 1.5, dot_radius_px: 2.5, color: COLORS[0], fill_alpha: 40 };
const GAUGE: GaugeStyle = GaugeStyle { track: COLORS[2], value: COLORS[0] };

fn layout(columns_per_bar: u32, first_column: i64) -> BarLayout {
    BarLayout { columns_per_bar, first_column }
}

fn inked_rows(pixels: &Pixels, x: u32) -> Vec<u32> {
    (0..pixels.height()).filter(|y| pixels.pixel(x, *y).is_some_and(|pixel| pixel[3] > 0)).collect()
}

fn rows(from: u32, to: u32) -> Vec<u32> {
    (from..to).collect()
}

#[test]
fn areas_are_stacked_upwards_and_downwards_from_zero() {
    let table = Table(vec![vec![1.0; 20], vec![f64::NAN; 20], vec![-2.0; 20], vec![2.0; 20]]);
    assert_eq!(stacked_range(&table, Mapping::Linear), Some((-2.0, 3.0)));
    let mut pixels = Pixels::new(20, HEIGHT);
    AreaPainter::default().paint(&mut pixels, &table, Scale::new(-4.0, 4.0, HEIGHT), &AREA, 0..20);
    // 5 rows a unit, zero at row 20; an edge of one pixel reaches half a row beyond its height.
    assert_eq!(inked_rows(&pixels, 10), rows(4, 31));
    assert_eq!(pixels.pixel(10, 17), Some([255, 0, 0, 128]));
    assert_eq!(pixels.pixel(10, 10), Some([255, 0, 0, 128]), "the fourth series takes the first colour again");
    assert_eq!(pixels.pixel(10, 25), Some([0, 0, 255, 128]));
}

#[test]
fn a_column_without_values_is_a_hole_and_one_missing_series_is_not() {
    let (gap, one) = (vec![1.0, 1.0, f64::NAN, 1.0, 1.0], vec![1.0, 1.0, f64::NAN, f64::NAN, f64::NAN]);
    let mut pixels = Pixels::new(5, HEIGHT);
    AreaPainter::default().paint(&mut pixels, &Table(vec![gap, one]), Scale::new(0.0, 4.0, HEIGHT), &AREA, 0..5);
    assert!(inked_rows(&pixels, 2).len() <= 2, "an edge's round end at most");
    assert!(inked_rows(&pixels, 0).contains(&25) && !inked_rows(&pixels, 4).contains(&25));
    assert!(inked_rows(&pixels, 4).contains(&35));
}

#[test]
fn bars_begin_at_the_same_times_at_any_scroll_position() {
    let table = Table(vec![vec![1.0; 40]]);
    let paint = |first_column| {
        let mut pixels = Pixels::new(40, HEIGHT);
        let scale = Scale::new(0.0, 2.0, HEIGHT);
        BarsPainter::default().paint(&mut pixels, &table, scale, layout(10, first_column), &COLORS, 0..40);
        (0..40).map(|x| !inked_rows(&pixels, x).is_empty()).collect::<Vec<_>>()
    };
    let (now, later) = (paint(-20), paint(-17));
    assert_eq!(now[..10], [true, true, true, true, true, true, true, true, false, false]);
    assert_eq!(now[3..], later[..37]);
}

#[test]
fn a_bar_is_the_mean_of_its_columns_stacked() {
    let table = Table(vec![(0..10).map(f64::from).collect(), vec![0.5; 10]]);
    assert_eq!(bars_range(&table, layout(10, 0), Mapping::Linear), Some((0.0, 5.0)));
    let mut pixels = Pixels::new(10, HEIGHT);
    BarsPainter::default().paint(&mut pixels, &table, Scale::new(0.0, 10.0, HEIGHT), layout(10, 0), &COLORS, 0..10);
    assert_eq!(inked_rows(&pixels, 0), rows(20, 40));
    assert_eq!((pixels.pixel(0, 20), pixels.pixel(0, 22)), (Some([0, 255, 0, 255]), Some([255, 0, 0, 255])));
}

#[test]
fn a_heatmap_colours_values_and_leaves_missing_ones_clear() {
    let table = Table(vec![vec![0.0, 100.0, f64::NAN], vec![1.0, 10.0, 100.0]]);
    let ramp = ColorRamp::dark();
    let mut pixels = Pixels::new(3, 10);
    heatmap::paint(&mut pixels, &table, Scale::mapped(Mapping::Log, 1.0, 100.0, 0), &ramp, 0..3);
    let shade = |amount: f64| {
        let color = ramp.at(amount);
        Some([color.r, color.g, color.b, 255])
    };
    // Zero has no place on a logarithmic scale.
    assert_eq!((pixels.pixel(0, 9), pixels.pixel(1, 5), pixels.pixel(2, 7)), (Some([0; 4]), shade(1.0), Some([0; 4])));
    assert_eq!((pixels.pixel(0, 4), pixels.pixel(1, 0), pixels.pixel(2, 2)), (shade(0.0), shade(0.5), shade(1.0)));
}

#[test]
fn series_that_share_a_row_of_pixels_show_the_largest() {
    let mut series = vec![vec![0.0]; 100];
    series[50] = vec![1.0];
    let mut pixels = Pixels::new(1, 10);
    heatmap::paint(&mut pixels, &Table(series), Scale::new(0.0, 1.0, 0), &ColorRamp::dark(), 0..1);
    let hot = ColorRamp::dark().at(1.0);
    let hot: Vec<_> = (0..10).filter(|y| pixels.pixel(0, *y) == Some([hot.r, hot.g, hot.b, 255])).collect();
    assert_eq!(hot, [4]);
}

#[test]
fn a_value_holds_until_the_next_or_for_the_given_columns() {
    let table = Table(vec![vec![1.0, f64::NAN, f64::NAN, f64::NAN, 2.0, f64::NAN]]);
    let held = Held::new(&table, 2);
    let values: Vec<_> = (0..7).map(|x| held.summary(0, x).last).map(|value| value.max(0.0) as u32).collect();
    assert_eq!(values, [1, 1, 1, 0, 2, 2, 0]);
}

#[test]
fn a_sparkline_ends_in_a_dot_and_bridges_no_hole() {
    let mut values = vec![f64::NAN; 60];
    (0..20).chain(40..60).for_each(|x| values[x] = x as f64);
    let mut pixels = Pixels::new(60, 20);
    SparklinePainter::default().paint(&mut pixels, &Table(vec![values]), 0, SPARK, 0..20);
    assert!((22..38).all(|x| inked_rows(&pixels, x).is_empty()));
    assert_eq!(pixels.pixel(57, 2).map(|pixel| pixel[3]), Some(255));
    let mut pixels = Pixels::new(60, 20);
    let sparse = (0..60).map(|x| if x % 10 == 0 { f64::from(x) } else { f64::NAN }).collect();
    SparklinePainter::default().paint(&mut pixels, &Table(vec![sparse]), 0, SPARK, 0..20);
    assert!((1..50).all(|x| !inked_rows(&pixels, x).is_empty()));
}

#[test]
fn a_gauge_fills_from_the_left_to_the_right() {
    let area = |value: f64, color: [u8; 3]| {
        let mut pixels = Pixels::new(100, 90);
        gauge::paint(&mut pixels, value, Scale::new(0.0, 1.0, 0), GAUGE);
        let all = (0..90).flat_map(|y| (0..100).map(move |x| (x, y)));
        all.filter(|(x, y)| pixels.pixel(*x, *y).is_some_and(|pixel| pixel[..3] == color && pixel[3] == 255)).count()
    };
    let (red, blue) = ([255, 0, 0], [0, 0, 255]);
    assert_eq!((area(0.0, red), area(f64::NAN, red), area(f64::NEG_INFINITY, red)), (0, 0, 0));
    assert_eq!((area(1.0, blue), area(f64::INFINITY, blue)), (0, 0));
    let (quarter, half, whole) = (area(0.25, red), area(0.5, red), area(1.0, red));
    assert!(quarter * 19 < half * 10 && half * 19 < whole * 10 && whole < quarter * 4);
}

#[test]
fn a_stat_has_the_newest_value_and_its_trend() {
    let stat = |values: &[f64], ucum: &str, bounds: Bounds| {
        let stat = Stat::of(&Table(vec![values.to_vec()]), 0, &Unit::parse(ucum, &bounds));
        let trend = stat.trend.map(|trend| (trend.direction, trend.absolute, trend.percent));
        (stat.value.to_string(), trend)
    };
    let trend = |direction, absolute: &str, percent: Option<&str>| {
        Some((direction, absolute.to_owned(), percent.map(str::to_owned)))
    };
    let kib = 1024.0;
    assert_eq!(
        stat(&[2.0 * kib, f64::NAN, 3.0 * kib, f64::NAN], "By/s", Bounds::Auto),
        ("3 KiB/s".to_owned(), trend(Direction::Up, "+1 KiB/s", Some("+50 %")))
    );
    assert_eq!(stat(&[4.0, 3.0], "1", Bounds::Auto).1, trend(Direction::Down, "-1", Some("-25 %")));
    assert_eq!(stat(&[-4.0, -3.0], "1", Bounds::Auto).1, trend(Direction::Up, "+1", Some("+25 %")));
    assert_eq!(stat(&[0.0, 3.0], "1", Bounds::Auto).1, trend(Direction::Up, "+3", None));
    assert_eq!(stat(&[-1.0, 3.0], "1", Bounds::Auto).1, trend(Direction::Up, "+4", None));
    assert_eq!(stat(&[5.0, 5.0], "1", Bounds::Auto).1, trend(Direction::Level, "0", Some("0 %")));
    let ratio = Bounds::Fixed { low: 0.0, high: 1.0 };
    assert_eq!(stat(&[0.5, 0.6], "1", ratio), ("60 %".to_owned(), trend(Direction::Up, "+10 pp", None)));
    assert_eq!(stat(&[7.0], "1", Bounds::Auto), ("7".to_owned(), None));
    assert_eq!(stat(&[f64::NAN], "1", Bounds::Auto), ("–".to_owned(), None));
    assert_eq!(stat(&[f64::MIN, f64::MAX], "1", Bounds::Auto).1.map(|trend| trend.0), Some(Direction::Up));
}

#[test]
fn a_warm_painter_allocates_nothing() {
    let table = Table((0..4).map(|series| (0..200).map(|x| f64::from(x * series).sin()).collect()).collect());
    let scale = Scale::new(-4.0, 4.0, HEIGHT);
    let mut painters = Default::default();
    let (mut sparkline, mut stat) = (SparklinePainter::default(), StatPainter::default());
    let (mut pixels, ramp) = (Pixels::new(200, HEIGHT), ColorRamp::dark());
    let mut draw = || {
        for kind in [0, 1, 3] {
            paint_all(&mut painters, &table, kind, scale, &mut pixels, 0..200);
        }
        heatmap::paint(&mut pixels, &table, scale, &ramp, 0..200);
        sparkline.paint(&mut pixels, &table, 0, SPARK, 0..HEIGHT);
        stat.paint(&mut pixels, &table, 0, 1.5, COLORS[0]);
        gauge::paint(&mut pixels, 0.5, scale, GAUGE);
    };
    draw();
    assert_eq!(allocation_counter::measure(draw).count_total, 0);
}

/// Draws every kind that scrolls.
fn paint_all(
    painters: &mut (AreaPainter, BarsPainter),
    table: &Table,
    kind: usize,
    scale: Scale,
    pixels: &mut Pixels,
    clip: Range<u32>,
) {
    match kind {
        0 => painters.0.paint(pixels, table, scale, &AREA, clip),
        1 => painters.1.paint(pixels, table, scale, layout(7, -40), &COLORS, clip),
        2 => heatmap::paint(pixels, table, scale, &ColorRamp::light(), clip),
        _ => painters.0.paint(pixels, &Held::new(table, 3), scale, &AREA, clip),
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    let sized = (-300.0_f64..300.0).prop_map(|exponent| 10_f64.powf(exponent));
    let odd = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX), Just(f64::MIN), Just(0.0)];
    prop_oneof![any::<f64>(), sized, -10.0_f64..10.0, odd]
}

fn any_table() -> impl Strategy<Value = Table> {
    (0_usize..5, 0_usize..40).prop_flat_map(|(series, width)| {
        prop::collection::vec(prop::collection::vec(any_value(), width), series).prop_map(Table)
    })
}

proptest! {
    #[test]
    fn no_input_panics_or_draws_outside_the_clip(
        table in any_table(), low in any_value(), high in any_value(), log: bool,
        size in (0_u32..40, 0_u32..40), clip in (0_u32..50, 0_u32..50), bar: u32, first: i64, series in 0_usize..6,
    ) {
        let mapping = if log { Mapping::Log } else { Mapping::Linear };
        let scale = Scale::mapped(mapping, low, high, size.1);
        let mut painters = Default::default();
        let clip = clip.0..clip.1;
        for kind in 0..4 {
            let mut pixels = Pixels::new(size.0, size.1);
            pixels.take_dirty();
            paint_all(&mut painters, &table, kind, scale, &mut pixels, clip.clone());
            if let Some(dirty) = pixels.take_dirty() {
                prop_assert!(clip.start <= dirty.start && dirty.end <= clip.end, "{kind}: {dirty:?}");
            }
        }
        let mut pixels = Pixels::new(size.0, size.1);
        painters.1.paint(&mut pixels, &table, scale, layout(bar, first), &COLORS, clip.clone());
        painters.1.paint(&mut pixels, &table, scale, layout(bar, first), &[], clip);
        SparklinePainter::default().paint(&mut pixels, &table, series, SPARK, 0..size.1);
        StatPainter::default().paint(&mut pixels, &table, series, 1.5, COLORS[0]);
        gauge::paint(&mut pixels, low, scale, GAUGE);
        Stat::of(&table, series, &Unit::Number);
        for range in [stacked_range(&table, mapping), bars_range(&table, layout(bar.max(1), first), mapping)] {
            prop_assert!(range.is_none_or(|(low, high)| low.is_finite() && high.is_finite() && low <= high));
        }
    }

    #[test]
    fn drawing_a_part_again_gives_the_same_picture(
        values in prop::collection::vec(prop::collection::vec(prop_oneof![-5.0_f64..10.0, Just(f64::NAN)], 60), 1..4),
        clip in (0_u32..60, 0_u32..60), log: bool,
    ) {
        let clip = clip.0.min(clip.1)..clip.0.max(clip.1);
        let table = Table(values);
        let mapping = if log { Mapping::Log } else { Mapping::Linear };
        let scale = Scale::mapped(mapping, if log { 0.1 } else { -10.0 }, 20.0, HEIGHT);
        let mut painters = Default::default();
        for kind in 0..4 {
            let mut whole = Pixels::new(60, HEIGHT);
            paint_all(&mut painters, &table, kind, scale, &mut whole, 0..60);
            let mut part = whole.clone();
            part.clear_columns(clip.clone());
            paint_all(&mut painters, &table, kind, scale, &mut part, clip.clone());
            for (x, y) in (0..60).flat_map(|x| (0..HEIGHT).map(move |y| (x, y))) {
                prop_assert_eq!(part.pixel(x, y), whole.pixel(x, y), "kind {} at {}, {}", kind, x, y);
            }
        }
    }
}

//! Scenes for each kind of chart, and for its special cases.

use dashboard::chart::{
    AreaPainter, AreaStyle, BarLayout, BarsPainter, Columns, GaugeStyle, Held, LiveChart, SparklinePainter,
    SparklineStyle, StatPainter, Style, bars_range, gauge, heatmap, stacked_range,
};
use dashboard::store::Store;
use dashboard::surface::{ColumnSpan, Dash, ExtremesPainter, LinePainter, Pixels, Stroke};
use dashboard::view::{Mapping, RangeTracker, Scale, Steps, Window};
use protocol::{Bounds, Interval, Timestamp};

use crate::columns::{Table, noise};
use crate::feed::{self, NOW};
use crate::theme::Theme;

const WIDTH: u32 = 320;
const HEIGHT: u32 = 160;
/// Room for lines along the ends of an axis.
const MARGIN: u32 = 2;

/// All scenes by name.
pub(crate) fn all(theme: &Theme) -> Vec<(&'static str, Pixels)> {
    vec![
        ("line", line(theme, 10)),
        ("line-dense", line(theme, 500)),
        ("line-lone", line_lone(theme, 10)),
        ("line-lone-dense", line_lone(theme, 500)),
        ("line-dashes", line_dashes(theme)),
        ("line-log", line_log(theme)),
        ("area", area(theme)),
        ("area-signed", area_signed(theme)),
        ("area-sparse", area_sparse(theme)),
        ("bars", bars(theme)),
        ("bars-signed", bars_signed(theme)),
        ("heatmap", heatmap(theme)),
        ("heatmap-log", heatmap_log(theme)),
        ("sparkline", sparkline(theme)),
        ("sparkline-level", sparkline_level(theme)),
        ("gauge-small", gauge(theme, 0.3)),
        ("stat", stat(theme)),
    ]
}

/// Lines and swatches of all series colours, for the eye: as they are, and as viewers with a deficiency see them.
pub(crate) fn palette(theme: &Theme) -> Pixels {
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    for (series, &color) in theme.series.iter().enumerate() {
        let (place, stroke) = (series as f32, Stroke::solid(1.5, color));
        let height = |x: u32| 18.0 + place * 14.0 + 9.0 * (x as f32 / 19.0 + place * 1.3).sin();
        let points = (0..=WIDTH).map(|x| (x as f32, height(x)));
        LinePainter::default().polyline(&mut pixels, points, stroke, 0..WIDTH);
        let left = 8 + series as u32 * 39;
        (left..left + 30).for_each(|x| pixels.blend_run(x, 140..144, color, 1.0));
        (left..left + 10).for_each(|x| pixels.blend_run(x, 150..153, color, 1.0));
    }
    pixels
}

/// A round axis around a range.
fn axis(range: Option<(f64, f64)>) -> Scale {
    let (low, high) = RangeTracker::new(Steps::Decimal).update(range, &Bounds::FromZero, Timestamp::from_micros(0));
    Scale::new(low, high, HEIGHT - 2 * MARGIN)
}

fn line(theme: &Theme, hz: u32) -> Pixels {
    let store = feed::store(hz, |series, seconds| {
        let wave = (seconds * (0.6 + 0.25 * series as f64)).sin() * 9.0 + 14.0 * (series as f64 + 1.0);
        let jitter = noise((seconds * 1_000.0).round() as u64 + 77_777 * series as u64) - 0.5;
        let step = if series == 1 && seconds > 14.0 { 16.0 } else { 0.0 };
        let is_hole = (5.0..6.5).contains(&seconds);
        if is_hole { f64::NAN } else { wave + step + 4.0 * jitter }
    });
    live(theme, &store)
}

/// Each kind of dashes on a smooth and on a noisy series with spikes, sparse and dense.
fn line_dashes(theme: &Theme) -> Pixels {
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    for (kind, dash) in Dash::ALL.into_iter().enumerate() {
        let (row, color) = (kind as f32, theme.series[kind]);
        let stroke = Stroke { dashes: dash.on_columns(1.5, 0), ..Stroke::solid(1.5, color) };
        let smooth = |x: u32| 16.0 + row * 18.0 + 7.0 * (x as f32 / 23.0 + row).sin();
        let points = (0..=WIDTH).step_by(5).map(|x| (x as f32, smooth(x)));
        LinePainter::default().polyline(&mut pixels, points, stroke, 0..WIDTH);
        let spans = (0..WIDTH).map(|x| {
            let y = 92.0 + row * 18.0 - 2.0 * noise(u64::from(x) + 1_000 * kind as u64) as f32;
            let top = if (x + 7 * kind as u32).is_multiple_of(37) { y - 12.0 } else { y };
            (x, Some(ColumnSpan { first: y, last: y, min: top, max: y + 0.5 }))
        });
        ExtremesPainter::default().stroke(&mut pixels, spans, stroke, 0..WIDTH);
    }
    pixels
}

/// Single samples, pairs and short lines between holes.
fn line_lone(theme: &Theme, hz: u32) -> Pixels {
    let store = feed::store(hz, |series, seconds| {
        let value = (seconds * 0.5).sin() * 5.0 + 10.0 * (series as f64 + 1.0);
        let place = (seconds * 10.0).round() as u32;
        let is_sample = match series {
            0 => place.is_multiple_of(10),
            1 => place % 15 < 2,
            _ => place % 30 < 12,
        };
        let is_first = hz <= 10 || (seconds * 10.0).fract() < 0.01;
        if is_sample && (series == 2 || is_first) { value } else { f64::NAN }
    });
    live(theme, &store)
}

fn live(theme: &Theme, store: &Store) -> Pixels {
    let mut chart = LiveChart::new(Steps::Decimal);
    chart.resize(WIDTH, HEIGHT - 2 * MARGIN, MARGIN);
    let (series, ramp) = (theme.series.clone().into(), theme.ramp.clone().into());
    let style = Style { line_width_px: 1.5, series, ramp };
    let window = Window::new(Interval::from_secs(20), WIDTH);
    chart.draw(&store.groups()[0], &window, NOW, &style);
    chart.pixels().clone()
}

/// Five decades, and a series that falls to zero, which has no position on a logarithmic axis.
fn line_log(theme: &Theme) -> Pixels {
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    let scale = Scale::mapped(Mapping::Log, 1e-2, 1e3, HEIGHT);
    let series: [fn(f64) -> f64; 3] = [
        |x| 10_f64.powf(x / 64.0 - 2.0),
        |x| 40.0 + 35.0 * (x / 17.0).sin(),
        |x| if ((x / 60.0) as u32).is_multiple_of(2) { 0.3 } else { 0.0 },
    ];
    for (value, &color) in series.iter().zip(&theme.series) {
        let points = (0..=WIDTH).map(|x| (x as f32, scale.y(value(f64::from(x)))));
        let stroke = Stroke::solid(1.5, color);
        LinePainter::default().polyline(&mut pixels, points, stroke, 0..WIDTH);
    }
    pixels
}

fn area_of(theme: &Theme, columns: &impl Columns) -> Pixels {
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    let style = AreaStyle { edge_width_px: 1.5, fill_alpha: 110, series: &theme.series, dashes: &[], first_column: 0 };
    AreaPainter::default().paint(&mut pixels, columns, axis(stacked_range(columns, Mapping::Linear)), &style, 0..WIDTH);
    pixels
}

/// Three series with a step, a hole in all of them, and one that begins late.
fn area(theme: &Theme) -> Pixels {
    let table = Table::new(3, WIDTH, 4, |series, x| match (series, x as u32) {
        (_, 90..110) | (1, ..40) => f64::NAN,
        (0, _) => 20.0 + 8.0 * (x / 25.0).sin(),
        (1, _) => 10.0 + if x > 200.0 { 15.0 } else { 0.0 } + noise(x as u64) * 3.0,
        _ => 14.0 + 10.0 * (x / 40.0).cos(),
    });
    area_of(theme, &table)
}

/// Sent values are negative, received ones positive.
fn area_signed(theme: &Theme) -> Pixels {
    let table = Table::new(3, WIDTH, 1, |series, x| match series {
        0 => 12.0 + 8.0 * (x / 20.0).sin(),
        1 => -9.0 - 5.0 * (x / 33.0).cos(),
        _ => 9.0 * (x / 50.0).sin(),
    });
    area_of(theme, &table)
}

/// A sample in eight columns, each held until the next.
fn area_sparse(theme: &Theme) -> Pixels {
    let table = Table::new(2, WIDTH, 1, |series, x| {
        let is_sample = (x as u32).is_multiple_of(8) && !(150.0..190.0).contains(&x);
        if is_sample { 10.0 + 6.0 * (x / (18.0 + 9.0 * series as f64)).sin() } else { f64::NAN }
    });
    area_of(theme, &Held::new(&table, 8))
}

fn bars_of(theme: &Theme, table: &Table) -> Pixels {
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    let layout = BarLayout { columns_per_bar: 16, first_column: 1_000_005 };
    let scale = axis(bars_range(table, layout, Mapping::Linear));
    BarsPainter::default().paint(&mut pixels, table, scale, layout, &theme.series, 0..WIDTH);
    pixels
}

fn bars(theme: &Theme) -> Pixels {
    let table = Table::new(3, WIDTH, 2, |series, x| {
        let is_hole = (100.0..140.0).contains(&x);
        if is_hole { f64::NAN } else { 8.0 + noise(x as u64 / 16 + 99 * series as u64) * 12.0 }
    });
    bars_of(theme, &table)
}

fn bars_signed(theme: &Theme) -> Pixels {
    bars_of(theme, &Table::new(2, WIDTH, 1, |series, x| if series == 0 { 30.0 * (x / 40.0).sin() } else { 6.0 }))
}

/// Twelve series on a linear scale, with a hole and a series that ends.
fn heatmap(theme: &Theme) -> Pixels {
    let table = Table::new(12, WIDTH, 1, |series, x| {
        let is_missing = (200.0..215.0).contains(&x) || (series == 3 && x > 250.0);
        let wave = 0.5 + 0.5 * (x / 30.0 + series as f64 * 0.5).sin();
        if is_missing { f64::NAN } else { wave * 0.85 + noise(x as u64 / 4 + 1_000 * series as u64) * 0.15 }
    });
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    heatmap::paint(&mut pixels, &table, Scale::new(0.0, 1.0, 0), &theme.ramp, 0..WIDTH);
    pixels
}

/// A histogram of latencies with 30 buckets: counts over four decades, drifting.
fn heatmap_log(theme: &Theme) -> Pixels {
    let table = Table::new(30, WIDTH, 1, |series, x| {
        let middle = 10.0 + 6.0 * (x / 60.0).sin() + if x > 220.0 { 6.0 } else { 0.0 };
        let away = (series as f64 - middle) / 3.0;
        let count = 1e4 * (-away * away).exp() * (0.5 + noise(x as u64 / 3 + 500 * series as u64));
        if count < 1.0 { f64::NAN } else { count }
    });
    let mut pixels = Pixels::new(WIDTH, HEIGHT);
    heatmap::paint(&mut pixels, &table, Scale::mapped(Mapping::Log, 1.0, 1e4, 0), &theme.ramp, 0..WIDTH);
    pixels
}

fn sparkline_of(theme: &Theme, table: &Table) -> Pixels {
    let mut pixels = Pixels::new(120, 32);
    let style = SparklineStyle { line_width_px: 1.5, dot_radius_px: 2.5, color: theme.series[0], fill_alpha: 0 };
    SparklinePainter::default().paint(&mut pixels, table, 0, style, 0..32);
    pixels
}

fn sparkline(theme: &Theme) -> Pixels {
    sparkline_of(theme, &Table::new(1, 120, 2, |_, x| (x / 9.0).sin() + noise(x as u64 / 3) * 0.4 + x / 60.0))
}

fn sparkline_level(theme: &Theme) -> Pixels {
    sparkline_of(theme, &Table::new(1, 120, 1, |_, _| 1e-300))
}

fn gauge(theme: &Theme, value: f64) -> Pixels {
    let mut pixels = Pixels::new(48, 44);
    let style = GaugeStyle { track: theme.track, value: theme.series[0] };
    gauge::paint(&mut pixels, value, Scale::new(0.0, 1.0, 0), style);
    pixels
}

fn stat(theme: &Theme) -> Pixels {
    let table = Table::new(1, 200, 2, |_, x| 50.0 + 20.0 * (x / 30.0).sin() + noise(x as u64 / 3) * 8.0);
    let mut pixels = Pixels::new(200, 100);
    StatPainter::default().paint(&mut pixels, &table, 0, 1.5, theme.series[0]);
    pixels
}

//! Charts and axes of bad input: no panic, and ink where a value is.

use protocol::Interval;
use series::Unit;

use super::tests::{Feed, HEIGHT, WIDTH};
use super::{Kind, LiveChart, Options, Style};
use crate::store::row_sender::{RowSender, at};
use crate::surface::{Color, ColorRamp};
use crate::view::{LabelRoom, Mapping, RangeMode, Steps, TimeLabels, ValueAxis, Window, Zone, clock_ticks, shortened};

const KINDS: [Kind; 4] = [Kind::Line, Kind::Area, Kind::Bars, Kind::Heatmap];
const MAPPINGS: [Mapping; 2] = [Mapping::Linear, Mapping::Log];

fn style() -> Style {
    let colors = [Color::opaque(255, 0, 0), Color::opaque(0, 255, 0)];
    Style { line_width_px: 1.5, series: colors.into(), ramp: ColorRamp::dark().into() }
}

fn chart(kind: Kind, mapping: Mapping) -> LiveChart {
    let mut chart = LiveChart::new(Steps::Decimal);
    chart.resize(WIDTH, HEIGHT, 2);
    chart.set_options(Options { kind, mapping, range: RangeMode::Automatic });
    chart
}

fn inked(chart: &LiveChart, x: u32) -> bool {
    let pixels = chart.pixels();
    (0..pixels.height()).any(|y| pixels.pixel(x, y).is_some_and(|pixel| pixel[3] > 0))
}

fn is_blank(chart: &LiveChart) -> bool {
    !(0..WIDTH).any(|x| inked(chart, x))
}

/// The axis of a chart has at least two different labels.
fn assert_labelled(chart: &LiveChart, unit: &Unit) {
    let axis = ValueAxis::new(chart.scale(), unit, 80.0, &|label| label.chars().count() <= 9);
    assert!(axis.ticks.len() >= 2, "{:?}", chart.scale());
    assert!(axis.text.labels.windows(2).all(|pair| pair[0] != pair[1]), "{axis:?}");
}

#[test]
fn without_a_number_nothing_is_drawn() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (kind, mapping) in KINDS.into_iter().flat_map(|kind| MAPPINGS.map(|mapping| (kind, mapping))) {
            let mut feed = Feed::new(10);
            feed.run(200, |_| odd);
            let mut chart = chart(kind, mapping);
            feed.draw(&mut chart, feed.now());
            if odd.is_nan() {
                assert!(is_blank(&chart), "{kind:?} {mapping:?}");
            }
            assert_labelled(&chart, &Unit::Number);
        }
    }
}

#[test]
fn values_of_every_size_are_visible_and_labelled() {
    for size in [1e-300, 5e-324, 1e-290, 1e-12, 1.0, 1e15, 1e299, 1e300] {
        for (kind, mapping) in KINDS.into_iter().flat_map(|kind| MAPPINGS.map(|mapping| (kind, mapping))) {
            for hz in [2, 100] {
                let mut feed = Feed::new(hz);
                feed.run(hz * 20, |_| size);
                let mut chart = chart(kind, mapping);
                feed.draw(&mut chart, feed.now());
                let visible = (10..WIDTH - 10).filter(|x| inked(&chart, *x)).count();
                // A bar of a value that is far below the smallest span has no height.
                let is_bar_without_height = kind == Kind::Bars && mapping == Mapping::Linear && size < 1e-290;
                let gaps = if kind == Kind::Bars { WIDTH as usize / 3 } else { 0 };
                assert!(
                    visible + gaps >= WIDTH as usize - 20 || is_bar_without_height,
                    "{size} {kind:?} {mapping:?}: {visible}"
                );
                for unit in ["1", "V", "By/s", "s"] {
                    assert_labelled(&chart, &Unit::parse(unit, &protocol::Bounds::Auto));
                }
            }
        }
    }
}

#[test]
fn one_sample_is_visible_in_every_kind() {
    for (kind, mapping) in KINDS.into_iter().flat_map(|kind| MAPPINGS.map(|mapping| (kind, mapping))) {
        for value in [1e-300, 5.0, 1e300] {
            let mut feed = Feed::new(10);
            feed.run(1, |_| value);
            let mut chart = chart(kind, mapping);
            feed.draw(&mut chart, feed.now());
            let is_bar_without_height = kind == Kind::Bars && mapping == Mapping::Linear && value < 1e-290;
            assert!(!is_blank(&chart) || is_bar_without_height, "{value} {kind:?} {mapping:?}");
        }
    }
}

#[test]
fn spans_from_a_microsecond_to_a_year_are_drawn_and_labelled() {
    let year = Interval::from_secs(365 * 86_400);
    let spans = [1, 2, 199, 200, 201, 1_000, 1_000_000, 86_400_000_000].map(Interval::from_micros);
    for span in spans.into_iter().chain([year]) {
        for kind in KINDS {
            let mut feed = Feed::new(1_000);
            feed.run(1_000, |row| (row % 7) as f64);
            let window = Window::new(span, WIDTH);
            let mut chart = chart(kind, Mapping::Linear);
            chart.draw(feed.group(), &window, feed.now(), &style());
            assert!(!is_blank(&chart), "{span:?} {kind:?}");
            let room = LabelRoom { width_css_px: 400.0, measure: &|text| text.chars().count() as f64 * 6.0 };
            for labels in [TimeLabels::Relative, TimeLabels::Utc, TimeLabels::Local(Zone::new(|_| 345))] {
                let ticks = clock_ticks(labels, &window, feed.now(), room);
                assert!(ticks.len() >= 2, "{span:?} {labels:?}: {ticks:?}");
                assert!(
                    ticks.windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].label != pair[1].label),
                    "{ticks:?}"
                );
            }
        }
    }
}

#[test]
fn each_of_256_series_is_visible() {
    const SERIES: u32 = 256;
    let mut sender = RowSender::new(SERIES);
    (0..50).for_each(|row| sender.row(row, (1..=SERIES).map(|number| (number, f64::from(number)))));
    let window = Window::new(Interval::from_secs(5), WIDTH);
    for kind in KINDS {
        let mut chart = LiveChart::new(Steps::Decimal);
        // Two rows of pixels for each.
        chart.resize(WIDTH, 2 * SERIES, 2);
        chart.set_options(Options { kind, range: RangeMode::Fixed { low: 0.0, high: 256.0 }, ..Options::default() });
        chart.draw(sender.group(), &window, at(49), &style());
        assert_eq!(chart.chosen().numbers().len(), SERIES as usize);
        if kind == Kind::Line || kind == Kind::Heatmap {
            let pixels = chart.pixels();
            let inked = |y: u32| (0..WIDTH).any(|x| pixels.pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
            let rows = (0..pixels.height()).filter(|y| inked(*y)).count();
            assert!(rows >= SERIES as usize, "{kind:?}: {rows}");
        }
    }
}

#[test]
fn units_and_names_of_256_bytes_in_any_script_have_labels() {
    let scripts = ["x", "µ", "単", "ي", "🌡", "e\u{301}", "\u{202e}", "{", "/"];
    for script in scripts {
        let text = script.repeat(256 / script.len());
        let room = |label: &str| label.chars().map(|c| if c.is_ascii() { 6.0 } else { 11.0 }).sum::<f64>();
        for ucum in [text.clone(), format!("{{{text}}}/s"), format!("By/{text}"), format!("m/{text}")] {
            let unit = Unit::parse(&ucum, &protocol::Bounds::Auto);
            for scale in [(0.0, 1.0), (1e9, 1e9 + 0.01), (1e-300, 1e300)] {
                for mapping in MAPPINGS {
                    let scale = crate::view::Scale::mapped(mapping, scale.0, scale.1, 150);
                    let axis = ValueAxis::new(scale, &unit, 150.0, &|label| room(label) <= 60.0);
                    assert!(axis.text.labels.iter().all(|label| room(label) <= 60.0), "{axis:?}");
                    let note = axis.text.note.unwrap_or_default();
                    assert!(room(&shortened(&note, 200.0, &room)) <= 200.0);
                }
            }
        }
        assert!(room(&shortened(&text, 60.0, &room)) <= 60.0);
    }
}

//! Reads all parts of a store that a page reads to show it.

use std::hint::black_box;

use dashboard::chart::{Kind, LiveChart, Options, Style, TileChart};
use dashboard::layout::PanelSpec;
use dashboard::store::{DerivedGroup, Group, Store};
use dashboard::surface::{Color, ColorRamp};
use dashboard::view::{self, LabelRoom, Steps, TimeLabels, ValueAxis, Window};
use protocol::Timestamp;
use series::Unit;

use super::page::{NOW, WINDOW};

const WIDTH: u32 = 60;
const HEIGHT: u32 = 24;
const INK: Color = Color::opaque(255, 0, 0);

/// A selection of display options.
const OPTIONS: [&str; 11] = [
    "line",
    "line,log",
    "area",
    "bars",
    "heatmap,buckets",
    "sparklines,rate",
    "gauges,mean:1s",
    "stats,p99:1s",
    "line,diff",
    "bars,sum,log",
    "heatmap",
];

pub(crate) struct Look {
    style: Style,
    turns: usize,
}

impl Look {
    pub(crate) fn new() -> Self {
        Self { style: Style { line_width_px: 1.5, series: [INK].into(), ramp: ColorRamp::dark().into() }, turns: 0 }
    }

    /// Reads all rows and summaries, and draws each group as one kind of chart, a different one at each call.
    pub(crate) fn at(&mut self, store: &Store) {
        let spec = PanelSpec::parse("*", OPTIONS[self.turns % OPTIONS.len()]).expect("well formed");
        let options = spec.options();
        self.turns += 1;
        for group in store.groups() {
            read(group);
            let derived = spec.query.transform.map(|transform| DerivedGroup::new(transform.into(), group));
            match derived {
                None => self.draw(group, options),
                Some(Ok(mut derived)) => {
                    derived.update(group).expect("the group for which it was made");
                    read(derived.group());
                    self.draw(derived.group(), options);
                }
                Some(Err(error)) => assert!(!error.to_string().is_empty()),
            }
        }
    }

    /// Draws at the server's time, and at that of the newest row.
    fn draw(&self, group: &Group, options: Options) {
        let unit = Unit::parse(&group.unit, &group.bounds);
        let window = Window::new(WINDOW, WIDTH);
        let measure = |text: &str| text.len() as f64;
        let room = LabelRoom { width_css_px: f64::from(WIDTH), measure: &measure };
        for now in [Some(NOW), group.newest()].into_iter().flatten() {
            view::clock_ticks(TimeLabels::Relative, &window, now, room);
            if options.kind.is_tiles() {
                self.draw_tiles(group, options.kind, &window, now, &unit);
            } else {
                self.draw_chart(group, options, &window, now, &unit);
            }
        }
    }

    fn draw_tiles(&self, group: &Group, kind: Kind, window: &Window, now: Timestamp, unit: &Unit) {
        let mut tiles = TileChart::new(kind, Steps::of(unit));
        tiles.resize(WIDTH, HEIGHT, 1.0);
        tiles.draw(group, window, now, &self.style, INK);
        for series in 0..group.series().len() {
            black_box(tiles.stat(series, unit).value.to_string());
        }
    }

    fn draw_chart(&self, group: &Group, options: Options, window: &Window, now: Timestamp, unit: &Unit) {
        let mut chart = LiveChart::new(Steps::Decimal);
        chart.set_options(options);
        chart.resize(WIDTH, HEIGHT, 2);
        chart.draw(group, window, now, &self.style);
        let scale = chart.scale();
        let span = scale.high() - scale.low();
        assert!(span.is_finite() && span > 0.0, "{scale:?}");
        let axis = ValueAxis::new(scale, unit, f64::from(HEIGHT), &|label| label.len() <= 9);
        assert_eq!(axis.ticks.len(), axis.text.labels.len());
        black_box(view::range_text(scale, unit));
    }
}

fn read(group: &Group) {
    let rows = group.rows();
    assert!(rows.end - rows.start <= group.capacity() as u64);
    black_box((group.stale(NOW), group.reach(), group.newest()));
    for series in 0..group.series().len() {
        let finite = group.iter(series, 0..u64::MAX).filter(|(_, value)| value.is_finite()).count();
        let summary = black_box(group.summary(series, 0..u64::MAX));
        // A bucket stands for as many values as its frame says.
        if !group.holds_buckets() {
            assert_eq!(summary.count as usize, finite, "{}", group.series()[series].name);
        }
        black_box((group.latest(series), group.value_at(series, NOW), group.has_ended(series)));
    }
}

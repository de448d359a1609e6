//! The text form of a panel: its selector, and its settings as words with commas between them, such as `area,log` or
//! `line,rate,0..100`.
//!
//! | word | meaning |
//! | --- | --- |
//! | `line`, `area`, ... | [`Kind`] of chart; default: `line` |
//! | `rate`, `mean:5s`, `p99:10s` ... | transform |
//! | `log` | logarithmic axis |
//! | `0..100` | range of the axis |
//! | `title:TEXT`, `unit:UNIT` | title, and unit in UCUM; `%25` and `%2C` for `%` and a comma |
//! | `place:NUMBER` | place on the page, 0 to 65535 |
//! | `wide`, `tile` | size |
//! | `hide:NAME`, `only:NAME` | all series but these, or only these; written as titles are |
//! | `sort:name`, `sort:value`, `sort:max` | order of the legend |

use std::fmt::Write as _;

use series::{Selector, decimal};
use thiserror::Error;

use super::panel_spec::{Order, PanelSpec, Place, Size};
use super::query::Query;
use crate::chart::{Kind, Shown};
use crate::view::{Mapping, RangeMode};

const LOG: &str = "log";
const WIDE: &str = "wide";
const TILE: &str = "tile";
const RANGE: &str = "..";
const TITLE: &str = "title:";
const UNIT: &str = "unit:";
const PLACE: &str = "place:";
const HIDE: &str = "hide:";
const ONLY: &str = "only:";
const SORT: &str = "sort:";

/// A word is not a setting of a panel.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParsePanelError {
    #[error(
        "found {0:?}, allowed: a kind of chart ({kinds}), a transform (such as rate, sum or p99:10s), log, a range (such as \
         0..100), title:TEXT, unit:UNIT, place:NUMBER, wide, tile, hide:NAME, only:NAME, sort:ORDER",
        kinds = Kind::ALL.map(Kind::name).join(", ")
    )]
    Word(String),
    #[error("found {0:?}, allowed: two numbers, the lower first, such as 0..100")]
    Range(String),
    #[error("found {0:?}, allowed: place: and a number from 0 to 65535, such as place:1")]
    Place(String),
    #[error("found {0:?}, allowed: sort:name, sort:value, sort:max")]
    Order(String),
}

impl PanelSpec {
    /// Parses the text of a selector and of the settings. A text that is not a selector is the name of a group.
    ///
    /// # Errors
    /// If a word is not a setting; the error names the word.
    pub fn parse(selector: &str, settings: &str) -> Result<Self, ParsePanelError> {
        let selector = selector.parse().unwrap_or_else(|_| Selector::group(selector));
        let mut spec = Self::new(Query { selector, transform: None });
        for word in settings.split(',') {
            spec.set(word)?;
        }
        Ok(spec)
    }

    fn set(&mut self, word: &str) -> Result<(), ParsePanelError> {
        if word == LOG {
            self.axis.mapping = Mapping::Log;
        } else if word == WIDE {
            self.size = Size::Wide;
        } else if word == TILE {
            self.size = Size::Tile;
        } else if let Some(title) = word.strip_prefix(TITLE) {
            self.title = Some(unescape(title));
        } else if let Some(unit) = word.strip_prefix(UNIT) {
            self.unit = Some(unescape(unit));
        } else if let Some(number) = word.strip_prefix(PLACE) {
            let number = number.parse().map_err(|_| ParsePanelError::Place(word.to_owned()))?;
            self.place = Place::Number(number);
        } else if let Some(name) = word.strip_prefix(HIDE) {
            let before = if let Shown::Except(names) = std::mem::take(&mut self.shown) { names } else { Vec::new() };
            self.shown = Shown::except(before.into_iter().chain([unescape(name)]));
        } else if let Some(name) = word.strip_prefix(ONLY) {
            // Without a name, no series is shown.
            let name = Some(unescape(name)).filter(|name| !name.is_empty());
            let before = if let Shown::Only(names) = std::mem::take(&mut self.shown) { names } else { Vec::new() };
            self.shown = Shown::only(before.into_iter().chain(name));
        } else if let Some(name) = word.strip_prefix(SORT) {
            let order = Order::ALL.into_iter().find(|order| order.name() == name);
            self.order = order.ok_or_else(|| ParsePanelError::Order(word.to_owned()))?;
        } else if let Some((low, high)) = word.split_once(RANGE) {
            let number = |text: &str| decimal::parse(text).filter(|number| number.is_finite());
            self.axis.range = match (number(low), number(high)) {
                (Some(low), Some(high)) if low < high => RangeMode::Fixed { low, high },
                _ => return Err(ParsePanelError::Range(word.to_owned())),
            };
        } else if let Some(kind) = Kind::find(word) {
            self.kind = kind;
        } else {
            let transform = word.parse().map_err(|_| ParsePanelError::Word(word.to_owned()))?;
            self.query.transform = Some(transform);
        }
        Ok(())
    }

    /// The settings as text; with the selector's text they parse back to the same panel.
    pub fn settings(&self) -> String {
        let mut text = self.kind.to_string();
        let mut word = |word: std::fmt::Arguments<'_>| _ = write!(text, ",{word}");
        if let Some(transform) = self.query.transform {
            word(format_args!("{transform}"));
        }
        if self.axis.mapping == Mapping::Log {
            word(format_args!("{LOG}"));
        }
        if let RangeMode::Fixed { low, high } = self.axis.range {
            word(format_args!("{low}{RANGE}{high}"));
        }
        if let Some(unit) = &self.unit {
            word(format_args!("{UNIT}{}", escape(unit)));
        }
        if let Some(title) = &self.title {
            word(format_args!("{TITLE}{}", escape(title)));
        }
        if let Place::Number(number) = self.place {
            word(format_args!("{PLACE}{number}"));
        }
        match self.size {
            Size::Normal => {}
            Size::Wide => word(format_args!("{WIDE}")),
            Size::Tile => word(format_args!("{TILE}")),
        }
        match &self.shown {
            Shown::All => {}
            Shown::Except(names) => names.iter().for_each(|name| word(format_args!("{HIDE}{}", escape(name)))),
            Shown::Only(names) if names.is_empty() => word(format_args!("{ONLY}")),
            Shown::Only(names) => names.iter().for_each(|name| word(format_args!("{ONLY}{}", escape(name)))),
        }
        if self.order != Order::Automatic {
            word(format_args!("{SORT}{}", self.order.name()));
        }
        text
    }
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2C")
}

fn unescape(text: &str) -> String {
    text.replace("%2C", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::Axis;

    fn parse(settings: &str) -> PanelSpec {
        PanelSpec::parse("cpu", settings).expect("well formed")
    }

    #[test]
    fn every_word_sets_its_field() {
        let spec = parse("area,p99:10s,log,-0.5..1e3,title:A%2CB,unit:By,place:2,wide");
        assert_eq!((spec.size, parse("stats,tile").size), (Size::Wide, Size::Tile));
        let axis = Axis { mapping: Mapping::Log, range: RangeMode::Fixed { low: -0.5, high: 1e3 } };
        assert_eq!((spec.kind, spec.axis, spec.place), (Kind::Area, axis, Place::Number(2)));
        assert_eq!((spec.title.as_deref(), spec.unit.as_deref()), (Some("A,B"), Some("By")));
        assert_eq!(spec.query, Query { selector: Selector::group("cpu"), transform: "p99:10s".parse().ok() });
        assert_eq!(parse("stats").settings(), "stats");
        assert_eq!(parse("log").settings(), "line,log");
    }

    #[test]
    fn series_are_hidden_or_shown_alone_by_name() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(parse("hide:a%2Cb,hide:c").shown, Shown::Except(names(&["a,b", "c"])));
        assert_eq!(parse("only:core 3").shown, Shown::Only(names(&["core 3"])));
        assert_eq!(parse("only:").shown, Shown::Only(Vec::new()));
        assert_eq!(parse("sort:max").order, Order::Maximum);
        let error = PanelSpec::parse("cpu", "sort:size").expect_err("unknown").to_string();
        assert_eq!(error, "found \"sort:size\", allowed: sort:name, sort:value, sort:max");
    }

    #[test]
    fn a_text_that_is_not_a_selector_names_a_group() {
        let spec = PanelSpec::parse("my group!", "line").expect("well formed");
        assert_eq!(spec.query.selector, Selector::group("my group!"));
    }

    #[test]
    fn an_unknown_word_is_named_with_the_allowed_ones() {
        let error = |settings: &str| PanelSpec::parse("cpu", settings).expect_err("unknown").to_string();
        assert!(error("pie").starts_with("found \"pie\", allowed: a kind of chart (line, area"));
        assert!(error("pie").contains("gauges, stats), a transform"));
        assert_eq!(error("line,5..1"), "found \"5..1\", allowed: two numbers, the lower first, such as 0..100");
        assert_eq!(error("0..NaN"), "found \"0..NaN\", allowed: two numbers, the lower first, such as 0..100");
        assert_eq!(
            error("place:-1"),
            "found \"place:-1\", allowed: place: and a number from 0 to 65535, such as place:1"
        );
    }

    fn selectors() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z.]{1,9}", "[a-z]{1,5}\\*/[a-z*]{1,4}\\{device=\"sd\\*\",only\\}", "\\PC{1,9}"]
    }

    proptest! {
        #[test]
        fn a_formatted_panel_parses_back(
            selector in selectors(),
            (kind, transform) in (0..Kind::ALL.len(), prop::option::of("rate|sum|mean:5s|p99\\.9:10s|buckets")),
            (log, range) in (any::<bool>(), prop::option::of((-1e300_f64..1e300, 1.0_f64..1e300))),
            (title, unit) in (prop::option::of("\\PC{0,12}"), prop::option::of("[%,a-zA-Z0-9/{}]{0,8}")),
            place in prop::option::of(any::<u16>()),
            (size, order) in (0..3_usize, 0..Order::ALL.len()),
            (is_only, names) in (any::<bool>(), prop::collection::vec("\\PC{1,9}", 0..4)),
        ) {
            let mut spec = PanelSpec::parse(&selector, "line").expect("well formed");
            spec.kind = Kind::ALL[kind];
            spec.query.transform = transform.map(|text| text.parse().expect("well formed"));
            spec.axis.mapping = if log { Mapping::Log } else { Mapping::Linear };
            let fixed = range.map(|(low, span)| (low, low + span)).filter(|(low, high)| low < high);
            spec.axis.range = fixed.map_or(RangeMode::Automatic, |(low, high)| RangeMode::Fixed { low, high });
            (spec.title, spec.unit) = (title, unit);
            spec.size = [Size::Normal, Size::Wide, Size::Tile][size];
            spec.order = Order::ALL[order];
            spec.shown = if is_only { Shown::only(names.into_iter()) } else { Shown::except(names.into_iter()) };
            spec.place = place.map_or(Place::InOrder, Place::Number);
            let text = (spec.query.selector.to_string(), spec.settings());
            prop_assert_eq!(PanelSpec::parse(&text.0, &text.1), Ok(spec), "{:?}", text);
        }
    }
}

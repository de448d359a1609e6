//! Parameters of the URL: `?window=60&at=2026-11-30T22:05:59Z&theme=dark&times=utc&keys=off&filter=device=sda&show.cpu.cores=area,log`.
//!
//! `layout=LINES` has all rows and panels. `show.SELECTOR=SETTINGS` specifies a panel. A selector with `=` is percent-encoded: `show.net{device%3Dlo}=area`.

use protocol::{Interval, Timestamp};
use series::decimal;

use super::label_filter::LabelFilter;
use crate::layout::{Layout, PanelSpec};
use crate::view::rfc3339;

/// The span of a live view, or of a fixed one with `at`, in seconds.
const WINDOW_SECONDS: std::ops::RangeInclusive<f64> = 0.001..=2_678_400.0;

/// Prefix of the parameters that specify panels: the selector follows.
const SHOW: &str = "show.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    Dark,
    Light,
}

impl Theme {
    /// The name in URL and style sheet.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Dark, Self::Light].into_iter().find(|theme| theme.name() == name)
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// The kind of time labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// Seconds before the right edge.
    #[default]
    Relative,
    /// In the time zone of the browser.
    Local,
    Utc,
}

impl Times {
    const ALL: [Self; 3] = [Self::Relative, Self::Local, Self::Utc];

    /// The name in the URL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Local => "local",
            Self::Utc => "utc",
        }
    }

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Local,
            Self::Local => Self::Utc,
            Self::Utc => Self::Relative,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// The span of time that the charts show.
    pub(super) window: Interval,
    /// The right edge of a fixed view; `None` for a live one.
    pub(super) at: Option<Timestamp>,
    /// `None` follows the browser.
    pub(super) theme: Option<Theme>,
    pub(super) times: Times,
    /// Keys that write a character are commands.
    pub(super) single_keys: SingleKeys,
    /// In place of the layout of the server, or of the default one.
    pub(super) layout: Option<Layout>,
    /// The labels of the series that are shown.
    pub(super) filter: Option<LabelFilter>,
    pub(super) panels: Vec<PanelSpec>,
    pub(super) errors: Vec<InvalidParameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL parameter {key}: {error}")]
pub(super) struct InvalidParameter {
    key: String,
    error: String,
}

/// Whether keys that write a character are commands. WCAG 2.1.4 asks for a way to switch them off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SingleKeys {
    #[default]
    On,
    Off,
}

/// The parameter of a panel.
pub(super) fn panel_key(panel: &PanelSpec) -> String {
    format!("{SHOW}{}", panel.query.selector)
}

impl Parameters {
    /// Parses a decoded query. Invalid parameters have no effect.
    pub(super) fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut parameters = Self {
            window: Interval::from_secs(60),
            at: None,
            theme: None,
            times: Times::default(),
            single_keys: SingleKeys::default(),
            layout: None,
            filter: None,
            panels: Vec::new(),
            errors: Vec::new(),
        };
        for (key, value) in pairs {
            match key {
                "window" => match decimal::parse(value).filter(|seconds| WINDOW_SECONDS.contains(seconds)) {
                    Some(seconds) => parameters.window = Interval::from_micros((seconds * 1e6) as u64),
                    None => parameters.refuse(key, value, "seconds from 0.001 to 2678400"),
                },
                // A plus sign that is not encoded arrives as a blank.
                "at" => match rfc3339::parse(value).or_else(|| rfc3339::parse(&value.replace(' ', "+"))) {
                    Some(at) => parameters.at = Some(at),
                    None => parameters.refuse(key, value, "a time such as 2026-11-30T22:05:59.25Z"),
                },
                "keys" => match value {
                    "off" => parameters.single_keys = SingleKeys::Off,
                    "on" => parameters.single_keys = SingleKeys::On,
                    _ => parameters.refuse(key, value, "on, off"),
                },
                "layout" => match Layout::parse(value) {
                    Ok(layout) => parameters.layout = Some(layout),
                    Err(error) => {
                        parameters.errors.push(InvalidParameter { key: key.to_owned(), error: error.to_string() });
                    }
                },
                "filter" => match LabelFilter::parse(value) {
                    Ok(filter) => parameters.filter = Some(filter),
                    Err(_) => parameters.refuse(key, value, "labels such as device=sda or host=web*,env!=test"),
                },
                "theme" => {
                    parameters.theme = Theme::parse(value);
                    if parameters.theme.is_none() {
                        parameters.refuse(key, value, "dark, light");
                    }
                }
                "times" => match Times::ALL.into_iter().find(|times| times.name() == value) {
                    Some(times) => parameters.times = times,
                    None => parameters.refuse(key, value, "relative, local, utc"),
                },
                _ => parameters.parse_panel(key, value),
            }
        }
        parameters
    }

    fn refuse(&mut self, key: &str, found: &str, allowed: &str) {
        let error = format!("found {found:?}, allowed: {allowed}");
        self.errors.push(InvalidParameter { key: key.to_owned(), error });
    }

    fn parse_panel(&mut self, key: &str, value: &str) {
        let Some(selector) = key.strip_prefix(SHOW) else { return };
        match PanelSpec::parse(selector, value) {
            Ok(panel) => {
                // Of equal keys the last one is used.
                self.panels.retain(|known| known.query.selector != panel.query.selector);
                self.panels.push(panel);
            }
            Err(error) => self.errors.push(InvalidParameter { key: key.to_owned(), error: error.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_sets_its_field() {
        let pairs = [
            ("window", "30"),
            ("at", "2026-11-30T22:05:59Z"),
            ("theme", "light"),
            ("times", "utc"),
            ("keys", "off"),
            ("show.cpu.cores", "bars"),
            ("show.cpu.cores", "area,log"),
        ];
        let parameters = Parameters::parse(pairs);
        assert_eq!(parameters.window, Interval::from_secs(30));
        assert_eq!(parameters.at, Some(Timestamp::from_micros(1_796_076_359_000_000)));
        assert_eq!(parameters.single_keys, SingleKeys::Off);
        assert_eq!((parameters.theme, parameters.times), (Some(Theme::Light), Times::Utc));
        let panels: Vec<_> = parameters.panels.iter().map(|panel| (panel_key(panel), panel.settings())).collect();
        assert_eq!(panels, [("show.cpu.cores".to_owned(), "area,log".to_owned())]);
    }

    #[test]
    fn invalid_parameters_have_no_effect() {
        let default = Parameters::parse([]);
        for (key, value) in
            [("window", "-1"), ("window", "NaN"), ("window", "1e9"), ("theme", "blue"), ("times", ""), ("keys", "no")]
        {
            let found = Parameters::parse([(key, value)]);
            let error = found.errors[0].to_string();
            assert!(error.starts_with(&format!("Invalid URL parameter {key}: found {value:?}, allowed: ")), "{error}");
            assert_eq!(Parameters { errors: Vec::new(), ..found }, default, "{key} {value}");
        }
        assert_eq!(Parameters::parse([("x", "y")]), default, "of another program, such as a proxy");
    }

    #[test]
    fn an_invalid_time_is_named_and_the_view_is_live() {
        let parameters = Parameters::parse([("at", "noon")]);
        let error = parameters.errors[0].to_string();
        assert_eq!(error, "Invalid URL parameter at: found \"noon\", allowed: a time such as 2026-11-30T22:05:59.25Z");
        assert_eq!(parameters.at, None);
        let east = Parameters::parse([("at", "2026-11-30T23:05:59 01:00")]);
        assert_eq!(east.at, Some(Timestamp::from_micros(1_796_076_359_000_000)), "its plus sign is a blank");
    }

    #[test]
    fn an_invalid_panel_is_named_with_found_and_allowed() {
        let parameters = Parameters::parse([("show.memory", "pie")]);
        let error = parameters.errors[0].to_string();
        assert!(error.starts_with("Invalid URL parameter show.memory: found \"pie\", allowed: a kind"), "{error}");
    }
}

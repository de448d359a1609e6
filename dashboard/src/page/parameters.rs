//! Parameters of the URL: `?window=60&theme=dark&times=utc&show.cpu.cores=area,log`.
//!
//! `show.SELECTOR=SETTINGS` specifies a panel. A selector with `=` is percent-encoded: `show.net{device%3Dlo}=area`.

use protocol::Interval;

use crate::layout::{PanelSpec, ParsePanelError};

/// A shorter window shows nothing; a longer one exceeds the history of any server.
const WINDOW_SECONDS: std::ops::RangeInclusive<f64> = 1.0..=86_400.0;

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
    /// `None` follows the browser.
    pub(super) theme: Option<Theme>,
    pub(super) times: Times,
    pub(super) panels: Vec<PanelSpec>,
    pub(super) errors: Vec<InvalidParameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL parameter {key}: {error}")]
pub(super) struct InvalidParameter {
    key: String,
    error: ParsePanelError,
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
            theme: None,
            times: Times::default(),
            panels: Vec::new(),
            errors: Vec::new(),
        };
        for (key, value) in pairs {
            match key {
                "window" => {
                    if let Some(seconds) = value.parse().ok().filter(|seconds| WINDOW_SECONDS.contains(seconds)) {
                        parameters.window = Interval::from_micros((seconds * 1e6) as u64);
                    }
                }
                "theme" => parameters.theme = Theme::parse(value),
                "times" => {
                    parameters.times = Times::ALL.into_iter().find(|times| times.name() == value).unwrap_or_default();
                }
                _ => parameters.parse_panel(key, value),
            }
        }
        parameters
    }

    fn parse_panel(&mut self, key: &str, value: &str) {
        let Some(selector) = key.strip_prefix(SHOW) else { return };
        match PanelSpec::parse(selector, value) {
            Ok(panel) => {
                // Of equal keys the last one is used.
                self.panels.retain(|known| known.query.selector != panel.query.selector);
                self.panels.push(panel);
            }
            Err(error) => self.errors.push(InvalidParameter { key: key.to_owned(), error }),
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
            ("theme", "light"),
            ("times", "utc"),
            ("show.cpu.cores", "bars"),
            ("show.cpu.cores", "area,log"),
        ];
        let parameters = Parameters::parse(pairs);
        assert_eq!(parameters.window, Interval::from_secs(30));
        assert_eq!((parameters.theme, parameters.times), (Some(Theme::Light), Times::Utc));
        let panels: Vec<_> = parameters.panels.iter().map(|panel| (panel_key(panel), panel.settings())).collect();
        assert_eq!(panels, [("show.cpu.cores".to_owned(), "area,log".to_owned())]);
    }

    #[test]
    fn invalid_parameters_have_no_effect() {
        let default = Parameters::parse([]);
        for (key, value) in
            [("window", "-1"), ("window", "NaN"), ("window", "1e9"), ("theme", "blue"), ("x", "y"), ("times", "")]
        {
            assert_eq!(Parameters::parse([(key, value)]), default, "{key} {value}");
        }
    }

    #[test]
    fn an_invalid_panel_is_named_with_found_and_allowed() {
        let parameters = Parameters::parse([("show.memory", "pie")]);
        let error = parameters.errors[0].to_string();
        assert!(error.starts_with("Invalid URL parameter show.memory: found \"pie\", allowed: a kind"), "{error}");
    }
}

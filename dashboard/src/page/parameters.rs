//! Parameters of the URL: `?window=60&theme=dark&times=utc&show.cpu.cores=area,log`.

use std::collections::BTreeMap;

use protocol::Interval;

use crate::chart::Options;
use crate::chart::options::BadOptions;

/// A shorter window shows nothing; a longer one exceeds the history of any server.
const WINDOW_SECONDS: std::ops::RangeInclusive<f64> = 1.0..=86_400.0;

/// Dark or light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

impl Theme {
    /// As the style sheet and the URL write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The theme of that name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Dark, Self::Light].into_iter().find(|theme| theme.name() == name)
    }

    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// How times are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// By how long ago.
    #[default]
    Relative,
    /// By the reader's clock.
    Local,
    /// By UTC.
    Utc,
}

impl Times {
    const ALL: [Self; 3] = [Self::Relative, Self::Local, Self::Utc];

    /// As the URL writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Local => "local",
            Self::Utc => "utc",
        }
    }

    /// The next of the three.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Local,
            Self::Local => Self::Utc,
            Self::Utc => Self::Relative,
        }
    }
}

/// What begins the name of a parameter that says how a group is shown: the group's name follows.
pub(super) const SHOW: &str = "show.";

/// What the URL asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// How much time the charts show.
    pub(super) window: Interval,
    /// The theme; `None` follows the browser.
    pub(super) theme: Option<Theme>,
    /// How times are told.
    pub(super) times: Times,
    /// How groups are shown, by their names.
    pub(super) options: BTreeMap<String, Options>,
    pub(super) errors: Vec<InvalidParameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL parameter {key}: {error}")]
pub(super) struct InvalidParameter {
    key: String,
    error: BadOptions,
}

impl Parameters {
    /// Reads a URL's query, decoded. What makes no sense is as if it were not there.
    pub(super) fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut parameters = Self {
            window: Interval::from_secs(60),
            theme: None,
            times: Times::default(),
            options: BTreeMap::new(),
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
                _ => parameters.show(key, value),
            }
        }
        parameters
    }

    fn show(&mut self, key: &str, value: &str) {
        let Some(group) = key.strip_prefix(SHOW) else { return };
        match value.parse() {
            Ok(options) => _ = self.options.insert(group.to_owned(), options),
            Err(error) => self.errors.push(InvalidParameter { key: key.to_owned(), error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_sets_what_is_shown_and_how() {
        let pairs = [("window", "30"), ("theme", "light"), ("times", "utc"), ("show.cpu.cores", "area,log")];
        let parameters = Parameters::parse(pairs);
        assert_eq!(parameters.window, Interval::from_secs(30));
        assert_eq!((parameters.theme, parameters.times), (Some(Theme::Light), Times::Utc));
        assert_eq!(parameters.options["cpu.cores"].to_string(), "area,log");
    }

    #[test]
    fn nonsense_is_ignored() {
        let usual = Parameters::parse([]);
        for (key, value) in
            [("window", "-1"), ("window", "NaN"), ("window", "1e9"), ("theme", "blue"), ("x", "y"), ("times", "")]
        {
            assert_eq!(Parameters::parse([(key, value)]), usual, "{key} {value}");
        }
    }

    #[test]
    fn options_that_make_no_sense_are_named() {
        let parameters = Parameters::parse([("show.memory", "pie")]);
        assert!(
            parameters.errors[0].to_string().starts_with("Invalid URL parameter show.memory: unknown option \"pie\"")
        );
    }
}

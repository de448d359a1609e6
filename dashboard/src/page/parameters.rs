//! What the URL asks for: `?window=60&theme=dark`.

use protocol::Interval;

/// Shorter windows show nothing; longer ones are longer than any server's history.
const WINDOW_SECONDS: std::ops::RangeInclusive<f64> = 1.0..=86_400.0;

/// Dark or light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

impl Theme {
    /// As the style sheet and the URL write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The theme of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Dark, Self::Light].into_iter().find(|theme| theme.name() == name)
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// What the URL asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How much time the charts show.
    pub window: Interval,
    /// The theme; `None` follows the browser.
    pub theme: Option<Theme>,
}

impl Parameters {
    /// Reads a URL's query, with or without its `?`. What makes no sense is as if it were not there.
    pub fn parse(query: &str) -> Self {
        let mut parameters = Self { window: Interval::from_secs(60), theme: None };
        for (key, value) in query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "window" => {
                    if let Some(seconds) = value.parse().ok().filter(|seconds| WINDOW_SECONDS.contains(seconds)) {
                        parameters.window = Interval::from_micros((seconds * 1e6) as u64);
                    }
                }
                "theme" => parameters.theme = Theme::parse(value),
                _ => {}
            }
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_sets_window_and_theme() {
        let parameters = Parameters::parse("?window=30&theme=light");
        assert_eq!(parameters, Parameters { window: Interval::from_secs(30), theme: Some(Theme::Light) });
    }

    #[test]
    fn nonsense_is_ignored() {
        let usual = Parameters { window: Interval::from_secs(60), theme: None };
        for query in ["", "?", "?window=-1", "?window=NaN", "?window=1e9", "?theme=blue", "?x=y&window"] {
            assert_eq!(Parameters::parse(query), usual, "{query}");
        }
    }
}

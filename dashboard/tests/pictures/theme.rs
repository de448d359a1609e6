//! The colours of charts, read from `www/style/tokens.css`.

use dashboard::surface::{Color, ColorRamp};

use crate::vision::Vision;

const TOKENS: &str = include_str!("../../../www/style/tokens.css");

/// The number of series colours in each theme.
pub(crate) const SERIES: usize = 8;

pub(crate) struct Theme {
    pub(crate) name: &'static str,
    pub(crate) panel: Color,
    pub(crate) track: Color,
    pub(crate) series: Vec<Color>,
    pub(crate) ramp: ColorRamp,
}

impl Theme {
    fn read(name: &'static str, rule: &str, ramp: ColorRamp) -> Self {
        let (_, rest) = TOKENS.split_once(&format!("{rule} {{")).expect("a rule");
        let (properties, _) = rest.split_once('}').expect("the end of the rule");
        let color = |name: &str| -> Color {
            let (_, value) = properties.split_once(&format!("--{name}:")).unwrap_or_else(|| panic!("no --{name}"));
            value.split(';').next().expect("a value").parse().expect("a colour")
        };
        let series = (1..=SERIES).map(|number| color(&format!("series-{number}"))).collect();
        Self { name, panel: color("panel"), track: color("panel-edge"), series, ramp }
    }

    /// The theme as a viewer sees it.
    pub(crate) fn seen_by(&self, vision: Vision) -> Self {
        let series = self.series.iter().map(|color| vision.sees(*color)).collect();
        Self {
            panel: vision.sees(self.panel),
            track: vision.sees(self.track),
            series,
            ramp: self.ramp.clone(),
            ..*self
        }
    }
}

pub(crate) fn dark() -> Theme {
    Theme::read("dark", ":root", ColorRamp::dark())
}

pub(crate) fn light() -> Theme {
    Theme::read("light", ":root[data-theme=\"light\"]", ColorRamp::light())
}

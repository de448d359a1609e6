//! The colours of `www/style/tokens.css` that charts use.

use dashboard::surface::{Color, ColorRamp};

pub(crate) struct Theme {
    pub(crate) name: &'static str,
    pub(crate) panel: Color,
    pub(crate) track: Color,
    pub(crate) series: Vec<Color>,
    pub(crate) ramp: ColorRamp,
}

fn color(text: &str) -> Color {
    text.parse().expect("a colour")
}

pub(crate) fn dark() -> Theme {
    Theme {
        name: "dark",
        panel: color("#121820"),
        track: color("#202a35"),
        series: ["#5cc8f5", "#ffa630", "#35c98e", "#f287c5"].map(color).to_vec(),
        ramp: ColorRamp::dark(),
    }
}

pub(crate) fn light() -> Theme {
    Theme {
        name: "light",
        panel: color("#ffffff"),
        track: color("#e9edf1"),
        series: ["#0072b2", "#d97800", "#00875f", "#b8508a"].map(color).to_vec(),
        ramp: ColorRamp::light(),
    }
}

//! Display settings: theme and time labels.

use protocol::Timestamp;
use wasm_bindgen::JsValue;

use super::address;
use super::parameters::{Parameters, Theme, Times};
use super::theme::{self, Palette};
use crate::view::{TimeLabels, Zone};

#[derive(Debug)]
pub(super) struct Display {
    theme: Theme,
    palette: Palette,
    times: Times,
}

impl Display {
    /// Applies the theme of the parameters, or else the browser's.
    pub(super) fn new(parameters: &Parameters) -> Result<Self, JsValue> {
        let theme = parameters.theme.unwrap_or_else(theme::preferred);
        theme::apply(theme)?;
        Ok(Self { theme, palette: Palette::read(theme)?, times: parameters.times })
    }

    pub(super) const fn palette(&self) -> &Palette {
        &self.palette
    }

    pub(super) fn toggle_theme(&mut self) -> Result<(), JsValue> {
        self.theme = self.theme.other();
        theme::apply(self.theme)?;
        self.palette = Palette::read(self.theme)?;
        Ok(())
    }

    /// Selects the next kind of time labels and writes it into the address.
    pub(super) fn next_times(&mut self) -> Result<(), JsValue> {
        self.times = self.times.next();
        address::set("times", (self.times != Times::default()).then(|| self.times.name()))
    }

    pub(super) fn time_labels(&self) -> TimeLabels {
        match self.times {
            Times::Relative => TimeLabels::Relative,
            Times::Utc => TimeLabels::Utc,
            Times::Local => TimeLabels::Local(Zone::new(browser_minutes_ahead)),
        }
    }
}

/// The offset of the browser's time zone at an instant, by the rules of the zone.
fn browser_minutes_ahead(time: Timestamp) -> i32 {
    let millis = JsValue::from_f64(time.micros().div_euclid(1_000) as f64);
    // JavaScript's offset is positive west of Greenwich. It is NaN beyond the times that a date can hold.
    -js_sys::Date::new(&millis).get_timezone_offset() as i32
}

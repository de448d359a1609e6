//! Display settings: theme and time labels.

use protocol::Timestamp;
use wasm_bindgen::JsValue;

use super::address;
use super::parameters::{Parameters, Theme, Times};
use super::theme::{self, Palette};
use crate::view::{TimeLabels, Zone};
use crate::viewport::Motion;

#[derive(Debug)]
pub(super) struct Display {
    /// The user's choice; without one, the browser's preference counts.
    chosen: Option<Theme>,
    theme: Theme,
    palette: Palette,
    times: Times,
}

impl Display {
    /// Applies the theme of the parameters, or else the browser's.
    pub(super) fn new(parameters: &Parameters) -> Result<Self, JsValue> {
        let theme = theme_of(parameters.theme);
        theme::apply(theme)?;
        let palette = Palette::read(theme)?;
        Ok(Self { chosen: parameters.theme, theme, palette, times: parameters.times })
    }

    pub(super) const fn palette(&self) -> &Palette {
        &self.palette
    }

    pub(super) fn toggle_theme(&mut self) -> Result<(), JsValue> {
        self.chosen = Some(self.theme.other());
        self.reload()
    }

    /// Applies the theme again after the preferences of the browser have changed.
    pub(super) fn reload(&mut self) -> Result<(), JsValue> {
        self.show(theme_of(self.chosen))
    }

    /// Applies the theme for paper, until the next [`reload`](Self::reload).
    pub(super) fn prepare_print(&mut self) -> Result<(), JsValue> {
        self.show(Theme::Light)
    }

    fn show(&mut self, theme: Theme) -> Result<(), JsValue> {
        self.theme = theme;
        theme::apply(theme)?;
        self.palette = Palette::read(theme)?;
        Ok(())
    }

    /// Selects the next kind of time labels and writes it into the address.
    pub(super) fn next_times(&mut self) -> Result<(), JsValue> {
        self.times = self.times.next();
        address::set("times", (self.times != Times::default()).then(|| self.times.name()))
    }

    /// The labels of a live view, or of a fixed one, whose right edge is not now.
    pub(super) fn time_labels(&self, motion: Motion) -> TimeLabels {
        match (self.times, motion) {
            (Times::Relative, Motion::Live) => TimeLabels::Relative,
            (Times::Utc, _) => TimeLabels::Utc,
            (Times::Local | Times::Relative, _) => TimeLabels::Local(Zone::new(browser_minutes_ahead)),
        }
    }
}

/// The theme to apply. Forced colours take precedence over the user's choice.
fn theme_of(chosen: Option<Theme>) -> Theme {
    chosen.filter(|_| !theme::is_forced()).unwrap_or_else(theme::preferred)
}

/// The offset of the browser's time zone at an instant, by the rules of the zone.
fn browser_minutes_ahead(time: Timestamp) -> i32 {
    let millis = JsValue::from_f64(time.micros().div_euclid(1_000) as f64);
    // JavaScript's offset is positive west of Greenwich. It is NaN beyond the times that a date can hold.
    -js_sys::Date::new(&millis).get_timezone_offset() as i32
}

//! Time labels beside each other: without overlaps, and at least two if the width has room for them.

use super::time_step::{DAY, TimeTick, round_steps};

/// Between two labels, in CSS pixels.
const GAP_PX: f64 = 6.0;

/// Longer beginnings of a text are not measured.
const MAX_BYTES: usize = 256;

/// Below this fraction of the span, a smaller step does not make room for a second label.
const FINEST: u64 = 50;

/// The width of a time axis, and of texts on it, in CSS pixels.
#[derive(Clone, Copy)]
pub struct LabelRoom<'a> {
    pub width_css_px: f64,
    /// The width of a text.
    pub measure: &'a dyn Fn(&str) -> f64,
}

impl LabelRoom<'_> {
    /// The number of labels with this room each, from 1 on.
    pub(super) fn count(&self, spacing_css_px: f64, limit: f64) -> u64 {
        (self.width_css_px.max(0.0) / spacing_css_px).min(limit).max(1.0) as u64
    }

    /// The ticks at `step_us` or, if there is room for fewer than two of their labels, at the largest smaller step with two.
    pub(super) fn fitted(&self, span_us: u64, step_us: u64, ticks_at: impl Fn(u64) -> Vec<TimeTick>) -> Vec<TimeTick> {
        let mut most = Vec::new();
        for step in steps_down_from(step_us).take_while(|step| *step == step_us || *step >= span_us / FINEST) {
            let ticks = self.without_overlaps(ticks_at(step));
            if ticks.len() >= 2 {
                return ticks;
            }
            if ticks.len() > most.len() {
                most = ticks;
            }
        }
        most
    }

    /// Removes each tick whose label would overlap the next one or repeat it.
    fn without_overlaps(&self, ticks: Vec<TimeTick>) -> Vec<TimeTick> {
        let mut free = f64::INFINITY;
        let mut kept: Vec<TimeTick> = Vec::with_capacity(ticks.len());
        for tick in ticks.into_iter().rev() {
            let width = (self.measure)(&tick.label);
            let left = self.left_of(tick.at * self.width_css_px, width);
            // Without a date between them, two times of the day must not be equal.
            if kept.last().is_none_or(|later| left + width <= free && later.label != tick.label) {
                free = left - GAP_PX;
                kept.push(tick);
            }
        }
        kept.reverse();
        kept
    }

    /// The left edge of a label for a mark at `x`. Near an end of the axis a label moves inwards.
    pub fn left_of(&self, x: f64, label_px: f64) -> f64 {
        (x - label_px / 2.0).min(self.width_css_px - label_px).max(0.0)
    }
}

/// The beginning of a text that has `room_px`, with an ellipsis if it is not the whole text.
pub fn shortened(text: &str, room_px: f64, measure: &dyn Fn(&str) -> f64) -> String {
    if text.len() <= MAX_BYTES && measure(text) <= room_px {
        return text.to_owned();
    }
    // A longer beginning is never narrower.
    let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).take_while(|end| *end <= MAX_BYTES).collect();
    let cut = |end: usize| format!("{}…", text[..end].trim_end());
    let fitting = ends.partition_point(|end| measure(&cut(*end)) <= room_px);
    cut(fitting.checked_sub(1).map_or(0, |last| ends[last]))
}

/// A step and the smaller round ones, the largest first.
fn steps_down_from(step_us: u64) -> impl Iterator<Item = u64> {
    let days = std::iter::successors(Some(step_us / DAY / 2), |days| Some(days / 2)).take_while(|days| *days > 1);
    let smaller = days.map(|days| days * DAY).chain(round_steps().rev()).filter(move |step| *step < step_us);
    std::iter::once(step_us).chain(smaller)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn width(text: &str) -> f64 {
        text.chars().map(|c| if c.is_ascii() { 6.0 } else { 11.0 }).sum()
    }

    #[test]
    fn a_long_text_ends_with_an_ellipsis() {
        let short = |text: &str, room| shortened(text, room, &width);
        assert_eq!(short("eth0", 60.0), "eth0");
        assert_eq!(short("wwan-modem-1", 60.0), "wwan-mod…");
        assert_eq!(short("温度センサー", 40.0), "温度…");
        assert_eq!(short("eth0", 5.0), "…");
        assert_eq!(short("", 5.0), "");
    }

    proptest! {
        #[test]
        fn a_shortened_text_fits(text in "\\PC{0,300}", room in 11.0_f64..200.0) {
            let short = shortened(&text, room, &width);
            prop_assert!(width(&short) <= room, "{short}");
            prop_assert!(short == text || text.starts_with(short.trim_end_matches('…')));
        }
    }
}

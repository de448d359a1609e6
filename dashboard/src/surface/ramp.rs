//! Colours for values: a path through Oklab on which equal steps look equally large.
//!
//! Lightness alone orders the values: it rises on a dark page and falls on a light one. The hue runs from blue to yellow.
//! The ramps can be read with any kind of colour vision, and in print.

use super::color::Color;
use super::oklab::Oklab;

/// Shades of a ramp. Neighbours cannot be distinguished.
const SHADES: usize = 256;

/// For a dark page: from just above the panel to a light yellow.
const DARK: [Color; 6] = [
    Color::opaque(0x1d, 0x26, 0x42),
    Color::opaque(0x2f, 0x45, 0x86),
    Color::opaque(0x2b, 0x72, 0x9f),
    Color::opaque(0x2b, 0xa1, 0x9a),
    Color::opaque(0x83, 0xcc, 0x6d),
    Color::opaque(0xfb, 0xec, 0x6e),
];

/// For a light page: from just below white to a dark blue.
const LIGHT: [Color; 6] = [
    Color::opaque(0xf8, 0xf5, 0xd3),
    Color::opaque(0xbc, 0xe0, 0xab),
    Color::opaque(0x67, 0xbc, 0xa8),
    Color::opaque(0x2e, 0x8f, 0xa9),
    Color::opaque(0x2c, 0x5c, 0x97),
    Color::opaque(0x22, 0x29, 0x5e),
];

/// A colour for each value from 0 to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColorRamp {
    shades: [Color; SHADES],
}

impl ColorRamp {
    /// For a dark page.
    pub fn dark() -> Self {
        Self::through(&DARK)
    }

    /// For a light page.
    pub fn light() -> Self {
        Self::through(&LIGHT)
    }

    /// A ramp through these colours at even distances. Alpha is ignored; without colours the ramp is black.
    pub fn through(anchors: &[Color]) -> Self {
        let mut shades = [anchors.first().copied().unwrap_or(Color::opaque(0, 0, 0)); SHADES];
        let legs = || anchors.windows(2).map(|pair| (Oklab::from(pair[0]), Oklab::from(pair[1])));
        let whole: f32 = legs().map(|(from, to)| from.distance(to)).sum();
        for (index, shade) in shades.iter_mut().enumerate() {
            let mut way = whole * index as f32 / (SHADES - 1) as f32;
            for (from, to) in legs() {
                let length = from.distance(to);
                if length > 0.0 {
                    *shade = from.toward(to, (way / length).min(1.0)).into();
                }
                way -= length;
                if way <= 0.0 {
                    break;
                }
            }
        }
        Self { shades }
    }

    /// The colour of a value, which is clamped to 0 to 1. NaN counts as 0.
    ///
    /// Hot: once for each cell of a heatmap.
    pub fn at(&self, amount: f64) -> Color {
        // The cast saturates, and takes NaN to 0.
        self.shades[((amount * (SHADES - 1) as f64 + 0.5) as usize).min(SHADES - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_runs_from_its_first_colour_to_its_last() {
        assert_eq!((ColorRamp::dark().at(0.0), ColorRamp::dark().at(1.0)), (DARK[0], DARK[5]));
        assert_eq!((ColorRamp::light().at(-9.0), ColorRamp::light().at(f64::INFINITY)), (LIGHT[0], LIGHT[5]));
        assert_eq!(ColorRamp::light().at(f64::NAN), LIGHT[0]);
    }

    #[test]
    fn equal_steps_look_equally_large() {
        for ramp in [ColorRamp::dark(), ColorRamp::light()] {
            let at = |step: u32| Oklab::from(ramp.at(f64::from(step) / 16.0));
            let steps: Vec<f32> = (0..16).map(|step| at(step).distance(at(step + 1))).collect();
            let mean = steps.iter().sum::<f32>() / 16.0;
            assert!(steps.iter().all(|step| (step / mean - 1.0).abs() < 0.2), "{steps:?}");
        }
    }

    #[test]
    fn lightness_alone_orders_the_colours() {
        let lightness = |ramp: &ColorRamp, step: u32| Oklab::from(ramp.at(f64::from(step) / 32.0)).lightness;
        let (dark, light) = (ColorRamp::dark(), ColorRamp::light());
        assert!((0..32).all(|step| lightness(&dark, step) + 0.005 < lightness(&dark, step + 1)));
        assert!((0..32).all(|step| lightness(&light, step) > lightness(&light, step + 1) + 0.005));
    }

    #[test]
    fn a_ramp_may_have_few_colours() {
        assert_eq!(ColorRamp::through(&[]).at(0.5), Color::opaque(0, 0, 0));
        assert_eq!(ColorRamp::through(&[DARK[3]]).at(0.5), DARK[3]);
        assert_eq!(ColorRamp::through(&[DARK[3], DARK[3]]).at(0.5), DARK[3]);
    }
}

//! Oklab: a colour space in which equal distances look about equally different.
//!
//! After Ottosson, "A perceptual color space for image processing" (2020).

use super::color::Color;

/// A colour in Oklab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklab {
    /// Lightness, 0 black to 1 white.
    pub lightness: f32,
    /// From green to red, about -0.4 to 0.4.
    pub a: f32,
    /// From blue to yellow, about -0.4 to 0.4.
    pub b: f32,
}

impl Oklab {
    /// The perceived difference of two colours: about 0.02 is just visible side by side.
    pub fn distance(self, other: Self) -> f32 {
        let square = |a: f32, b: f32| (a - b) * (a - b);
        (square(self.lightness, other.lightness) + square(self.a, other.a) + square(self.b, other.b)).sqrt()
    }

    /// Interpolates towards another colour, 0 to 1.
    #[must_use]
    pub fn toward(self, other: Self, part: f32) -> Self {
        let mix = |from: f32, to: f32| from + (to - from) * part;
        Self { lightness: mix(self.lightness, other.lightness), a: mix(self.a, other.a), b: mix(self.b, other.b) }
    }
}

impl From<Color> for Oklab {
    fn from(color: Color) -> Self {
        let [r, g, b] = [color.r, color.g, color.b].map(linear);
        let long = (0.412_221_47 * r + 0.536_332_54 * g + 0.051_445_995 * b).cbrt();
        let medium = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let short = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        Self {
            lightness: 0.210_454_26 * long + 0.793_617_8 * medium - 0.004_072_047 * short,
            a: 1.977_998_5 * long - 2.428_592_2 * medium + 0.450_593_7 * short,
            b: 0.025_904_037 * long + 0.782_771_77 * medium - 0.808_675_77 * short,
        }
    }
}

impl From<Oklab> for Color {
    /// Colours outside sRGB are clamped channel by channel.
    fn from(Oklab { lightness, a, b }: Oklab) -> Self {
        let long = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let medium = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let short = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        let r = 4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short;
        let g = -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_38 * short;
        let b = -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short;
        Self::opaque(encoded(r), encoded(g), encoded(b))
    }
}

/// An sRGB channel as an amount of light, 0 to 1.
fn linear(channel: u8) -> f32 {
    let channel = f32::from(channel) / 255.0;
    if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

fn encoded(light: f32) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let channel = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(2.4_f32.recip()) - 0.055 };
    (channel * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_colours_have_known_coordinates() {
        let near = |color: Color, lightness: f32, a: f32, b: f32| {
            let expected = Oklab { lightness, a, b };
            assert!(Oklab::from(color).distance(expected) < 1e-3, "{color:?}: {:?}", Oklab::from(color));
        };
        near(Color::opaque(255, 255, 255), 1.0, 0.0, 0.0);
        near(Color::opaque(0, 0, 0), 0.0, 0.0, 0.0);
        near(Color::opaque(255, 0, 0), 0.628, 0.225, 0.126);
    }

    proptest! {
        #[test]
        fn conversion_there_and_back_gives_the_same_colour(r: u8, g: u8, b: u8) {
            let color = Color::opaque(r, g, b);
            prop_assert_eq!(Color::from(Oklab::from(color)), color);
        }
    }
}

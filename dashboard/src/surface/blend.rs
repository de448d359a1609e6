//! One colour over another, with straight alpha.
//!
//! `ImageData` requires straight alpha. Porter and Duff's "over" then divides by the resulting alpha; the two common
//! cases, a transparent and an opaque pixel beneath, need no division.

use super::color::Color;

pub const TRANSPARENT: [u8; 4] = [0; 4];

/// The alpha of `color` on a pixel that it covers in part, `coverage` 0 to 1. NaN covers nothing.
pub fn alpha_at(color: Color, coverage: f32) -> u8 {
    // The cast saturates, and takes NaN to 0.
    (f32::from(color.a) * coverage + 0.5) as u8
}

/// Blends `color`, with `alpha` in place of its own, over `pixel`.
///
/// Hot: once for each pixel on the edge of a line.
#[inline]
pub fn over(pixel: &mut [u8; 4], color: Color, alpha: u8) {
    match (alpha, pixel[3]) {
        (0, _) => {}
        (u8::MAX, _) | (_, 0) => *pixel = [color.r, color.g, color.b, alpha],
        (_, u8::MAX) => {
            for (below, above) in pixel.iter_mut().zip([color.r, color.g, color.b]) {
                *below = mix(above, *below, alpha);
            }
        }
        (_, below_alpha) => over_translucent(pixel, color, alpha, below_alpha),
    }
}

/// `alpha` parts of 255 of `above`, the rest of `below`; rounded.
fn mix(above: u8, below: u8, alpha: u8) -> u8 {
    let (above, below, alpha) = (u32::from(above), u32::from(below), u32::from(alpha));
    ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
}

fn over_translucent(pixel: &mut [u8; 4], color: Color, alpha: u8, below_alpha: u8) {
    // Weights in 255ths of 255ths; their sum is at least 255, since `alpha` is.
    let above_weight = u32::from(alpha) * 255;
    let below_weight = u32::from(below_alpha) * (255 - u32::from(alpha));
    let total = above_weight + below_weight;
    for (below, above) in pixel.iter_mut().zip([color.r, color.g, color.b]) {
        *below = ((u32::from(above) * above_weight + u32::from(*below) * below_weight + total / 2) / total) as u8;
    }
    pixel[3] = ((total + 127) / 255) as u8;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLUE: Color = Color::opaque(0, 0, 200);

    fn blended(mut pixel: [u8; 4], color: Color, alpha: u8) -> [u8; 4] {
        over(&mut pixel, color, alpha);
        pixel
    }

    #[test]
    fn known_values() {
        assert_eq!(blended(TRANSPARENT, BLUE, 128), [0, 0, 200, 128]);
        assert_eq!(blended([200, 0, 0, 255], BLUE, 128), [100, 0, 100, 255]);
        // Half over half: the upper keeps 128 parts, the lower 64, of 192.
        assert_eq!(blended([200, 0, 0, 128], BLUE, 128), [66, 0, 134, 192]);
    }

    #[test]
    fn coverage_scales_alpha() {
        assert_eq!(alpha_at(BLUE, 0.5), 128);
        assert_eq!(alpha_at(BLUE.with_alpha(100), 0.25), 25);
        assert_eq!(alpha_at(BLUE, f32::NAN), 0);
        assert_eq!(alpha_at(BLUE, 7.0), 255);
        assert_eq!(alpha_at(BLUE, -1.0), 0);
    }

    proptest! {
        #[test]
        fn an_opaque_colour_replaces_the_pixel(pixel: [u8; 4], r: u8, g: u8, b: u8) {
            prop_assert_eq!(blended(pixel, Color::opaque(r, g, b), 255), [r, g, b, 255]);
        }

        #[test]
        fn a_transparent_colour_changes_nothing(pixel: [u8; 4], r: u8, g: u8, b: u8) {
            prop_assert_eq!(blended(pixel, Color::opaque(r, g, b), 0), pixel);
        }

        #[test]
        fn a_blend_is_between_its_two_colours(pixel: [u8; 4], r: u8, g: u8, b: u8, alpha in 1_u8..) {
            prop_assume!(pixel[3] > 0);
            let result = blended(pixel, Color::opaque(r, g, b), alpha);
            for (channel, above) in [r, g, b].into_iter().enumerate() {
                let (low, high) = (above.min(pixel[channel]), above.max(pixel[channel]));
                prop_assert!((low..=high).contains(&result[channel]), "{low} {high} {result:?}");
            }
            prop_assert!(result[3] >= alpha.max(pixel[3]));
        }
    }
}

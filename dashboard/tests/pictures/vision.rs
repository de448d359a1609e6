//! Colours as viewers with and without a deficiency see them, and the distance of those of the series.

use dashboard::surface::Color;
use dashboard::surface::oklab::Oklab;

use crate::theme;

/// A kind of colour vision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vision {
    Normal,
    /// Without cones for long waves.
    Protan,
    /// Without cones for middle waves.
    Deutan,
    /// Without cones for short waves.
    Tritan,
}

impl Vision {
    pub(crate) const ALL: [Self; 4] = [Self::Normal, Self::Protan, Self::Deutan, Self::Tritan];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Protan => "protan",
            Self::Deutan => "deutan",
            Self::Tritan => "tritan",
        }
    }

    /// Rows of the matrix for linear RGB at severity 1.0: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
    /// Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), and the authors' table of all severities.
    const fn matrix(self) -> [[f64; 3]; 3] {
        match self {
            Self::Normal => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Protan => [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            Self::Deutan => [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
            Self::Tritan => [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        }
    }

    pub(crate) fn sees(self, color: Color) -> Color {
        let light = linear(color);
        let [r, g, b] = self.matrix().map(|row| {
            let seen: f64 = row.iter().zip(light).map(|(part, light)| part * light).sum();
            let seen = seen.clamp(0.0, 1.0);
            let channel = if seen <= 0.003_130_8 { 12.92 * seen } else { 1.055 * seen.powf(1.0 / 2.4) - 0.055 };
            (channel * 255.0).round() as u8
        });
        Color::opaque(r, g, b)
    }
}

/// The amounts of light of the channels, 0 to 1.
fn linear(color: Color) -> [f64; 3] {
    [color.r, color.g, color.b].map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    })
}

/// The contrast of two colours, 1 to 21: WCAG 2.2, "contrast ratio".
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |color: Color| {
        let [r, g, b] = linear(color);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// The smallest distance of two series colours in Oklab, times 100. Below about 5, two thin lines are confused.
const MIN_DISTANCE: f32 = 8.0;

/// The smallest contrast of a series colour with the panel: WCAG 2.2, 1.4.11, for graphics.
const MIN_CONTRAST: f64 = 3.0;

#[test]
fn series_colours_differ_for_every_kind_of_colour_vision() {
    for theme in [theme::dark(), theme::light()] {
        for vision in Vision::ALL {
            let seen: Vec<_> = theme.series.iter().map(|color| Oklab::from(vision.sees(*color))).collect();
            for (first, second) in (0..seen.len()).flat_map(|second| (0..second).map(move |first| (first, second))) {
                let distance = 100.0 * seen[first].distance(seen[second]);
                let (first, second) = (first + 1, second + 1);
                assert!(distance >= MIN_DISTANCE, "{} {vision:?}: {first} and {second}: {distance:.1}", theme.name);
            }
        }
    }
}

#[test]
fn series_colours_stand_out_from_the_panel() {
    for theme in [theme::dark(), theme::light()] {
        for (color, number) in theme.series.iter().zip(1..) {
            let found = contrast(*color, theme.panel);
            assert!(found >= MIN_CONTRAST, "{} series {number}: {found:.2}", theme.name);
        }
    }
}

#[test]
fn the_simulation_has_known_values() {
    // Greys are seen by all alike, and red and green are close to each other without red or green cones.
    let grey = Color::opaque(128, 128, 128);
    let distance = |vision: Vision, one: Color, other: Color| {
        Oklab::from(vision.sees(one)).distance(Oklab::from(vision.sees(other)))
    };
    for vision in Vision::ALL {
        assert!(distance(vision, grey, grey) < 1e-6 && vision.sees(grey).r.abs_diff(128) <= 1, "{vision:?}");
    }
    let (red, green) = (Color::opaque(200, 60, 60), Color::opaque(90, 120, 50));
    assert!(distance(Vision::Deutan, red, green) < 0.5 * distance(Vision::Normal, red, green));
    assert!((contrast(Color::opaque(0, 0, 0), Color::opaque(255, 255, 255)) - 21.0).abs() < 1e-9);
}

//! A colour with straight (not premultiplied) alpha, as in CSS and `ImageData`.

use std::fmt;
use std::str::FromStr;

/// Red, green, blue and alpha, each 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Color {
    pub r: u8,
    pub g: u8,
    pub b: u8,
    /// Alpha: 255 is opaque, 0 is invisible.
    pub a: u8,
}

impl Color {
    pub const fn opaque(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b, a: u8::MAX }
    }

    #[must_use]
    pub const fn with_alpha(self, a: u8) -> Self {
        Self { a, ..self }
    }
}

/// The CSS form: `#rrggbbaa`.
impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { r, g, b, a } = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}{a:02x}")
    }
}

/// Text that is neither `#rrggbb` nor `rgb(r, g, b)`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour as #rrggbb or rgb(r, g, b), found {found:?}")]
pub struct ParseColorError {
    found: String,
}

impl FromStr for Color {
    type Err = ParseColorError;

    /// Parses `#rrggbb`, the form of colours in the style sheet, and `rgb(r, g, b)`, that of computed styles. Blanks around it are
    /// ignored, since the value of a custom property includes them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let color = of_digits(text.trim()).or_else(|| of_numbers(text.trim()));
        color.ok_or_else(|| ParseColorError { found: text.to_owned() })
    }
}

fn of_digits(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let [_, r, g, b] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(Color::opaque(r, g, b))
}

fn of_numbers(text: &str) -> Option<Color> {
    let mut numbers = text.strip_prefix("rgb(")?.strip_suffix(')')?.split(',').map(|number| number.trim().parse().ok());
    let color = Color::opaque(numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_print_in_css_form() {
        assert_eq!(Color::opaque(1, 0xab, 255).with_alpha(16).to_string(), "#01abff10");
    }

    #[test]
    fn css_colours_are_parsed() {
        assert_eq!("#4c9aff".parse(), Ok(Color::opaque(0x4c, 0x9a, 0xff)));
        assert_eq!(" #FFFFFF\n".parse(), Ok(Color::opaque(255, 255, 255)));
        assert_eq!("rgb(1, 20, 255)".parse(), Ok(Color::opaque(1, 20, 255)));
    }

    #[test]
    fn other_text_is_refused_and_named() {
        for text in [
            "",
            "#",
            "4c9aff",
            "#4c9af",
            "#4c9aff0",
            "#+c9aff",
            "#4c9aég",
            "red",
            "rgb(1, 2)",
            "rgb(1, 2, 3, 4)",
            "rgb(1, 2, 256)",
            "rgba(0, 0, 0, 0)",
        ] {
            let error = text.parse::<Color>().unwrap_err();
            assert_eq!(error, ParseColorError { found: text.to_owned() });
        }
    }
}

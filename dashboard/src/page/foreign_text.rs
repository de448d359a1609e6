//! Text of foreign origin: names, titles and units of the feed, reasons of the server, titles in the address.
//!
//! A control character of bidirectional text, such as "right-to-left override", changes the order in which the letters
//! after it are shown ([Unicode Standard Annex 9](https://www.unicode.org/reports/tr9/), section 2). In the name of a series
//! it could reorder the value beside it. These characters are shown as `�`, and a text that stands within another one is
//! isolated, so that letters of a right-to-left script do not reorder its neighbours either.

use std::borrow::Cow;

/// U+2068 FIRST STRONG ISOLATE and U+2069 POP DIRECTIONAL ISOLATE.
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// The text for an element of its own, which the style sheet isolates.
pub(super) fn foreign(text: &str) -> Cow<'_, str> {
    if text.contains(is_bidi_control) {
        text.chars().map(|char| if is_bidi_control(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
    } else {
        Cow::Borrowed(text)
    }
}

/// The text for a place within another text.
pub(super) fn isolated(text: &str) -> String {
    // Nothing in ASCII changes the order of other letters.
    if text.is_ascii() { text.to_owned() } else { format!("{}{}{}", ISOLATE.0, foreign(text), ISOLATE.1) }
}

/// The characters with the property `Bidi_Control`.
const fn is_bidi_control(char: char) -> bool {
    matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bidi_controls_of_a_foreign_text_are_replaced() {
        assert_eq!(foreign("eth0 received"), "eth0 received");
        assert_eq!(foreign("a\u{202e}gnp.exe\u{202c}\u{2067}b\u{200f}"), "a�gnp.exe��b�");
        assert_eq!(foreign("שלום"), "שלום", "letters of any script stay");
    }

    #[test]
    fn a_foreign_text_cannot_end_its_isolation() {
        assert_eq!(isolated("eth0"), "eth0");
        assert_eq!(isolated("x\u{2069}\u{202e}y"), "\u{2068}x��y\u{2069}");
    }
}

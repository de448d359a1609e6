//! Texts in double quotes.

use std::borrow::Cow;

use memchr::memchr2;

/// The place after the quote that closes the text whose first byte is at `start`; `None` if it is not closed.
pub(super) fn end_of_quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[found] == b'"' {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// The text between quotes, without its escapes. Unknown escape sequences stay.
pub(super) fn unescaped(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some(c @ ('\\' | '"')) => text.push(c),
            other => {
                text.push('\\');
                text.extend(other);
            }
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_escaped_does_not_close_a_text() {
        assert_eq!(end_of_quoted(br#""a\"b"} 1"#, 1), Some(6));
        assert_eq!(end_of_quoted(br#""F:\\"} 1"#, 1), Some(6), "an escaped backslash");
        assert_eq!(end_of_quoted(br#""a"#, 1), None);
        assert_eq!(end_of_quoted(br#""a\"#, 1), None);
        assert_eq!(end_of_quoted(br#"""#, 1), None);
    }

    #[test]
    fn escape_sequences_are_read_and_unknown_ones_stay() {
        assert_eq!(unescaped("plain"), "plain");
        assert_eq!(unescaped(r#"a\\b\"c\nd\x\"#), "a\\b\"c\nd\\x\\");
    }
}

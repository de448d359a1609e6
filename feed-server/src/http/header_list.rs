//! Header fields whose value is a list (RFC 9110, [section 5.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1)):
//! the list may be spread over several lines.

use hyper::HeaderMap;
use hyper::header::{AsHeaderName, HeaderValue};

/// A quality in thousandths: 1000 is the most preferred, 0 is refused.
pub type Quality = u16;

/// An item of a list of preferences, such as `text/plain;version=0.0.4;q=0.5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference<'a> {
    pub name: &'a str,
    /// Without `q`.
    pub parameters: Vec<(&'a str, &'a str)>,
    pub quality: Quality,
}

/// The items of all lines, without empty ones. A line with bytes that are not visible ASCII has none.
pub fn items(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| HeaderValue::to_str(line).ok());
    lines.flat_map(|line| split(line, ',')).filter(|item| !item.is_empty())
}

/// Returns true if the list has `token`, in upper or lower case.
pub fn has(headers: &HeaderMap, name: impl AsHeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// The items with their qualities. An item whose quality is invalid is left out.
pub fn preferences(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = Preference<'_>> {
    items(headers, name).filter_map(preference)
}

fn preference(item: &str) -> Option<Preference<'_>> {
    let mut parts = split(item, ';');
    let name = parts.next()?;
    let (mut parameters, mut quality) = (Vec::new(), 1_000);
    for part in parts.filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').map_or((part, ""), |(key, value)| (key.trim(), value.trim()));
        if key.eq_ignore_ascii_case("q") {
            quality = parse_quality(value)?;
        } else {
            parameters.push((key, value.trim_matches('"')));
        }
    }
    Some(Preference { name, parameters, quality })
}

/// `0` to `1` with at most three decimals (RFC 9110, section 12.4.2).
fn parse_quality(text: &str) -> Option<Quality> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

/// The trimmed parts between separators that are not within quotes.
pub(super) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let at_separator = move |character: char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match character {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => return character == separator && !is_quoted,
        }
        false
    };
    text.split(at_separator).map(str::trim)
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT, CONNECTION, HeaderName};

    use super::*;

    fn headers(name: &HeaderName, lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (name.clone(), HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn a_list_over_several_lines_is_one_list() {
        let headers = headers(&CONNECTION, &["keep-alive", "", " foo ,, Upgrade,"]);
        assert_eq!(items(&headers, CONNECTION).collect::<Vec<_>>(), ["keep-alive", "foo", "Upgrade"]);
        assert!(has(&headers, CONNECTION, "upgrade") && has(&headers, CONNECTION, "keep-alive"));
        assert!(!has(&headers, CONNECTION, "up"));
    }

    #[test]
    fn separators_within_quotes_separate_nothing() {
        let headers = headers(&ACCEPT, &[r#"text/plain; a="x,y;\",z"; q=0.5, text/html"#]);
        let found: Vec<_> = preferences(&headers, ACCEPT).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name, found[0].quality), ("text/plain", 500));
        assert_eq!(found[0].parameters, [("a", r#"x,y;\",z"#)]);
        assert_eq!((found[1].name, found[1].quality), ("text/html", 1_000));
    }

    #[test]
    fn qualities_have_at_most_three_decimals() {
        for (text, quality) in [
            ("0", 0),
            ("0.", 0),
            ("0.000", 0),
            ("0.001", 1),
            ("0.5", 500),
            ("0.25", 250),
            ("1", 1_000),
            ("1.000", 1_000),
        ] {
            assert_eq!(parse_quality(text), Some(quality), "{text}");
        }
        for text in ["", ".5", "1.001", "2", "-0", "0.0001", "0.+1", "0,5", "1e0"] {
            assert_eq!(parse_quality(text), None, "{text}");
        }
        let headers = headers(&ACCEPT, &["a;q=x, b ; Q = 0.1"]);
        let found: Vec<_> = preferences(&headers, ACCEPT).map(|found| (found.name, found.quality)).collect();
        assert_eq!(found, [("b", 100)]);
    }
}

//! The name and the labels of a series.

use std::borrow::Cow;

use memchr::memchr2;

use super::Format;
use super::bad_line::{BadLine, shown};
use super::quoted::{end_of_quoted, unescaped};

/// A series as a line identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesText<'t> {
    pub name: Cow<'t, str>,
    /// In the order of the line, each name once.
    pub labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
}

/// The length of the part of a line that identifies the series. The line begins with it.
///
/// Hot: once per sample, watched by `benches/exposition.rs`.
///
/// # Errors
/// If a quote or a brace is not closed.
pub fn length(line: &str, format: Format) -> Result<usize, BadLine> {
    let bytes = line.as_bytes();
    let name = bytes.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'{')).unwrap_or(bytes.len());
    let after_blanks = name + bytes[name..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let may_follow_blanks = format == Format::Text;
    if bytes.get(after_blanks) == Some(&b'{') && (after_blanks == name || may_follow_blanks) {
        return closing_brace(bytes, after_blanks).map(|brace| brace + 1).ok_or(BadLine::NotClosed);
    }
    Ok(name)
}

fn closing_brace(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let found = at + memchr2(b'"', b'}', bytes.get(at..)?)?;
        if bytes[found] == b'}' {
            return Some(found);
        }
        at = end_of_quoted(bytes, found + 1)?;
    }
}

impl<'t> SeriesText<'t> {
    /// Reads the part of a line whose [`length`] is known.
    ///
    /// # Errors
    /// If the name or a label is malformed, or a label occurs twice.
    pub fn parse(text: &'t str, format: Format) -> Result<Self, BadLine> {
        let (name, labels) = text.split_once('{').unwrap_or((text, ""));
        let (name, labels) = (name.trim_end_matches([' ', '\t']), labels.strip_suffix('}').unwrap_or(labels));
        let mut series = Self { name: Cow::Borrowed(name), labels: Vec::new() };
        if !name.is_empty() && !is_metric_name(name) {
            return Err(BadLine::MetricName(shown(name)));
        }
        series.read_labels(labels, format)?;
        if series.name.is_empty() { Err(BadLine::NoMetricName) } else { Ok(series) }
    }

    fn read_labels(&mut self, labels: &'t str, format: Format) -> Result<(), BadLine> {
        let mut rest = Rest { text: labels, format };
        rest.skip_blanks();
        let mut may_end = true;
        while !(rest.text.is_empty() && may_end) {
            self.read_label(&mut rest)?;
            rest.skip_blanks();
            let has_comma = rest.skip(",");
            // Prometheus reads labels without commas between them, and one comma after the last.
            let is_lenient = format == Format::Text;
            if !has_comma && !rest.text.is_empty() && !is_lenient {
                return Err(BadLine::Labels(shown(rest.text)));
            }
            may_end = is_lenient || !has_comma;
            rest.skip_blanks();
        }
        Ok(())
    }

    fn read_label(&mut self, rest: &mut Rest<'t>) -> Result<(), BadLine> {
        let name = if rest.text.starts_with('"') {
            let name = rest.quoted().ok_or(BadLine::NotClosed)?;
            rest.skip_blanks();
            if !rest.text.starts_with('=') {
                return self.set_name(name);
            }
            name
        } else {
            let end = rest.text.find(['=', '"', ',', ' ', '\t']).unwrap_or(rest.text.len());
            let (name, after) = rest.text.split_at(end);
            if !is_label_name(name) {
                let found = if name.is_empty() { rest.text } else { name };
                return Err(BadLine::LabelName(shown(found)));
            }
            rest.text = after;
            Cow::Borrowed(name)
        };
        let no_value = || BadLine::LabelValue(shown(&name));
        rest.skip_blanks();
        if !rest.skip("=") {
            return Err(no_value());
        }
        rest.skip_blanks();
        let value = rest.quoted().ok_or_else(no_value)?;
        if self.labels.iter().any(|(known, _)| *known == name) {
            return Err(BadLine::RepeatedLabel(shown(&name)));
        }
        self.labels.push((name, value));
        Ok(())
    }

    /// A text in quotes without a value is the name of the metric, at any place among the labels.
    fn set_name(&mut self, name: Cow<'t, str>) -> Result<(), BadLine> {
        if !self.name.is_empty() {
            return Err(BadLine::TwoMetricNames(shown(&self.name), shown(&name)));
        }
        self.name = name;
        Ok(())
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

/// What follows in a list of labels.
struct Rest<'t> {
    text: &'t str,
    format: Format,
}

impl<'t> Rest<'t> {
    fn skip_blanks(&mut self) {
        if self.format == Format::Text {
            self.text = self.text.trim_start_matches([' ', '\t']);
        }
    }

    fn skip(&mut self, sign: &str) -> bool {
        let rest = self.text.strip_prefix(sign);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// `None` if no text in quotes follows.
    fn quoted(&mut self) -> Option<Cow<'t, str>> {
        let after = self.text.strip_prefix('"')?;
        let end = end_of_quoted(after.as_bytes(), 0)?;
        self.text = &after[end..];
        Some(unescaped(&after[..end - 1]))
    }
}

/// Returns true for a name that needs no quotes.
pub fn is_metric_name(name: &str) -> bool {
    is_name(name, |byte| byte == b'_' || byte == b':' || byte.is_ascii_alphabetic())
}

/// Returns true for a name that needs no quotes.
pub fn is_label_name(name: &str) -> bool {
    is_name(name, |byte| byte == b'_' || byte.is_ascii_alphabetic())
}

fn is_name(name: &str, may_begin: impl Fn(u8) -> bool) -> bool {
    name.bytes().enumerate().all(|(place, byte)| may_begin(byte) || place > 0 && byte.is_ascii_digit())
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name and the labels as `name k=v k=v`.
    fn read(text: &str, format: Format) -> Result<String, BadLine> {
        assert_eq!(length(text, format), Ok(text.len()), "{text}");
        let series = SeriesText::parse(text, format)?;
        let labels: Vec<String> = series.labels.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        Ok(format!("{}{}", series.name, labels.concat()))
    }

    #[test]
    fn names_and_labels_are_read_in_both_formats() {
        for (text, expected) in [
            ("a", "a"),
            ("a:b_c9", "a:b_c9"),
            ("a{}", "a"),
            (r#"a{b="c"}"#, "a b=c"),
            (r#"a{b="}, # {",c="=\"\\"}"#, "a b=}, # { c==\"\\"),
            (r#"{"my.metric","a.b"="v"}"#, "my.metric a.b=v"),
            (r#"{a="1","my metric"}"#, "my metric a=1"),
            ("a{b=\"\0\"}", "a b=\0"),
        ] {
            for format in [Format::Text, Format::OpenMetrics] {
                assert_eq!(read(text, format).as_deref(), Ok(expected), "{text}");
            }
        }
    }

    #[test]
    fn the_text_format_allows_blanks_missing_commas_and_one_more() {
        for text in ["a { b = \"1\" , c\t=\"2\" }", r#"a{b="1",c="2",}"#, r#"a{b="1"c="2"}"#] {
            assert_eq!(read(text, Format::Text).as_deref(), Ok("a b=1 c=2"), "{text}");
        }
        for text in [r#"a{b="1",c="2",}"#, r#"a{b="1"c="2"}"#, r#"a{b="1", c="2"}"#, r#"a{ b="1"}"#] {
            assert!(read(text, Format::OpenMetrics).is_err(), "{text}");
        }
        assert_eq!(length("a {b=\"1\"} 2", Format::OpenMetrics), Ok(1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| read(text, Format::Text).expect_err(text).to_string();
        assert_eq!(
            wrong("a.b"),
            "a metric name must begin with a letter, _ or : and have only these and digits, or be in quotes, found \"a.b\""
        );
        assert!(wrong("0a").contains("found \"0a\""));
        assert_eq!(wrong("{}"), "the series has no metric name");
        assert_eq!(wrong(r#"a{"b"}"#), "the series has two metric names, \"a\" and \"b\"");
        assert_eq!(wrong(r#"a{b="1",b="2"}"#), "label \"b\" occurs twice");
        for text in ["a{b}", "a{b=}", "a{b=1}", "a{b='1'}", r#"a{b"1"}"#] {
            assert_eq!(wrong(text), "the value of label \"b\" must follow `=` and be in double quotes", "{text}");
        }
        for text in [r#"a{1="1"}"#, r#"a{,b="1"}"#, r#"a{b="1",,c="2"}"#, r#"a{="1"}"#, r#"a{b.c="1"}"#] {
            assert!(wrong(text).starts_with("a label name must begin"), "{text}");
        }
        for text in ["a{", "a{b=\"1", "a{b=\"1}", "a{b=\"1\"", "a{b=\"\\\"} 1"] {
            assert_eq!(length(text, Format::Text), Err(BadLine::NotClosed), "{text}");
        }
    }
}

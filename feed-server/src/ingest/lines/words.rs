//! Lines of words with a value: `temp:21.5 hum:40`, `icmp_seq=1 ttl=64 time=0.036 ms`, `level=info dur=3.2ms`.

use super::cell::Cell;
use super::line::{Line, LineError, LineValue, MAX_VALUES, is_label};
use super::line_time::{self, TIME_KEYS};
use super::unit::unit_of;

/// Reads the words of a line. Other words are ignored.
pub(super) fn parse(text: &str) -> Result<Line<'_>, LineError> {
    let mut line = Line::default();
    let mut rest = text;
    while let Some((word, after)) = next_word(rest) {
        rest = after;
        let Some((key, mut written)) = divided(word) else { continue };
        if written.is_empty() {
            // `temp: 21.5`
            let Some((next, after)) = next_word(rest).filter(|(next, _)| divided(next).is_none()) else { continue };
            (written, rest) = (next, after);
        }
        if TIME_KEYS.contains(&key) && line.time.is_none() {
            line.time = line_time::of_text(unquoted(written));
            if line.time.is_some() {
                continue;
            }
        }
        match Cell::parse(unquoted(written)) {
            Cell::Number(number, mut unit) => {
                // `time=0.036 ms`
                if let (None, Some((next, after))) = (unit, next_word(rest))
                    && let Some(found) = unit_of(next)
                {
                    (unit, rest) = (Some(found), after);
                }
                if line.values.len() == MAX_VALUES {
                    return Err(LineError::TooManyValues);
                }
                line.values.push(LineValue::of(key, number, unit));
            }
            // `http://` and `12:30` are no labels.
            Cell::Text(label) if word.contains('=') && is_label(key, label) => {
                line.labels.push((key.into(), label.into()));
            }
            Cell::Text(_) | Cell::Missing | Cell::Clock => {}
        }
    }
    if line.values.is_empty() { Err(LineError::NoNumber) } else { Ok(line) }
}

/// The next word, up to a blank, a comma or a semicolon outside of quotes.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    let text = text.trim_start_matches(is_separator);
    if text.is_empty() {
        return None;
    }
    let mut is_quoted = false;
    let end = text.find(|c: char| {
        is_quoted ^= c == '"';
        !is_quoted && is_separator(c)
    });
    Some(text.split_at(end.unwrap_or(text.len())))
}

/// A key and its value. A key is no number.
fn divided(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=').or_else(|| word.split_once(':'))?;
    let is_key = !key.is_empty() && !key.as_bytes()[0].is_ascii_digit() && !key.contains('"');
    is_key.then_some((key, value))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String, f64)> {
        let line = parse(text).unwrap_or_default();
        line.values.into_iter().map(|of| (of.group.into_owned(), of.name.into_owned(), of.value)).collect()
    }

    fn of(group: &str, name: &str, value: f64) -> (String, String, f64) {
        (group.to_owned(), name.to_owned(), value)
    }

    #[test]
    fn a_value_follows_its_key() {
        let both = [of("", "temp", 21.5), of("", "hum", 40.0)];
        for text in ["temp:21.5 hum:40", "temp=21.5,hum=40", "temp: 21.5\thum: 40", "temp=21.5; hum=\"40\" x"] {
            assert_eq!(values(text), both, "{text}");
        }
        let ping = "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.036 ms";
        assert_eq!(values(ping), [of("", "icmp_seq", 1.0), of("", "ttl", 64.0), of("ms", "time", 0.036)]);
    }

    #[test]
    fn texts_are_labels_and_times_are_times() {
        let line = parse("ts=1796108320.25 level=info host=web1 msg=\"took 3 s=1\" dur=3.2ms n=7").expect("values");
        assert_eq!(line.time.map(protocol::Timestamp::micros), Some(1_796_108_320_250_000));
        assert_eq!(line.labels, [("host".into(), "web1".into())]);
        assert_eq!(line.values.len(), 2);
        assert_eq!((line.values[0].unit, line.values[0].value), ("ms", 3.2));
    }

    #[test]
    fn lines_without_a_value_are_not_understood() {
        for text in ["", "hello", "http://example/ 12:30:01", "a= b=", "=3", "avg-cpu:  %user %nice", "12:30"] {
            assert_eq!(parse(text), Err(LineError::NoNumber), "{text}");
        }
    }
}

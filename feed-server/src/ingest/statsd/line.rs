//! One line of a datagram.

use super::bad_line::{BadLine, MAX_NAME_BYTES, MAX_VALUES};
use super::notice::Notice;
use super::tags::{self, Tags};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line<'t> {
    Metric(Metric<'t>),
    Notice(Notice<'t>),
}

/// The values of one series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metric<'t> {
    pub(super) name: String,
    pub(super) tags: Tags<'t>,
    /// In their order. Lines of an old form have values of several kinds.
    pub(super) values: Vec<Value<'t>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'t> {
    /// Added to a counter, after division by the sampling rate.
    Count(f64),
    /// The level of a gauge.
    Level(f64),
    /// Added to the level of a gauge.
    Change(f64),
    /// A duration or another measured value. It stands for `count` of them.
    Time { value: f64, count: f64, unit: &'static str },
    /// A member of a set.
    Member(&'t str),
}

/// Reads a line.
///
/// Hot: once per line.
///
/// # Errors
/// [`BadLine`].
pub(super) fn parse(line: &str) -> Result<Line<'_>, BadLine> {
    if line.starts_with("_e{") || line.starts_with("_sc|") {
        return Notice::parse(line).map(Line::Notice).ok_or(BadLine::Notice);
    }
    let end = end_of_name(line).ok_or(BadLine::Missing("value"))?;
    let (name, mut tags) = tags::of_name(&line[..end])?;
    if name.is_empty() {
        return Err(BadLine::Missing("name"));
    }
    let mut parts = line[end + 1..].split('|').peekable();
    let mut written = parts.next();
    let (mut values, mut is_datadog) = (Vec::new(), line.contains("|#"));
    while let Some(of_values) = written.take() {
        let of_type = parts.next().ok_or(BadLine::Missing("type"))?;
        // An old form: name:1|ms:2|ms|@0.1:3|c
        let (of_type, next) = of_type.split_once(':').map_or((of_type, None), |(of_type, next)| (of_type, Some(next)));
        written = next;
        let mut rate = 1.0;
        while written.is_none()
            && let Some(field) = parts.next()
        {
            if let Some(text) = field.strip_prefix('@') {
                let (text, next) = text.split_once(':').map_or((text, None), |(text, next)| (text, Some(next)));
                (rate, written) = (rate_of(text)?, next);
            } else if let Some(text) = field.strip_prefix('#') {
                if !tags.is_empty() {
                    return Err(BadLine::TwoDialects);
                }
                (tags, is_datadog) = (tags::of_datadog(text), true);
            }
            // Others, such as c:CONTAINER and T1700000000, say nothing that is shown.
        }
        add_values(of_values, of_type, rate, is_datadog, &mut values)?;
    }
    let length = name.len() + tags.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    if length > MAX_NAME_BYTES {
        return Err(BadLine::LongName(length));
    }
    Ok(Line::Metric(Metric { name, tags, values }))
}

/// The first colon that is not within brackets.
fn end_of_name(line: &str) -> Option<usize> {
    match line.find(['[', ':'])? {
        bracket if line.as_bytes()[bracket] == b'[' => {
            let close = bracket + line[bracket..].find(']')?;
            Some(close + line[close..].find(':')?)
        }
        // The values of tags of Influx and Librato may have colons too: the value of the series is before the first bar.
        colon => {
            let bar = line.find('|').unwrap_or(line.len());
            let has_tags = line[..colon].contains([',', '#']);
            if has_tags { line[..bar].rfind(':') } else { Some(colon) }
        }
    }
}

fn rate_of(text: &str) -> Result<f64, BadLine> {
    match text.parse::<f64>() {
        // Some clients write 0 for "all".
        Ok(0.0) => Ok(1.0),
        Ok(rate) if rate > 0.0 && rate <= 1.0 => Ok(rate),
        _ => Err(BadLine::Rate(text.chars().take(20).collect())),
    }
}

fn add_values<'t>(
    written: &'t str,
    of_type: &str,
    rate: f64,
    is_datadog: bool,
    values: &mut Vec<Value<'t>>,
) -> Result<(), BadLine> {
    if of_type == "s" {
        values.push(Value::Member(written));
        return Ok(());
    }
    for text in written.split(':') {
        if values.len() >= MAX_VALUES {
            return Err(BadLine::TooManyValues);
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| BadLine::Number(text.chars().take(20).collect()))?;
        let (count, of_all) = (1.0 / rate, number / rate);
        if !count.is_finite() || !of_all.is_finite() {
            return Err(BadLine::Number(text.chars().take(20).collect()));
        }
        let time = |unit| Value::Time { value: number, count, unit };
        values.push(match of_type {
            "c" | "m" => Value::Count(of_all),
            // Datadog's gauges have levels only.
            "g" if text.starts_with(['+', '-']) && !is_datadog => Value::Change(number),
            "g" => Value::Level(number),
            "ms" => time("ms"),
            "h" | "d" => time("1"),
            other => return Err(BadLine::Type(other.chars().take(20).collect())),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(line: &str) -> Result<Metric<'_>, BadLine> {
        match parse(line)? {
            Line::Metric(metric) => Ok(metric),
            Line::Notice(notice) => panic!("{line} is {notice:?}"),
        }
    }

    fn values(line: &str) -> Vec<Value<'_>> {
        metric(line).expect(line).values
    }

    const fn time(value: f64, count: f64) -> Value<'static> {
        Value::Time { value, count, unit: "ms" }
    }

    #[test]
    fn all_types_are_read() {
        assert_eq!(values("a:1|c"), [Value::Count(1.0)]);
        assert_eq!(values("a:3|c|@0.1"), [Value::Count(30.0)]);
        assert_eq!(values("a:2|m"), [Value::Count(2.0)]);
        assert_eq!(values("a:-1.5|g"), [Value::Change(-1.5)]);
        assert_eq!(values("a:+2|g|@0.5"), [Value::Change(2.0)], "a rate says nothing about a gauge");
        assert_eq!(values("a:2|g"), [Value::Level(2.0)]);
        assert_eq!(values("a:-2|g|#x:y"), [Value::Level(-2.0)], "of Datadog");
        assert_eq!(values("a:320|ms|@0.5"), [time(320.0, 2.0)]);
        assert_eq!(values("a:5|h|@0"), [Value::Time { value: 5.0, count: 1.0, unit: "1" }]);
        assert_eq!(values("a:user:7|s"), [Value::Member("user:7")]);
    }

    #[test]
    fn packed_values_and_the_old_form_are_read() {
        assert_eq!(values("a:1:2:3|c|#x:y"), [1.0, 2.0, 3.0].map(Value::Count));
        assert_eq!(values("a:200|ms:300|ms:5|c|@0.1"), [time(200.0, 1.0), time(300.0, 1.0), Value::Count(50.0)]);
        assert_eq!(values("a:1|c|@0.5:2|c"), [Value::Count(2.0), Value::Count(2.0)]);
    }

    #[test]
    fn tags_of_one_dialect_are_read_and_other_fields_are_skipped() {
        let tags = |line| metric(line).map(|metric| (metric.name.clone(), metric.tags));
        let expected = Ok(("a.b".to_owned(), vec![("k", "v"), ("x", "y:z")]));
        for line in ["a.b:1|c|#k:v,x:y:z", "a.b,k=v,x=y:z:1|c", "a.b#k=v,x=y:z:1|c", "a[k=v,x=y:z].b:1|c"] {
            assert_eq!(tags(line), expected, "{line}");
        }
        assert_eq!(tags("a.b:1|c|#k:v,x:y:z|c:in-5|T1656581400|e:it-false|card:low"), expected);
        assert_eq!(metric("a,k=v:1|c|#x:y"), Err(BadLine::TwoDialects));
    }

    #[test]
    fn a_line_that_is_not_understood_says_why() {
        for (line, expected) in [
            ("", "no value"),
            ("a", "no value"),
            ("a:1", "no type"),
            (":1|c", "no name"),
            ("a:x|c", "found \"x\""),
            ("a:|c", "found \"\""),
            ("a:NaN|g", "found \"NaN\""),
            ("a:1|x", "found \"x\""),
            ("a:1|c|@2", "found \"2\""),
            ("a,k:1|c", "NAME=VALUE"),
            ("/usr/lib/ruby/1.9.1/logger.rb:592:in `write'", "no type"),
        ] {
            let error = metric(line).expect_err(line).to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}

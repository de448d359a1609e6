//! Reads a whole text and names everything that is wrong.

use std::fmt;

use super::Format;
use super::bad_line::BadLine;
use super::line::Line;
use super::rules::{BrokenRule, Rules};
use super::series_text::SeriesText;

/// Something that is wrong with a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    pub what: Wrong,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// The line cannot be read.
    Line(BadLine),
    /// The line can be read, but breaks a rule of OpenMetrics.
    Rule(BrokenRule),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.what {
            Wrong::Line(bad) => bad.fmt(f),
            Wrong::Rule(broken) => broken.fmt(f),
        }
    }
}

/// Everything that is wrong with a text, in order. The text format has no rules on lines that belong together.
pub fn check(text: &[u8], format: Format) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rules = Rules::default();
    let (mut number, mut has_ended) = (0, false);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for line in text.split(|&byte| byte == b'\n') {
        number += 1;
        let read = if has_ended && format == Format::OpenMetrics {
            Err(Wrong::Line(BadLine::AfterEnd))
        } else {
            check_line(line, format, &mut rules)
        };
        match read {
            Ok(is_end) => has_ended |= is_end,
            Err(what) => findings.push(Finding { line: number, what }),
        }
    }
    if !has_ended && format == Format::OpenMetrics {
        findings.push(Finding { line: number, what: Wrong::Line(BadLine::NoEnd) });
    }
    findings
}

/// Returns true for `# EOF`.
fn check_line(line: &[u8], format: Format, rules: &mut Rules) -> Result<bool, Wrong> {
    let text = str::from_utf8(line).map_err(|_| Wrong::Line(BadLine::NotUtf8))?;
    let line = Line::parse(text, format).map_err(Wrong::Line)?;
    let series = match &line {
        Line::Sample(sample) => Some(SeriesText::parse(sample.series, format).map_err(Wrong::Line)?),
        _ => None,
    };
    if format == Format::OpenMetrics {
        rules.line(&line, series.as_ref()).map_err(Wrong::Rule)?;
    }
    Ok(line == Line::End)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<String> {
        check(text.as_bytes(), Format::OpenMetrics).first().map(Finding::to_string)
    }

    /// What is wrong with a text before `# EOF`.
    fn wrong(text: &str) -> String {
        first(&format!("{text}\n# EOF\n")).unwrap_or_default()
    }

    #[test]
    fn texts_that_keep_the_rules_have_no_findings() {
        for text in [
            "# TYPE a counter\n# HELP a help\na_total 1\na_created 123.4",
            "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1",
            "# TYPE a histogram\na_bucket{le=\"1\"} 0\na_bucket{le=\"+Inf\"} 3\na_count 3\na_sum 2.5\na_created 5",
            "# TYPE a histogram\na_bucket{b=\"1\",le=\"+Inf\"} 0\na_bucket{b=\"2\",le=\"+Inf\"} 0",
            "# TYPE a gaugehistogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 3\na_gcount 3\na_gsum -5",
            "# TYPE a summary\na{quantile=\"0\"} NaN\na{quantile=\"1\"} 2\na_count 1\na_sum 2",
            "# TYPE a info\na_info{b=\"1\"} 1 1\na_info{b=\"2\"} 1 0",
            "# TYPE a stateset\na{a=\"on\"} 1\na{a=\"off\"} 0",
            "# TYPE a gauge\na{b=\"1\"} 1 0\na{b=\"1\"} 2 0\na{b=\"2\"} 4 0",
            "a 1\nb{c=\"d\"} NaN\n# HELP e \n# UNIT e ",
        ] {
            assert_eq!(wrong(text), "", "{text}");
        }
        assert_eq!(first("# EOF"), None, "the last line feed may be missing");
    }

    #[test]
    fn a_text_must_have_its_end() {
        assert_eq!(first("a 1\n").as_deref(), Some("line 1: the text must end with `# EOF`: a part may be missing"));
        assert_eq!(first("a 1\n# EOF\nb 1\n").as_deref(), Some("line 3: nothing may follow `# EOF`"));
        assert_eq!(first("").as_deref(), Some("line 1: the line is empty: OpenMetrics allows no empty lines"));
        assert_eq!(check(b"a 1", Format::Text), []);
    }

    #[test]
    fn metadata_comes_once_and_first() {
        for text in [
            "# TYPE a gauge\n# TYPE a gauge",
            "# HELP a \n# HELP a ",
            "# HELP a x\na 1\n# TYPE a gauge",
            "# TYPE a_s gauge\na_s 1\n# UNIT a_s s",
        ] {
            assert!(wrong(text).contains("must come once and before its samples"), "{text}: {}", wrong(text));
        }
        for text in [
            "# TYPE a gauge\n# TYPE b gauge\n# TYPE a gauge",
            "# TYPE a_created gauge\n# TYPE a counter",
            "# TYPE a counter\n# TYPE a_total gauge",
            "a 1\nb 1\na 1",
        ] {
            assert!(wrong(text).contains("belongs to two metric families"), "{text}: {}", wrong(text));
        }
        for text in ["# TYPE x_u info\n# UNIT x_u u", "# UNIT x_u u\n# TYPE x_u stateset"] {
            assert!(wrong(text).contains("has a unit"), "{text}: {}", wrong(text));
        }
    }

    #[test]
    fn samples_of_one_metric_follow_each_other_in_order_of_time() {
        let mixed = "# TYPE a gauge\na{b=\"1\"} 0\na{b=\"2\"} 0\na{b=\"1\"} 0";
        assert_eq!(
            wrong(mixed),
            "line 4: the samples of one label set of a must follow each other: others are between them"
        );
        let parts = "# TYPE a gaugehistogram\na_gsum{b=\"1\"} 0\na_gsum{b=\"2\"} 0\na_gcount{b=\"1\"} 0";
        assert_ne!(wrong(parts), "");
        assert_eq!(wrong("# TYPE a gauge\na 0 1\na 0 0"), "line 3: the times of one label set of a must not fall");
        assert_eq!(
            wrong("# TYPE a gauge\na 0 1\na 0"),
            "line 3: all samples of one label set of a must have times, or none"
        );
    }

    #[test]
    fn values_and_labels_suit_their_type() {
        for (samples, of, expected) in [
            ("a_total -1", "counter", "the value of a_total must be 0 or above, found -1"),
            ("a_total NaN", "counter", "the value of a_total must be a number, found NaN"),
            ("a_total 1\na 1", "counter", "the name a belongs to two metric families"),
            ("a 2", "stateset", "a sample of a must have the label a with the state"),
            ("a{a=\"b\"} 2", "stateset", "the value of a must be 0 or 1, found 2"),
            ("a_info 2", "info", "the value of a_info must be 1, found 2"),
            ("a 0", "summary", "a sample of a must have the label quantile with a number from 0 to 1"),
            (
                "a{quantile=\"1.1\"} 0",
                "summary",
                "a sample of a must have the label quantile with a number from 0 to 1",
            ),
            ("a{quantile=\"1\"} -1", "summary", "the value of a must be 0 or above, found -1"),
            (
                "a_bucket 0",
                "histogram",
                "a sample of a_bucket must have the label le with the upper bound of the bucket",
            ),
            ("a_bucket{le=\"1\"} 0.5", "histogram", "the value of a_bucket must be a whole number, found 0.5"),
            (
                "a 1 # {} 1",
                "gauge",
                "only a counter's _total and a histogram's _bucket may have an exemplar, found one at a",
            ),
        ] {
            let found = wrong(&format!("# TYPE a {of}\n{samples}"));
            assert_eq!(found.split_once(": ").map(|(_, what)| what), Some(expected), "{samples}");
        }
    }

    #[test]
    fn the_samples_of_a_histogram_agree() {
        for (samples, expected) in [
            ("a_bucket{le=\"1\"} 0", "the last bucket must have le=\"+Inf\""),
            ("a_sum 1", "the last bucket must have le=\"+Inf\""),
            ("a_bucket{le=\"2\"} 0\na_bucket{le=\"1\"} 0", "the bounds of buckets must rise, found 1 after 2"),
            ("a_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1", "the values of buckets must not fall, found 1 after 2"),
            (
                "a_bucket{le=\"+Inf\"} 0\na_count 1\na_sum 1",
                "the count must be the value of the last bucket, 0, found 1",
            ),
            ("a_bucket{le=\"+Inf\"} 0\na_count 0", "a count and a sum must come together"),
            ("a_bucket{le=\"+Inf\"} 0\na_sum 0", "a count and a sum must come together"),
            (
                "a_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 1",
                "there must be no sum if a bound of a bucket is negative",
            ),
        ] {
            let found = wrong(&format!("# TYPE a histogram\n{samples}"));
            assert!(found.ends_with(&format!("a: {expected}")), "{samples}: {found}");
        }
        let negative = "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1";
        assert!(wrong(negative).ends_with("the sum must not be negative if no bound of a bucket is"));
    }
}

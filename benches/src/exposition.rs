//! Metrics in Prometheus's text format.

/// The value of `series`: a name, with its labels if it has any, as the text states them.
pub fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).and_then(first_number)
}

/// The sum of all series with the name `family`. Zero if there is none.
pub fn sum(text: &str, family: &str) -> f64 {
    let values = samples(text).filter_map(|line| {
        let rest = line.strip_prefix(family)?;
        let after_labels = if rest.starts_with('{') { rest.rsplit_once('}')?.1 } else { rest };
        first_number(after_labels.strip_prefix(' ')?)
    });
    values.sum()
}

/// The number of samples in a text.
pub fn count(text: &str) -> usize {
    samples(text).count()
}

fn samples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A time may follow the value.
fn first_number(rest: &str) -> Option<f64> {
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP rows_total Rows\n# TYPE rows_total counter\nrows_total 42\nrows_total_more 1\n\n\
        bytes{step=\"1s\"} 100\nbytes{step=\"a b} 7\"} 20.5 1700000000\nbytes_limit 9\n# EOF\n";

    fn tenths(value: f64) -> u32 {
        (value * 10.0) as u32
    }

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        assert_eq!(value(TEXT, "rows_total").map(tenths), Some(420));
        assert_eq!(value(TEXT, "bytes{step=\"1s\"}").map(tenths), Some(1_000));
        assert_eq!(value(TEXT, "rows"), None);
        assert_eq!(value(TEXT, "bytes"), None);
    }

    #[test]
    fn a_family_is_summed_over_its_labels() {
        assert_eq!(tenths(sum(TEXT, "bytes")), 1_205);
        assert_eq!(tenths(sum(TEXT, "rows_total")), 420);
        assert_eq!(tenths(sum(TEXT, "nothing")), 0);
    }

    #[test]
    fn comments_and_empty_lines_are_no_samples() {
        assert_eq!(count(TEXT), 5);
    }
}

//! Reads arbitrary bytes as metrics in both formats of Prometheus. The first byte decides which.
#![no_main]

use feed_server::ingest::exposition::check::{Wrong, check};
use feed_server::ingest::exposition::series_text::{SeriesText, length};
use feed_server::ingest::exposition::{Format, Line};

fn run(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let format = if first % 2 == 0 { Format::Text } else { Format::OpenMetrics };
    let lines = text.split(|&byte| byte == b'\n').count();
    let findings = check(text, format);
    assert!(findings.iter().all(|finding| (1..=lines).contains(&finding.line)));
    // The end of a text may be missing beside a fault of its last line.
    assert!(findings.len() <= lines + 1);
    assert!(format == Format::OpenMetrics || findings.iter().all(|finding| matches!(finding.what, Wrong::Line(_))));
    for line in text.split(|&byte| byte == b'\n').filter_map(|line| str::from_utf8(line).ok()) {
        let Ok(Line::Sample(sample)) = Line::parse(line, format) else { continue };
        assert_eq!(length(sample.series, format), Ok(sample.series.len()), "a series is found again by its own text");
        let Ok(series) = SeriesText::parse(sample.series, format) else { continue };
        assert!(!series.name.is_empty());
        for (place, (name, _)) in series.labels.iter().enumerate() {
            assert!(series.labels[..place].iter().all(|(other, _)| other != name), "label {name} occurs twice");
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes));

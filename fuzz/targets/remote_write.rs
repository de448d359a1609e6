//! Reads arbitrary bytes as an unpacked message of Prometheus' remote write.
#![no_main]

use feed_server::ingest::remote_write;

fn check(bytes: &[u8]) {
    let (series, samples) = remote_write::read(bytes);
    // Each takes at least two bytes, in each of two versions.
    assert!(series <= bytes.len() && samples <= bytes.len());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

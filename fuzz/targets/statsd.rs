//! Reads arbitrary bytes as a datagram of StatsD.
#![no_main]

use feed_server::ingest::statsd;

fn check(bytes: &[u8]) {
    let (lines, values) = statsd::read(bytes);
    assert!(lines <= bytes.len() && values <= bytes.len());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

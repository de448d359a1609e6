//! Reads arbitrary bytes as lines of any format.
#![no_main]

use feed_server::ingest::lines;

/// Of one line.
const MAX_VALUES: usize = 4_096;

fn check(bytes: &[u8]) {
    let (lines, values) = lines::read(bytes);
    assert!(lines <= bytes.len() && values <= lines * MAX_VALUES && values <= bytes.len());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

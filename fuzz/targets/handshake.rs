//! Any bytes, as a server reads them that was asked for its page or its stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::handshake::check(bytes));

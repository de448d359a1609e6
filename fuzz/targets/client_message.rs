//! Decodes arbitrary bytes as a client message, with and without a valid preamble.
#![no_main]

use fuzz::{allocations, preamble};
use protocol::{ClientMessage, Preamble};

fn check(message: &[u8]) {
    match allocations::none(|| ClientMessage::decode(message)) {
        Ok(read) => {
            let written = read.to_bytes().expect("a decoded message fits the limit");
            assert_eq!(ClientMessage::decode(&written).expect("an encoded message is valid"), read);
            assert!(written.len() <= message.len(), "encoding must not lengthen a message");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(message) = preamble::repair(bytes, Preamble::BYTES) {
        check(&message);
    }
});

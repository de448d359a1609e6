//! Any bytes, as a server receives them; and the same, made a message.
#![no_main]

use fuzz::{allocations, frame, preamble};
use protocol::{ClientMessage, Preamble};

fn check(message: &[u8]) {
    match allocations::none(|| ClientMessage::decode(message)) {
        Ok(read) => {
            if let ClientMessage::Annotate { text, .. } = read {
                frame::text(text.as_bytes());
            }
            if let ClientMessage::Relay { payload } = read {
                frame::text(payload);
            }
            let written = read.to_bytes().expect("a message that was short enough to be read can be written");
            assert_eq!(ClientMessage::decode(&written).expect("what was written can be read"), read);
            assert!(written.len() <= message.len(), "nothing is shorter than what is written");
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

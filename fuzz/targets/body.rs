//! Decodes arbitrary bytes as a frame, after replacing magic, version and length.
#![no_main]

use fuzz::preamble;
use protocol::Frame;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(message) = preamble::repair(bytes, Frame::HEAD_BYTES) {
        fuzz::frame::check(&message);
    }
});

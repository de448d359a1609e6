//! Any bytes, made a frame: the kind is theirs, and so are header and body.
#![no_main]

use fuzz::preamble;
use protocol::Frame;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(message) = preamble::repair(bytes, Frame::HEAD_BYTES) {
        fuzz::frame::check(&message);
    }
});

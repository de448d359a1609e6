//! Every golden message, truncated at every byte and with every bit flipped: an error or a valid message, never a panic.

use crate::reader::Reader;
use protocol::{ClientMessage, Frame};

/// Calls `test` with every message that differs from `bytes` in one bit.
fn for_each_flipped_bit(bytes: &[u8], mut test: impl FnMut(&[u8])) {
    let mut bytes = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        test(&bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn truncated_frame_is_refused() {
    for vector in crate::vectors::read("frames") {
        for end in 0..vector.bytes.len() {
            assert!(Frame::decode(&vector.bytes[..end]).is_err(), "{}, truncated at {end}", vector.name);
        }
    }
}

#[test]
fn frame_with_a_flipped_bit_is_refused_or_readable() {
    let mut reader = Reader::new();
    let (mut refused, mut read) = (0, 0);
    for vector in crate::vectors::read("frames") {
        for_each_flipped_bit(&vector.bytes, |bytes| match Frame::decode(bytes) {
            Ok(frame) => {
                reader.read(&frame);
                assert_eq!(Frame::decode(&frame.to_bytes().expect("fits")).expect("decodes"), frame, "{}", vector.name);
                read += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        });
    }
    assert!(refused > 1_000 && read > 1_000, "both happen: {refused} refused, {read} read");
}

#[test]
fn truncated_client_message_is_refused() {
    for vector in crate::vectors::read("client_messages") {
        for end in 0..vector.bytes.len() {
            assert!(ClientMessage::decode(&vector.bytes[..end]).is_err(), "{}, truncated at {end}", vector.name);
        }
    }
}

#[test]
fn client_message_with_a_flipped_bit_is_refused_or_valid() {
    let (mut refused, mut read) = (0, 0);
    for vector in crate::vectors::read("client_messages") {
        for_each_flipped_bit(&vector.bytes, |bytes| match ClientMessage::decode(bytes) {
            Ok(message) => {
                let written = message.to_bytes().expect("fits");
                assert_eq!(ClientMessage::decode(&written).expect("decodes"), message, "{}", vector.name);
                read += 1;
            }
            Err(_) => refused += 1,
        });
    }
    assert!(refused > 100 && read > 100, "both happen: {refused} refused, {read} read");
}

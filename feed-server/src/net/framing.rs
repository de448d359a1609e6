//! The head of a WebSocket message from a server: one frame, binary, unmasked
//! ([RFC 6455, section 5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2)).
//!
//! A server does not mask, so the bytes are the same for every viewer, and a message is framed once.

use bytes::Bytes;

/// Final frame of a binary message.
const FIN_BINARY: u8 = 0x82;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// The head followed by `message`.
pub fn framed(message: &[u8]) -> Bytes {
    let mut framed = Vec::with_capacity(message.len() + 10);
    framed.push(FIN_BINARY);
    match message.len() {
        length @ 0..126 => framed.push(length as u8),
        length @ 126..=0xffff => {
            framed.push(LENGTH_16);
            framed.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            framed.push(LENGTH_64);
            framed.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    framed.extend_from_slice(message);
    framed.into()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket};

    use super::*;

    #[test]
    fn tungstenite_reads_framed_messages_of_every_length_form() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let message: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let mut peer = WebSocket::from_raw_socket(Cursor::new(framed(&message).to_vec()), Role::Client, None);
            assert_eq!(peer.read().expect("a message"), Message::binary(message), "{length} bytes");
        }
    }
}

//! Events of a client.
#![warn(missing_docs)]

use protocol::Interval;

use super::close::Close;
use super::codec::Codec;
use super::policy::State;

/// An event of a [`WebSocketClient`](super::WebSocketClient).
pub enum ClientEvent<'m, C: Codec> {
    /// A connection is open, the first or a later one: send the requests that the server needs now.
    Opened,
    /// A message was received and decoded.
    Message {
        /// The decoded message. It may borrow from memory that the next message overwrites.
        message: C::In<'m>,
        /// Length of the encoded message in bytes.
        bytes: usize,
    },
    /// The codec cannot decode a message. The message is skipped.
    Unreadable(C::DecodeError),
    /// A message exceeds the limit. It is skipped and was not copied.
    TooLong {
        /// Its length: bytes, or UTF-16 units of a text.
        length: usize,
        /// [`ClientOptions::max_message_bytes`](super::ClientOptions::max_message_bytes) of this client.
        limit: usize,
    },
    /// The browser reports an error without its cause; `Closed` follows.
    Error,
    /// A connection or an attempt to connect ended.
    Closed {
        /// The code and reason of the close frame, or of the failure.
        close: Close,
        /// The wait before the next attempt; `None` if no attempt follows.
        will_retry_in: Option<Interval>,
    },
    /// The state of the connection changed.
    StateChanged(State),
}

//! What a client tells its owner.

use protocol::Interval;

use super::close::Close;
use super::codec::Codec;
use super::policy::State;

/// Something happened to a [`WebSocketClient`](super::WebSocketClient).
pub enum ClientEvent<'m, C: Codec> {
    /// A connection is open, the first or a later one: say now what the other side has to know.
    Opened,
    /// A message, which may borrow from memory that the next message overwrites.
    Message(C::In<'m>),
    /// A message that the codec cannot read. It is skipped.
    Unreadable(C::DecodeError),
    /// A message that is longer than the client takes. It is skipped, and was not copied into memory.
    TooLong {
        /// Its length: bytes, or UTF-16 units of a text.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The browser reports an error, and keeps to itself which; a close follows.
    Error,
    /// A connection ended.
    Closed {
        /// Why.
        close: Close,
        /// The wait before the next attempt; none when no attempt will follow.
        will_retry_in: Option<Interval>,
    },
    /// Things stand differently from before.
    StateChanged(State),
}

//! WebSocket close codes that server and viewer send, and the limit of a close reason.
//!
//! Codes below 3000 are those of [RFC 6455, section 7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1); codes
//! from 4000 are this protocol's own. `docs/PROTOCOL.md` states for each code whether a viewer may reconnect.

/// The purpose of the connection is fulfilled.
pub const NORMAL: u16 = 1000;
/// The server stops or restarts.
pub const GOING_AWAY: u16 = 1001;
/// The bytes received are not valid WebSocket frames.
pub const PROTOCOL_ERROR: u16 = 1002;
/// A text message arrived; only binary messages are accepted.
pub const UNSUPPORTED_DATA: u16 = 1003;
/// A message does not decode.
pub const INVALID_DATA: u16 = 1007;
/// A rule of the server is violated: a rate limit, a timeout, or an unknown request.
pub const POLICY_VIOLATION: u16 = 1008;
/// A message is longer than [`MAX_MESSAGE_BYTES`](crate::limits::MAX_MESSAGE_BYTES).
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// The server has an internal error.
pub const INTERNAL_ERROR: u16 = 1011;

/// A page connected without the token that the server requires. 401 of HTTP, which a browser hides from its pages.
pub const TOKEN_REQUIRED: u16 = 4401;
/// The peer has no access. 403 of HTTP.
pub const ACCESS_DENIED: u16 = 4403;
/// Sent by a viewer that received nothing for too long. 408 of HTTP.
pub const SERVER_SILENT: u16 = 4408;
/// Another connection has opened the same publisher. 409 of HTTP.
pub const REPLACED: u16 = 4409;
/// The peer uses another [protocol version](crate::PROTOCOL_VERSION). 426 of HTTP.
pub const UNSUPPORTED_VERSION: u16 = 4426;

/// Bytes of a close reason: a control frame has 125, the code takes two
/// ([RFC 6455, section 5.5](https://www.rfc-editor.org/rfc/rfc6455#section-5.5)).
pub const MAX_REASON_BYTES: usize = 123;

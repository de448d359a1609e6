//! Connections: sockets, TLS, limits, and WebSocket framing. Knows neither HTTP routes nor the stream.
//!
//! | file | subject |
//! | --- | --- |
//! | [`connection_limiter`], [`descriptors`] | how many connections there may be |
//! | [`connection`], [`socket`], [`tls_socket`] | an accepted connection; its socket, plain or encrypted |
//! | [`tls`] | the certificate, and the handshake |
//! | [`plain_response`] | answers to peers whose request is not read |
//! | [`framing`], [`close_handshake`] | a WebSocket message's head; the end of a WebSocket |

pub mod close_handshake;
pub mod connection;
pub mod connection_limiter;
pub mod descriptors;
pub mod framing;
pub mod plain_response;
pub mod socket;
pub mod tls;
pub mod tls_socket;

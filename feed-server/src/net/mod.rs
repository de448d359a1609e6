//! Connections: sockets, TLS, limits, and WebSocket framing. Knows neither HTTP nor the stream.
//!
//! | file | subject |
//! | --- | --- |
//! | [`listener`] | the listening socket and the accept loop |
//! | [`connection_limiter`], [`connection_limits`], [`permits`] | limits on connections: who is admitted, refused, evicted |
//! | [`descriptors`] | limits on file descriptors |
//! | [`connection`], [`socket`], [`tls_socket`] | an accepted connection; its socket, plain or encrypted |
//! | [`tls`] | the TLS handshake |
//! | [`identity`], [`certificate`] | a certificate and its key, as files; the dates of a certificate |
//! | [`trusted_proxies`] | proxies whose reports about a request are believed |
//! | [`plain_response`] | responses to peers whose request is not read |
//! | [`framing`], [`close_handshake`] | the head of a WebSocket message; the end of a WebSocket |

pub mod certificate;
pub mod close_handshake;
pub mod connection;
pub mod connection_limiter;
pub mod connection_limits;
pub mod descriptors;
pub mod framing;
pub mod identity;
pub mod listener;
pub mod permits;
pub mod plain_response;
pub mod socket;
pub mod tls;
pub mod tls_socket;
pub mod trusted_proxies;

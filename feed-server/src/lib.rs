//! The feed server: measures, keeps a few minutes of history, and streams frames to any number of viewers.
//!
//! ```text
//! source -> Batch -> hub (sequence, history, ring of frames) -> session, one a viewer -> WebSocket
//!                                                             +-> fan-out, a shard for many viewers -^
//! ```
//!
//! Sources send batches to the hub. Sixty times a second the hub numbers the rows, keeps them in the history, and encodes
//! them once for each subscription. A session sends its viewer the history until the viewer is up to date; then a shard of the
//! fan-out writes each frame as it is made. A viewer that falls behind is handed back to its session.
//!
//! # Layout
//! Rooms, in the order in which data flows; each imports only from those above it and from the leaves. `cargo xtask check`
//! proves it.
//!
//! | module | subject |
//! | --- | --- |
//! | [`ingest`] | sources: this machine, or synthetic signals; batches of rows |
//! | [`stream`] | catalog, sequence numbers, history |
//! | [`net`] | sockets, TLS, connection limits, WebSocket framing |
//! | [`deliver`] | hub, fan-out and sessions: encoded frames to every viewer |
//! | [`credentials`] | tokens, browser sessions, roles; the state directory |
//! | [`publish`] | programs that send rows |
//! | [`http`] | routes, access, page, upgrade, health, metrics |
//! | [`app`] | command line, configuration, log, signals; the assembled server, its start and end |
//! | [`log_queue`], [`blocking_thread`] | leaves: calls that may block, on a thread of their own |
//! | [`telemetry`], [`process`], [`rate_limiter`], [`clock`], [`duration`], [`bounded_file`] | leaves |
//!
//! # Not in this crate
//! Drawing. The server never waits for a viewer, and never interprets a value.

// Tests may block.
#![cfg_attr(test, allow(clippy::disallowed_macros, clippy::disallowed_methods))]

pub mod app;
pub mod blocking_thread;
pub mod bounded_file;
pub mod clock;
pub mod credentials;
pub mod deliver;
pub mod duration;
pub mod http;
pub mod ingest;
pub mod log_queue;
pub mod net;
pub mod process;
pub mod publish;
pub mod rate_limiter;
pub mod stream;
pub mod telemetry;

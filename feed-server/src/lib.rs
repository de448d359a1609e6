//! The feed server: measures, keeps a few minutes of history, and streams frames to any number of viewers.
//!
//! ```text
//! source -> Batch -> hub (sequence, history, ring of frames) -> session, one a viewer -> WebSocket
//!                                                             +-> fan-out, a shard for many viewers -^
//! ```
//!
//! Sources run on threads of their own and hand batches to the hub. Sixty times a second the hub numbers what has come,
//! keeps it in the history, and encodes it once for everybody. A session is a cursor into what the hub holds: it sends
//! history until it has caught up; then a shard of the fan-out writes the frames as they are made. A viewer that falls
//! behind goes back to its session, and so on.
//!
//! # Layout
//! Rooms, in the order in which data flows; each imports only from those above it and from the leaves.
//!
//! | module | subject |
//! | --- | --- |
//! | [`ingest`] | sources: this machine, or synthetic signals; batches of rows |
//! | [`stream`] | catalog, sequence numbers, history, frames |
//! | [`net`] | sockets, TLS, connection limits, WebSocket framing |
//! | [`deliver`] | sessions and fan-out: frames to every viewer |
//! | [`http`] | page, upgrade, health, metrics; access |
//! | [`app`] | command line, configuration, assembly, shutdown |
//! | [`telemetry`], [`process`], [`rate_limiter`], [`clock`], [`duration`] | leaves |
//!
//! # What this crate does not know
//! How anything is drawn. It never waits for a viewer, and never reads a value it passes on.

pub mod app;
pub mod clock;
pub mod deliver;
pub mod duration;
pub mod http;
pub mod ingest;
pub mod net;
pub mod process;
pub mod rate_limiter;
pub mod stream;
pub mod telemetry;

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
//! | module | subject |
//! | --- | --- |
//! | [`source`] | where samples come from: this machine, or made-up signals |
//! | [`batch`], [`catalog`] | what sources hand over: samples, and what they are |
//! | [`hub`] | sequence numbers, and frames made once for all |
//! | [`history`], [`frame_ring`] | the last minutes in columns; the last seconds as frames |
//! | [`frame_cutter`], [`packing`], [`catalog_frames`] | what fits one frame |
//! | [`session`] | one viewer: cursor, pace, refusals |
//! | [`fanout`] | each tick's frames to the sockets of all viewers that are up to date |
//! | [`http`] | page, upgrade, health, metrics |
//! | [`server`], [`config`], [`cli`] | start to end, and what it is told |
//! | [`allowance`], [`descriptors`] | how much may be said; how many may connect |
//! | [`telemetry`], [`process`], [`shutdown`], [`clock`], [`duration`] | what it counts; how it ends; time |
//!
//! # What this crate does not know
//! How anything is drawn. It never waits for a viewer, and never reads a value it passes on.

pub mod allowance;
pub mod batch;
pub mod catalog;
pub mod catalog_frames;
pub mod cli;
pub mod clock;
pub mod config;
pub mod descriptors;
pub mod duration;
pub mod fanout;
pub mod frame_cutter;
pub mod frame_ring;
pub mod history;
pub mod http;
pub mod hub;
pub mod packing;
pub mod process;
pub mod server;
pub mod session;
pub mod shutdown;
pub mod source;
pub mod telemetry;

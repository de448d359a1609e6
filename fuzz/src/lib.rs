//! Invariants of decoding, asserted for arbitrary bytes. See README.md.
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | `targets/` | the fuzz targets, one per file |
//! | [`frame`] | invariants of a decoded frame |
//! | [`blocks`] | invariants of its samples |
//! | [`handshake`] | invariants of the HTTP exchange before a stream |
//! | [`preamble`] | replaces the preamble by a valid one, so that the fuzzer starts in the body |
//! | [`allocations`] | asserts that decoding does not allocate |

pub mod allocations;
pub mod blocks;
pub mod frame;
pub mod handshake;
pub mod preamble;

//! What must hold of whatever arrives, for libFuzzer to break: see README.md.
//!
//! # Layout
//! | place | subject |
//! | --- | --- |
//! | `targets/` | the programs, a file each |
//! | [`frame`] | what must hold of a frame's bytes |
//! | [`blocks`] | what must hold of the samples in it |
//! | [`handshake`] | what must hold of what comes before a stream |
//! | [`preamble`] | makes any bytes a message, so that the fuzzer starts in the body |
//! | [`allocations`] | counts what decoding asks of the allocator, which is nothing |

pub mod allocations;
pub mod blocks;
pub mod frame;
pub mod handshake;
pub mod preamble;

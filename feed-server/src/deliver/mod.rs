//! Delivery: from the stream to each viewer.
//!
//! | file | subject |
//! | --- | --- |
//! | [`session`] | one viewer: cursor, liveness, refusals |
//! | [`fanout`] | each tick's frames to the sockets of all viewers that are up to date |
//! | [`pace`] | how often a viewer is sent something |

pub mod fanout;
pub mod pace;
pub mod session;

//! The stream: numbered samples, the catalog of their series, and the history that viewers resume from.
//!
//! | file | subject |
//! | --- | --- |
//! | [`catalog`], [`catalog_frames`] | groups and series under their ids; the frames that describe them |
//! | [`hub`] | sequence numbers, and frames encoded once for all viewers |
//! | [`history`], [`frame_ring`] | the last minutes in columns; the last seconds as frames |
//! | [`frame_cutter`], [`packing`] | the rows that fit one frame |

pub mod catalog;
pub mod catalog_frames;
pub mod frame_cutter;
pub mod frame_ring;
pub mod history;
pub mod hub;
pub mod packing;

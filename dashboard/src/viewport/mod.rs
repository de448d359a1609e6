//! The times that all charts show: live, or fixed by the user.
//!
//! | file | subject |
//! | --- | --- |
//! | [`view`] | a view, and the limits of its span |
//! | [`movement`] | what moves it: only the user's hand moves a fixed view, no timer, no new data, no reconnect |
//! | [`spans`] | the round spans that keys step through |
//! | `visited` | the views before and after, for undo and redo |
//!
//! # Not in this module
//! Clocks, the DOM: times and places are arguments.

pub mod movement;
pub mod spans;
pub mod view;
mod visited;

pub use movement::Viewport;
pub use view::{LIVE_SPANS, LONGEST_FIXED, Motion, SHORTEST_FIXED, View};

//! Finds texts by a few of their letters, such as the names of 100,000 series.
//!
//! | file | subject |
//! | --- | --- |
//! | [`index`] | the texts, and the best of those that match |
//! | [`score`] | how well a text matches |

pub mod index;
pub mod score;

pub use index::Index;

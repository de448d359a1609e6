//! The buckets of groups that are sent as summaries.
//!
//! | file | subject |
//! | --- | --- |
//! | [`steps`] | the steps that a viewer asks for |
//! | [`open_bucket`] | the summaries of a group in one bucket, while rows are added |
//! | [`tracked`] | the open bucket of each group of a subscription, from frame to frame |
//! | [`missed`] | the buckets that one viewer misses |

pub mod missed;
pub mod open_bucket;
pub mod steps;
pub mod tracked;

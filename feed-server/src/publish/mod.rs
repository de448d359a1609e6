//! Programs that send rows: their connections, what they have announced, and the position that the server holds of each.
//!
//! ```text
//! WebSocket -> session -> publishers (one record a name) -> announced (ids) -> rows -> queue of batches -> hub
//!                  ^------ held position -----------------+
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | [`session`], `end` | one connection: messages in, answers out; the reason for its end |
//! | [`publishers`] | the publishers that the server knows |
//! | [`publisher`] | one of them: its counts, and which of its connections counts |
//! | [`position`] | the numbers of messages: which are new, which are repeated |
//! | [`announced`], [`omissions`] | the publisher's ids of groups and series; what is left out of them |
//! | [`rows`] | blocks of a message to batches |
//! | [`acknowledgement`] | when the held position is sent |
//! | [`violation`], [`limits`] | the rules that a publisher can break; its limits |

pub mod acknowledgement;
pub mod announced;
mod end;
pub mod limits;
pub mod omissions;
pub mod position;
pub mod publisher;
pub mod publishers;
pub mod rows;
pub mod session;
pub mod violation;

//! Queries: any range of time in any number of columns, read from rows or from summaries.
//!
//! A query selects series and a range, and states how many columns its picture has. For each group, [`resolution`] chooses what is
//! read: rows as they are, where the range has fewer than two a column; else summaries of them, or of a tier, in buckets at
//! least as long as a column. A [`scan`] reads some series of one group in small steps; sealed and closed rows and
//! encoded summaries are shared; only open rows and the newest buckets are copied under the locks of the stream.
//!
//! | file | subject |
//! | --- | --- |
//! | [`resolution`] | what is read, and the length of the buckets |
//! | [`scan`] | reads some series of one group, step by step |
//! | [`row_part`] | rows of a track |
//! | [`bucket_table`], [`row_table`] | what was read: summaries in buckets, or rows |

pub mod bucket_table;
pub mod resolution;
pub mod row_part;
pub mod row_table;
pub mod scan;

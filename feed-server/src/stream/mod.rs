//! The stream: numbered samples, the catalog of their series, and the history that viewers resume from. No I/O: time and
//! batches are arguments.
//!
//! | file | subject |
//! | --- | --- |
//! | [`catalog`] | groups and series under their ids |
//! | [`group_sources`] | the source of each group, and how late its rows may come |
//! | [`sequencer`] | sequence numbers, order of rows, gaps |
//! | [`late_rows`] | rows that come after later ones |
//! | [`batches`] | joins the batches of one tick |
//! | [`entry_log`] | lines of logs and events, kept by age and bytes |
//! | [`history`], [`backfill`] | the last minutes of every group; the part of them that a viewer misses |
//! | [`bounded_groups`] | groups whose memory and age are bounded together |
//! | [`group_history`] | the history of one group: rows in order, and late ones |
//! | [`track`] | rows of a group in the order of arrival |
//! | [`segment`], [`slab`] | rows to which none is added, and a store of them; the newest rows |
//! | [`joined_rows`] | joins short segments |
//! | [`spare_slabs`] | memory for the next slabs |
//! | [`summaries`] | exact summaries in buckets of time, kept for longer than the rows |
//! | [`selected_by`], [`selecting`], [`selected_series`] | the selection of a request, the search for its series, and a set of them |
//! | [`buckets`] | the buckets of groups that are sent as summaries |
//! | [`query`] | any range of time in any number of columns |
//! | [`frame_cutter`], [`packing`] | the rows that fit one frame |

pub mod backfill;
pub mod batches;
pub mod bounded_groups;
pub mod buckets;
pub mod catalog;
pub mod entry_log;
pub mod frame_cutter;
pub mod group_history;
pub mod group_sources;
pub mod history;
pub mod joined_rows;
pub mod late_rows;
pub mod packing;
pub mod query;
pub mod segment;
pub mod selected_by;
pub mod selected_series;
pub mod selecting;
pub mod sequencer;
pub mod slab;
pub mod spare_slabs;
pub mod summaries;
pub mod track;

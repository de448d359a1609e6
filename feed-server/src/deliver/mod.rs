//! Delivery: from the stream to each viewer.
//!
//! | file | subject |
//! | --- | --- |
//! | [`hub`] | what all viewers share: numbers, history, catalog, subscriptions |
//! | [`ticker`], [`ticker_thread`] | ticks: batches from the queue to the hub; the thread that makes them |
//! | [`catalog_frames`] | the encoded catalog |
//! | [`sample_frames`], `audience_rows` | the frames of samples; one of them for one subscription |
//! | [`entry_frames`] | the frames of log lines and events |
//! | [`backfill`], [`history_blocks`] | the frames of a backfill, and their blocks |
//! | [`tracking`], [`summary_history`] | groups that are sent as summaries: their open buckets, and their history |
//! | [`unsealed_rows`] | rows that are not sealed yet, encoded for viewers that begin at the same time |
//! | [`backfill_limiter`], [`byte_budget`] | limits of the history that viewers are sent |
//! | [`query_run`] | the answer to a query |
//! | [`summary_frames`] | frames of summaries, of answers and of histories |
//! | [`viewer`] | a viewer: it is counted, and has a subscription |
//! | [`subscriptions`], [`subscription`] | what viewers have selected; the series of one, and its recent frames |
//! | [`frame_ring`] | the last seconds as frames |
//! | [`fanout`] | each tick's frames to the sockets of all viewers that are up to date |
//! | [`session`] | one viewer: cursor, liveness, refusals |
//! | [`refusal`] | requests that are not served |
//! | [`pacer`] | the rate at which a viewer is sent frames |

mod audience_rows;
pub mod backfill;
pub mod backfill_limiter;
pub mod byte_budget;
pub mod catalog_frames;
pub mod entry_frames;
pub mod fanout;
pub mod frame_ring;
pub mod history_blocks;
pub mod hub;
pub mod pacer;
pub mod query_run;
pub mod refusal;
pub mod sample_frames;
pub mod session;
pub mod subscription;
pub mod subscriptions;
pub mod summary_frames;
pub mod summary_history;
pub mod ticker;
pub mod ticker_thread;
pub mod tracking;
pub mod unsealed_rows;
pub mod viewer;

//! The source `prometheus`: asks programs for their metrics over HTTP, several times a second if wanted.
//!
//! ```text
//! targets -> client -> answer (format, text) -> reader -> places and values -> rows -> batches
//! ```
//! The targets of a source are asked at the same time, and what they answer has that time: one clock, so that the same metric of several targets
//! is one group.
//!
//! | file | subject |
//! | --- | --- |
//! | `settings`, `written`, `configured` | the settings, how they are written, and the source that they configure |
//! | `relabel` | rules on labels |
//! | `target_url`, `target` | the address of a target; its labels |
//! | `target_files`, `discovery` | lists of targets in files; the targets that are asked |
//! | `client`, `asking` | one request at a time over a connection that stays open; what all requests have in common |
//! | `dial`, `trust` | names, TCP and TLS; certificates |
//! | `answer` | what an answer says about itself; its body, unpacked |
//! | `secrets` | tokens and passwords in files |
//! | `reader`, `tally` | the lines of an answer, with what is known of each series; what an answer had |
//! | `sink` | where samples go, and how they are named |
//! | `scraped` | the state of one target |
//! | `job` | the source |
//! | `rereading` | reads answers without a target, for benches |

mod answer;
mod asking;
mod client;
mod configured;
mod dial;
mod discovery;
mod job;
mod reader;
mod relabel;
mod rereading;
mod scraped;
mod secrets;
mod settings;
mod sink;
mod tally;
mod target;
mod target_files;
mod target_url;
mod trust;
mod written;

pub use rereading::Rereading;
pub use settings::PrometheusSettings;

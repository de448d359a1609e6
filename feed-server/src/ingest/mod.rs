//! Sources: they measure, and send batches of rows to the stream.
//!
//! | file | subject |
//! | --- | --- |
//! | [`batch`], [`batch_queue`] | rows of one group, column by column; the queue to the hub |
//! | [`entry`] | lines of logs and events, which pass through the same queue |
//! | [`registry`] | groups and series, as sources register them |
//! | [`row_order`], `row_interval` | counts of rows out of the order of time; the time from row to row |
//! | [`health`], [`deliveries`] | the state of each source; how much it delivers, and how late |
//! | [`readiness`], [`report`] | whether it delivers; the report on it |
//! | [`context`], [`source`] | the two interfaces between a source and the server |
//! | [`inlet`] | requests of other programs, from the HTTP server to a source |
//! | [`blocking`] | sources that need their own thread |
//! | [`deadline_reader`], [`reader_threads`] | resources that may stop answering; the threads that ask them |
//! | [`series_set`] | a changing set of series |
//! | [`settings`], [`config`] | parsers of settings; the list of all kinds of sources |
//! | [`mod@start`] | starts, supervises and stops them |
//! | `host`, `synthetic`, `publish` | this machine; generated signals; rows that other programs send |
//! | [`exposition`], [`known_metrics`], [`names`] | metrics as other programs write them; their groups and series; their names |
//! | `prometheus`, `remote_write` | metrics that are asked for; metrics that Prometheus sends |
//! | `statsd`, [`datagrams`] | metrics of StatsD clients; sockets that receive datagrams |
//! | `lines` | lines of text: the output of a command, standard input, datagrams |
//!
//! This room knows only a registry and a queue of batches; the stream supplies both.

pub mod batch;
pub mod batch_queue;
pub mod blocking;
pub mod config;
pub mod context;
pub mod datagrams;
pub mod deadline_reader;
pub mod deliveries;
pub mod entry;
pub mod exposition;

pub mod health;
pub mod host;
pub mod inlet;
pub mod known_metrics;
pub mod lines;
pub mod names;
pub mod prometheus;
mod publish;
pub mod reader_threads;
pub mod readiness;
pub mod registry;
pub mod remote_write;
pub mod report;
pub mod row_interval;
pub mod row_order;
pub mod series_set;
pub mod settings;
pub mod source;
pub mod start;
pub mod statsd;
mod synthetic;
#[cfg(test)]
mod test_registry;

pub use host::{HostSettings, SpaceReading};
pub use lines::{ExecSettings, StdinSettings, UdpSettings};
pub use prometheus::PrometheusSettings;
pub use publish::PublishSettings;
pub use remote_write::RemoteWriteSettings;
pub use start::start;
pub use statsd::StatsdSettings;
pub use synthetic::SyntheticSettings;

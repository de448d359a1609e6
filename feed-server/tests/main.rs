//! Tests of the server that share a process, in one binary: each further binary costs seconds of linking. The tests
//! `faults`, `memory`, `panics` and `conformance` need separate processes.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a test")]

mod a_source_in_one_file;
mod access;
mod backfill;
mod certificate;
mod example_clients;
mod greedy;
mod host_truth;
mod hostile_frames;
mod http;
mod late_rows;
mod limits;
mod lines;
mod metrics;
mod model;
mod page_session;
mod place;
#[path = "faults/process.rs"]
mod process;
mod prometheus;
#[path = "faults/proxy.rs"]
mod proxy;
mod publish;
mod queries;
mod remote_write;
mod requests;
mod resume;
mod served;
mod sessions;
mod start;
mod state_directory;
mod statsd;
mod strangers;
mod stream;
mod subscriptions;
mod summaries;
mod tls;
mod turns;
mod watch;

//! End to end: the page in a browser against the server. Run by `cargo xtask test`, which builds both and passes their paths
//! in environment variables.

mod access;
mod accessibility;
mod bad_frames;
mod example_client;
mod exports;
mod fake_feed;
mod finding;
mod layouts;
mod legends;
mod liveness;
mod page;
mod panels;
mod plot;
mod proxies;
mod reading;
mod reverse_proxy;
mod screens;
mod served;
mod socket;
mod sources;
mod summaries;
mod time;
mod version;

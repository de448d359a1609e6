//! The application: command line, configuration, and the assembled server.

pub mod browser;
pub mod check;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod host_name;
mod left_threads;
pub mod log;
pub mod run;
pub mod server;
pub mod sessions;
pub mod setting;
pub mod signals;
pub mod token_file;

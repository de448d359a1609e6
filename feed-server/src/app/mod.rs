//! The application: command line, configuration, and the assembled server.

pub mod check;
pub mod cli;
pub mod config;
mod left_threads;
pub mod log;
pub mod run;
pub mod host_name;
pub mod server;
pub mod signals;
pub mod setting;

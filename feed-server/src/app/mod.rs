//! The application: command line, configuration, and the server put together.

pub mod cli;
pub mod config;
pub mod server;

//! The application: command line, configuration, and the assembled server.

pub mod cli;
pub mod config;
pub mod server;

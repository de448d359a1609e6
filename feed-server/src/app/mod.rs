//! The application: command line, configuration, assembly, shutdown.

pub mod cli;
pub mod config;
pub mod server;
pub mod shutdown;

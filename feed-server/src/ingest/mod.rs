//! Sources: where samples come from.
//!
//! A source runs on a thread of its own, for reading the system blocks and a steady beat wants no neighbours. It talks
//! to the rest through its [`Outlet`] alone: it registers groups and series, sends batches, and waits for its next turn.
//! When the server stops, the outlet says [`Stopped`] and the source returns.

pub mod batch;
pub mod context;
pub mod health;
mod host;

mod spec;
mod synthetic;

use std::thread;

pub use context::{Outlet, Stopped, Stopper, stop_signal};
pub use host::HostSource;
pub use spec::{HostSpec, SourceSpec, SpecError, SyntheticSpec};
pub use synthetic::SyntheticSource;

use crate::stream::catalog::CatalogError;
use crate::telemetry::Telemetry;

/// Why a source ended.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It was told to.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// It could not register what it measures.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Starts a source on a thread of its own.
///
/// # Errors
/// When the system gives no more threads.
pub fn spawn(spec: &SourceSpec, outlet: Outlet, telemetry: Telemetry) -> std::io::Result<thread::JoinHandle<()>> {
    let name = spec.name();
    let spec = spec.clone();
    // Bare, since Linux shows 15 characters of it.
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let ended = match spec {
            SourceSpec::Host(spec) => HostSource::new(&spec, telemetry).run(&outlet),
            SourceSpec::Synthetic(spec) => SyntheticSource::new(&spec).run(&outlet),
        };
        match ended {
            Ok(()) | Err(SourceError::Stopped(_)) => tracing::debug!(source = name, "source stopped"),
            Err(error) => tracing::error!(source = name, %error, "source failed"),
        }
    })
}

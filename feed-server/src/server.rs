//! The whole server: sources, hub and HTTP, from start to a clean end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use protocol::Interval;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::config::Config;
use crate::fanout::Fanout;
use crate::http::page::Page;
use crate::http::routes::Routes;
use crate::http::server;
use crate::hub::{BATCH_QUEUE, Bounds, Hub};
use crate::session::Service;
use crate::shutdown::ShutdownListener;
use crate::source::{self, Outlet};
use crate::telemetry::Telemetry;

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Nothing can be served there.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The page's folder has no page.
    #[error("{0} holds no index.html: expected a folder that `cargo xtask dist` made")]
    NoPage(String),
    /// A source has no thread to run on.
    #[error("cannot start source {source_name}: {error}")]
    Source {
        /// The source.
        source_name: &'static str,
        /// The system's reason.
        error: std::io::Error,
    },
}

/// A server that listens and is ready to run.
#[derive(Debug)]
pub struct Server {
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    page: Page,
}

impl Server {
    /// Takes the port and checks what can be checked before anything starts.
    ///
    /// # Errors
    /// [`StartError`], in one line.
    pub fn bind(config: Config) -> Result<Self, StartError> {
        let page = match &config.www {
            Some(folder) => Page::Folder(folder.clone()),
            None => Page::Embedded,
        };
        if let Page::Folder(folder) = &page
            && !page.is_built()
        {
            return Err(StartError::NoPage(folder.display().to_string()));
        }
        let refused = |error| StartError::Listen { address: config.listen, error };
        let listener = server::listen(config.listen).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { config, listener, address, page })
    }

    /// Where it listens; with port 0 asked for, the port it got.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop, and returns when every source and every viewer has ended.
    ///
    /// # Errors
    /// [`StartError::Source`].
    pub async fn run(self, shutdown: ShutdownListener) -> Result<(), StartError> {
        let telemetry = Telemetry::default();
        let bounds = Bounds {
            history: Interval::from_micros(self.config.history.as_micros() as u64),
            history_bytes: self.config.history_bytes,
            ring_bytes: self.config.recent_bytes,
        };
        let hub = Arc::new(Hub::new(host_name(), bounds, telemetry.clone()));
        let (batches, received) = mpsc::channel(BATCH_QUEUE);
        let hub_task = tokio::spawn(Arc::clone(&hub).run(received));

        let (stopper, signal) = source::stop_signal();
        let mut threads = Vec::new();
        for spec in &self.config.sources {
            let outlet = Outlet::new(hub.catalog().clone(), batches.clone(), Arc::clone(&signal));
            let thread = source::spawn(spec, outlet, telemetry.clone())
                .map_err(|error| StartError::Source { source_name: spec.name(), error })?;
            threads.push(thread);
        }
        drop(batches);

        let fanout = Arc::new(Fanout::start(&hub));
        let service = Service { hub, fanout, shutdown: shutdown.clone() };
        let routes = Arc::new(Routes { service, page: self.page });
        server::serve(self.listener, routes, shutdown).await;
        stopper.stop();
        // The hub goes on taking batches until the last source has let go, so none of them waits for it in vain.
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _panicked = joined.await;
        let _panicked = hub_task.await;
        Ok(())
    }
}

fn host_name() -> String {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).ok();
    let name = read("/proc/sys/kernel/hostname").or_else(|| sysinfo::System::host_name().ok()).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "this machine".to_owned() } else { name.chars().take(64).collect() }
}

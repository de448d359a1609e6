//! The assembled server: sources, hub and HTTP, from start to shutdown.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::Interval;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::app::browser::LinkFile;
use crate::app::config::{Config, ConfigError};
use crate::app::credentials::{CredentialsError, Prepared, TokenOrigin, prepare, read_tokens};
use crate::app::layout_file;
use crate::app::summary_tier::SummaryTier;
use crate::credentials::token::Token;
use crate::credentials::tokens::NamedToken;
use crate::deliver::fanout::Fanout;
use crate::deliver::hub::{Bounds, Hub};
use crate::deliver::session::Service;
use crate::deliver::ticker::Ticker;
use crate::deliver::ticker_thread::{self, End};
use crate::http::access::{Access, Scheme, UnknownProxies};
use crate::http::page::Page;
use crate::http::routes::{NO_PAGE, Receivers, SitePage, routes};
use crate::http::server;
use crate::ingest;
use crate::ingest::batch_queue::batch_queue;
use crate::ingest::config::SourceConfig;
use crate::ingest::start::RunningSources;
use crate::net::connection_limiter::{ConnectionLimiter, ConnectionLimits};
use crate::net::descriptors;
use crate::net::identity::TlsError;
use crate::net::listener::Listener;
use crate::net::tls::Tls;
use crate::net::trusted_proxies::TrustedProxies;
use crate::publish::publishers::Publishers;
use crate::stream::catalog::Catalog;
use crate::telemetry::Telemetry;

/// Time for the hub to end after the last source: half of it for the batches that are left, at most a full queue.
const HUB_ENDS_WITHIN: Duration = Duration::from_millis(300);

/// The reason why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("{0} has no index.html: expected a folder that `cargo xtask dist` made")]
    NoPage(String),
    /// Not a source: its text would be printed twice.
    #[error("cannot use TLS: {error}")]
    Tls { error: TlsError },
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Of the file with the layout.
    #[error(transparent)]
    Layout(#[from] ConfigError),
}

/// A server that listens and is ready to run.
#[derive(Debug)]
pub struct Server {
    config: Config,
    listener: Listener,
    address: SocketAddr,
    page: Page,
    layout: Option<Arc<str>>,
    /// `None` if viewers need no token.
    credentials: Option<Prepared>,
    tls: Option<Arc<Tls>>,
    host: String,
    telemetry: Telemetry,
}

/// The argument of the browser that `--open` starts.
#[derive(Debug)]
pub enum ToOpen {
    Address(String),
    File(LinkFile),
}

impl ToOpen {
    pub fn argument(&self) -> OsString {
        match self {
            Self::Address(address) => address.into(),
            Self::File(file) => file.path().into(),
        }
    }
}

impl Server {
    /// Reads page, token and certificate, and listens. No task is started yet, so that a file system that hangs delays none.
    ///
    /// # Errors
    /// [`StartError`], in one line.
    pub fn bind(config: Config) -> Result<Self, StartError> {
        let Files { page, layout, tokens, tls } = read_files(&config)?;
        let refused = |error| StartError::Listen { address: config.listen, error };
        let listener = Listener::bind(config.listen).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let credentials = prepare(&config, tokens, address.port())?;
        let listener = match &tls {
            Some(tls) => listener.with_tls(Arc::clone(tls)),
            None => listener,
        };
        if tls.is_none() && !config.listen.ip().is_loopback() {
            tracing::warn!("Traffic is not encrypted; set --tls-cert and --tls-key");
        }
        if !page.is_built() {
            tracing::warn!("{NO_PAGE}");
        }
        let (host, telemetry) = (host_name(), Telemetry::default());
        Ok(Self { config, listener, address, page, layout, credentials, tls, host, telemetry })
    }

    /// The server counts in `telemetry`, together with others that use it.
    #[must_use]
    pub fn with_telemetry(self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self }
    }

    /// The address of the listening socket, with the port that the system chose if port 0 was configured.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link to the page. It contains the token if the server generated it.
    pub fn link(&self) -> String {
        match &self.credentials {
            Some(Prepared { page_token: Some(token), origin: TokenOrigin::Generated, .. }) => self.link_with(token),
            _ => self.page_address(),
        }
    }

    /// What `--open` passes to the browser: the page's address, or a file that redirects to the link with the token.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn to_open(&self) -> std::io::Result<ToOpen> {
        match self.credentials.as_ref().and_then(|prepared| prepared.page_token.as_ref()) {
            Some(token) => LinkFile::write(&link_folder(), &self.link_with(token)).map(ToOpen::File),
            None => Ok(ToOpen::Address(self.page_address())),
        }
    }

    /// The token follows `#`: browsers do not send this part of an address, so it is in no log of a server or a proxy.
    fn link_with(&self, token: &Token) -> String {
        format!("{}#token={}", self.page_address(), token.reveal())
    }

    fn page_address(&self) -> String {
        let ip = if self.address.ip().is_unspecified() { reachable_as(self.address.ip()) } else { self.address.ip() };
        let (port, base) = (self.address.port(), &self.config.base_path);
        match (&self.tls, self.config.hosts.first()) {
            // Certificates name hosts, not addresses.
            (Some(_), Some(name)) => format!("https://{name}:{port}{base}/"),
            (Some(_), None) => format!("https://{}{base}/", SocketAddr::new(ip, port)),
            (None, _) => format!("http://{}{base}/", SocketAddr::new(ip, port)),
        }
    }

    pub fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// Serves until `stop`, and returns when all sources and sessions have ended. Later errors are logged.
    ///
    /// # Errors
    /// If the system has no thread for the hub, or that thread has panicked or did not end in time.
    pub async fn run(self, stop: CancellationToken) -> std::io::Result<()> {
        let telemetry = self.telemetry;
        let bounds = Bounds {
            history: Interval::from_micros(self.config.history.as_micros() as u64),
            history_bytes: self.config.history_bytes,
            // The part that counts in `history_bytes`.
            ring_bytes: self.config.recent_bytes.min(self.config.history_bytes / 4),
            series: self.config.series,
        };
        let tiers = self.config.summaries.iter().map(SummaryTier::bounds);
        let hub = Arc::new(Hub::new(self.host, bounds, telemetry.clone()).with_summaries(tiers));
        let (batches, received) = batch_queue();
        let ticker = ticker_thread::start(Ticker::new(Arc::clone(&hub), received)).inspect_err(|error| {
            tracing::error!(%error, "cannot start the hub's thread: raise the limit of processes (ulimit -u)");
        })?;

        let (registry, for_publishers) = (Arc::new(hub.catalog.clone()), batches.downgrade());
        let sources = ingest::start(&self.config.sources, Arc::<Catalog>::clone(&registry), batches, &telemetry);
        let publish = self.config.sources.iter().find_map(SourceConfig::publish);
        let publishers = publish
            .map(|settings| Arc::new(Publishers::new(settings.clone(), registry, for_publishers, sources.health())));

        let receivers = Receivers { publishers, inlets: sources.inlets() };

        if let Some(tls) = &self.tls {
            tokio::spawn(Arc::clone(tls).log_warnings_daily(stop.clone()));
        }
        let scheme = if self.tls.is_some() { Scheme::Https } else { Scheme::Http };
        let trusted = TrustedProxies::new(self.config.trusted_proxies);
        let unknown_proxies = match (&self.credentials, self.config.no_auth) {
            (None, false) => UnknownProxies::Refused,
            _ => UnknownProxies::Accepted,
        };
        let credentials = self.credentials.map(|Prepared { credentials, keeper, .. }| {
            if let Err(error) = keeper.start() {
                tracing::error!(%error, "cannot start the thread of the browser sessions: they end with this server");
            }
            credentials
        });
        let access = Access::new(credentials.clone(), self.config.hosts, scheme, self.address.port());
        let access = access.with_proxies(trusted.clone(), unknown_proxies);
        let fanout = Arc::new(Fanout::start(&hub));
        let service = Service::new(hub, fanout, stop.clone());
        let connections = descriptors::for_connections(self.config.connections);
        let limits = ConnectionLimits { connections, per_address: self.config.connections_per_address, reserved: 0 };
        let limits = if credentials.is_some() { limits.with_reserve() } else { limits };
        let limiter = ConnectionLimiter::new(limits, &telemetry).exempting(trusted);
        let site = SitePage { files: self.page, layout: self.layout };
        let router =
            routes(service, sources.health(), receivers, site, access, limiter.clone(), self.tls).into_router();
        let router = self.config.base_path.mount(router);
        let serving = server::serve(self.listener, limiter, router, stop.clone());
        let keeping = async {
            stop.cancelled().await;
            // At once, not after the last viewer: the next server needs the lock of the state directory.
            if let Some(credentials) = &credentials {
                credentials.stop().await;
            }
        };
        tokio::join!(until_stopped(serving, &sources, stop.clone()), keeping);
        // The hub receives batches until the last source has ended, so that no source waits for room in the queue.
        match ticker.end(HUB_ENDS_WITHIN).await {
            End::Complete => Ok(()),
            End::Panicked | End::LeftBehind => Err(std::io::Error::other("the hub did not end in order")),
        }
    }
}

/// Waits until `serving` and the sources have ended. Both end at `stop`, at the same time: a connection that is slow and
/// a source that hangs together delay the end of the server no longer than one of them.
async fn until_stopped(serving: impl Future<Output = ()>, sources: &RunningSources, stop: CancellationToken) {
    let stopping = async {
        stop.cancelled().await;
        sources.stop().await;
    };
    tokio::join!(serving, stopping);
}

/// Reads the files that the configuration names, with the checks of a start, and logs its warnings.
///
/// # Errors
/// [`StartError`] for the first file that prevents a start.
pub fn check_files(config: &Config) -> Result<(), StartError> {
    read_files(config).map(drop)
}

/// What a start reads, before it listens.
struct Files {
    page: Page,
    layout: Option<Arc<str>>,
    tokens: Vec<NamedToken>,
    tls: Option<Arc<Tls>>,
}

fn read_files(config: &Config) -> Result<Files, StartError> {
    let layout = config.layout.as_deref().map(layout_file::read).transpose()?;
    Ok(Files { page: page(config)?, layout, tokens: read_tokens(config)?, tls: tls(config)? })
}

fn page(config: &Config) -> Result<Page, StartError> {
    let Some(folder) = &config.www else { return Ok(Page::Embedded) };
    let page = Page::Folder(folder.clone());
    if page.is_built() { Ok(page) } else { Err(StartError::NoPage(folder.display().to_string())) }
}

#[expect(clippy::disallowed_methods, reason = "at start")]
fn tls(config: &Config) -> Result<Option<Arc<Tls>>, StartError> {
    let Some(files) = &config.tls else { return Ok(None) };
    let tls = Tls::read(&files.cert, &files.key).map_err(|error| StartError::Tls { error })?;
    tls.log_warnings();
    Ok(Some(Arc::new(tls)))
}

/// A folder for the file of `--open`: of this login session if there is one, so that it is deleted with it.
#[expect(clippy::disallowed_methods, reason = "at start")]
fn link_folder() -> PathBuf {
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    session.unwrap_or_else(std::env::temp_dir)
}

/// The address at which others reach this machine if it listens on all addresses: the one from which it would send.
/// Connecting a datagram socket sends nothing.
fn reachable_as(all: IpAddr) -> IpAddr {
    let (elsewhere, loopback): (IpAddr, IpAddr) = match all {
        // Addresses reserved for documentation (RFC 5737, RFC 3849): any route is sufficient.
        IpAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), Ipv6Addr::LOCALHOST.into()),
    };
    let own = UdpSocket::bind((all, 0)).and_then(|socket| {
        socket.connect((elsewhere, 9))?;
        socket.local_addr()
    });
    own.map_or(loopback, |address| address.ip())
}

fn host_name() -> String {
    let name = name_of_system().unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "this machine".to_owned() } else { name.chars().take(64).collect() }
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "at start")]
fn name_of_system() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/hostname").ok()
}

#[cfg(not(target_os = "linux"))]
fn name_of_system() -> Option<String> {
    sysinfo::System::host_name().ok()
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;
    use crate::ingest::context::SourceContext;
    use crate::ingest::source::{Source, SourceError};
    use crate::ingest::start::NamedSource;

    /// Sends when it is cancelled.
    struct UntilCancelled(oneshot::Sender<()>);

    impl Source for UntilCancelled {
        fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
            Box::pin(async move {
                context.cancellation.cancelled().await;
                let _test_ended = self.0.send(());
                Ok(())
            })
        }
    }

    #[tokio::test]
    async fn sources_stop_while_connections_are_still_open() {
        let (cancelled, is_cancelled) = oneshot::channel();
        let source: NamedSource = ("test", Box::new(UntilCancelled(cancelled)));
        let sources = ingest::start::run([source], Arc::new(Catalog::default()), batch_queue().0);
        let stop = CancellationToken::new();
        stop.cancel();
        // As a connection that ends after the source.
        let serving = async { is_cancelled.await.expect("the source is cancelled") };
        timeout(Duration::from_mins(1), until_stopped(serving, &sources, stop)).await.expect("both end");
    }
}

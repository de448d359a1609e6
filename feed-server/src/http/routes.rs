//! The server's routes.
//!
//! | path | response | access |
//! | --- | --- | --- |
//! | `/` | the page | everyone |
//! | `/stream` | the WebSocket; `?window=SECONDS` of history at once, or `?start=request` to wait for `Subscribe` | role view, same origin |
//! | `/v1/publish` | the WebSocket of programs that send rows; 404 without the source `publish` | role publish, same origin |
//! | `/api/v1/write` | POST: samples that Prometheus sends; 404 without the source `remote_write` | role publish, same origin |
//! | `/sign-in`, `/sign-out` | POST: exchanges a token for a browser session; ends the session | everyone, same origin |
//! | `/connection-check` | POST: JSON with the reason for which the stream would be refused, and what to set | everyone |
//! | `/layout` | the layout of the page that the configuration names, as lines; 204 without one | role view |
//! | `/healthz` | 200 while the process lives | everyone |
//! | `/readyz` | 200 while a source delivers samples, otherwise 503; JSON with the state of each source; `?source=NAME` for one | role view |
//! | `/metrics` | the server's own state, in Prometheus' text format or, by `Accept`, in OpenMetrics | role view |
//! | others | the page's files | everyone |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use hyper::header::{CONNECTION, HeaderValue, LOCATION, SEC_WEBSOCKET_VERSION, UPGRADE, VARY};
use hyper::{HeaderMap, StatusCode, Uri};
use prometheus_client::registry::Registry;
use protocol::Interval;
use tokio_util::sync::CancellationToken;

use super::access::{Access, Policy};
use super::base_path::MissingSlash;
use super::connection_check::Report as ConnectionReport;
use super::encoding::AcceptedEncodings;
use super::gate::{Gate, RequestName};
use super::inlets;
use super::metrics;
use super::metrics_format::MetricsFormat;
use super::page::{Page, PageReader};
use super::prometheus_text;
use super::readiness;
use super::requester::{Requester, Via};
use super::response::{file, not_acceptable, not_stored, text, too_many_connections, with_type};
use super::route_table::RouteTable;
use super::session_halves::Selected;
use super::sign_in::{sign_in, sign_out};
use super::upgrade::{UpgradeError, upgrade};
use crate::clock;
use crate::credentials::Viewer;
use crate::credentials::role::Role;
use crate::deliver::session::violation::Violation;
use crate::deliver::session::{self, DEFAULT_WINDOW, Service, SessionStart};
use crate::ingest::health::Sources;
use crate::ingest::inlet::{InletKind, Inlets};
use crate::ingest::report::report;
use crate::net::connection::Upgraded;
use crate::net::connection_limiter::{ConnectionLimiter, LimitExceeded, Permit};
use crate::net::tls::Tls;
use crate::publish;
use crate::publish::publishers::Publishers;

/// A day: more history than any page can draw.
const MAX_WINDOW_SECONDS: f64 = 86_400.0;

/// The response at `/` of a server without the page, and a warning at its start.
pub const NO_PAGE: &str = "this server was built without its page: `cargo xtask serve` builds and serves both";

/// The state that the handlers share.
#[derive(Debug)]
pub struct Site {
    gate: Arc<Gate>,
    service: Service,
    sources: Sources,
    receivers: Receivers,
    /// The metrics that the telemetry does not count.
    other_metrics: Registry,
    page: PageReader,
    layout: Option<Arc<str>>,
    connections: ConnectionLimiter,
    /// Streams through trusted proxies, by client: their connections all come from the proxy.
    forwarded_streams: ConnectionLimiter,
}

impl Site {
    /// Counts a stream with those of its client, if a trusted proxy reports one. Others are counted by their connection.
    fn permit_for_stream(&self, requester: &Requester) -> Result<Option<Permit>, LimitExceeded> {
        requester.reported_client().map(|client| self.forwarded_streams.admit_stream(client)).transpose()
    }

    /// Says whether one more stream on a new connection would be admitted.
    fn room_for_stream(&self, requester: &Requester) -> Result<(), LimitExceeded> {
        let peer = match requester.via {
            Via::TrustedProxy { proxy, .. } | Via::UnknownProxy { proxy, .. } => proxy,
            Via::Direct => requester.client,
        };
        self.connections.room(peer)?;
        requester.reported_client().map_or(Ok(()), |client| self.forwarded_streams.room(client))
    }
}

/// What other programs send to.
#[derive(Clone, Debug, Default)]
pub struct Receivers {
    /// `None` without the source `publish`.
    pub publishers: Option<Arc<Publishers>>,
    pub inlets: Inlets,
}

/// The page that a server shows.
#[derive(Debug)]
pub struct SitePage {
    pub files: Page,
    /// Its rows and panels, as lines; `None` for the default layout.
    pub layout: Option<Arc<str>>,
}

impl From<Page> for SitePage {
    fn from(files: Page) -> Self {
        Self { files, layout: None }
    }
}

/// The response at `/v1/publish` of a server without the source `publish`.
const NO_PUBLISHERS: &str = "this server accepts no rows of other programs: start it with `--source publish`, or add `[[source]]` with \
     `kind = \"publish\"` to its configuration\n";

/// The response at `/api/v1/write` of a server without the source `remote_write`.
const NO_REMOTE_WRITE: &str = "this server accepts no samples of Prometheus: start it with `--source remote_write`, or add `[[source]]` with \
     `kind = \"remote_write\"` to its configuration\n";

/// The routes of `service`, `sources`, `receivers` and `page`, guarded by `access`, on connections that `connections` limits. `tls` is shown in
/// the metrics.
pub fn routes(
    service: Service,
    sources: Sources,
    receivers: Receivers,
    page: SitePage,
    access: Access,
    connections: ConnectionLimiter,
    tls: Option<Arc<Tls>>,
) -> RouteTable<Arc<Site>> {
    let gate = Arc::new(Gate::new(access, service.hub.telemetry.clone()));
    let other_metrics = metrics::registry(sources.clone(), receivers.publishers.clone(), tls);
    let (SitePage { files, layout }, forwarded_streams) = (page, connections.for_clients());
    let page = PageReader::new(files);
    let gate_of_site = Arc::clone(&gate);
    let site = Site {
        gate: gate_of_site,
        service,
        sources,
        receivers,
        other_metrics,
        page,
        layout,
        connections,
        forwarded_streams,
    };
    let site = Arc::new(site);
    RouteTable::new(gate, site)
        .route("/", Policy::Public, get(index))
        .route("/stream", Policy::NeedsSameOrigin(Role::View), get(stream))
        .route("/v1/publish", Policy::NeedsSameOrigin(Role::Publish), get(publish))
        .route("/api/v1/write", Policy::NeedsSameOrigin(Role::Publish), post(remote_write))
        .route(
            "/sign-in",
            Policy::PublicSameOrigin,
            post(async |State(site): SiteState, request: Request| sign_in(&site.gate, request).await),
        )
        .route(
            "/sign-out",
            Policy::PublicSameOrigin,
            post(async |State(site): SiteState, request: Request| sign_out(&site.gate, request).await),
        )
        .route("/connection-check", Policy::Public, post(connection_check))
        .route("/sources", Policy::Needs(Role::View), get(source_lines))
        .route("/layout", Policy::Needs(Role::View), get(layout_lines))
        .route("/healthz", Policy::Public, get(async || text(StatusCode::OK, "ok\n")))
        .route("/readyz", Policy::Needs(Role::View), get(ready))
        .route("/metrics", Policy::Needs(Role::View), get(metrics_text))
        .fallback(Policy::Public, get(page_file))
}

/// Routes for a page only, public, in its default layout: for tests and benchmarks.
pub fn files(page: Page) -> Router {
    let page = Arc::new(PageReader::new(page));
    let no_layout = get(async || text(StatusCode::NO_CONTENT, ""));
    let no_sources = get(async || text(StatusCode::OK, ""));
    Router::new().route("/layout", no_layout).route("/sources", no_sources).fallback(move |uri: Uri| {
        let page = Arc::clone(&page);
        async move { file(page.file(uri.path(), AcceptedEncodings::default()).await) }
    })
}

type SiteState = State<Arc<Site>>;

async fn index(State(site): SiteState, request: Request) -> Response {
    if let Some(MissingSlash { location }) = request.extensions().get() {
        return redirect(location);
    }
    let (head, _body) = request.into_parts();
    let response = page_file(State(site), head.uri, head.headers).await;
    if response.status() == StatusCode::NOT_FOUND {
        return text(StatusCode::NOT_FOUND, format!("{NO_PAGE}\n"));
    }
    response
}

async fn page_file(State(site): SiteState, uri: Uri, headers: HeaderMap) -> Response {
    let accepted = AcceptedEncodings::of(&headers);
    match site.page.file(uri.path(), accepted.clone()).await {
        Ok(Some(file)) if !accepted.contains(file.encoding) => not_acceptable(),
        found => file(found),
    }
}

async fn stream(State(site): SiteState, request: Request) -> Response {
    let start = match session_start(request.uri().query().unwrap_or_default()) {
        Ok(start) => start,
        Err(reason) => return text(StatusCode::BAD_REQUEST, reason),
    };
    let role = match request.extensions().get().map(|viewer: &Viewer| viewer.role) {
        Some(Role::Edit) => protocol::Role::Edit,
        Some(Role::View | Role::Publish) | None => protocol::Role::View,
    };
    upgraded(&site, request, async move |upgraded, service, ended| {
        session::run(upgraded, service, start, role, ended).await;
    })
}

async fn publish(State(site): SiteState, request: Request) -> Response {
    let Some(publishers) = site.receivers.publishers.clone() else { return text(StatusCode::NOT_FOUND, NO_PUBLISHERS) };
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return text(StatusCode::BAD_REQUEST, "expected no query\n");
    }
    upgraded(&site, request, async move |upgraded, service, ended| {
        publish::session::run(upgraded, service, publishers, ended).await;
    })
}

async fn remote_write(State(site): SiteState, request: Request) -> Response {
    match site.receivers.inlets.get(InletKind::RemoteWrite) {
        Some(inlet) => inlets::pass_on(&inlet, request).await,
        None => text(StatusCode::NOT_FOUND, NO_REMOTE_WRITE),
    }
}

/// Upgrades a request, and passes the connection to `run`, with a token that is cancelled when the browser session of the request has
/// ended.
fn upgraded<F>(
    site: &Site,
    request: Request,
    run: impl FnOnce(Upgraded, Service, CancellationToken) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send,
{
    let (service, name) = (site.service.clone(), RequestName::of(&request));
    let viewer = request.extensions().get::<Viewer>().cloned();
    let ended = viewer.as_ref().map(Viewer::ended).unwrap_or_default();
    let permit = match site.permit_for_stream(&site.gate.requester(&request)) {
        Ok(permit) => permit,
        Err(full) => {
            site.gate.log_refusal(&name, &full.to_string());
            return too_many_connections(&full);
        }
    };
    let is_other_version = matches!(Selected::of(request.headers()), Selected::Other(_));
    let upgraded = upgrade(request, async move |upgraded| {
        if is_other_version {
            return session::refuse(upgraded, &service.hub.telemetry, Violation::OtherVersion).await;
        }
        run(upgraded, service, ended).await;
        // Until here the stream counts for its client, and is a use of its browser session.
        drop((permit, viewer));
    });
    upgraded.unwrap_or_else(|error| {
        site.gate.log_refusal(&name, &error.to_string());
        let mut response = text(error.status(), format!("{error}\n"));
        if matches!(error, UpgradeError::Version { .. }) {
            // Every 426 must name the protocol (RFC 9110, section 15.5.22).
            for (name, value) in [(SEC_WEBSOCKET_VERSION, "13"), (UPGRADE, "websocket"), (CONNECTION, "upgrade")] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
        }
        response
    })
}

async fn connection_check(State(site): SiteState, request: Request) -> Response {
    let requester = site.gate.requester(&request);
    let report = ConnectionReport::new(&requester, &request, site.room_for_stream(&requester));
    report.into_response()
}

async fn layout_lines(State(site): SiteState) -> Response {
    match &site.layout {
        Some(lines) => text(StatusCode::OK, lines.to_string()),
        None => text(StatusCode::NO_CONTENT, ""),
    }
}

async fn source_lines(State(site): SiteState) -> Response {
    let (sources, now) = (site.sources.statuses(), clock::now());
    let lines: Vec<String> = report(&sources, now).map(|line| line.to_string()).collect();
    not_stored(text(StatusCode::OK, lines.join("\n")))
}

async fn ready(State(site): SiteState, uri: Uri) -> Response {
    let catalog = site.service.hub.catalog.len();
    readiness::respond(uri.query().unwrap_or_default(), catalog, &site.sources.statuses(), clock::now())
}

async fn metrics_text(State(site): SiteState, headers: HeaderMap) -> Response {
    let openmetrics = site.service.hub.telemetry.exposition(&site.other_metrics);
    let format = MetricsFormat::of(&headers);
    let text = match format {
        MetricsFormat::Text => prometheus_text::from_openmetrics(&openmetrics),
        MetricsFormat::OpenMetrics => openmetrics,
    };
    let mut response = with_type(StatusCode::OK, text, format.content_type());
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// Redirects to a location that is relative to the address of the request.
fn redirect(location: &str) -> Response {
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "");
    // Every character of a request's address is valid in a header.
    response.headers_mut().insert(LOCATION, HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("./")));
    response
}

/// Parses the query of the stream. A window has no effect beside `start=request`, in either order.
fn session_start(query: &str) -> Result<SessionStart, &'static str> {
    let (mut window, mut is_on_request) = (DEFAULT_WINDOW, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("start", "request")) => is_on_request = true,
            Some(("window", seconds)) => match seconds.parse::<f64>() {
                Ok(seconds) if (0.0..=MAX_WINDOW_SECONDS).contains(&seconds) => {
                    window = Interval::from_micros((seconds * 1e6) as u64);
                }
                _ => return Err("window must be from 0 to 86400 seconds\n"),
            },
            _ => return Err("expected `window=SECONDS` or `start=request`\n"),
        }
    }
    Ok(if is_on_request { SessionStart::OnSubscribe } else { SessionStart::Immediate(window) })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper::header::HOST;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::credentials::Credentials;
    use crate::credentials::tokens::{NamedToken, Tokens};
    use crate::deliver::fanout::Fanout;
    use crate::deliver::hub::{Bounds, Hub};
    use crate::http::access::Scheme;
    use crate::telemetry::Telemetry;

    /// The product's routes with a token.
    fn table() -> RouteTable<Arc<Site>> {
        let bounds = Bounds { history: Interval::from_secs(1), history_bytes: 1, ring_bytes: 1, series: 1 };
        let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
        let fanout = Arc::new(Fanout::start(&hub));
        let service = Service::new(hub, fanout, CancellationToken::new());
        let token = "0123456789abcdefghij".parse().expect("valid");
        let token = NamedToken { name: String::new(), role: Role::View, token };
        let access =
            Access::new(Some(Credentials::in_memory(Tokens::new(vec![token]))), Vec::new(), Scheme::Http, 9_000);
        routes(
            service,
            Sources::default(),
            Receivers::default(),
            Page::Embedded.into(),
            access,
            ConnectionLimiter::default(),
            None,
        )
    }

    /// A new route and its policy are added here and in docs/SECURITY.md.
    #[tokio::test]
    async fn every_route_has_the_policy_that_is_listed_here_and_obeys_it() {
        let expected = [
            ("/", Policy::Public),
            ("/stream", Policy::NeedsSameOrigin(Role::View)),
            ("/v1/publish", Policy::NeedsSameOrigin(Role::Publish)),
            ("/api/v1/write", Policy::NeedsSameOrigin(Role::Publish)),
            ("/sign-in", Policy::PublicSameOrigin),
            ("/sign-out", Policy::PublicSameOrigin),
            ("/connection-check", Policy::Public),
            ("/sources", Policy::Needs(Role::View)),
            ("/layout", Policy::Needs(Role::View)),
            ("/healthz", Policy::Public),
            ("/readyz", Policy::Needs(Role::View)),
            ("/metrics", Policy::Needs(Role::View)),
        ];
        assert_eq!(table().policies(), expected);
        let router = TowerToHyperService::new(table().into_router());
        for (path, policy) in expected {
            for method in ["GET", "HEAD", "POST"] {
                let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
                let response = router.call(request.body(Body::empty()).expect("a request")).await.expect("infallible");
                let is_refused = response.status() == StatusCode::UNAUTHORIZED;
                // Without a token, a sign-in is answered as a wrong one.
                let is_public = matches!(policy, Policy::Public | Policy::PublicSameOrigin);
                let is_sign_in = (method, path) == ("POST", "/sign-in");
                assert_eq!(is_refused, !is_public || is_sign_in, "{method} {path}: {}", response.status());
            }
        }
    }

    #[test]
    fn the_query_selects_the_start_of_the_stream() {
        assert_eq!(session_start(""), Ok(SessionStart::Immediate(DEFAULT_WINDOW)));
        assert_eq!(session_start("window=1.5"), Ok(SessionStart::Immediate(Interval::from_millis(1_500))));
        for on_request in ["start=request", "start=request&window=5", "window=5&start=request"] {
            assert_eq!(session_start(on_request), Ok(SessionStart::OnSubscribe), "{on_request}");
        }
        for wrong in ["window=-1", "window=nan", "window=1e9", "start=now", "windw=3", "window"] {
            assert!(session_start(wrong).is_err(), "{wrong}");
        }
    }
}

//! The routes, each with its access policy.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use hyper::StatusCode;

use super::access::Policy;
use super::gate::Gate;
use super::response::text;
use crate::credentials::role::Role;

/// Builds a router whose requests all pass the [`Gate`]. A route cannot be added without its policy:
///
/// ```compile_fail
/// use feed_server::http::route_table::RouteTable;
///
/// fn add(table: RouteTable<()>) -> RouteTable<()> {
///     table.route("/v1/write", axum::routing::post(async || "written"))
/// }
/// ```
///
/// ```
/// use feed_server::credentials::role::Role;
/// use feed_server::http::{access::Policy, route_table::RouteTable};
///
/// fn add(table: RouteTable<()>) -> RouteTable<()> {
///     table.route("/v1/write", Policy::Needs(Role::View), axum::routing::post(async || "written"))
/// }
/// ```
#[derive(Debug)]
pub struct RouteTable<S> {
    gate: Arc<Gate>,
    state: S,
    router: Router,
    policies: Vec<(&'static str, Policy)>,
}

impl<S: Clone + Send + Sync + 'static> RouteTable<S> {
    /// A table without routes: unknown paths need the token, and get 404 with it.
    pub fn new(gate: Arc<Gate>, state: S) -> Self {
        let mut table = Self { gate, state, router: Router::new(), policies: Vec::new() };
        let unknown = any(async || text(StatusCode::NOT_FOUND, "not found\n"));
        table.router = Router::new().fallback_service(table.guarded(Policy::Needs(Role::View), unknown));
        table
    }

    #[must_use]
    pub fn route(mut self, path: &'static str, policy: Policy, methods: MethodRouter<S>) -> Self {
        self.policies.push((path, policy));
        let methods = self.guarded(policy, methods.fallback(method_not_allowed));
        Self { router: self.router.route(path, methods), ..self }
    }

    /// Serves all paths that have no route.
    #[must_use]
    pub fn fallback(self, policy: Policy, methods: MethodRouter<S>) -> Self {
        let methods = self.guarded(policy, methods.fallback(method_not_allowed));
        Self { router: self.router.fallback_service(methods), ..self }
    }

    /// The policy of every route, in the order in which they were added.
    pub fn policies(&self) -> &[(&'static str, Policy)] {
        &self.policies
    }

    pub fn into_router(self) -> Router {
        let gate = self.gate;
        self.router.layer(from_fn(move |request, next| {
            let gate = Arc::clone(&gate);
            async move { gate.surround(request, next).await }
        }))
    }

    fn guarded(&self, policy: Policy, methods: MethodRouter<S>) -> MethodRouter {
        let gate = Arc::clone(&self.gate);
        let check = from_fn(move |request, next| {
            let gate = Arc::clone(&gate);
            async move { gate.check(policy, request, next).await }
        });
        methods.layer(check).with_state(self.state.clone())
    }
}

async fn method_not_allowed() -> Response {
    text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed: see the Allow header\n")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::State;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use hyper::Request;
    use hyper::header::{ALLOW, AUTHORIZATION, HOST};
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::credentials::Credentials;
    use crate::credentials::tokens::{NamedToken, Tokens};
    use crate::http::access::{Access, Scheme};
    use crate::http::body::{BoundedBody, MAX_BODY_BYTES};
    use crate::telemetry::Telemetry;

    const TOKEN: &str = "0123456789abcdefghij";

    /// A table with one route that does not exist in the product: it reads a body and answers after a wait.
    fn router() -> Router {
        let token = NamedToken { name: String::new(), role: Role::View, token: TOKEN.parse().expect("valid") };
        let credentials = Credentials::in_memory(Tokens::new(vec![token]));
        let access = Access::new(Some(credentials), Vec::new(), Scheme::Http, 9_000);
        let write = async |State(name): State<&'static str>, BoundedBody(body): BoundedBody| {
            tokio::task::yield_now().await;
            format!("{name} received {} bytes", body.len())
        };
        let table = RouteTable::new(Arc::new(Gate::new(access, Telemetry::default())), "writer");
        table.route("/v1/write", Policy::Needs(Role::View), post(write)).into_router()
    }

    async fn respond(method: &str, path: &str, token: &str, body: impl Into<Body>) -> Response {
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(AUTHORIZATION, format!("Bearer {token}")).body(body.into()).expect("a request");
        TowerToHyperService::new(router()).call(request).await.expect("infallible")
    }

    #[tokio::test]
    async fn an_async_handler_reads_a_bounded_body() {
        let response = respond("POST", "/v1/write", TOKEN, vec![0; 1_000]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().contains_key("content-security-policy"), "{response:?}");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, "writer received 1000 bytes");
        let response = respond("POST", "/v1/write", TOKEN, vec![0; MAX_BODY_BYTES + 1]).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_signed_in_route_and_unknown_paths_need_the_token() {
        for (method, path) in [("POST", "/v1/write"), ("GET", "/v1/write"), ("GET", "/unknown"), ("PUT", "/v1/write/")]
        {
            assert_eq!(respond(method, path, "wrong", "").await.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        }
        assert_eq!(respond("GET", "/unknown", TOKEN, "").await.status(), StatusCode::NOT_FOUND);
        let not_allowed = respond("GET", "/v1/write", TOKEN, "").await;
        assert_eq!(not_allowed.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(not_allowed.headers()[ALLOW], "POST");
    }
}

//! The path below which a proxy shows this server, for proxies that do not strip it.

use std::fmt;
use std::str::FromStr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use serde::Deserialize;
use thiserror::Error;

/// Longest path: with it, the page's longest address is far below the limit of a request's head.
const MAX_BYTES: usize = 256;

/// A path such as `/kymograph`, without a slash at its end. Empty: the server is at the root of its host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BasePath(String);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "base_path must begin with a slash, end without one, and have letters, digits, `-`, `_`, `.` and `~` between single slashes, \
     at most {MAX_BYTES} in all, such as /kymograph, found {0:?}"
)]
pub struct BasePathError(String);

/// Extension of a request for the base path without the slash that the page's relative addresses need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSlash {
    /// Where the page is, relative to the address of this request.
    pub location: String,
}

impl BasePath {
    /// Serves `router` below this path. Paths outside it are served as without a base path, for probes that ask the server
    /// itself and for proxies that strip it.
    pub fn mount(self, router: Router) -> Router {
        if self.0.is_empty() {
            return router;
        }
        Router::new().fallback_service(router).layer(from_fn(
            move |mut request: Request, next: axum::middleware::Next| {
                self.strip(&mut request);
                next.run(request)
            },
        ))
    }

    fn strip(&self, request: &mut Request) {
        let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
        let stripped = match request.uri().path().strip_prefix(&self.0) {
            Some("") => {
                let last = self.0.rsplit('/').next().unwrap_or_default();
                request.extensions_mut().insert(MissingSlash { location: format!("{last}/{query}") });
                // With the query, which is checked before the redirect.
                format!("/{query}")
            }
            Some(rest) if rest.starts_with('/') => format!("{rest}{query}"),
            _ => return,
        };
        let mut parts = request.uri().clone().into_parts();
        // A part of a valid path that begins with a slash is a valid path.
        parts.path_and_query = PathAndQuery::try_from(stripped).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.~".contains(char);
        let is_segment = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(is_plain);
        match text.strip_prefix('/') {
            Some(path) if text.len() <= MAX_BYTES && path.split('/').all(is_segment) => Ok(Self(text.to_owned())),
            _ => Err(BasePathError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for BasePath {
    type Error = BasePathError;

    fn try_from(text: String) -> Result<Self, BasePathError> {
        text.parse()
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    /// The address that the routes see, and the redirect.
    fn stripped(base: &str, uri: &str) -> (String, Option<String>) {
        let mut request = Request::builder().uri(uri).body(Body::empty()).expect("a request");
        base.parse::<BasePath>().expect("valid").strip(&mut request);
        let location = request.extensions().get::<MissingSlash>().map(|found| found.location.clone());
        (request.uri().to_string(), location)
    }

    #[test]
    fn the_base_path_is_stripped_and_only_it() {
        for (uri, expected) in [
            ("/a/b/", "/"),
            ("/a/b/stream?start=request", "/stream?start=request"),
            ("/a/b/a/b/c", "/a/b/c"),
            ("/a/bc/stream", "/a/bc/stream"),
            ("/healthz", "/healthz"),
            ("/", "/"),
        ] {
            assert_eq!(stripped("/a/b", uri), (expected.to_owned(), None), "{uri}");
        }
    }

    #[test]
    fn the_base_path_without_a_slash_is_redirected_with_its_query() {
        assert_eq!(stripped("/kymograph", "/kymograph"), ("/".to_owned(), Some("kymograph/".to_owned())));
        assert_eq!(stripped("/a/b", "/a/b?window=5"), ("/?window=5".to_owned(), Some("b/?window=5".to_owned())));
    }

    #[test]
    fn a_base_path_that_is_no_plain_path_is_refused() {
        for valid in ["/kymograph", "/a/b", "/~me/v1.0_x-y"] {
            assert_eq!(valid.parse::<BasePath>().expect("valid").to_string(), valid);
        }
        let long = format!("/{}", "a".repeat(MAX_BYTES));
        for wrong in ["", "/", "kymograph", "/kymograph/", "/a//b", "/a/../b", "/a b", "/a?b", "/é", "/a%20", &long] {
            let error = wrong.parse::<BasePath>().expect_err("refused").to_string();
            assert!(error.ends_with(&format!("such as /kymograph, found {wrong:?}")), "{error}");
        }
    }
}

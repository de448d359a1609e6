//! Responses with a body: texts, and files of the page.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use serde::Serialize;

use super::page::File;
use crate::blocking_thread::NotDone;
use crate::net::connection_limiter::LimitExceeded;

pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Response {
    with_type(status, text, "text/plain; charset=utf-8")
}

pub fn with_type(status: StatusCode, body: impl Into<Bytes>, media_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A JSON object.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // A struct of plain fields always serialises.
    with_type(status, serde_json::to_vec(body).unwrap_or_default(), "application/json")
}

/// Forbids caches to keep a response.
pub fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The refusal of a connection over a limit, which it also closes.
pub fn too_many_connections(exceeded: &LimitExceeded) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("{exceeded}\n"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A file of the page, with its encoding and how long caches may keep it. 404 without a file, 503 if its folder does not
/// answer or too many requests wait for it.
pub fn file(file: Result<Option<File>, Arc<NotDone>>) -> Response {
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) => return text(StatusCode::NOT_FOUND, "not found\n"),
        Err(error) if matches!(*error, NotDone::Busy { .. }) => {
            return unavailable("too many requests for files of the page wait: try again later\n", "1");
        }
        Err(_logged) => {
            let reason =
                "the folder of the page does not answer: check the file system of `www`, and try again later\n";
            return unavailable(reason, "5");
        }
    };
    let mut response = with_type(StatusCode::OK, file.bytes, file.media_type);
    let headers = response.headers_mut();
    if let Some(encoding) = file.encoding.token() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn unavailable(reason: &'static str, retry_after_s: &'static str) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, reason);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(retry_after_s));
    response
}

/// The answer to a client that refuses every form in which a file exists.
pub fn not_acceptable() -> Response {
    let mut response =
        text(StatusCode::NOT_ACCEPTABLE, "Accept-Encoding refuses each form of this file: allow `identity`\n");
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_folder_and_one_that_does_not_answer_are_unavailable_for_different_times() {
        for (error, retry_after) in [
            (NotDone::Busy { thread: "page files" }, "1"),
            (NotDone::Late { thread: "page files", within: std::time::Duration::from_secs(2) }, "5"),
        ] {
            let response = file(Err(Arc::new(error)));
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], retry_after);
        }
    }
}

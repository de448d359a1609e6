//! Responses with a body: texts, and files of the page.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};

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

/// The refusal of a connection over a limit, which it also closes.
pub fn too_many_connections(exceeded: &LimitExceeded) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("{exceeded}\n"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A file of the page, with its encoding and how long caches may keep it. 404 without a file, 503 if its folder does not
/// answer.
pub fn file(file: Result<Option<File>, NotDone>) -> Response {
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) => return text(StatusCode::NOT_FOUND, "not found\n"),
        Err(_logged) => return unavailable(),
    };
    let bytes = match file.bytes {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    };
    let mut response = with_type(StatusCode::OK, bytes, file.media_type);
    let headers = response.headers_mut();
    if let Some(encoding) = file.encoding.token() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn unavailable() -> Response {
    let reason = "the folder of the page does not answer: check the file system of `www`, and try again later\n";
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, reason);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// The answer to a client that refuses every form in which a file exists.
pub fn not_acceptable() -> Response {
    let mut response =
        text(StatusCode::NOT_ACCEPTABLE, "Accept-Encoding refuses each form of this file: allow `identity`\n");
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

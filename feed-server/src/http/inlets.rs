//! Requests of other programs, passed on to the sources that they are for.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::response::text;
use crate::ingest::inlet::{Inlet, InletError, Reply};

/// A longer body, packed, is refused with 413.
const MAX_BYTES: usize = 16 << 20;
/// A body that has not arrived within this time is refused with 408.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// If a source has not replied within this time, the sender is told to try again.
const REPLY_DEADLINE: Duration = Duration::from_secs(25);

/// Passes a request on, and returns the reply of the source.
pub async fn pass_on(inlet: &Inlet, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |name| header_text(&head.headers, name);
    let (content_type, content_encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
    let (body, room) = match timeout(BODY_DEADLINE, read(inlet, body)).await {
        Ok(Ok(read)) => read,
        Ok(Err(refused)) => return *refused,
        Err(_elapsed) => return text(StatusCode::REQUEST_TIMEOUT, "request body not received within 10 s\n"),
    };
    let replied = inlet.deliver(content_type, content_encoding, body, room);
    match timeout(REPLY_DEADLINE, replied).await {
        Ok(Ok(reply)) => response(reply),
        Ok(Err(error)) => try_again(error),
        Err(_elapsed) => try_again(InletError::Late),
    }
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// Room is taken as the bytes arrive: a sender that announces much and sends nothing holds none.
async fn read(inlet: &Inlet, mut body: Body) -> Result<(Bytes, OwnedSemaphorePermit), Box<Response>> {
    let too_large = || {
        Box::new(text(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body must have at most {MAX_BYTES} bytes: send fewer samples in a request\n"),
        ))
    };
    if hyper::body::Body::size_hint(&body).lower() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    let full = |error| Box::new(try_again(error));
    let (mut bytes, mut room) = (Vec::new(), inlet.room(0).map_err(full)?);
    while let Some(frame) = body.frame().await {
        let refused = |error| text(StatusCode::BAD_REQUEST, format!("request body not received: {error}\n"));
        let Ok(data) = frame.map_err(|error| Box::new(refused(error)))?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BYTES {
            return Err(too_large());
        }
        room.merge(inlet.room(data.len()).map_err(full)?);
        bytes.extend_from_slice(&data);
    }
    Ok((bytes.into(), room))
}

fn try_again(error: InletError) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn response(Reply { status, headers, text: body }: Reply) -> Response {
    let mut response = text(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

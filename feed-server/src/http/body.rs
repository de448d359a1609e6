//! Request bodies: bounded in bytes and in time.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Body as _;
use tokio::time::timeout;

use super::response::text;

/// A larger body is refused with 413.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A body that has not arrived within this time is refused with 408.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The complete body of a request. A handler with this as its last argument reads at most [`MAX_BODY_BYTES`] bytes.
#[derive(Clone, Debug)]
pub struct BoundedBody(pub Bytes);

impl<S: Sync> FromRequest<S> for BoundedBody {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        read(request.into_body(), BODY_DEADLINE).await.map(Self)
    }
}

async fn read(body: Body, deadline: Duration) -> Result<Bytes, Response> {
    // A peer that announces too many bytes is refused before it has sent them.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    match timeout(deadline, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(text(StatusCode::BAD_REQUEST, format!("request body not received: {error}\n"))),
        Err(_) => Err(text(StatusCode::REQUEST_TIMEOUT, "request body not received within 10 s\n")),
    }
}

fn too_large() -> Response {
    text(StatusCode::PAYLOAD_TOO_LARGE, format!("request body too large: the limit is {MAX_BODY_BYTES} bytes\n"))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn status(body: Body, deadline: Duration) -> StatusCode {
        read(body, deadline).await.map_or_else(|refusal| refusal.status(), |_| StatusCode::OK)
    }

    #[tokio::test]
    async fn bodies_up_to_the_limit_are_read_and_larger_ones_refused() {
        assert_eq!(status(Body::from(vec![0; MAX_BODY_BYTES]), BODY_DEADLINE).await, StatusCode::OK);
        assert_eq!(status(Body::from(vec![0; MAX_BODY_BYTES + 1]), BODY_DEADLINE).await, StatusCode::PAYLOAD_TOO_LARGE);
        // Without a length in advance.
        let chunks = stream::repeat_with(|| std::io::Result::Ok(Bytes::from_static(&[0; 1_024])));
        assert_eq!(status(Body::from_stream(chunks), BODY_DEADLINE).await, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_does_not_arrive_in_time_is_refused() {
        let pending = Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
        assert_eq!(status(pending, Duration::ZERO).await, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken), BODY_DEADLINE).await, StatusCode::BAD_REQUEST);
    }
}

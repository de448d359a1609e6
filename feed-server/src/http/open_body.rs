//! The body of a response, which keeps its request open until hyper has taken all of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::net::connection_limiter::OpenRequest;

pub struct OpenBody {
    body: Body,
    _open: Option<OpenRequest>,
}

impl OpenBody {
    pub const fn new(body: Body, open: OpenRequest) -> Self {
        Self { body, _open: Some(open) }
    }

    /// The body of the response that turns a connection into a stream.
    pub const fn upgraded(body: Body) -> Self {
        Self { body, _open: None }
    }
}

impl HttpBody for OpenBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! Requests to one target, one at a time, over a connection that stays open.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HOST, LOCATION, TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use memchr::memrchr;
use thiserror::Error;
use tokio_util::task::AbortOnDropHandle;

use super::answer::{self, BadAnswer, Body};
use super::asking::Asking;
use super::dial::{DialError, dial};
use super::target_url::TargetUrl;
use crate::ingest::exposition::Format;

const MAX_REDIRECTIONS: usize = 3;
const REDIRECTIONS: [u16; 5] = [301, 302, 303, 307, 308];
const PRODUCT: &str = concat!("Kymograph/", env!("CARGO_PKG_VERSION"));

/// The reason why a target did not answer with metrics.
#[derive(Debug, Error)]
pub(super) enum AskError {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("cannot connect: {0}")]
    Connect(#[from] DialError),
    #[error("the connection failed: {}", with_source(.0))]
    Connection(hyper::Error),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error(
        "it redirects to {0:?}, which has another host, port or scheme: name that address as a target if you trust it"
    )]
    Elsewhere(String),
    #[error("it redirects more than {MAX_REDIRECTIONS} times")]
    Redirections,
    #[error("{0}")]
    Answer(#[from] BadAnswer),
    #[error("its answer has no end, `# EOF`: a part may be missing")]
    NoEnd,
    #[error("its answer has {found} samples, `samples` allows {allowed}: raise it, or ask for less by `params`")]
    Samples { found: usize, allowed: usize },
    #[error("{0}")]
    Configuration(String),
}

/// hyper's own text says only in which part of its work an error occurred.
fn with_source(error: &hyper::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The metrics that a target answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) format: Format,
    pub(super) body: Body,
    /// False for a body that ends with its connection: it may be a part.
    states_length: bool,
}

impl Answer {
    /// An answer in OpenMetrics that has its end, or one in the text format.
    ///
    /// # Errors
    /// [`AskError::NoEnd`]: the last value of an answer that was cut would be wrong.
    pub(super) fn whole(self) -> Result<Self, AskError> {
        let has_end = || self.body.bytes.trim_ascii_end().ends_with(b"# EOF");
        if self.format == Format::OpenMetrics && !has_end() { Err(AskError::NoEnd) } else { Ok(self) }
    }

    /// The lines, and true if another one may be cut.
    pub(super) fn lines(&self) -> (&[u8], bool) {
        let bytes = self.body.bytes.as_slice();
        if let Some(lines) = bytes.strip_suffix(b"\n") {
            return (lines, false);
        }
        if self.states_length || self.format == Format::OpenMetrics || bytes.is_empty() {
            return (bytes, false);
        }
        (memrchr(b'\n', bytes).map_or(&[], |end| &bytes[..end]), true)
    }
}

#[derive(Debug)]
pub(super) struct Client {
    url: TargetUrl,
    /// `None` if it is not open, or a request failed.
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    requests: SendRequest<Empty<Bytes>>,
    /// Moves the bytes.
    _task: AbortOnDropHandle<()>,
}

impl Client {
    pub(super) const fn new(url: TargetUrl) -> Self {
        Self { url, connection: None }
    }

    /// Asks for the metrics.
    ///
    /// # Errors
    /// [`AskError`]. The next request opens a new connection.
    pub(super) async fn ask(&mut self, asking: &Asking) -> Result<Answer, AskError> {
        let asked = tokio::time::timeout(asking.timeout, self.ask_without_limit(asking)).await;
        asked.unwrap_or(Err(AskError::Late(asking.timeout)))
    }

    async fn ask_without_limit(&mut self, asking: &Asking) -> Result<Answer, AskError> {
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTIONS {
            // Kept only if the answer is read to its end.
            let (connection, response) = self.connection_for(&url, asking).await?;
            let (head, incoming) = response.into_parts();
            let location = head.headers.get(LOCATION).and_then(|location| location.to_str().ok());
            if let Some(location) = location.filter(|_| REDIRECTIONS.contains(&head.status.as_u16())) {
                url = url.redirected(location).ok_or_else(|| AskError::Elsewhere(location.to_owned()))?;
                continue;
            }
            if head.status != StatusCode::OK {
                return Err(AskError::Status(head.status));
            }
            let format = answer::format(&head.headers)?;
            let body = Body::read(&head.headers, incoming, asking.body_bytes, &asking.room).await?;
            self.connection = Some(connection);
            let states_length = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| head.headers.contains_key(name));
            return Ok(Answer { format, body, states_length });
        }
        Err(AskError::Redirections)
    }

    /// Sends a request over the open connection, or over a new one: the target may have closed it meanwhile.
    async fn connection_for(
        &mut self,
        url: &TargetUrl,
        asking: &Asking,
    ) -> Result<(Connection, Response<Incoming>), AskError> {
        if let Some(mut open) = self.connection.take()
            && open.requests.ready().await.is_ok()
            && let Ok(response) = open.requests.send_request(request(url, asking)?).await
        {
            return Ok((open, response));
        }
        let mut new = connect(url, asking).await?;
        let response = new.requests.send_request(request(url, asking)?).await.map_err(AskError::Connection)?;
        Ok((new, response))
    }
}

async fn connect(url: &TargetUrl, asking: &Asking) -> Result<Connection, AskError> {
    let stream = dial(url, asking).await?;
    let (requests, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(AskError::Connection)?;
    let task = tokio::spawn(async move {
        // The request that it fails has the error.
        let _failed = connection.await;
    });
    Ok(Connection { requests, _task: AbortOnDropHandle::new(task) })
}

fn request(url: &TargetUrl, asking: &Asking) -> Result<Request<Empty<Bytes>>, AskError> {
    let mut request = Request::get(&url.path)
        .header(HOST, &url.authority)
        .header(USER_AGENT, PRODUCT)
        .header(ACCEPT, answer::ACCEPT)
        .header(ACCEPT_ENCODING, "gzip")
        .header("x-prometheus-scrape-timeout-seconds", asking.timeout.as_secs_f64().to_string());
    if let Some(authorization) = &asking.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Empty::new()).map_err(|error| AskError::Configuration(error.to_string()))
}

//! Invariants of any bytes sent to the server's port before the upgrade: hyper reads them, as in the server, and the server's
//! own checks answer.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use feed_server::credentials::Credentials;
use feed_server::credentials::role::Role;
use feed_server::credentials::tokens::{NamedToken, Tokens};
use feed_server::http::access::{Access, Denied, Policy, Scheme};
use feed_server::http::{request_target, upgrade};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The token of the server under test. The seeds have it too.
const TOKEN: &str = "0123456789abcdefghij";
const NAME: &str = "metrics.example";

static ACCESS: LazyLock<Access> = LazyLock::new(|| {
    let token = NamedToken { name: String::new(), role: Role::View, token: TOKEN.parse().expect("valid") };
    let credentials = Credentials::in_memory(Tokens::new(vec![token]));
    Access::new(Some(credentials), vec![NAME.to_owned()], Scheme::Http, 9_000)
});

/// More polls than any connection takes after its last byte has arrived.
const MAX_POLLS: usize = 10_000;

/// Serves a peer that has sent `bytes` and closed.
///
/// # Panics
/// If a request that must be refused is accepted, a response contains a secret, or the server does not finish.
pub fn check(bytes: &[u8]) {
    let serving = http1::Builder::new()
        .max_buf_size(16 * 1_024)
        .half_close(true)
        .serve_connection(
            TokioIo::new(Peer(Bytes::copy_from_slice(bytes))),
            service_fn(|request| async move { Ok::<_, Infallible>(answer(request)) }),
        )
        .with_upgrades();
    let mut serving = pin!(serving);
    let mut context = Context::from_waker(Waker::noop());
    let ended = (0..MAX_POLLS).any(|_| serving.as_mut().poll(&mut context).is_ready());
    assert!(ended, "the connection does not end");
}

fn answer(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Err(error) = request_target::canonicalize(&mut request) {
        return refusal(error.status(), &error.to_string());
    }
    respond(&request).unwrap_or_else(|denied| refusal(denied.status(), &denied.to_string()))
}

fn respond(request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Denied> {
    let requester = ACCESS.requester(IpAddr::V4(Ipv4Addr::LOCALHOST), request.headers());
    if request.uri().path() == "/stream" {
        ACCESS.check(Policy::NeedsSameOrigin(Role::View), &requester, request.headers())?;
        return Ok(match upgrade::accept(request) {
            Ok(response) => {
                check_handshake(request);
                response.map(|()| Full::default())
            }
            Err(error) => refusal(error.status(), &error.to_string()),
        });
    }
    ACCESS.check(Policy::Public, &requester, request.headers())?;
    ACCESS.check_query(request.uri().query().unwrap_or_default())?;
    Ok(Response::new(Full::default()))
}

fn refusal(status: StatusCode, reason: &str) -> Response<Full<Bytes>> {
    assert!(status.is_client_error() && !reason.is_empty());
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// An accepted handshake has the token, a name of this server, and no other origin.
fn check_handshake(request: &Request<Incoming>) {
    assert!(request.uri().authority().is_none(), "{} is not a path", request.uri());
    let headers = request.headers();
    assert!(request.method() == "GET" && request.version() == Version::HTTP_11);
    assert!(!headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING));
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).expect("a host");
    assert!(hosts.next().is_none(), "two hosts");
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_matches(['[', ']']).trim_end_matches('.');
    let is_own = [NAME, "localhost"].iter().any(|own| own.eq_ignore_ascii_case(name));
    assert!(is_own || name.parse::<IpAddr>().is_ok(), "{host} is not this server");
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().expect("text");
        assert!(
            origin == Scheme::Http.origin(host) || origin == Scheme::Https.origin(host),
            "{origin} is another origin"
        );
    }
    // No session was opened, so that a cookie and a key open nothing.
    let mut secrets = headers.get_all(AUTHORIZATION).iter();
    assert!(secrets.any(|secret| holds_token(secret.as_bytes())), "accepted without the token");
}

fn holds_token(bytes: &[u8]) -> bool {
    bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
}

/// A peer that has sent all of its bytes.
struct Peer(Bytes);

impl AsyncRead for Peer {
    fn poll_read(mut self: Pin<&mut Self>, _context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.0.len().min(room.remaining());
        room.put_slice(&self.0.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

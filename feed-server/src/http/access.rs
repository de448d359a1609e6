//! Access control.
//!
//! Five checks precede the handler of a request:
//!
//! - **Proxy**, on every route. A server that needs no token because only this machine can connect refuses requests that a proxy
//!   forwarded, unless the proxy is trusted: others can reach the proxy.
//! - **Host**, on every route. If an attacker's domain name resolves to this server (DNS rebinding), the browser treats it
//!   as the attacker's; only the `Host` header shows the difference. An address cannot be rebound, so addresses are
//!   accepted, and so are `localhost` and the names in the configuration.
//! - **Origin**, for the stream. Browsers allow any page to open a WebSocket to any server, with the viewer's cookie, and
//!   send the page's origin (cross-site WebSocket hijacking). Only pages of this server, and programs without an origin, are
//!   accepted.
//! - **Query**, on every route of a server that needs a token. An address is written to logs, so one with `token=` is refused.
//! - **Credentials**, on every route that is not public: the token of a program, or both halves of a browser session
//!   ([`session_halves`](super::session_halves)), with a [`Role`] that includes the one that the route needs. The page's files
//!   contain no data and need none, so that a page without a session can explain how to sign in.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{HeaderMap, ORIGIN};
use hyper::http::uri::Authority;
use thiserror::Error;

pub use super::requester::Scheme;
use super::requester::{Requester, Via};
use super::session_halves::{SessionCookie, bearer_tokens, keys};
use crate::credentials::role::Role;
use crate::credentials::{Credentials, Viewer};
use crate::net::trusted_proxies::TrustedProxies;

/// The requests that a route accepts. Every route states one: see [`RouteTable`](super::route_table::RouteTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Public,
    /// Those of everyone, but not from pages of other origins.
    PublicSameOrigin,
    /// Those of viewers with this role. If the server needs no token: all for the role view, otherwise those of its own machine.
    Needs(Role),
    /// As `Needs`, but not from pages of other origins. For the WebSocket.
    NeedsSameOrigin(Role),
}

#[derive(Clone, Debug)]
pub struct Access {
    credentials: Option<Credentials>,
    names: Vec<String>,
    scheme: Scheme,
    cookie: SessionCookie,
    trusted: TrustedProxies,
    unknown_proxies: UnknownProxies,
}

/// Requests that were forwarded by a proxy that is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownProxies {
    /// Checked like all others, by the peer's address and headers.
    Accepted,
    /// For a server that needs no token because it serves this machine only.
    Refused,
}

/// The reason of a refusal. The text never contains the token that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// No `Host`, several, or an invalid one.
    #[error("expected one Host header: the name or address of this server, and its port")]
    NoHost,
    #[error("{host:?} is not a name of this server: add it to `hosts`, or start with --host {host}")]
    UnknownHost { host: String },
    /// `own` is the origin of this server's pages, by the request.
    #[error("a page of origin {origin:?} may not open the stream of {own:?}: {}", own_host(.via))]
    ForeignOrigin { origin: String, own: String, via: Via },
    #[error(
        "this server serves its own machine only, and a proxy at {proxy} forwarded this request (it has the header {header}): \
         start with --trusted-proxy {proxy}, or with --token-file or --no-auth"
    )]
    UnknownProxy { proxy: IpAddr, header: String },
    /// No token and no session, or a wrong token.
    #[error(
        "sign in: open the link that the server printed at start; a program sends a token of the role it needs as `Authorization: Bearer`"
    )]
    NoToken,
    #[error("wrong token: paste the complete token from the server's link or token file")]
    WrongToken,
    /// A session that was revoked or has expired, or one half of a session.
    #[error("the session has ended: sign in again with the link that the server printed at start, or with its token")]
    SessionEnded,
    #[error("this needs the role {needed}, and the token has the role {found}: use a token with that role")]
    WrongRole { found: Role, needed: Role },
    /// Without tokens, everyone has the role view, and only this machine may publish.
    #[error(
        "this server has no token, so that only programs of its own machine may publish: start it with --config and a `[[token]]` whose role is publish"
    )]
    NotLocal,
    /// A query is written to the logs of servers and proxies.
    #[error(
        "a token in the query of an address can be read in logs and is not accepted: open the server's link, in which the \
         token follows `#token=`, or open the page without it and paste the token"
    )]
    TokenInQuery,
}

impl Denied {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoHost | Self::TokenInQuery => StatusCode::BAD_REQUEST,
            Self::UnknownHost { .. }
            | Self::ForeignOrigin { .. }
            | Self::UnknownProxy { .. }
            | Self::NotLocal
            | Self::WrongRole { .. } => StatusCode::FORBIDDEN,
            Self::NoToken | Self::WrongToken | Self::SessionEnded => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Access {
    /// Without `credentials` no request needs a token. `names` are this server's names besides `localhost`. No proxy is trusted.
    pub fn new(credentials: Option<Credentials>, names: Vec<String>, scheme: Scheme, port: u16) -> Self {
        let server_id = credentials.as_ref().map_or("", Credentials::server_id);
        let cookie = SessionCookie::new(port, server_id);
        let (trusted, unknown_proxies) = (TrustedProxies::default(), UnknownProxies::Accepted);
        Self { credentials, names, scheme, cookie, trusted, unknown_proxies }
    }

    #[must_use]
    pub fn with_proxies(self, trusted: TrustedProxies, unknown_proxies: UnknownProxies) -> Self {
        Self { trusted, unknown_proxies, ..self }
    }

    /// Who sent a request with these headers, if `peer` is the other end of its connection.
    pub fn requester(&self, peer: IpAddr, headers: &HeaderMap) -> Requester {
        Requester::new(peer, self.scheme, headers, &self.trusted)
    }

    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    pub const fn cookie(&self) -> &SessionCookie {
        &self.cookie
    }

    /// Checks a request against the policy of its route. Returns the viewer who sent it; `None` on a public route without valid
    /// credentials.
    ///
    /// # Errors
    /// [`Denied`], to be answered with its status.
    pub fn check(&self, policy: Policy, requester: &Requester, headers: &HeaderMap) -> Result<Option<Viewer>, Denied> {
        self.check_proxy(requester)?;
        self.check_host(requester)?;
        if matches!(policy, Policy::PublicSameOrigin | Policy::NeedsSameOrigin(_)) {
            check_origin(requester, headers)?;
        }
        match policy {
            Policy::Public | Policy::PublicSameOrigin => Ok(self.viewer(requester, headers).ok()),
            Policy::Needs(needed) | Policy::NeedsSameOrigin(needed) => {
                let viewer = self.viewer(requester, headers)?;
                if self.credentials.is_none() {
                    return check_local(needed, requester).map(|()| Some(viewer));
                }
                let found = viewer.role;
                if found.includes(needed) { Ok(Some(viewer)) } else { Err(Denied::WrongRole { found, needed }) }
            }
        }
    }

    /// Refuses an address that contains a token, in any spelling that a person or a program may have given its name.
    ///
    /// # Errors
    /// [`Denied::TokenInQuery`], if this server needs a token.
    pub fn check_query(&self, query: &str) -> Result<(), Denied> {
        let is_token = |pair: &str| {
            let pair = unescaped(pair);
            let name = pair.split(|&byte| byte == b'=').next();
            name.is_some_and(|name| name.eq_ignore_ascii_case(b"token"))
        };
        let has_token = self.credentials.is_some() && query.split('&').any(is_token);
        if has_token { Err(Denied::TokenInQuery) } else { Ok(()) }
    }

    fn viewer(&self, requester: &Requester, headers: &HeaderMap) -> Result<Viewer, Denied> {
        let Some(credentials) = &self.credentials else { return Ok(Viewer { role: Role::View, session: None }) };
        if let Some(token) = bearer_tokens(headers).find_map(|candidate| credentials.token(candidate)) {
            return Ok(Viewer { role: token.role, session: None });
        }
        let key = keys(headers).next();
        let cookies = || self.cookie.values(requester.scheme, headers);
        let session = key.and_then(|key| cookies().find_map(|cookie| credentials.session(cookie, key)));
        match session {
            Some(session) => Ok(Viewer { role: session.role, session: Some(session) }),
            None if key.is_some() || cookies().next().is_some() => Err(Denied::SessionEnded),
            None => Err(Denied::NoToken),
        }
    }

    fn check_proxy(&self, requester: &Requester) -> Result<(), Denied> {
        match &requester.via {
            Via::UnknownProxy { proxy, header } if self.unknown_proxies == UnknownProxies::Refused => {
                Err(Denied::UnknownProxy { proxy: *proxy, header: header.clone() })
            }
            _ => Ok(()),
        }
    }

    fn check_host(&self, requester: &Requester) -> Result<(), Denied> {
        let host = requester.host.as_ref().ok_or(Denied::NoHost)?;
        let name = host.host().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let own = |own: &str| own.eq_ignore_ascii_case(name);
        if name.parse::<IpAddr>().is_ok() || own("localhost") || self.names.iter().any(|known| own(known)) {
            return Ok(());
        }
        Err(Denied::UnknownHost { host: name.to_owned() })
    }
}

/// A server without tokens accepts rows from its own machine only. A proxy would hide others.
fn check_local(needed: Role, requester: &Requester) -> Result<(), Denied> {
    let is_local = requester.client.to_canonical().is_loopback() && matches!(requester.via, Via::Direct);
    if needed == Role::View || is_local { Ok(()) } else { Err(Denied::NotLocal) }
}

/// A browser sends the page's origin, which must be this server. Other programs send none.
pub(super) fn check_origin(requester: &Requester, headers: &HeaderMap) -> Result<(), Denied> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let schemes: &[Scheme] = match requester.scheme {
        // A proxy may accept TLS and not report it.
        Scheme::Http => &[Scheme::Http, Scheme::Https],
        Scheme::Https => &[Scheme::Https],
    };
    let host = requester.host.as_ref().map(Authority::as_str).unwrap_or_default();
    let own = |scheme: &Scheme| origin.to_str().is_ok_and(|origin| *scheme.origin(host) == *origin);
    if !host.is_empty() && schemes.iter().any(own) && origins.next().is_none() {
        return Ok(());
    }
    let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
    Err(Denied::ForeignOrigin { origin, own: requester.scheme.origin(host), via: requester.via.clone() })
}

/// A part of a query with its percent-escapes replaced, once. An escape without two hexadecimal digits stays.
fn unescaped(part: &str) -> Vec<u8> {
    let bytes = part.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut unescaped = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            unescaped.push((high << 4 | low) as u8);
            at += 3;
        } else {
            unescaped.push(byte);
            at += 1;
        }
    }
    unescaped
}

/// The settings by which this server gets the origin of its pages from a proxy.
fn own_host(via: &Via) -> String {
    match via {
        Via::Direct => {
            "if a proxy serves the page, it changed Host: let it pass Host on (nginx: `proxy_set_header Host \
                        $http_host;`), or start with --trusted-proxy ADDRESS and let it send X-Forwarded-Host"
                .to_owned()
        }
        Via::UnknownProxy { proxy, .. } => format!(
            "the proxy at {proxy} changed Host: let it pass Host on (nginx: `proxy_set_header Host $http_host;`), or start with \
             --trusted-proxy {proxy} and let it send X-Forwarded-Host"
        ),
        Via::TrustedProxy { proxy, .. } => format!(
            "the proxy at {proxy} must pass on Host or send X-Forwarded-Host, and send X-Forwarded-Proto, as in the page's \
             address"
        ),
    }
}

#[cfg(test)]
mod tests;

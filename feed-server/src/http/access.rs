//! Access control.
//!
//! Four checks precede the handler of a request:
//!
//! - **Proxy**, on every route. A server that needs no token because only this machine can connect refuses requests that a proxy
//!   forwarded, unless the proxy is trusted: others can reach the proxy.
//! - **Host**, on every route. If an attacker's domain name resolves to this server (DNS rebinding), the browser treats it
//!   as the attacker's; only the `Host` header shows the difference. An address cannot be rebound, so addresses are
//!   accepted, and so are `localhost` and the names in the configuration.
//! - **Origin**, for the stream. Browsers allow any page to open a WebSocket to any server, with the viewer's cookie, and
//!   send the page's origin (cross-site WebSocket hijacking). Only pages of this server, and programs without an origin, are
//!   accepted.
//! - **Token**, on every route that is not public. A browser exchanges it once, in the link that the server printed, for a cookie
//!   that no script can read and no other site can send; programs send `Authorization: Bearer`. The page's files contain no
//!   data and need no token, so that a page without a token can explain how to sign in.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, ORIGIN};
use thiserror::Error;

pub use super::requester::Scheme;
use super::requester::{Requester, Via};
use super::token::Token;
use crate::net::trusted_proxies::TrustedProxies;

/// The lifetime of the cookie: thirty days.
const COOKIE_SECONDS: u32 = 30 * 24 * 3_600;

/// The requests that a route accepts. Every route states one: see [`RouteTable`](super::route_table::RouteTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Public,
    /// Those with the token; all if the server needs no token.
    SignedIn,
    /// As `SignedIn`, but not from pages of other origins. For the WebSocket.
    SignedInSameOrigin,
}

#[derive(Clone, Debug)]
pub struct Access {
    token: Option<Token>,
    names: Vec<String>,
    scheme: Scheme,
    port: u16,
    trusted: TrustedProxies,
    unknown_proxies: UnknownProxies,
}

/// Requests that were forwarded by a proxy that is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownProxies {
    /// Checked like all others, by what the peer sent.
    Accepted,
    /// For a server that needs no token because it serves this machine only.
    Refused,
}

/// The response to a valid token in the address.
#[derive(Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Path and query without the token.
    pub location: String,
    /// The value of the `Set-Cookie` header.
    pub cookie: HeaderValue,
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
    /// No token, or a wrong one.
    #[error("sign in: open the link that the server printed at start, or send its token as `Authorization: Bearer`")]
    NoToken,
}

impl Denied {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::UnknownHost { .. } | Self::ForeignOrigin { .. } | Self::UnknownProxy { .. } => StatusCode::FORBIDDEN,
            Self::NoToken => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Access {
    /// Without `token` no request needs one. `names` are this server's names besides `localhost`. The port is part of the
    /// cookie's name, since browsers send cookies of one host to all of its ports. No proxy is trusted.
    pub fn new(token: Option<Token>, names: Vec<String>, scheme: Scheme, port: u16) -> Self {
        let (trusted, unknown_proxies) = (TrustedProxies::default(), UnknownProxies::Accepted);
        Self { token, names, scheme, port, trusted, unknown_proxies }
    }

    #[must_use]
    pub fn with_proxies(self, trusted: TrustedProxies, unknown_proxies: UnknownProxies) -> Self {
        Self { trusted, unknown_proxies, ..self }
    }

    /// Who sent a request with these headers, if `peer` is the other end of its connection.
    pub fn requester(&self, peer: IpAddr, headers: &HeaderMap) -> Requester {
        Requester::new(peer, self.scheme, headers, &self.trusted)
    }

    /// Checks a request against the policy of its route.
    ///
    /// # Errors
    /// [`Denied`], to be answered with its status.
    pub fn check(&self, policy: Policy, requester: &Requester, headers: &HeaderMap) -> Result<(), Denied> {
        self.check_proxy(requester)?;
        self.check_host(requester)?;
        if policy == Policy::SignedInSameOrigin {
            check_origin(requester, headers)?;
        }
        match &self.token {
            Some(token) if policy != Policy::Public && !self.holds(token, requester, headers) => Err(Denied::NoToken),
            _ => Ok(()),
        }
    }

    /// Exchanges the token in the query of the page's address, if it has one, for a cookie. The address has this scheme.
    ///
    /// # Errors
    /// [`Denied::NoToken`] for a wrong token.
    pub fn sign_in(&self, query: &str, scheme: Scheme) -> Result<Option<SignIn>, Denied> {
        let Some(token) = &self.token else { return Ok(None) };
        match take_token(query) {
            (Some(candidate), rest) if token.is(candidate.as_bytes()) => Ok(Some(self.cookie(token, &rest, scheme))),
            (Some(_), _) => Err(Denied::NoToken),
            (None, _) => Ok(None),
        }
    }

    fn cookie(&self, token: &Token, rest: &str, scheme: Scheme) -> SignIn {
        // Relative to the page's address, which may be below a path of a proxy.
        let location = if rest.is_empty() { "./".to_owned() } else { format!("./?{rest}") };
        let (name, secret) = (self.cookie_name(scheme), token.reveal());
        let secure = if scheme == Scheme::Https { "; Secure" } else { "" };
        let cookie = format!("{name}={secret}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}");
        // Every character of a token and a port is valid in a header.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        SignIn { location, cookie }
    }

    fn cookie_name(&self, scheme: Scheme) -> String {
        let port = self.port;
        match scheme {
            Scheme::Http => format!("kymograph-{port}"),
            // Browsers accept a cookie with this prefix only from this host, over TLS (RFC 6265bis, section 4.1.3.2).
            Scheme::Https => format!("__Host-kymograph-{port}"),
        }
    }

    fn holds(&self, token: &Token, requester: &Requester, headers: &HeaderMap) -> bool {
        let name = self.cookie_name(requester.scheme);
        let bearer =
            headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let cookies = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        let cookies = cookies.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        bearer.chain(cookies).any(|candidate| token.is(candidate))
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

/// A browser sends the page's origin, which must be this server. Other programs send none.
fn check_origin(requester: &Requester, headers: &HeaderMap) -> Result<(), Denied> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let schemes: &[Scheme] = match requester.scheme {
        // A proxy may accept TLS and not report it.
        Scheme::Http => &[Scheme::Http, Scheme::Https],
        Scheme::Https => &[Scheme::Https],
    };
    let host = requester.host.as_ref().map(|host| host.as_str()).unwrap_or_default();
    let own = |scheme: &Scheme| origin.to_str().is_ok_and(|origin| *scheme.origin(host) == *origin);
    if !host.is_empty() && schemes.iter().any(own) && origins.next().is_none() {
        return Ok(());
    }
    let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
    Err(Denied::ForeignOrigin { origin, own: requester.scheme.origin(host), via: requester.via.clone() })
}

/// Says how this server learns the origin of its pages, for a proxy that hides it.
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
        Via::TrustedProxy { proxy } => format!(
            "the proxy at {proxy} must pass on Host or send X-Forwarded-Host, and send X-Forwarded-Proto, as in the page's \
             address"
        ),
    }
}

/// The value of `token`, if the query has one, and the query without it.
fn take_token(query: &str) -> (Option<&str>, String) {
    let (tokens, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("token="));
    (tokens.first().and_then(|pair| pair.strip_prefix("token=")), rest.join("&"))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    const TOKEN: &str = "0123456789abcdefghij";

    fn access(token: Option<&str>) -> Access {
        let token = token.map(|token| token.parse().expect("a valid token"));
        Access::new(token, vec!["metrics.example".to_owned()], Scheme::Http, 9000)
    }

    fn headers(headers: &[(&str, &str)]) -> HeaderMap {
        let pair = |&(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        headers.iter().map(pair).collect()
    }

    fn check(access: &Access, policy: Policy, list: &[(&str, &str)]) -> Result<(), Denied> {
        let headers = headers(list);
        access.check(policy, &access.requester(IpAddr::from([127, 0, 0, 1]), &headers), &headers)
    }

    /// Checks a request for the stream.
    fn stream(access: &Access, list: &[(&str, &str)]) -> Result<(), Denied> {
        check(access, Policy::SignedInSameOrigin, list)
    }

    #[test]
    fn hosts_that_are_not_this_server_are_refused() {
        let open = access(None);
        for own in [
            "127.0.0.1:9000",
            "127.0.0.1",
            "[::1]:9000",
            "192.0.2.7:9000",
            "localhost:9000",
            "LocalHost",
            "localhost.",
            "metrics.example",
            "Metrics.Example:443",
        ] {
            assert_eq!(stream(&open, &[("host", own)]), Ok(()), "{own}");
        }
        for foreign in ["evil.example:9000", "localhost.evil.example", "metrics.example.evil", "127.0.0.1.evil.example"]
        {
            let denied = check(&open, Policy::Public, &[("host", foreign)]).expect_err("refused");
            assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{foreign}");
        }
        for broken in ["", "localhost@evil.example", "evil.example@localhost", "a b"] {
            assert_eq!(check(&open, Policy::Public, &[("host", broken)]), Err(Denied::NoHost), "{broken}");
        }
        assert_eq!(check(&open, Policy::Public, &[]), Err(Denied::NoHost));
        assert_eq!(
            check(&open, Policy::Public, &[("host", "localhost"), ("host", "evil.example")]),
            Err(Denied::NoHost)
        );
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let host = ("host", "127.0.0.1:9000");
        let encrypted = Access { scheme: Scheme::Https, ..access(None) };
        for (access, origin) in [
            (&access(None), "http://127.0.0.1:9000"),
            (&access(None), "https://127.0.0.1:9000"),
            (&encrypted, "https://127.0.0.1:9000"),
        ] {
            assert_eq!(stream(access, &[host, ("origin", origin)]), Ok(()), "{origin}");
        }
        for origin in [
            "http://evil.example",
            "http://evil.example:9000",
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:9001",
            "http://127.0.0.1:90000",
            "http://127.0.0.1:9000.evil.example",
            "http://evil.example/127.0.0.1:9000",
            "http://user@127.0.0.1:9000",
            "HTTP://127.0.0.1:9000",
            "ws://127.0.0.1:9000",
            "127.0.0.1:9000",
        ] {
            let denied = stream(&access(None), &[host, ("origin", origin)]).expect_err("refused");
            assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{origin}");
        }
        let plain = stream(&encrypted, &[host, ("origin", "http://127.0.0.1:9000")]);
        assert!(plain.is_err(), "a page without TLS may be an attacker's");
        let own = ("origin", "http://127.0.0.1:9000");
        assert!(stream(&access(None), &[host, own, ("origin", "http://evil.example")]).is_err(), "two");
        assert_eq!(stream(&access(None), &[host]), Ok(()), "a program without an origin");
    }

    #[test]
    fn the_default_port_of_a_scheme_is_not_part_of_an_origin() {
        let host = ("host", "metrics.example:443");
        assert_eq!(stream(&access(None), &[host, ("origin", "https://metrics.example")]), Ok(()));
        let other = stream(&access(None), &[host, ("origin", "http://metrics.example")]);
        assert!(other.is_err(), "443 is not the default of http");
    }

    #[test]
    fn behind_a_trusted_proxy_host_and_origin_are_those_of_the_client() {
        let trusted = TrustedProxies::new(vec!["127.0.0.1".parse().expect("an address")]);
        let behind = access(Some(TOKEN)).with_proxies(trusted, UnknownProxies::Accepted);
        let cookie = format!("__Host-kymograph-9000={TOKEN}");
        let reported = |host: &str, origin: &str| {
            let report = [("host", "backend"), ("x-forwarded-host", host), ("x-forwarded-proto", "https")];
            stream(&behind, &[&report[..], &[("origin", origin), ("cookie", &cookie)]].concat())
        };
        assert_eq!(reported("metrics.example", "https://metrics.example"), Ok(()));
        assert_eq!(reported("metrics.example:8443", "https://metrics.example:8443"), Ok(()));
        assert_eq!(
            reported("evil.example", "https://evil.example").map_err(|denied| denied.status()),
            Err(StatusCode::FORBIDDEN)
        );
        let plain = reported("metrics.example", "http://metrics.example").expect_err("the page was not loaded by TLS");
        let text = plain.to_string();
        assert!(
            text.contains("\"http://metrics.example\" may not open the stream of \"https://metrics.example\""),
            "{text}"
        );
        assert!(text.contains("the proxy at 127.0.0.1 must pass on Host or send X-Forwarded-Host"), "{text}");
    }

    #[test]
    fn a_forwarded_request_is_refused_by_a_server_that_trusts_its_own_machine() {
        let request = [("host", "127.0.0.1:9000"), ("via", "1.1 proxy")];
        let local = access(None).with_proxies(TrustedProxies::default(), UnknownProxies::Refused);
        for policy in [Policy::Public, Policy::SignedIn, Policy::SignedInSameOrigin] {
            let denied = check(&local, policy, &request).expect_err("refused");
            assert_eq!(denied.status(), StatusCode::FORBIDDEN);
            assert!(
                denied.to_string().contains("(it has the header via): start with --trusted-proxy 127.0.0.1"),
                "{denied}"
            );
        }
        assert_eq!(check(&local, Policy::Public, &request[..1]), Ok(()));
        assert_eq!(check(&access(None), Policy::Public, &request), Ok(()), "with --no-auth");
    }

    #[test]
    fn the_page_of_a_proxy_that_changed_host_is_told_which_setting_keeps_it() {
        let request = [("host", "127.0.0.1:9000"), ("origin", "https://metrics.example")];
        let direct = stream(&access(None), &request).expect_err("refused").to_string();
        assert!(direct.contains("nginx: `proxy_set_header Host $http_host;`"), "{direct}");
        let forwarded = [&request[..], &[("x-forwarded-for", "192.0.2.1")]].concat();
        let forwarded = stream(&access(None), &forwarded).expect_err("refused").to_string();
        assert!(
            forwarded.contains("start with --trusted-proxy 127.0.0.1 and let it send X-Forwarded-Host"),
            "{forwarded}"
        );
    }

    #[test]
    fn over_tls_the_cookie_is_secure() {
        let encrypted = Access::new(Some(TOKEN.parse().expect("valid")), Vec::new(), Scheme::Https, 9000);
        let SignIn { cookie, .. } =
            encrypted.sign_in(&format!("token={TOKEN}"), Scheme::Https).expect("right").expect("a token");
        assert_eq!(
            cookie.to_str().expect("ASCII"),
            format!("__Host-kymograph-9000={TOKEN}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure")
        );
        let held = ("cookie", format!("__Host-kymograph-9000={TOKEN}"));
        assert_eq!(stream(&encrypted, &[("host", "localhost"), (held.0, &held.1)]), Ok(()));
    }

    #[test]
    fn only_public_routes_need_no_token() {
        let closed = access(Some(TOKEN));
        let bearer = format!("Bearer {TOKEN}");
        let cookie = format!("other=1; kymograph-9000={TOKEN}");
        let long = format!("kymograph-9000={}", "a".repeat(1 << 20));
        for policy in [Policy::SignedIn, Policy::SignedInSameOrigin] {
            let check = |more: &[(&str, &str)]| check(&closed, policy, &[&[("host", "localhost")], more].concat());
            assert_eq!(check(&[]), Err(Denied::NoToken), "{policy:?}");
            assert_eq!(check(&[("authorization", &bearer)]), Ok(()));
            assert_eq!(check(&[("cookie", &cookie)]), Ok(()));
            assert_eq!(check(&[("authorization", TOKEN)]), Err(Denied::NoToken));
            assert_eq!(check(&[("authorization", "Bearer 0123456789abcdefghiJ")]), Err(Denied::NoToken));
            assert_eq!(check(&[("cookie", &format!("kymograph-9001={TOKEN}"))]), Err(Denied::NoToken));
            assert_eq!(check(&[("cookie", &long)]), Err(Denied::NoToken));
        }
        assert_eq!(check(&closed, Policy::Public, &[("host", "localhost")]), Ok(()));
    }

    #[test]
    fn the_token_in_the_pages_address_is_exchanged_for_a_cookie() {
        let closed = access(Some(TOKEN));
        let sign_in = closed.sign_in(&format!("window=5&token={TOKEN}&theme=dark"), Scheme::Http);
        assert!(!format!("{sign_in:?}").contains(TOKEN));
        let SignIn { location, cookie } = sign_in.expect("right").expect("a token");
        assert_eq!(location, "./?window=5&theme=dark");
        assert_eq!(
            cookie.to_str().expect("ASCII"),
            format!("kymograph-9000={TOKEN}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict")
        );
        assert_eq!(closed.sign_in("token=wrong", Scheme::Http), Err(Denied::NoToken));
        assert_eq!(closed.sign_in("window=5", Scheme::Http), Ok(None));
        assert_eq!(access(None).sign_in("token=any", Scheme::Http), Ok(None));
    }
}

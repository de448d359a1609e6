//! Access control.
//!
//! Three checks precede the handler of a request:
//!
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
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use thiserror::Error;

use super::token::Token;

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
    cookie_name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, possibly behind a proxy that accepts TLS.
    Http,
    Https,
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
    #[error("a page of origin {origin:?} may not open this stream")]
    ForeignOrigin { origin: String },
    /// No token, or a wrong one.
    #[error("sign in: open the link that the server printed at start, or send its token as `Authorization: Bearer`")]
    NoToken,
}

impl Denied {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::UnknownHost { .. } | Self::ForeignOrigin { .. } => StatusCode::FORBIDDEN,
            Self::NoToken => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Access {
    /// Without `token` no request needs one. `names` are this server's names besides `localhost`. The port is part of the
    /// cookie's name, since browsers send cookies of one host to all of its ports.
    pub fn new(token: Option<Token>, names: Vec<String>, scheme: Scheme, port: u16) -> Self {
        let cookie_name = match scheme {
            Scheme::Http => format!("kymograph-{port}"),
            // Browsers accept a cookie with this prefix only from this host, over TLS (RFC 6265bis, section 4.1.3.2).
            Scheme::Https => format!("__Host-kymograph-{port}"),
        };
        Self { token, names, scheme, cookie_name }
    }

    /// Checks a request against the policy of its route.
    ///
    /// # Errors
    /// [`Denied`], to be answered with its status.
    pub fn check(&self, policy: Policy, headers: &HeaderMap) -> Result<(), Denied> {
        self.check_host(headers)?;
        if policy == Policy::SignedInSameOrigin {
            self.check_origin(headers)?;
        }
        match &self.token {
            Some(token) if policy != Policy::Public && !self.holds(token, headers) => Err(Denied::NoToken),
            _ => Ok(()),
        }
    }

    /// Exchanges the token in the query of the page's address, if it has one, for a cookie.
    ///
    /// # Errors
    /// [`Denied::NoToken`] for a wrong token.
    pub fn sign_in(&self, query: &str) -> Result<Option<SignIn>, Denied> {
        let Some(token) = &self.token else { return Ok(None) };
        match take_token(query) {
            (Some(candidate), rest) if token.is(candidate.as_bytes()) => Ok(Some(self.cookie(token, &rest))),
            (Some(_), _) => Err(Denied::NoToken),
            (None, _) => Ok(None),
        }
    }

    fn cookie(&self, token: &Token, rest: &str) -> SignIn {
        let location = if rest.is_empty() { "/".to_owned() } else { format!("/?{rest}") };
        let (name, secret) = (&self.cookie_name, token.reveal());
        let secure = if self.scheme == Scheme::Https { "; Secure" } else { "" };
        let cookie = format!("{name}={secret}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}");
        // Every character of a token and a port is valid in a header.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        SignIn { location, cookie }
    }

    fn holds(&self, token: &Token, headers: &HeaderMap) -> bool {
        let bearer =
            headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let cookies = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        let cookies =
            cookies.filter_map(|pair| pair.trim_ascii().strip_prefix(self.cookie_name.as_bytes())?.strip_prefix(b"="));
        bearer.chain(cookies).any(|candidate| token.is(candidate))
    }

    /// A browser sends the page's origin, which must be this server. Other programs send none.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let schemes: &[&str] = match self.scheme {
            Scheme::Http => &["http://", "https://"],
            Scheme::Https => &["https://"],
        };
        let host = headers.get(HOST).map(HeaderValue::as_bytes);
        let own = |scheme: &&str| host.is_some() && origin.as_bytes().strip_prefix(scheme.as_bytes()) == host;
        if schemes.iter().any(own) && origins.next().is_none() {
            return Ok(());
        }
        Err(Denied::ForeignOrigin { origin: String::from_utf8_lossy(origin.as_bytes()).into_owned() })
    }

    fn check_host(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Denied::NoHost) };
        let authority = Authority::try_from(host.as_bytes()).map_err(|_| Denied::NoHost)?;
        if authority.as_str().contains('@') {
            return Err(Denied::NoHost);
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let own = |own: &str| own.eq_ignore_ascii_case(name);
        if name.parse::<IpAddr>().is_ok() || own("localhost") || self.names.iter().any(|known| own(known)) {
            return Ok(());
        }
        Err(Denied::UnknownHost { host: name.to_owned() })
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
        access.check(policy, &headers(list))
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
    fn over_tls_the_cookie_is_secure() {
        let encrypted = Access::new(Some(TOKEN.parse().expect("valid")), Vec::new(), Scheme::Https, 9000);
        let SignIn { cookie, .. } = encrypted.sign_in(&format!("token={TOKEN}")).expect("right").expect("a token");
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
        let sign_in = closed.sign_in(&format!("window=5&token={TOKEN}&theme=dark"));
        assert!(!format!("{sign_in:?}").contains(TOKEN));
        let SignIn { location, cookie } = sign_in.expect("right").expect("a token");
        assert_eq!(location, "/?window=5&theme=dark");
        assert_eq!(
            cookie.to_str().expect("ASCII"),
            format!("kymograph-9000={TOKEN}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict")
        );
        assert_eq!(closed.sign_in("token=wrong"), Err(Denied::NoToken));
        assert_eq!(closed.sign_in("window=5"), Ok(None));
        assert_eq!(access(None).sign_in("token=any"), Ok(None));
    }
}

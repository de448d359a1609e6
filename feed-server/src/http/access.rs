//! Who may come in.
//!
//! Three questions, asked before anything else is done for a request:
//!
//! - **By which name was this server called?** A page of an attacker's domain whose name is made to point here (DNS
//!   rebinding) is of the same origin as this server, as far as the browser knows; only the `Host` header gives it away. An
//!   address cannot be rebound, so addresses are let pass, and so are `localhost` and the names in the configuration.
//! - **Which page asks for the stream?** One of this server's, or no page at all. Another site's would be sent the samples with
//!   the viewer's cookie (cross-site WebSocket hijacking): browsers let any page open a WebSocket to anywhere, and name its
//!   origin.
//! - **Does the caller hold the token?** A browser trades it once, in the link that the server printed, for a cookie that no
//!   script can read and no other site can send; programs send `Authorization: Bearer`. The page's files are the same for
//!   everybody and hold no data: they need no token, so that a page without one can say what is missing.

use std::net::IpAddr;

use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{Method, Request, StatusCode};
use thiserror::Error;

use super::token::Token;

/// How long a browser keeps the cookie: thirty days.
const COOKIE_SECONDS: u32 = 30 * 24 * 3_600;

/// Who may come in.
#[derive(Clone, Debug)]
pub struct Access {
    token: Option<Token>,
    names: Vec<String>,
    scheme: Scheme,
    cookie_name: String,
}

/// What is spoken on this server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP; a proxy may speak TLS before it.
    Http,
    /// HTTP over TLS.
    Https,
}

/// How a request may go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// To what it asks for.
    Open,
    /// A right token came in the address: to the address without it, with a cookie.
    SignedIn {
        /// Path and query.
        location: String,
        /// The `Set-Cookie` header.
        cookie: HeaderValue,
    },
}

/// Why a request is refused. The text never holds what was sent as a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// No `Host`, several, or none that is an authority.
    #[error("expected one Host header: the name or address of this server, and its port")]
    NoHost,
    /// A name that is not known to be this server's.
    #[error("{host:?} is not known as a name of this server: add it to `hosts`, or start with --host {host}")]
    UnknownHost {
        /// The name, without the port.
        host: String,
    },
    /// A page of another origin asks for the stream.
    #[error("a page of origin {origin:?} may not open this stream")]
    ForeignOrigin {
        /// The origin it named.
        origin: String,
    },
    /// No token, or a wrong one.
    #[error(
        "sign in: open the link that the server printed at its start, or send its token as `Authorization: Bearer`"
    )]
    NoToken,
}

impl Denied {
    /// The status it is answered with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::UnknownHost { .. } | Self::ForeignOrigin { .. } => StatusCode::FORBIDDEN,
            Self::NoToken => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Access {
    /// Lets those in who hold `token`, or everybody when there is none. `names` are this server's, besides `localhost`. The
    /// port keeps the cookies of two servers on one machine apart: browsers do not.
    pub fn new(token: Option<Token>, names: Vec<String>, scheme: Scheme, port: u16) -> Self {
        let cookie_name = match scheme {
            Scheme::Http => format!("kymograph-{port}"),
            // Browsers take a cookie of such a name from this host alone, and over TLS (RFC 6265bis, section 4.1.3.2).
            Scheme::Https => format!("__Host-kymograph-{port}"),
        };
        Self { token, names, scheme, cookie_name }
    }

    /// Whether a request may go on.
    ///
    /// # Errors
    /// [`Denied`], to be answered with its status.
    pub fn admit<B>(&self, request: &Request<B>) -> Result<Entry, Denied> {
        self.check_host(request.headers())?;
        if request.uri().path() == "/stream" {
            self.check_origin(request.headers())?;
        }
        let Some(token) = &self.token else { return Ok(Entry::Open) };
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        match path {
            "/" if request.method() == Method::GET => match take_token(query) {
                (Some(candidate), rest) if token.is(candidate.as_bytes()) => Ok(self.sign_in(token, &rest)),
                (Some(_), _) => Err(Denied::NoToken),
                (None, _) => Ok(Entry::Open),
            },
            "/stream" | "/metrics" | "/readyz" if !self.holds(token, request.headers()) => Err(Denied::NoToken),
            _ => Ok(Entry::Open),
        }
    }

    fn sign_in(&self, token: &Token, rest: &str) -> Entry {
        let location = if rest.is_empty() { "/".to_owned() } else { format!("/?{rest}") };
        let (name, secret) = (&self.cookie_name, token.reveal());
        let secure = if self.scheme == Scheme::Https { "; Secure" } else { "" };
        let cookie = format!("{name}={secret}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}");
        // A token has no character that a header could not hold, nor has a port.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        Entry::SignedIn { location, cookie }
    }

    fn holds(&self, token: &Token, headers: &HeaderMap) -> bool {
        let bearer =
            headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let cookies = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        let cookies =
            cookies.filter_map(|pair| pair.trim_ascii().strip_prefix(self.cookie_name.as_bytes())?.strip_prefix(b"="));
        bearer.chain(cookies).any(|candidate| token.is(candidate))
    }

    /// A browser names the page's origin, and it must be this server. Programs that are no browser name none.
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

/// The value of `token`, if a query has one, and the query without it.
fn take_token(query: &str) -> (Option<&str>, String) {
    let (tokens, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("token="));
    (tokens.first().and_then(|pair| pair.strip_prefix("token=")), rest.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdefghij";

    fn access(token: Option<&str>) -> Access {
        let token = token.map(|token| token.parse().expect("a valid token"));
        Access::new(token, vec!["metrics.example".to_owned()], Scheme::Http, 9000)
    }

    fn ask(access: &Access, uri: &str, headers: &[(&str, &str)]) -> Result<Entry, Denied> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        access.admit(&request.body(()).expect("a request"))
    }

    #[test]
    fn only_this_servers_names_are_answered() {
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
            assert_eq!(ask(&open, "/stream", &[("host", own)]), Ok(Entry::Open), "{own}");
        }
        for foreign in ["evil.example:9000", "localhost.evil.example", "metrics.example.evil", "127.0.0.1.evil.example"]
        {
            let denied = ask(&open, "/", &[("host", foreign)]).expect_err("refused");
            assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{foreign}");
        }
        for broken in ["", "localhost@evil.example", "evil.example@localhost", "a b"] {
            assert_eq!(ask(&open, "/", &[("host", broken)]), Err(Denied::NoHost), "{broken}");
        }
        assert_eq!(ask(&open, "/", &[]), Err(Denied::NoHost));
        assert_eq!(ask(&open, "/", &[("host", "localhost"), ("host", "evil.example")]), Err(Denied::NoHost));
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
            assert_eq!(ask(access, "/stream", &[host, ("origin", origin)]), Ok(Entry::Open), "{origin}");
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
            let denied = ask(&access(None), "/stream", &[host, ("origin", origin)]).expect_err("refused");
            assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{origin}");
        }
        let plain = ask(&encrypted, "/stream", &[host, ("origin", "http://127.0.0.1:9000")]);
        assert!(plain.is_err(), "a page that came without TLS may be anybody's");
        let own = ("origin", "http://127.0.0.1:9000");
        assert!(ask(&access(None), "/stream", &[host, own, ("origin", "http://evil.example")]).is_err(), "two");
        assert_eq!(ask(&access(None), "/stream", &[host]), Ok(Entry::Open), "no browser, no origin");
    }

    #[test]
    fn over_tls_the_cookie_never_travels_without_it() {
        let encrypted = Access::new(Some(TOKEN.parse().expect("valid")), Vec::new(), Scheme::Https, 9000);
        let Ok(Entry::SignedIn { cookie, .. }) = ask(&encrypted, &format!("/?token={TOKEN}"), &[("host", "localhost")])
        else {
            panic!("a right token")
        };
        assert_eq!(
            cookie.to_str().expect("ASCII"),
            format!("__Host-kymograph-9000={TOKEN}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure")
        );
        let held = ("cookie", format!("__Host-kymograph-9000={TOKEN}"));
        let open = ask(&encrypted, "/stream", &[("host", "localhost"), (held.0, &held.1)]);
        assert_eq!(open, Ok(Entry::Open));
    }

    #[test]
    fn data_needs_the_token_and_the_pages_files_do_not() {
        let closed = access(Some(TOKEN));
        let bearer = format!("Bearer {TOKEN}");
        let cookie = format!("other=1; kymograph-9000={TOKEN}");
        for path in ["/stream", "/metrics", "/readyz"] {
            let ask = |more: &[(&str, &str)]| ask(&closed, path, &[&[("host", "localhost")], more].concat());
            assert_eq!(ask(&[]), Err(Denied::NoToken), "{path}");
            assert_eq!(ask(&[("authorization", &bearer)]), Ok(Entry::Open));
            assert_eq!(ask(&[("cookie", &cookie)]), Ok(Entry::Open));
            assert_eq!(ask(&[("authorization", TOKEN)]), Err(Denied::NoToken));
            assert_eq!(ask(&[("authorization", "Bearer 0123456789abcdefghiJ")]), Err(Denied::NoToken));
            assert_eq!(ask(&[("cookie", &format!("kymograph-9001={TOKEN}"))]), Err(Denied::NoToken));
            assert_eq!(ask(&[("cookie", &format!("kymograph-9000={}", "a".repeat(1 << 20)))]), Err(Denied::NoToken));
        }
        for path in ["/", "/healthz", "/style.css"] {
            assert_eq!(ask(&closed, path, &[("host", "localhost")]), Ok(Entry::Open), "{path}");
        }
    }

    #[test]
    fn a_token_is_taken_from_the_pages_address_once_and_from_no_other() {
        let closed = access(Some(TOKEN));
        let ask = |uri: &str| ask(&closed, uri, &[("host", "localhost")]);
        let uri = format!("/?window=5&token={TOKEN}&theme=dark");
        let Ok(Entry::SignedIn { location, cookie }) = ask(&uri) else { panic!("a right token") };
        assert_eq!(location, "/?window=5&theme=dark");
        assert_eq!(
            cookie.to_str().expect("ASCII"),
            format!("kymograph-9000={TOKEN}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict")
        );
        assert_eq!(ask("/?token=wrong"), Err(Denied::NoToken));
        assert_eq!(ask(&format!("/stream?token={TOKEN}")), Err(Denied::NoToken), "addresses of streams are logged");
        assert!(!format!("{:?}", ask(&uri)).contains(TOKEN));
    }
}

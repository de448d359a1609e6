//! The two halves of a browser session in a request, and the token of a program.
//!
//! The cookie's half arrives by itself. The page adds its key to the stream as a subprotocol, because a browser lets a page
//! set no header there, and to other requests as a header.

use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};

use protocol::{SUBPROTOCOL, SUBPROTOCOL_PREFIX};

use super::requester::Scheme;
use crate::credentials::Credentials;
use crate::credentials::session_table::LIFETIME_S;
use crate::credentials::{SessionLifetime, secret::Secret};

/// The header with the page's key.
pub const KEY_HEADER: &str = "x-kymograph-key";

/// A page offers its key as a second subprotocol, which the server does not select.
const KEY_SUBPROTOCOL: &str = "key.";

/// The cookie of one server.
#[derive(Clone, Debug)]
pub struct SessionCookie {
    /// Without TLS.
    name: String,
}

impl SessionCookie {
    /// The name contains the port and the server's id, since browsers send the cookies of a host to all of its ports.
    pub fn new(port: u16, server_id: &str) -> Self {
        Self { name: format!("kymograph-{port}-{server_id}") }
    }

    /// Browsers accept a cookie with this prefix only from this host, over TLS (RFC 6265bis, section 4.1.3.2).
    const fn prefix(scheme: Scheme) -> &'static str {
        match scheme {
            Scheme::Http => "",
            Scheme::Https => "__Host-",
        }
    }

    /// The values of the cookies of this server. Another port of the host can add some.
    pub fn values<'h>(&'h self, scheme: Scheme, headers: &'h HeaderMap) -> impl Iterator<Item = &'h [u8]> {
        let prefix = Self::prefix(scheme).as_bytes();
        let pairs = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        pairs.filter_map(move |pair| {
            pair.trim_ascii().strip_prefix(prefix)?.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
        })
    }

    /// The value of `Set-Cookie` for a new session.
    pub fn set(&self, scheme: Scheme, secret: &Secret, credentials: &Credentials) -> HeaderValue {
        match credentials.lifetime() {
            SessionLifetime::Kept => self.header(scheme, &format!("{}; Max-Age={LIFETIME_S}", secret.reveal())),
            // Ends with the browser: the server does not keep it for longer.
            SessionLifetime::Server => self.header(scheme, secret.reveal()),
        }
    }

    /// The value of `Set-Cookie` that deletes the cookie.
    pub fn delete(&self, scheme: Scheme) -> HeaderValue {
        self.header(scheme, "; Max-Age=0")
    }

    fn header(&self, scheme: Scheme, value: &str) -> HeaderValue {
        let secure = if scheme == Scheme::Https { "; Secure" } else { "" };
        let cookie =
            format!("{}{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}", Self::prefix(scheme), self.name);
        // Every character of a name and a secret is valid in a header.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }
}

/// The keys of a page: from the header, or from the subprotocols that it offers.
pub fn keys(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let offered = subprotocols(headers).filter_map(|name| name.strip_prefix(KEY_SUBPROTOCOL.as_bytes()));
    headers.get_all(KEY_HEADER).iter().map(|value| value.as_bytes().trim_ascii()).chain(offered)
}

/// The subprotocol to select for a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// The viewer offers no version: the first frame states that of the server.
    None,
    /// This version.
    Current,
    /// The viewer offers other versions only. A browser closes a connection for which it offered subprotocols and got none,
    /// so that one of them is selected, and the connection is closed with a reason.
    Other(HeaderValue),
}

impl Selected {
    pub fn of(headers: &HeaderMap) -> Self {
        let mut other = None;
        for name in subprotocols(headers).filter(|name| name.starts_with(SUBPROTOCOL_PREFIX.as_bytes())) {
            if name == SUBPROTOCOL.as_bytes() {
                return Self::Current;
            }
            other = other.or_else(|| HeaderValue::from_bytes(name).ok());
        }
        other.map_or(Self::None, Self::Other)
    }

    /// The value of the header of the response.
    pub fn header(self) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Current => Some(HeaderValue::from_static(SUBPROTOCOL)),
            Self::Other(name) => Some(name),
        }
    }
}

/// The tokens of `Authorization: Bearer`. The name of the scheme may have any case (RFC 9110, section 11.1).
pub fn bearer_tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let value = value.as_bytes();
        let space = value.iter().position(|&byte| byte == b' ')?;
        let (scheme, token) = value.split_at(space);
        scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
    })
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    lines.flat_map(|value| value.as_bytes().split(|&byte| byte == b',')).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::tokens::Tokens;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    fn texts<'h>(values: impl Iterator<Item = &'h [u8]>) -> Vec<&'h str> {
        values.map(|value| std::str::from_utf8(value).expect("text")).collect()
    }

    #[test]
    fn over_tls_the_cookie_is_secure() {
        let (secret, credentials) = (Secret::random(), Credentials::in_memory(Tokens::default()));
        let value = secret.reveal();
        for (scheme, expected) in [
            (Scheme::Http, format!("kymograph-9000-abc={value}; Path=/; HttpOnly; SameSite=Strict")),
            (Scheme::Https, format!("__Host-kymograph-9000-abc={value}; Path=/; HttpOnly; SameSite=Strict; Secure")),
        ] {
            let cookie = SessionCookie::new(9_000, "abc").set(scheme, &secret, &credentials);
            assert!(cookie.is_sensitive());
            assert_eq!(cookie.to_str().expect("ASCII"), expected);
        }
    }

    #[test]
    fn only_cookies_of_this_server_are_read() {
        let cookie = SessionCookie::new(9_000, "abc");
        let headers = headers(&[
            ("cookie", "kymograph-9000-abc=1; kymograph-9001-abc=2;kymograph-9000-abd=3"),
            ("cookie", "kymograph-9000-abc=4; kymograph-9000-abcd=5; x=6"),
        ]);
        assert_eq!(texts(cookie.values(Scheme::Http, &headers)), ["1", "4"]);
    }

    #[test]
    fn keys_are_read_from_header_and_subprotocols() {
        let headers = headers(&[
            ("x-kymograph-key", " a "),
            ("sec-websocket-protocol", "kymograph.2, key.b"),
            ("sec-websocket-protocol", "key.c,key"),
        ]);
        assert_eq!(texts(keys(&headers)), ["a", "b", "c"]);
        assert_eq!(Selected::of(&headers), Selected::Current);
        assert_eq!(Selected::of(&self::headers(&[("sec-websocket-protocol", "mqtt, key.x")])), Selected::None);
    }

    #[test]
    fn a_bearer_token_is_accepted_in_any_case_and_after_any_spaces() {
        let list = ["Bearer a", "bearer b", "BEARER   c ", "Bearer", "Bearerd", "Basic e", "f", ""]
            .map(|value| ("authorization", value));
        assert_eq!(texts(bearer_tokens(&headers(&list))), ["a", "b", "c"]);
    }
}

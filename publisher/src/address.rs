//! The address of a server.

use std::fmt;

use crate::error::AddressError;

/// The default port of a server.
const PORT: u16 = 9_000;

/// Where publishers connect, below the path of a proxy.
const PATH: &str = "/v1/publish";

/// Host, port and path of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an address; an IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    path: String,
}

impl Address {
    /// Reads `ws://HOST:PORT/PATH`. Scheme, port and path may be left out.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        let rest = match text.split_once("://") {
            Some(("ws" | "http", rest)) => rest,
            Some((scheme, _)) => return Err(AddressError::Scheme(scheme.to_owned())),
            None => text,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(form)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| form())?,
            None if port.is_empty() => PORT,
            None => return Err(form()),
        };
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\"<>\\".contains(&byte));
        if host.is_empty() || !is_plain(host) || !is_plain(path) {
            return Err(form());
        }
        let path = path.trim_end_matches('/');
        let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
        Ok(Self { host: host.to_owned(), port, path })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, path } = self;
        if host.contains(':') { write!(f, "ws://[{host}]:{port}{path}") } else { write!(f, "ws://{host}:{port}{path}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        for (text, expected) in [
            ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/v1/publish"),
            ("http://metrics.example/", "ws://metrics.example:9000/v1/publish"),
            ("localhost", "ws://localhost:9000/v1/publish"),
            ("ws://[::1]:80/kymograph/", "ws://[::1]:80/kymograph/v1/publish"),
            ("ws://host:1/v1/publish", "ws://host:1/v1/publish"),
        ] {
            assert_eq!(Address::parse(text).expect(text).to_string(), expected);
        }
    }

    #[test]
    fn addresses_of_another_form_are_refused() {
        assert_eq!(Address::parse("wss://host"), Err(AddressError::Scheme("wss".to_owned())));
        for text in
            ["", "ws://", "ws://host:port", "ws://host:99999", "ws://[::1", "ws://[::1]9", "ws://a b", "ws://h/?x=1"]
        {
            assert_eq!(Address::parse(text), Err(AddressError::Form(text.to_owned())), "{text}");
        }
    }
}

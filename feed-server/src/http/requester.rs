//! Who sent a request, for which host and scheme: by the connection, or by the report of a trusted proxy.
//!
//! A proxy connects from its own address, usually without TLS, and reports the client's address, host and scheme in headers.
//! They are believed only if the peer is a trusted proxy. From any other peer they show one thing: that the request was
//! forwarded, so that its peer is not the client.
//!
//! No I/O, no state: a function of peer, headers and configuration.

use std::fmt;
use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::http::uri::Authority;

use super::forwarded::{Report, sign_of_a_proxy};
use crate::net::trusted_proxies::TrustedProxies;

/// The identity of a request. Every request carries it as an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    pub client: IpAddr,
    /// Name or address of this server as the client knows it, and port. `None` without a valid one.
    pub host: Option<Authority>,
    /// The scheme that the client uses.
    pub scheme: Scheme,
    pub via: Via,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, possibly behind a proxy that accepts TLS and does not say so.
    Http,
    Https,
}

/// The path of a request from the client to this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The peer is the client, as far as the request shows.
    Direct,
    /// The peer is a trusted proxy and reports what it forwards. `reports_client` is false if it reports no address, or only
    /// addresses of trusted proxies. An address that cannot be read is a report: a client may have caused it.
    TrustedProxy { proxy: IpAddr, reports_client: bool },
    /// The request was forwarded, and the peer is not a trusted proxy. `header` shows it.
    UnknownProxy { proxy: IpAddr, header: String },
}

impl Requester {
    /// The requester of a request with these headers from `peer`, over a connection with `scheme`.
    pub fn new(peer: IpAddr, scheme: Scheme, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.to_canonical();
        let host = host(headers);
        let Some(header) = sign_of_a_proxy(headers) else {
            return Self { client: peer, host, scheme, via: Via::Direct };
        };
        if !trusted.contains(peer) {
            let header = header.as_str().to_owned();
            return Self { client: peer, host, scheme, via: Via::UnknownProxy { proxy: peer, header } };
        }
        let report = Report::read(headers);
        let is_proxy = |address: &Option<IpAddr>| address.is_some_and(|address| trusted.contains(address));
        let reports_client = !report.addresses.iter().all(is_proxy);
        Self {
            client: client(peer, &report.addresses, trusted),
            host: report.host.map_or(host, |host| authority(host.ok()?.as_bytes())),
            scheme: report.scheme.map_or(scheme, |name| name.map_or(Scheme::Http, |name| Scheme::named(&name))),
            via: Via::TrustedProxy { proxy: peer, reports_client },
        }
    }

    /// The client that a trusted proxy reports: the proxy's own address if the client's cannot be read. `None` if no trusted proxy
    /// reports one.
    pub fn reported_client(&self) -> Option<IpAddr> {
        matches!(self.via, Via::TrustedProxy { reports_client: true, .. }).then_some(self.client)
    }
}

impl Scheme {
    /// The web origin of a page at this host (RFC 6454): without the port if it is the scheme's default.
    pub fn origin(self, host: &str) -> String {
        let default_port = match self {
            Self::Http => ":80",
            Self::Https => ":443",
        };
        format!("{self}://{}", host.strip_suffix(default_port).unwrap_or(host))
    }

    /// Some proxies report the scheme of a WebSocket.
    fn named(name: &str) -> Self {
        if name.eq_ignore_ascii_case("https") || name.eq_ignore_ascii_case("wss") { Self::Https } else { Self::Http }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// The last address that is not a trusted proxy's. Addresses before one that cannot be read are not believed.
fn client(peer: IpAddr, addresses: &[Option<IpAddr>], trusted: &TrustedProxies) -> IpAddr {
    let mut client = peer;
    for address in addresses.iter().rev() {
        let Some(address) = *address else { break };
        client = address;
        if !trusted.contains(address) {
            break;
        }
    }
    client
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    authority(host)
}

fn authority(text: &[u8]) -> Option<Authority> {
    Authority::try_from(text).ok().filter(|authority| !authority.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    const PROXY: &str = "10.1.0.1";

    /// The requester of a request from `peer`, where 10.1.0.0/16 are trusted proxies.
    fn requester(peer: &str, headers: &[(&'static str, &'static str)]) -> Requester {
        let trusted = TrustedProxies::new(vec!["10.1.0.0/16".parse().expect("a network")]);
        let pair = |&(name, value): &(_, _)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers = [("host", "127.0.0.1:9000")].iter().chain(headers).map(pair).collect();
        Requester::new(address(peer), Scheme::Http, &headers, &trusted)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn host_of(requester: &Requester) -> Option<&str> {
        requester.host.as_ref().map(Authority::as_str)
    }

    const REPORT: [(&str, &str); 3] = [
        ("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.1.0.7"),
        ("x-forwarded-host", "metrics.example:8443"),
        ("x-forwarded-proto", "https"),
    ];

    #[test]
    fn a_trusted_proxy_reports_the_client_its_host_and_its_scheme() {
        let requester = requester(PROXY, &REPORT);
        assert_eq!(requester.client, address("203.0.113.9"), "the last address that is not a trusted proxy's");
        assert_eq!((host_of(&requester), requester.scheme), (Some("metrics.example:8443"), Scheme::Https));
        assert_eq!(requester.via, Via::TrustedProxy { proxy: address(PROXY), reports_client: true });
    }

    #[test]
    fn reports_of_other_peers_change_nothing_and_are_noticed() {
        let requester = requester("192.0.2.1", &REPORT);
        assert_eq!((requester.client, requester.scheme), (address("192.0.2.1"), Scheme::Http));
        assert_eq!(host_of(&requester), Some("127.0.0.1:9000"));
        let Via::UnknownProxy { proxy, header } = requester.via else { panic!("{requester:?}") };
        assert_eq!(proxy, address("192.0.2.1"));
        assert!(header.starts_with("x-forwarded-"), "{header}");
    }

    #[test]
    fn a_request_without_a_report_is_direct() {
        for peer in [PROXY, "192.0.2.1", "::ffff:192.0.2.1"] {
            let requester = requester(peer, &[]);
            assert_eq!((requester.client, requester.via), (address(peer).to_canonical(), Via::Direct));
        }
    }

    #[test]
    fn addresses_before_one_that_cannot_be_read_are_not_believed() {
        for (report, client) in [
            ("203.0.113.9, unknown, 10.1.0.7", "10.1.0.7"),
            ("203.0.113.9, _hidden", PROXY),
            ("10.1.0.9, 10.1.0.7", "10.1.0.9"),
        ] {
            assert_eq!(requester(PROXY, &[("x-forwarded-for", report)]).client, address(client), "{report}");
        }
    }

    #[test]
    fn a_client_whose_report_cannot_be_read_is_reported_with_the_address_of_its_proxy() {
        let reported =
            |name, value| requester(PROXY, &[(name, value)]).reported_client().map(|client| client.to_string());
        for (name, unreadable) in [
            ("x-forwarded-for", "unknown"),
            ("x-forwarded-for", "203.0.113.9, \""),
            ("forwarded", "for=203.0.113.9;x=\""),
            ("forwarded", "for=203.0.113.9;x=\", for=198.51.100.1"),
        ] {
            assert_eq!(reported(name, unreadable).as_deref(), Some(PROXY), "{name}: {unreadable}");
        }
        assert_eq!(reported("x-forwarded-for", "\", 203.0.113.9").as_deref(), Some("203.0.113.9"));
        for (name, unreported) in
            [("x-forwarded-proto", "https"), ("forwarded", "proto=https"), ("x-forwarded-for", "10.1.0.9, 10.1.0.7")]
        {
            assert_eq!(reported(name, unreported), None, "{name}: {unreported}");
        }
    }

    #[test]
    fn the_host_of_a_report_that_cannot_be_read_is_none() {
        for line in ["for=6.6.6.6;host=kymo.example;x=\", for=1.2.3.4;host=other.example", "host=kymo.example;x=\""] {
            let requester = requester(PROXY, &[("forwarded", line)]);
            assert_eq!((requester.host, requester.client), (None, address(PROXY)), "{line}");
        }
    }

    #[test]
    fn what_a_trusted_proxy_does_not_report_is_that_of_the_connection() {
        let requester = requester(PROXY, &[("x-forwarded-for", "203.0.113.9")]);
        assert_eq!((host_of(&requester), requester.scheme), (Some("127.0.0.1:9000"), Scheme::Http));
    }

    #[test]
    fn a_reported_host_that_is_invalid_is_none() {
        for host in ["a b", "user@metrics.example", "metrics.example/path"] {
            assert_eq!(requester(PROXY, &[("x-forwarded-host", host)]).host, None, "{host}");
        }
    }

    #[test]
    fn the_scheme_of_a_websocket_is_that_of_its_page() {
        for (name, scheme) in
            [("wss", Scheme::Https), ("HTTPS", Scheme::Https), ("ws", Scheme::Http), ("ftp", Scheme::Http)]
        {
            assert_eq!(requester(PROXY, &[("x-forwarded-proto", name)]).scheme, scheme, "{name}");
        }
    }
}

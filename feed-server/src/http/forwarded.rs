//! The headers in which proxies report what they forward: `X-Forwarded-For`, `-Host` and `-Proto`, or `Forwarded` (RFC 7239).
//!
//! Any client can send these headers too. Who may be believed is decided in [`requester`](super::requester).

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName, VIA};

/// A report of one or several proxies. Of several values the last counts, which the nearest proxy wrote: a client can write the
/// earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// The addresses through which the request came, the client's first. `None` for one that is hidden or cannot be read.
    pub(super) addresses: Vec<Option<IpAddr>>,
    pub(super) host: Option<String>,
    pub(super) scheme: Option<String>,
}

impl Report {
    /// `Forwarded` is read only if there is no `X-Forwarded` header: a proxy overwrites the kind that it uses, and passes on the
    /// other kind as the client sent it.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let addresses = values(headers, "x-forwarded-for", ',');
        let last = |name| values(headers, name, ',').pop().map(str::to_owned);
        let (host, scheme) = (last("x-forwarded-host"), last("x-forwarded-proto"));
        if !addresses.is_empty() || host.is_some() || scheme.is_some() {
            return Self { addresses: addresses.into_iter().map(node).collect(), host, scheme };
        }
        let mut report = Self::default();
        for element in values(headers, FORWARDED.as_str(), ',') {
            let mut address = None;
            for (name, value) in split(element, ';').filter_map(|pair| pair.split_once('=')) {
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => address = Some(node(value)),
                    "host" => report.host = Some(value.to_owned()),
                    "proto" => report.scheme = Some(value.to_owned()),
                    _ => {}
                }
            }
            report.addresses.extend(address);
        }
        report
    }
}

/// A header that only proxies add, if there is one.
pub(super) fn sign_of_a_proxy(headers: &HeaderMap) -> Option<&HeaderName> {
    headers.keys().find(|name| {
        **name == FORWARDED || **name == VIA || *name == "x-real-ip" || name.as_str().starts_with("x-forwarded-")
    })
}

/// The values of a list over all lines of its header, without empty ones. A line that is not text has none.
fn values<'h>(headers: &'h HeaderMap, name: &str, separator: char) -> Vec<&'h str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| split(line, separator)).map(str::trim).filter(|value| !value.is_empty()).collect()
}

/// Splits at separators that are not between quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |char| {
        is_quoted ^= char == '"';
        char == separator && !is_quoted
    })
}

/// An address, with or without port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn report(headers: &[(&'static str, &str)]) -> Report {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        Report::read(&map)
    }

    fn addresses(texts: &[&str]) -> Vec<Option<IpAddr>> {
        texts.iter().map(|text| text.parse().ok()).collect()
    }

    #[test]
    fn addresses_are_read_over_several_lines_with_and_without_ports() {
        let lines = [
            ("x-forwarded-for", "192.0.2.1, 192.0.2.2:80,,unknown"),
            ("x-forwarded-for", "2001:db8::1, [2001:db8::2], [2001:db8::3]:443, ::ffff:192.0.2.3"),
        ];
        let expected = ["192.0.2.1", "192.0.2.2", "unknown", "2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.3"];
        assert_eq!(report(&lines).addresses, addresses(&expected));
    }

    #[test]
    fn the_last_host_and_scheme_count() {
        let report = report(&[
            ("x-forwarded-host", "evil.example, metrics.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-proto", "https"),
        ]);
        assert_eq!((report.host.as_deref(), report.scheme.as_deref()), (Some("metrics.example"), Some("https")));
    }

    #[test]
    fn forwarded_is_read_with_quotes_and_in_any_case() {
        let line =
            "For=\"[2001:db8::1]:4711\";proto=http, for=192.0.2.43;by=203.0.113.60;Host=\"a.example:8443\";PROTO=https";
        let expected = Report {
            addresses: addresses(&["2001:db8::1", "192.0.2.43"]),
            host: Some("a.example:8443".to_owned()),
            scheme: Some("https".to_owned()),
        };
        assert_eq!(report(&[("forwarded", line)]), expected);
        let separators = report(&[("forwarded", "for=\"a,b;c\";host=b.example")]);
        assert_eq!((separators.addresses, separators.host.as_deref()), (vec![None], Some("b.example")));
    }

    #[test]
    fn forwarded_is_ignored_beside_x_forwarded() {
        let report = report(&[("forwarded", "for=198.51.100.1;host=evil.example"), ("x-forwarded-for", "192.0.2.1")]);
        assert_eq!((report.addresses, report.host), (addresses(&["192.0.2.1"]), None));
    }

    #[test]
    fn every_header_of_a_proxy_is_recognised() {
        for name in ["x-forwarded-for", "x-forwarded-prefix", "forwarded", "via", "x-real-ip"] {
            let headers = [(HeaderName::from_static(name), HeaderValue::from_static("1"))].into_iter().collect();
            assert_eq!(sign_of_a_proxy(&headers).map(HeaderName::as_str), Some(name));
        }
        let usual = [(HeaderName::from_static("x-forward"), HeaderValue::from_static("1"))].into_iter().collect();
        assert_eq!(sign_of_a_proxy(&usual), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "[ -~]{0,64}") {
            for name in ["x-forwarded-for", "x-forwarded-host", "forwarded"] {
                let _read = report(&[(name, &text)]);
            }
        }
    }
}

//! The headers in which proxies report the client of a request: `X-Forwarded-For`, `-Host` and `-Proto`, or `Forwarded` (RFC 7239).
//!
//! Any client can send these headers too. [`requester`](super::requester) believes those of trusted proxies only.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, VIA};

use super::header_list;

/// A report of one or several proxies. Of several values the last counts, which the nearest proxy wrote: a client can write the
/// earlier ones. A value that cannot be read counts too, so that an earlier one never takes its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// The addresses through which the request came, the client's first. `None` for one that is hidden or cannot be read.
    pub(super) addresses: Vec<Option<IpAddr>>,
    pub(super) host: Option<Result<String, Unreadable>>,
    pub(super) scheme: Option<Result<String, Unreadable>>,
}

/// The header has a value here that is not text, or whose quotes are not balanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Report {
    /// `Forwarded` is read only if there is no `X-Forwarded` header: a proxy overwrites the kind that it uses, and passes on the
    /// other kind as the client sent it.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let addresses: Vec<_> = values(headers, "x-forwarded-for").map(|value| node(value.ok()?)).collect();
        let last = |name| values(headers, name).last().map(|value| value.map(str::to_owned));
        let (host, scheme) = (last("x-forwarded-host"), last("x-forwarded-proto"));
        if !addresses.is_empty() || host.is_some() || scheme.is_some() {
            return Self { addresses, host, scheme };
        }
        let mut report = Self::default();
        for line in headers.get_all(FORWARDED) {
            let Self { addresses, host, scheme } = Self::of_line(line).unwrap_or_else(Self::unreadable);
            report.addresses.extend(addresses);
            report.host = host.or(report.host);
            report.scheme = scheme.or(report.scheme);
        }
        report
    }

    /// Reads a line of `Forwarded`. A proxy may have appended to what the client sent, and only a line that can be read shows
    /// where the proxy's part begins.
    fn of_line(line: &HeaderValue) -> Result<Self, Unreadable> {
        let mut report = Self::default();
        for element in header_list::split(line.to_str().map_err(|_| Unreadable)?, ',') {
            let mut address = None;
            for pair in header_list::split(element, ';') {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                if name.contains('"') {
                    return Err(Unreadable);
                }
                let value = unquoted(value.trim()).ok_or(Unreadable)?;
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => address = Some(node(&value)),
                    "host" => report.host = Some(Ok(value)),
                    "proto" => report.scheme = Some(Ok(value)),
                    _ => {}
                }
            }
            report.addresses.extend(address);
        }
        Ok(report)
    }

    fn unreadable(reason: Unreadable) -> Self {
        Self { addresses: vec![None], host: Some(Err(reason)), scheme: Some(Err(reason)) }
    }
}

/// A header that only proxies add, if there is one.
pub(super) fn sign_of_a_proxy(headers: &HeaderMap) -> Option<&HeaderName> {
    headers.keys().find(|name| {
        **name == FORWARDED || **name == VIA || *name == "x-real-ip" || name.as_str().starts_with("x-forwarded-")
    })
}

/// The values of an `X-Forwarded` header over all lines, without empty ones. They have no quotes, so every comma separates: a
/// client could otherwise hide what a proxy appends to its line.
fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = Result<&'h str, Unreadable>> {
    let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let values = lines.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    values.filter(|value| !value.is_empty()).map(|value| str::from_utf8(value).map_err(|_| Unreadable))
}

/// The text of a token or of a quoted string (RFC 9110, section 5.6.4). `None` if it has a quote in any other place.
fn unquoted(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else { return (!value.contains('"')).then(|| value.to_owned()) };
    let (mut text, mut rest) = (String::new(), quoted.chars());
    loop {
        match rest.next()? {
            '"' => return rest.as_str().is_empty().then_some(text),
            '\\' => text.push(rest.next()?),
            character => text.push(character),
        }
    }
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
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
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
        assert_eq!(
            (report.host, report.scheme),
            (Some(Ok("metrics.example".to_owned())), Some(Ok("https".to_owned())))
        );
    }

    #[test]
    fn forwarded_is_read_with_quotes_and_in_any_case() {
        let line =
            "For=\"[2001:db8::1]:4711\";proto=http, for=192.0.2.43;by=203.0.113.60;Host=\"a.example:8443\";PROTO=https";
        let expected = Report {
            addresses: addresses(&["2001:db8::1", "192.0.2.43"]),
            host: Some(Ok("a.example:8443".to_owned())),
            scheme: Some(Ok("https".to_owned())),
        };
        assert_eq!(report(&[("forwarded", line)]), expected);
        let separators = report(&[("forwarded", "for=\"a,b;c\";host=b.example")]);
        assert_eq!((separators.addresses, separators.host), (vec![None], Some(Ok("b.example".to_owned()))));
        let escaped = report(&[("forwarded", r#"by="\"";host="\a,\"", for=192.0.2.1"#)]);
        assert_eq!((escaped.addresses, escaped.host), (addresses(&["192.0.2.1"]), Some(Ok("a,\"".to_owned()))));
    }

    #[test]
    fn what_a_proxy_appends_to_any_x_forwarded_line_of_a_client_is_read() {
        for sent in ["\"", "\"a", "é", "\"é, \"", "198.51.100.1;\"", "\\"] {
            let line = |appended| format!("{sent}, {appended}");
            let report = report(&[
                ("x-forwarded-for", &line("192.0.2.1")),
                ("x-forwarded-host", &line("metrics.example")),
                ("x-forwarded-proto", &line("https")),
            ]);
            assert_eq!(report.addresses.last(), Some(&Some(IpAddr::from([192, 0, 2, 1]))), "{sent}");
            assert!(report.addresses.len() > 1, "{sent}");
            assert_eq!(
                (report.host, report.scheme),
                (Some(Ok("metrics.example".to_owned())), Some(Ok("https".to_owned()))),
                "{sent}"
            );
        }
    }

    #[test]
    fn an_x_forwarded_value_that_is_not_text_is_unreadable() {
        let mut headers = HeaderMap::new();
        for name in ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
            for line in [b"\xE9, 192.0.2.1", b"192.0.2.2, \xE9"] {
                headers.append(name, HeaderValue::from_bytes(line).expect("a value"));
            }
        }
        let unreadable = Some(Err(Unreadable));
        let expected = Report {
            addresses: addresses(&["unreadable", "192.0.2.1", "192.0.2.2", "unreadable"]),
            host: unreadable.clone(),
            scheme: unreadable,
        };
        assert_eq!(Report::read(&headers), expected);
    }

    #[test]
    fn a_forwarded_line_whose_quotes_are_not_balanced_is_unreadable() {
        let appended = ["for=1.2.3.4;host=b.example;proto=http", r#"for="[2001:db8::1]:80";host="b.example""#];
        // The Host header of the client, quoted by the proxy.
        let appended = appended.into_iter().chain([r#"for=1.2.3.4;host="a\"b""#]);
        for appended in appended {
            for sent in ["x=\"", "x=\"\\", "\"", "x=a\"", "\"x=a", "x=\"a\"\"", "x=é"] {
                let line = format!("for=6.6.6.6;host=kymo.example;proto=https;{sent}, {appended}");
                let report =
                    report(&[("forwarded", "for=6.6.6.6;host=kymo.example;proto=https"), ("forwarded", &line)]);
                let unreadable = Some(Err(Unreadable));
                assert_eq!(report.addresses.last(), Some(&None), "{line}");
                assert_eq!((report.host, report.scheme), (unreadable.clone(), unreadable), "{line}");
            }
        }
        let next =
            report(&[("forwarded", "for=6.6.6.6;x=\""), ("forwarded", "for=192.0.2.1;host=a.example;proto=http")]);
        assert_eq!(next.addresses, addresses(&["unreadable", "192.0.2.1"]));
        assert_eq!(
            (next.host, next.scheme),
            (Some(Ok("a.example".to_owned())), Some(Ok("http".to_owned()))),
            "a line of its own is read"
        );
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
        fn any_text_can_be_read(text in "[ -~é]{0,64}") {
            for name in ["x-forwarded-for", "x-forwarded-host", "forwarded"] {
                let _read = report(&[(name, &text)]);
            }
        }
    }
}

//! The address of a target.

use std::fmt;

use hyper::Uri;

/// The scheme of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Scheme {
    #[default]
    Http,
    Https,
}

pub(super) const SCHEMES: [(&str, Scheme); 2] = [("http", Scheme::Http), ("https", Scheme::Https)];

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// An address as it is requested.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TargetUrl {
    pub(super) scheme: Scheme,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as written.
    pub(super) authority: String,
    /// With the query. Begins with a slash.
    pub(super) path: String,
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// A target as it is written: `host:port`, or an address with a scheme and perhaps a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenTarget {
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: String,
    pub(super) path: Option<String>,
}

impl WrittenTarget {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            format!(
                "a target must be host:port, or an address such as https://example:9100/metrics, found {text:?}{why}"
            )
        };
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => {
                let known = SCHEMES.iter().find(|(name, _)| *name == scheme).map(|(_, scheme)| *scheme);
                (Some(known.ok_or_else(|| refused(": the scheme must be http or https"))?), rest)
            }
            None => (None, text),
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(end) if rest[end..].starts_with('/') => (&rest[..end], Some(rest[end..].to_owned())),
            Some(end) => (&rest[..end], Some(format!("/{}", &rest[end..]))),
            None => (rest, None),
        };
        if text.contains('#') {
            return Err(refused(": remove the part from # on"));
        }
        if authority.contains('@') {
            return Err(refused(": use basic_auth, not a password in the address"));
        }
        let written = Self { scheme, authority: authority.to_owned(), path };
        written.url(Scheme::Http, "/").map_err(|_| refused(""))?;
        Ok(written)
    }

    /// The address, with the parts that are not written.
    ///
    /// # Errors
    /// If it is no address.
    pub(super) fn url(&self, scheme: Scheme, path: &str) -> Result<TargetUrl, String> {
        let scheme = self.scheme.unwrap_or(scheme);
        let path = self.path.as_deref().unwrap_or(path);
        let text = format!("{scheme}://{}{path}", self.authority);
        let refused = || format!("{text:?} is no address");
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(refused)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let has_port = self.authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let port = match (uri.port_u16(), scheme) {
            (Some(0), _) => return Err(refused()),
            (Some(port), _) => port,
            (None, _) if has_port => return Err(refused()),
            (None, Scheme::Http) => 80,
            (None, Scheme::Https) => 443,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(TargetUrl { scheme, host, port, authority: self.authority.clone(), path: path.to_owned() })
    }
}

impl TargetUrl {
    /// The address to which a redirection leads, if it is of the same host, port and scheme.
    pub(super) fn redirected(&self, location: &str) -> Option<Self> {
        if location.starts_with('/') && !location.starts_with("//") {
            let path = location.split('#').next().unwrap_or(location);
            return Some(Self { path: path.to_owned(), ..self.clone() });
        }
        let is_relative = !location.is_empty() && !location.contains(':') && !location.starts_with("//");
        if is_relative {
            let folder =
                self.path.split('?').next().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
            return self.redirected(&format!("{folder}/{location}"));
        }
        let other = WrittenTarget::parse(location).ok()?.url(self.scheme, "/").ok()?;
        let is_same = (other.scheme, &other.host, other.port) == (self.scheme, &self.host, self.port);
        (is_same && location.contains("://")).then(|| Self { authority: self.authority.clone(), ..other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<TargetUrl, String> {
        WrittenTarget::parse(text)?.url(Scheme::Http, "/metrics")
    }

    #[test]
    fn a_target_is_a_host_or_an_address() {
        for (text, expected, host, port) in [
            ("localhost:9100", "http://localhost:9100/metrics", "localhost", 9100),
            ("[::1]:9100", "http://[::1]:9100/metrics", "::1", 9100),
            ("[::1]", "http://[::1]/metrics", "::1", 80),
            ("example", "http://example/metrics", "example", 80),
            ("https://example/m?collect[]=cpu", "https://example/m?collect[]=cpu", "example", 443),
            ("http://example:80", "http://example:80/metrics", "example", 80),
            ("http://example:1?a=b", "http://example:1/?a=b", "example", 1),
        ] {
            let url = url(text).expect(text);
            assert_eq!((&*url.to_string(), &*url.host, url.port), (expected, host, port));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", ":9100", "a b:1", "ftp://a", "a:0", "a:70000", "a:b", "http://", "http://u:p@a:1", "a:1 ", "a:1#x"]
        {
            let error = url(text).expect_err(text);
            assert!(error.starts_with("a target must be host:port"), "{error}");
        }
    }

    #[test]
    fn a_redirection_stays_on_its_host() {
        let from = url("http://example:9100").expect("valid");
        let path = |location| from.redirected(location).map(|url| url.to_string());
        assert_eq!(path("/other?a=1#b").as_deref(), Some("http://example:9100/other?a=1"));
        assert_eq!(path("http://example:9100/x").as_deref(), Some("http://example:9100/x"));
        assert_eq!(path("x?a=1").as_deref(), Some("http://example:9100/x?a=1"));
        for location in
            ["//evil/x", "http://evil:9100/", "http://example:9101/", "https://example:9100/", "example:9100", ""]
        {
            assert_eq!(path(location), None, "{location}");
        }
    }
}

//! The forms of a request's target (RFC 9112, [section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)), brought to
//! the usual one: a path, and the name of this server in `Host`.

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, StatusCode, Uri, Version};
use thiserror::Error;

use crate::net::connection::Peer;

/// Paths that load balancers request by HTTP/1.0, without `Host`.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The reason why a target is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    #[error("this server is not a proxy: request a path such as /healthz")]
    Proxy,
    #[error("the scheme of the address must be http or https, found {found:?}")]
    Scheme { found: String },
    #[error("the host of the target must be a name or an address, such as in http://localhost:9000/")]
    Host,
}

impl TargetError {
    pub const fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// Brings the target to its usual form. The host of an absolute target, such as `GET http://localhost/ HTTP/1.1`, replaces
/// the header's (section 3.2.2), so that it is checked like any other. A health probe of this machine by HTTP/1.0, which
/// needs no `Host`, gets one.
///
/// # Errors
/// [`TargetError`], to be answered with its status.
pub fn canonicalize<B>(request: &mut Request<B>) -> Result<(), TargetError> {
    let (uri, version) = (request.uri(), request.version());
    if request.method() == Method::CONNECT || uri.authority().is_some() && uri.scheme().is_none() {
        return Err(TargetError::Proxy);
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    if let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) {
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(TargetError::Scheme { found: scheme.to_string() });
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| TargetError::Host)?;
        // HTTP/1.1 requires exactly one header even so: without one, the request is refused by the check of the host.
        if hosts == 1 || hosts == 0 && version == Version::HTTP_10 {
            let path = uri.path_and_query().cloned();
            request.headers_mut().insert(HOST, host);
            *request.uri_mut() = path.map_or(Uri::from_static("/"), Uri::from);
        }
    } else if hosts == 0 && version == Version::HTTP_10 && PROBES.contains(&uri.path()) && is_of_this_machine(request) {
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
    }
    Ok(())
}

fn is_of_this_machine<B>(request: &Request<B>) -> bool {
    request.extensions().get::<Peer>().is_some_and(|peer| peer.address.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request with these `Host` headers, and whose peer has this address.
    fn request(method: &str, target: &str, version: Version, hosts: &[&str], peer: &str) -> Request<()> {
        let mut request = Request::builder().method(method).uri(target).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let address = peer.parse().expect("an address");
        request.extension(Peer { address }).body(()).expect("a request")
    }

    fn canonical(mut request: Request<()>) -> Result<Request<()>, TargetError> {
        canonicalize(&mut request).map(|()| request)
    }

    fn host_and_target(request: Request<()>) -> (Option<String>, String) {
        let request = canonical(request).expect("accepted");
        let host = request.headers().get(HOST).map(|host| host.to_str().expect("ASCII").to_owned());
        (host, request.uri().to_string())
    }

    const LOCAL: &str = "127.0.0.1:50000";

    #[test]
    fn the_host_of_an_absolute_target_replaces_the_header() {
        for version in [Version::HTTP_10, Version::HTTP_11] {
            let of = |target: &str| host_and_target(request("GET", target, version, &["localhost:9000"], LOCAL));
            let expected = |host: &str, target: &str| (Some(host.to_owned()), target.to_owned());
            assert_eq!(of("/metrics?a=b"), expected("localhost:9000", "/metrics?a=b"));
            assert_eq!(of("http://evil.example/metrics?a=b"), expected("evil.example", "/metrics?a=b"));
            assert_eq!(of("https://127.0.0.1:9000"), expected("127.0.0.1:9000", "/"));
            assert_eq!(of("http://user@localhost/"), expected("user@localhost", "/"));
        }
    }

    #[test]
    fn an_absolute_target_needs_the_headers_that_its_version_needs() {
        let of = |version, hosts: &[&str]| {
            let request = canonical(request("GET", "http://localhost/", version, hosts, LOCAL)).expect("accepted");
            let hosts = request.headers().get_all(HOST).iter().map(|host| host.to_str().expect("ASCII").to_owned());
            hosts.collect::<Vec<_>>()
        };
        assert_eq!(of(Version::HTTP_10, &[]), ["localhost"]);
        assert_eq!(of(Version::HTTP_11, &[]), [""; 0], "refused by the check of the host");
        assert_eq!(of(Version::HTTP_11, &["a", "b"]), ["a", "b"], "likewise");
    }

    #[test]
    fn targets_for_proxies_are_refused() {
        let of = |method, target: &str| canonical(request(method, target, Version::HTTP_11, &["localhost"], LOCAL));
        assert_eq!(of("CONNECT", "localhost:443").expect_err("refused"), TargetError::Proxy);
        assert_eq!(of("GET", "localhost:443").expect_err("refused"), TargetError::Proxy);
        let ftp = of("GET", "ftp://localhost/").expect_err("refused");
        assert_eq!(ftp.to_string(), "the scheme of the address must be http or https, found \"ftp\"");
        assert_eq!(of("OPTIONS", "*").expect("accepted").uri().path(), "*");
    }

    #[test]
    fn only_health_probes_of_this_machine_by_http_1_0_need_no_host() {
        let host = |target, version, peer| host_and_target(request("GET", target, version, &[], peer)).0;
        let local = Some("localhost".to_owned());
        for peer in [LOCAL, "[::1]:50000", "[::ffff:127.0.0.1]:50000"] {
            for probe in PROBES {
                assert_eq!(host(probe, Version::HTTP_10, peer), local, "{peer}");
                assert_eq!(host(probe, Version::HTTP_11, peer), None, "HTTP/1.1 requires one");
            }
        }
        assert_eq!(host("/metrics", Version::HTTP_10, LOCAL), None);
        assert_eq!(host("/healthz", Version::HTTP_10, "192.0.2.7:50000"), None);
        let given = request("GET", "/healthz", Version::HTTP_10, &["evil.example"], LOCAL);
        assert_eq!(host_and_target(given).0.as_deref(), Some("evil.example"), "and is checked");
    }
}

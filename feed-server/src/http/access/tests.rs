use hyper::header::{HeaderName, HeaderValue};

use super::*;
use crate::credentials::tokens::{NamedToken, Tokens};

const TOKEN: &str = "0123456789abcdefghij";

/// A server that needs [`TOKEN`], which has this role; no token for `None`.
fn access(role: Option<Role>) -> Access {
    let token = |role| NamedToken { name: "test".to_owned(), role, token: TOKEN.parse().expect("valid") };
    let credentials = role.map(|role| Credentials::in_memory(Tokens::new(vec![token(role)])));
    Access::new(credentials, vec!["metrics.example".to_owned()], Scheme::Http, 9000)
}

fn headers(headers: &[(&str, &str)]) -> HeaderMap {
    let pair = |&(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    headers.iter().map(pair).collect()
}

fn check(access: &Access, policy: Policy, list: &[(&str, &str)]) -> Result<(), Denied> {
    let headers = headers(list);
    let requester = access.requester(IpAddr::from([127, 0, 0, 1]), &headers);
    access.check(policy, &requester, &headers).map(|_| ())
}

/// Checks a request for the stream.
fn stream(access: &Access, list: &[(&str, &str)]) -> Result<(), Denied> {
    check(access, Policy::NeedsSameOrigin(Role::View), list)
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
    for foreign in ["evil.example:9000", "localhost.evil.example", "metrics.example.evil", "127.0.0.1.evil.example"] {
        let denied = check(&open, Policy::Public, &[("host", foreign)]).expect_err("refused");
        assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{foreign}");
    }
    for broken in ["", "localhost@evil.example", "evil.example@localhost", "a b"] {
        assert_eq!(check(&open, Policy::Public, &[("host", broken)]), Err(Denied::NoHost), "{broken}");
    }
    assert_eq!(check(&open, Policy::Public, &[]), Err(Denied::NoHost));
    assert_eq!(check(&open, Policy::Public, &[("host", "localhost"), ("host", "evil.example")]), Err(Denied::NoHost));
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
    let behind = access(Some(Role::View)).with_proxies(trusted, UnknownProxies::Accepted);
    let bearer = format!("Bearer {TOKEN}");
    let reported = |host: &str, origin: &str| {
        let report = [("host", "backend"), ("x-forwarded-host", host), ("x-forwarded-proto", "https")];
        stream(&behind, &[&report[..], &[("origin", origin), ("authorization", &bearer)]].concat())
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
    for policy in
        [Policy::Public, Policy::PublicSameOrigin, Policy::Needs(Role::View), Policy::NeedsSameOrigin(Role::View)]
    {
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
fn a_page_whose_proxy_changed_host_gets_the_setting_that_keeps_it() {
    let request = [("host", "127.0.0.1:9000"), ("origin", "https://metrics.example")];
    let direct = stream(&access(None), &request).expect_err("refused").to_string();
    assert!(direct.contains("nginx: `proxy_set_header Host $http_host;`"), "{direct}");
    let forwarded = [&request[..], &[("x-forwarded-for", "192.0.2.1")]].concat();
    let forwarded = stream(&access(None), &forwarded).expect_err("refused").to_string();
    assert!(forwarded.contains("start with --trusted-proxy 127.0.0.1 and let it send X-Forwarded-Host"), "{forwarded}");
}

#[test]
fn only_public_routes_need_no_token() {
    let closed = access(Some(Role::View));
    let bearer = format!("Bearer {TOKEN}");
    let cookie = format!("kymograph-9000={TOKEN}");
    for policy in [Policy::Needs(Role::View), Policy::NeedsSameOrigin(Role::View)] {
        let check = |more: &[(&str, &str)]| check(&closed, policy, &[&[("host", "localhost")], more].concat());
        assert_eq!(check(&[]), Err(Denied::NoToken), "{policy:?}");
        assert_eq!(check(&[("authorization", &bearer)]), Ok(()));
        assert_eq!(check(&[("authorization", TOKEN)]), Err(Denied::NoToken));
        assert_eq!(check(&[("authorization", "Bearer 0123456789abcdefghiJ")]), Err(Denied::NoToken));
        assert_eq!(check(&[("cookie", &cookie)]), Err(Denied::NoToken), "the token is no session");
        assert_eq!(check(&[("x-kymograph-key", TOKEN)]), Err(Denied::SessionEnded));
        assert_eq!(check(&[("sec-websocket-protocol", "kymograph.2")]), Err(Denied::NoToken));
    }
    for policy in [Policy::Public, Policy::PublicSameOrigin] {
        assert_eq!(check(&closed, policy, &[("host", "localhost")]), Ok(()));
    }
}

#[tokio::test]
async fn either_half_of_a_session_alone_is_refused() {
    let closed = access(Some(Role::View));
    let credentials = closed.credentials().expect("needs a token");
    let token = credentials.token(TOKEN.as_bytes()).expect("the token");
    let new = async || credentials.open_session(token, String::new(), String::new()).await.expect("opens");
    let (session, other) = (new().await, new().await);
    let name = closed.cookie().set(Scheme::Http, &session.cookie, credentials).to_str().expect("ASCII").to_owned();
    let cookie = ("cookie", name.split(';').next().expect("a pair"));
    let offer = |key: &str| format!("kymograph.2, key.{key}");
    let stream = |more: &[(&str, &str)]| stream(&closed, &[&[("host", "localhost")], more].concat());
    let (key, other_key) = (offer(session.key.reveal()), offer(other.key.reveal()));
    assert_eq!(stream(&[cookie, ("sec-websocket-protocol", &key)]), Ok(()));
    assert_eq!(stream(&[cookie, ("x-kymograph-key", session.key.reveal())]), Ok(()));
    assert_eq!(stream(&[cookie]), Err(Denied::SessionEnded));
    assert_eq!(stream(&[("sec-websocket-protocol", &key)]), Err(Denied::SessionEnded));
    assert_eq!(stream(&[cookie, ("sec-websocket-protocol", &other_key)]), Err(Denied::SessionEnded));
    let handle = credentials.session(session.cookie.reveal().as_bytes(), session.key.reveal().as_bytes());
    credentials.end_session(&handle.expect("open")).await.expect("has no file");
    assert_eq!(stream(&[cookie, ("sec-websocket-protocol", &key)]), Err(Denied::SessionEnded));
}

#[test]
fn a_role_admits_only_to_the_routes_that_it_includes() {
    let bearer = format!("Bearer {TOKEN}");
    let (view, edit, publish) = (Role::View, Role::Edit, Role::Publish);
    for (role, allowed) in [(view, vec![view]), (edit, vec![view, edit]), (publish, vec![publish])] {
        let closed = access(Some(role));
        for needed in [view, edit, publish] {
            let expected =
                if allowed.contains(&needed) { Ok(()) } else { Err(Denied::WrongRole { found: role, needed }) };
            let list = [("host", "localhost"), ("authorization", bearer.as_str())];
            assert_eq!(check(&closed, Policy::Needs(needed), &list), expected);
        }
    }
    assert_eq!(Denied::WrongRole { found: publish, needed: view }.status(), StatusCode::FORBIDDEN);
}

#[test]
fn a_token_in_the_query_is_refused() {
    let closed = access(Some(Role::View));
    for query in [
        "token=x",
        "window=5&token=0123456789abcdefghij&theme=dark",
        "token",
        "token=",
        "%74oken=x",
        "Token=x",
        "a=b&%54%6F%6b%65n=x",
        "token%3Dx",
    ] {
        assert_eq!(closed.check_query(query), Err(Denied::TokenInQuery), "{query}");
    }
    for query in
        ["window=5&show.token=line", "show=token=x", "", "%", "%7", "%zz=x", "%F0%9F=x", "%2574oken=x", "tokens=x"]
    {
        assert_eq!(closed.check_query(query), Ok(()), "{query}");
    }
    assert_eq!(access(None).check_query("token=x"), Ok(()), "the server needs none");
}

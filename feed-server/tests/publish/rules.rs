//! The rules for publishers: access, order, limits. Each violation closes its own connection with a code and a reason.

use std::fs;

use feed_server::app::config::Config;
use feed_server::app::token_file::TokenFile;
use feed_server::clock;
use feed_server::credentials::role::Role;
use protocol::{Body, ClientMessage, EntriesBuffer, Frame, GroupId, Interval, RefusalCode, SeriesId, Start};
use tokio_tungstenite::tungstenite::Message;

use super::{PATH, Program, config, metric, rows_message, values_of_history};
use crate::place::Place;
use crate::served::{Served, handshake};

const SYNTHETIC: &str = "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7";

#[tokio::test]
async fn a_view_token_may_not_publish_and_a_publish_token_may_not_view() {
    let place = Place::new();
    let (edit, view, publish) = ("a-token-for-editors", "a-token-for-viewers", "a-token-for-publishers");
    let token = |name: &str, role, secret: &str| {
        fs::write(place.path(name), secret).expect("writes");
        TokenFile { name: name.to_owned(), file: place.path(name), role }
    };
    let tokens =
        vec![token("ops", Role::Edit, edit), token("eyes", Role::View, view), token("agents", Role::Publish, publish)];
    let served = Served::with_token(Config { tokens, ..config() }, view).await;
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    for (path, token, status) in [
        (PATH, view, 403),
        (PATH, edit, 403),
        (PATH, "wrong-token-wrong-token", 401),
        (PATH, publish, 101),
        ("/stream", publish, 403),
    ] {
        let handshake = handshake(served.address, path, &bearer(token));
        let answer = if status == 101 {
            served.viewer_with(path, &bearer(token)).await.frame().await;
            continue;
        } else {
            served.request(&handshake).await
        };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path} with {token}: {answer}");
    }
    let mut program = Program(served.viewer_with(PATH, &bearer(publish)).await);
    program.say(&ClientMessage::Open { publisher: "worker", run: 1 }).await;
    assert_eq!(program.held().await.run, 1);
}

#[tokio::test]
async fn without_the_source_the_address_says_how_to_enable_it() {
    let served = Served::start(&[SYNTHETIC]).await;
    let answer = served.request(&handshake(served.address, PATH, "")).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("--source publish"), "{answer}");
}

#[tokio::test]
async fn pages_of_other_origins_and_requests_through_a_proxy_may_not_publish() {
    let served = Served::configured(Config { no_auth: true, ..config() }).await;
    let foreign = served.request(&handshake(served.address, PATH, "origin: http://evil.example\r\n")).await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    // A server without a token cannot know who is behind a proxy.
    let forwarded = served.request(&handshake(served.address, PATH, "x-forwarded-for: 203.0.113.9\r\n")).await;
    assert!(forwarded.starts_with("HTTP/1.1 403") && forwarded.contains("its own machine"), "{forwarded}");
    let other = served.request(&handshake(served.address, "/v1/publish?x=1", "")).await;
    assert!(other.starts_with("HTTP/1.1 400"), "{other}");
}

#[tokio::test]
async fn each_violation_closes_its_connection_with_a_code_and_a_reason() {
    let served = Served::start(&["publish:series=10", SYNTHETIC]).await;
    let mut neighbour = served.viewer("/stream").await;
    let now = clock::now();
    let open = |name: &'static str| ClientMessage::Open { publisher: name, run: 1 }.to_bytes().expect("fits");
    let rows = |number, group, series| rows_message(number, group, &[now], &[(series, &[1.0])]);
    let mut late = rows(1, 1, 1);
    // Preamble, number, loss, a base of nine bytes, the length of the list: then the mode.
    late[8 + 1 + 1 + 9 + 1] = 2;
    // A value that takes eight bytes, after their length.
    let mut unknown_encoding = rows_message(1, 1, &[now], &[(1, &[std::f64::consts::PI])]);
    let encoding = unknown_encoding.len() - 10;
    unknown_encoding[encoding] = 77;
    let mut ended = EntriesBuffer::default();
    ended.push(&SeriesId(9)).expect("encodes");
    let end = ClientMessage::End { series: ended.entries() }.to_bytes().expect("fits");
    let mut cut = rows(1, 1, 1);
    cut.truncate(cut.len() - 1);
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (open("worker"), 1007, "`Open` was sent twice"),
        (rows(0, 1, 1), 1007, "numbers of `Rows` count from 1, found 0"),
        (rows(1, 5, 1), 1007, "group 5 was not announced"),
        (rows(1, 1, 9), 1007, "series 9 was not announced"),
        (late, 1007, "a block of `Rows` must have the mode 0"),
        (unknown_encoding, 1007, "the column of series 1 has the encoding 77"),
        (end, 1007, "series 9 was not announced"),
        (cut, 1007, "preamble declares"),
        (b"not a message".to_vec(), 1007, ""),
        (vec![b'K', b'Y', 9, 8, 0, 0, 0, 0], 4426, ""),
        (vec![0; 65_537], 1009, "message too big"),
    ];
    for (message, code, why) in cases {
        let (mut program, _) = Program::open(&served, "worker", 1).await;
        program.0.send(Message::binary(message)).await;
        let (found, reason) = program.0.closed().await;
        assert!(found == code && reason.starts_with(why), "{why}: closed with {found}, {reason}");
    }
    let unopened = [
        (open("no spaces"), 1007, "a publisher's name must have"),
        (rows(1, 1, 1), 1007, "expected `Open` (kind 6) first, found kind 8"),
    ];
    for (message, code, why) in unopened {
        let mut program = Program::connect(&served).await;
        program.0.send(Message::binary(message)).await;
        let (found, reason) = program.0.closed().await;
        assert!(found == code && reason.starts_with(why), "{why}: closed with {found}, {reason}");
    }
    let (mut program, _) = Program::open(&served, "worker", 1).await;
    program.0.send(Message::text("hello")).await;
    assert_eq!(program.0.closed().await.0, 1003);
    // Nothing of these messages was accepted, and others did not notice.
    assert_eq!(metric(&served, "kymograph_publisher_rows_total{publisher=\"worker\"}").await as u64, 0);
    neighbour.read_live(3).await;
}

#[tokio::test]
async fn a_connection_that_opens_nothing_is_closed_after_five_seconds() {
    let served = Served::configured(config()).await;
    let mut program = Program::connect(&served).await;
    assert_eq!(program.0.closed().await, (1008, "no `Open` message within 5 s".to_owned()));
}

#[tokio::test]
async fn requests_of_the_other_kind_of_peer_are_refused_and_the_connection_goes_on() {
    let served = Served::start(&["publish", SYNTHETIC]).await;
    let refused = |frame: &[u8]| match Frame::decode(frame).expect("decodes").body {
        Body::Refused(refused) => (refused.request, refused.code),
        other => panic!("found {other:?}"),
    };
    let (mut program, _) = Program::open(&served, "worker", 1).await;
    program.say(&ClientMessage::subscribe(Start::Window(Interval::from_secs(1)))).await;
    assert_eq!(refused(&program.answer().await), (1, RefusalCode::UNKNOWN_KIND));
    program.say(&ClientMessage::Unknown { kind: 99 }).await;
    assert_eq!(refused(&program.answer().await), (99, RefusalCode::UNKNOWN_KIND));
    program.rows(1, &[(clock::now(), 1.0)]).await;
    program.until_held(1).await;

    let mut viewer = served.viewer("/stream?start=request").await;
    viewer.frame().await;
    viewer.say(&ClientMessage::Open { publisher: "worker", run: 1 }).await;
    assert_eq!(refused(&viewer.frame().await), (6, RefusalCode::UNKNOWN_KIND));
}

#[tokio::test]
async fn series_over_the_limit_are_left_out_with_a_reason_and_the_others_go_on() {
    let served = Served::start(&["publish:series=2"]).await;
    let (mut program, _) = Program::open(&served, "worker", 1).await;
    program.announce(1, &["waiting", "running", "failed", "done"]).await;
    let answer = program.answer().await;
    let Body::LeftOut(left_out) = Frame::decode(&answer).expect("decodes").body else { panic!("what is left out") };
    assert_eq!(left_out.series.iter().collect::<Vec<_>>(), [SeriesId(3), SeriesId(4)]);
    assert_eq!(left_out.groups.iter().collect::<Vec<GroupId>>(), []);
    assert_eq!(left_out.text, "series \"failed\" is left out: the publisher has 2 series, the limit for one");
    program.columns(1, &[clock::now()], &[(1, &[1.0]), (3, &[3.0])]).await;
    program.until_held(1).await;
    assert_eq!(values_of_history(&served, 1).await.len(), 1);
}

#[tokio::test]
async fn publishers_over_the_limit_are_refused_and_an_idle_one_is_forgotten() {
    let served = Served::start(&["publish:publishers=1"]).await;
    let (one, _) = Program::open(&served, "one", 1).await;
    let mut two = Program::connect(&served).await;
    two.say(&ClientMessage::Open { publisher: "two", run: 1 }).await;
    let (code, reason) = two.0.closed().await;
    assert!(code == 1008 && reason.starts_with("too many publishers: the limit is 1"), "{code}, {reason}");
    drop(one);
    super::until_metric(&served, "kymograph_publisher_connected{publisher=\"one\"}", 0.0).await;
    let (_two, _) = Program::open(&served, "two", 1).await;
    assert!(!served.get("/metrics").await.contains("publisher=\"one\""));
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_publishers_and_ends() {
    let mut served = Served::configured(config()).await;
    let (mut program, _) = Program::open(&served, "worker", 1).await;
    program.rows(1, &[(clock::now(), 1.0)]).await;
    program.until_held(1).await;
    served.stop();
    let answer = program.answer().await;
    assert!(matches!(Frame::decode(&answer).expect("decodes").body, Body::Bye(_)));
    assert_eq!(program.0.closed().await, (1001, "the server is stopping".to_owned()));
    served.stopped().await;
}

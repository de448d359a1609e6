//! The stream over real sockets: frames that a viewer is sent, and viewers that break a rule.

use crate::served::{Served, Viewer};
use feed_server::app::config::Config;
use feed_server::deliver::session::queries::QUERY_LIMITS;
use protocol::{
    Body, Bounds, CatalogScope, ClientMessage, Epoch, Feature, Frame, GapCause, GroupId, HistoryPart, Interval,
    RefusalCode, Revision, Role, Sequence, Start, Timestamp, Visibility,
};
use tokio_tungstenite::tungstenite::Message;

const SYNTHETIC: &str = "synthetic:groups=3,series=2,hz=50,prefill=20s,seed=7";

#[tokio::test]
async fn a_viewer_is_sent_hello_catalog_history_and_then_live_samples() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream?window=10").await;
    let hello = viewer.frame().await;
    let Body::Hello(hello) = Frame::decode(&hello).expect("decodes").body else { panic!("hello comes first") };
    assert_eq!(hello.server, concat!("kymograph ", env!("CARGO_PKG_VERSION")));

    let catalog = viewer.frame().await;
    let Body::Catalog(catalog) = Frame::decode(&catalog).expect("decodes").body else { panic!("then the catalog") };
    assert_eq!(catalog.scope, CatalogScope::Whole);
    let names: Vec<&str> = catalog.groups.iter().map(|group| group.name).collect();
    assert_eq!(names, ["synthetic.01", "synthetic.02", "synthetic.03"]);
    assert_eq!(catalog.series.iter().count(), 6);
    assert!(catalog.groups.iter().all(|group| group.interval == Interval::from_millis(20)));
    assert!(catalog.groups.iter().all(|group| !matches!(group.bounds, Bounds::Fixed { low, .. } if low != 0.0)));

    let mut times = std::collections::BTreeMap::<_, Vec<Timestamp>>::new();
    let mut live = 0;
    let mut complete = false;
    while live < 10 {
        let bytes = viewer.frame().await;
        let frame = Frame::decode(&bytes).expect("decodes");
        match frame.body {
            Body::History(history) => {
                assert!(!complete, "history comes before live samples");
                complete = history.part == HistoryPart::Last;
                for block in &history.blocks {
                    times.entry(block.group).or_default().extend(block.times.iter());
                    assert_eq!(block.columns.iter().count(), 2);
                }
            }
            Body::Samples(samples) => {
                assert!(complete, "live samples come after history");
                live += 1;
                let mut rows = 0;
                for group in (1..=3).map(GroupId) {
                    let new = viewer.groups.times(&samples, group);
                    rows += new.len();
                    times.entry(group).or_default().extend(new);
                }
                if samples.blocks.is_empty() {
                    assert_eq!(samples.list.iter().count(), 2 * rows, "each row has two series");
                }
            }
            _ => {}
        }
    }
    assert_eq!(times.len(), 3);
    for times in times.values() {
        assert!(times.len() > 450, "ten seconds at 50 Hz and later rows, found {}", times.len());
        let steps: Vec<i64> = times.windows(2).map(|pair| pair[1].micros_since(pair[0])).collect();
        assert!(steps.iter().all(|&step| step == 20_000), "no hole and no overlap from history to live: {steps:?}");
    }
}

#[tokio::test]
async fn resume_returns_missed_frames_once_and_in_order() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    let (epoch, position, mut times) = viewer.read_live(5).await;
    drop(viewer);

    let mut viewer = served.viewer("/stream?start=request").await;
    let window = Interval::from_secs(60);
    viewer
        .say(&ClientMessage::subscribe(Start::After { epoch, sequence: position, window, revision: Revision(0) }))
        .await;
    let (same_epoch, later, more) = viewer.read_live(5).await;
    assert_eq!(epoch, same_epoch);
    assert!(later > position);
    times.extend(more);
    let steps: Vec<i64> = times.windows(2).map(|pair| pair[1].micros_since(pair[0])).collect();
    assert!(steps.iter().all(|&step| step == 20_000), "every row once: {steps:?}");
}

#[tokio::test]
async fn a_position_of_another_epoch_or_of_the_future_is_answered_with_a_gap() {
    let served = Served::start(&[SYNTHETIC]).await;
    let window = Interval::from_secs(5);
    let mut viewer = served.viewer("/stream").await;
    let (epoch, position, _) = viewer.read_live(1).await;
    let cases = [
        (Epoch(epoch.0 ^ 1), position, GapCause::EpochChanged),
        (epoch, Sequence(u64::MAX), GapCause::UnknownPosition),
    ];
    for (epoch, sequence, expected) in cases {
        let mut viewer = served.viewer("/stream?start=request").await;
        viewer.say(&ClientMessage::subscribe(Start::After { epoch, sequence, window, revision: Revision(0) })).await;
        let gap = loop {
            let bytes = viewer.frame().await;
            match Frame::decode(&bytes).expect("decodes").body {
                Body::Gap(gap) => break gap,
                Body::Hello(_) | Body::Catalog(_) | Body::Heartbeat(_) => {}
                other => panic!("a gap before any sample, found {other:?}"),
            }
        };
        // The server still holds its first row.
        assert_eq!((gap.cause, gap.after, gap.until), (expected, sequence, Sequence(1)));
        let (_, _, times) = viewer.read_live(1).await;
        assert!(times.len() > 200, "the window follows, found {} rows", times.len());
    }
}

#[tokio::test]
async fn a_probe_is_answered_with_the_servers_time() {
    let served = Served::start(&["host:hz=5"]).await;
    let mut viewer = served.viewer("/stream").await;
    let origin = Timestamp::from_micros(123);
    viewer.say(&ClientMessage::Probe { origin }).await;
    loop {
        let bytes = viewer.frame().await;
        let frame = Frame::decode(&bytes).expect("decodes");
        if let Body::Echo(echo) = frame.body {
            assert_eq!(echo.origin, origin);
            assert!(frame.header.sent >= echo.received);
            return;
        }
    }
}

#[tokio::test]
async fn a_broken_rule_closes_only_that_session_with_code_and_reason() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut bystander = served.viewer("/stream").await;
    let mut unknown_version = ClientMessage::Probe { origin: Timestamp::MIN }.to_bytes().expect("encodes");
    unknown_version[2] = 77;
    let cases = [
        (Message::binary(b"garbage".to_vec()), 1007, "message of 7 bytes is shorter than the 8 bytes"),
        (Message::binary(b"XXgarbage".to_vec()), 1007, "message opens with"),
        (Message::binary(unknown_version), 4426, "protocol version 77 is not supported, expected 2"),
        (Message::text("hello"), 1003, "found a text message, expected a binary message"),
        (Message::binary(vec![0; 70_000]), 1009, "message too big: the limit is 65536 bytes"),
    ];
    for (message, code, reason) in cases {
        let mut viewer = served.viewer("/stream").await;
        viewer.send(message).await;
        let (found, said) = viewer.closed().await;
        assert_eq!(found, code, "{said}");
        assert!(said.starts_with(reason), "{said}");
    }
    bystander.read_live(3).await;
    let metrics = served.get("/metrics").await;
    for line in [
        "kymograph_sessions_refused_total{reason=\"Malformed\"} 3",
        "kymograph_sessions_refused_total{reason=\"Text\"} 1",
        "kymograph_sessions_refused_total{reason=\"TooBig\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn an_invalid_websocket_frame_closes_its_session_with_1002() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer: Viewer = served.viewer("/stream").await;
    // A frame with a reserved opcode, masked with zeros.
    viewer.send_raw(&[0x83, 0x80, 0, 0, 0, 0]).await;
    assert_eq!(viewer.closed().await.0, 1002);
    assert!(served.get("/metrics").await.contains("kymograph_sessions_refused_total{reason=\"WebSocket\"} 1"));
}

#[tokio::test]
async fn a_viewer_that_stops_reading_does_not_delay_others_and_misses_no_row() {
    let source = "synthetic:groups=12,series=8,hz=10000,prefill=0s".parse().expect("a valid source");
    // A ring that holds less than the kernel takes for a viewer that does not read.
    let served = Served::configured(Config { sources: vec![source], recent_bytes: 1 << 20, ..Config::default() }).await;
    let mut sleeper = served.viewer("/stream?window=0").await;
    let mut other = served.viewer("/stream?window=0").await;
    let fell_behind = |metrics: &str| !metrics.contains("kymograph_viewers_fell_behind_total 0\n");
    let mut metrics = served.get("/metrics").await;
    // Its session detects this when it can write again, so let it write a little at intervals.
    while !fell_behind(&metrics) {
        other.read_live(60).await;
        for _ in 0..20 {
            sleeper.frame().await;
        }
        metrics = served.get("/metrics").await;
    }
    let mut last: Option<Timestamp> = None;
    let mut rows = 0;
    while rows < 30_000 {
        let bytes = sleeper.frame().await;
        let times: Vec<Timestamp> = match Frame::decode(&bytes).expect("decodes").body {
            Body::History(history) => {
                let blocks = history.blocks.iter().filter(|block| block.group == GroupId(1));
                blocks.flat_map(|block| block.times.iter()).collect()
            }
            Body::Samples(samples) => sleeper.groups.times(&samples, GroupId(1)).into_iter().collect(),
            Body::Gap(gap) => panic!("everything is still in history, found {gap:?}"),
            _ => continue,
        };
        for time in times {
            assert!(last.is_none_or(|last| time.micros_since(last) <= 100), "no hole");
            // The rows of a segment are sent again.
            if last.is_none_or(|last| time > last) {
                last = Some(time);
                rows += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_stopping_server_sends_bye_and_closes() {
    let mut served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    viewer.read_live(1).await;
    served.stop();
    let mut bye = false;
    while let Some(bytes) = viewer.frame_or_close().await {
        bye |= matches!(Frame::decode(&bytes).expect("decodes").body, Body::Bye(_));
    }
    assert!(bye, "the last frame is Bye");
    assert_eq!(viewer.closed().await, (1001, "the server is stopping".to_owned()));
    served.stopped().await;
}

/// The value of a counter in an exposition.
fn counter(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("_total "));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} in\n{metrics}"))
}

#[tokio::test]
async fn a_frame_is_encoded_once_for_any_number_of_viewers() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewers = Vec::new();
    for _ in 0..30 {
        let mut viewer = served.viewer("/stream?window=0").await;
        viewer.read_live(1).await;
        viewers.push(viewer);
    }
    let before = served.get("/metrics").await;
    for viewer in &mut viewers {
        viewer.read_live(40).await;
    }
    let after = served.get("/metrics").await;
    let grown = |name| counter(&after, name) - counter(&before, name);
    assert!(grown("kymograph_frames_sent") >= 30 * 40);
    // One for each number, and a heartbeat a second.
    let encoded = grown("kymograph_frames_encoded");
    let numbered = grown("kymograph_frames_sequenced");
    assert!(encoded >= numbered && encoded <= numbered + 10, "{encoded} encoded, {numbered} numbered");
}

#[tokio::test]
async fn an_unchanged_catalog_is_encoded_once() {
    let served = Served::start(&["synthetic:groups=100,series=100,hz=1,prefill=0s"]).await;
    let mut viewer = served.viewer("/stream?window=0").await;
    viewer.read_live(1).await;
    let before = served.get("/metrics").await;
    for _ in 0..20 {
        viewer.say(&ClientMessage::subscribe(Start::Window(Interval::ZERO))).await;
        let mut catalogs = 0;
        // A large catalog takes several frames.
        while catalogs < 3 {
            let bytes = viewer.frame().await;
            catalogs += usize::from(matches!(Frame::decode(&bytes).expect("decodes").body, Body::Catalog(_)));
        }
    }
    let after = served.get("/metrics").await;
    let grown = |name| counter(&after, name) - counter(&before, name);
    // The last history frame of each viewer, and the samples and heartbeats of the meantime.
    let numbered = grown("kymograph_frames_sequenced");
    let encoded = grown("kymograph_frames_encoded");
    assert!(encoded < numbered + 20 + 40, "{encoded} encoded, {numbered} numbered");
}

#[tokio::test]
async fn the_largest_window_is_accepted() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream?start=request").await;
    viewer.say(&ClientMessage::subscribe(Start::Window(Interval::from_micros(u64::MAX)))).await;
    let (.., times) = viewer.read_live(3).await;
    assert!(times.len() > 950, "all twenty seconds, found {} rows", times.len());
}

#[tokio::test]
async fn a_request_of_unknown_kind_is_answered_and_the_stream_goes_on() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    viewer.read_live(1).await;
    // With a body that only a newer server can read.
    let mut request = ClientMessage::Unknown { kind: 99 }.to_bytes().expect("encodes");
    request.extend(b"from the future");
    request[4] = 15;
    viewer.send(Message::binary(request)).await;
    loop {
        let bytes = viewer.frame().await;
        if let Body::Refused(refused) = Frame::decode(&bytes).expect("decodes").body {
            assert_eq!((refused.request, refused.code), (99, RefusalCode::UNKNOWN_KIND));
            assert_eq!(refused.text, "no request of kind 99 is known");
            break;
        }
    }
    viewer.read_live(3).await;
}

/// The scopes and revisions of the catalog messages before the history.
async fn catalogs(viewer: &mut Viewer) -> Vec<(CatalogScope, Revision)> {
    let mut catalogs = Vec::new();
    loop {
        let bytes = viewer.frame().await;
        match Frame::decode(&bytes).expect("decodes").body {
            Body::Catalog(catalog) => catalogs.push((catalog.scope, catalog.revision)),
            Body::History(_) => return catalogs,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_catalog_whose_revision_the_viewer_names_is_not_sent_again() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    let sent = catalogs(&mut viewer).await;
    let [(CatalogScope::Whole, known)] = sent[..] else { panic!("found {sent:?}") };
    let (epoch, position, _) = viewer.read_live(1).await;
    let window = Interval::from_secs(1);
    let another = Revision(known.0 - 1);
    for (epoch, revision, expected) in [
        (epoch, known, CatalogScope::Unchanged),
        (epoch, another, CatalogScope::Whole),
        (epoch, Revision(0), CatalogScope::Whole),
        // Ids of another epoch are not valid, whatever its revision.
        (Epoch(epoch.0 ^ 1), known, CatalogScope::Whole),
    ] {
        let mut viewer = served.viewer("/stream?start=request").await;
        let start = Start::After { epoch, sequence: position, window, revision };
        viewer.say(&ClientMessage::subscribe(start)).await;
        assert_eq!(catalogs(&mut viewer).await, [(expected, known)]);
    }
    // On the same connection too.
    let start = Start::After { epoch, sequence: position, window, revision: known };
    viewer.say(&ClientMessage::subscribe(start)).await;
    assert_eq!(catalogs(&mut viewer).await, [(CatalogScope::Unchanged, known)]);
    viewer.read_live(1).await;
}

#[tokio::test]
async fn hello_states_limits_encodings_features_and_the_role() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    let bytes = viewer.frame().await;
    let Body::Hello(hello) = Frame::decode(&bytes).expect("decodes").body else { panic!("hello comes first") };
    assert_eq!((hello.role, hello.encodings), (Role::View, [0, 1, 2, 3].as_slice()));
    assert!(hello.features.iter().eq([Feature::REVISIONS, Feature::QUERIES, Feature::SUBSETS, Feature::SUMMARIES]));
    assert_eq!(hello.queries, QUERY_LIMITS);
    // The limits are those that the server enforces.
    for _ in 0..hello.limits.messages_at_once {
        viewer.say(&ClientMessage::Probe { origin: Timestamp::default() }).await;
    }
    viewer.read_live(1).await;
    let mut flood = served.viewer("/stream").await;
    for _ in 0..2 * hello.limits.messages_at_once {
        let _closed =
            flood.try_send(Message::binary(ClientMessage::Unknown { kind: 99 }.to_bytes().expect("encodes"))).await;
    }
    assert_eq!(flood.closed().await.0, 1008);
}

#[tokio::test]
async fn a_viewer_that_closes_is_answered_and_its_connection_ends_without_a_reset() {
    let served = Served::start(&[SYNTHETIC]).await;
    for is_live in [false, true] {
        let mut viewer = served.viewer("/stream").await;
        if is_live {
            viewer.read_live(2).await;
        }
        viewer.leave().await.expect("ends without a reset");
    }
}

#[tokio::test]
async fn the_version_is_a_subprotocol() {
    let served = Served::start(&[SYNTHETIC]).await;
    let offer = |names: &str| format!("sec-websocket-protocol: {names}\r\n");
    let mut current = served.viewer_with("/stream", &offer("kymograph.9, kymograph.2")).await;
    current.read_live(1).await;
    // A page cannot read the status of a refused handshake.
    let mut other = served.viewer_with("/stream", &offer("kymograph.9, kymograph.3")).await;
    assert_eq!(other.closed().await, (4426, "this server speaks kymograph.2 only".to_owned()));
}

#[tokio::test]
async fn pings_are_answered_between_frames() {
    let served = Served::start(&["synthetic:groups=12,series=8,hz=1000,prefill=0s"]).await;
    // No viewer may send more than 40 at once.
    for _ in 0..5 {
        let mut viewer = served.viewer("/stream?window=0").await;
        for number in 0..40_u8 {
            viewer.send(Message::Ping(vec![number; 100].into())).await;
            // Every frame must decode: a pong inside a frame would break it.
            Frame::decode(&viewer.frame().await).expect("a complete frame");
        }
        viewer.read_live(10).await;
    }
}

#[tokio::test]
async fn a_live_viewer_may_change_its_pace_and_subscribe_again() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream?window=0").await;
    let (epoch, position, _) = viewer.read_live(5).await;
    viewer.say(&ClientMessage::Pace { visibility: Visibility::Visible, frames_per_second: 20 }).await;
    viewer.read_live(5).await;
    viewer.say(&ClientMessage::Pace { visibility: Visibility::Visible, frames_per_second: 60 }).await;
    viewer.read_live(5).await;
    let start = Start::After { epoch, sequence: position, window: Interval::from_secs(1), revision: Revision(0) };
    viewer.say(&ClientMessage::subscribe(start)).await;
    // Frames in transit come first, then the catalog, the history and live samples.
    loop {
        let bytes = viewer.frame().await;
        if matches!(Frame::decode(&bytes).expect("decodes").body, Body::Catalog(_)) {
            break;
        }
    }
    let (_, later, times) = viewer.read_live(5).await;
    assert!(later > position);
    let steps: Vec<i64> = times.windows(2).map(|pair| pair[1].micros_since(pair[0])).collect();
    assert!(steps.iter().all(|&step| step == 20_000), "complete from its position on: {steps:?}");
}

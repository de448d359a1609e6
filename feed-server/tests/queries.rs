//! Queries over a real socket: answers beside the live stream, refusals, and many at once.

use std::collections::BTreeMap;

use crate::model;
use crate::served::{Served, Viewer};
use protocol::column::is_missing;
use protocol::{
    Answer, AnswerOrder, AnswerPart, Body, ClientMessage, Frame, GroupId, Interval, RefusalCode, Selection, SeriesId,
    Timestamp,
};
use series::Summary;
use tokio_tungstenite::tungstenite::Message;

const SOURCE: &str = "synthetic:groups=2,series=3,hz=100,prefill=30s";

/// By group, series and start.
type Summaries = BTreeMap<(GroupId, SeriesId), BTreeMap<Timestamp, Summary>>;

fn query(id: u32, selector: &str, range: (Timestamp, Timestamp), columns: u32) -> ClientMessage<'_> {
    let (from, to) = range;
    ClientMessage::Query { id, selection: Selection::Selector(selector), from, to, columns, order: AnswerOrder::Direct }
}

fn take(answer: &Answer<'_>, summaries: &mut Summaries) {
    for block in &answer.blocks {
        assert!(block.step > Interval::ZERO, "summaries");
        let times: Vec<Timestamp> = block.times.iter().collect();
        for columns in &block.series {
            let [first, last, min, max, sum, count] = columns.copied(times.len()).expect("known encodings");
            let held = summaries.entry((block.group, columns.series)).or_default();
            for row in (0..times.len()).filter(|&row| !is_missing(first[row])) {
                let (first, last, min, max, sum) = (first[row], last[row], min[row], max[row], sum[row]);
                let summary = Summary { first, last, min, max, sum, count: count[row] as u32 };
                assert_eq!(held.insert(times[row], summary), None, "a bucket was sent twice");
            }
        }
    }
}

/// Reads until query `id` is answered; other frames go to `viewer`.
async fn answer(socket: &mut Viewer, viewer: &mut model::Viewer, id: u32) -> Summaries {
    let mut summaries = Summaries::new();
    loop {
        let frame = socket.frame().await;
        if let Body::Answer(answer) = Frame::decode(&frame).expect("decodes").body {
            if answer.query != id {
                continue;
            }
            take(&answer, &mut summaries);
            if answer.part == AnswerPart::Last {
                return summaries;
            }
        }
        viewer.take(&frame);
    }
}

/// Reads until a refusal.
async fn refusal(socket: &mut Viewer) -> (RefusalCode, u32, String) {
    loop {
        if let Body::Refused(refused) = Frame::decode(&socket.frame().await).expect("decodes").body {
            return (refused.code, refused.id, refused.text.to_owned());
        }
    }
}

/// A viewer that is live and has 25 s of rows of two groups.
async fn live(served: &Served) -> (Viewer, model::Viewer) {
    let (mut socket, mut viewer) = (served.viewer("/stream").await, model::Viewer::new(None));
    while !viewer.is_live() || viewer.held.len() < 2 * 2_500 {
        viewer.take(&socket.frame().await);
    }
    (socket, viewer)
}

fn newest(viewer: &model::Viewer) -> Timestamp {
    viewer.held.keys().map(|(_, time)| *time).max().expect("rows")
}

/// The time up to which it holds rows of every group.
fn oldest_end(viewer: &model::Viewer) -> Timestamp {
    let ends: BTreeMap<GroupId, Timestamp> = viewer.held.keys().copied().collect();
    ends.into_values().min().expect("rows")
}

#[tokio::test]
async fn an_answer_equals_the_summary_of_the_rows_that_a_viewer_holds_and_live_frames_go_on() {
    let served = Served::start(&[SOURCE]).await;
    let (mut socket, mut viewer) = live(&served).await;
    let range = (newest(&viewer) - Interval::from_secs(20), newest(&viewer));
    socket.say(&query(1, "synthetic.*", range, 100)).await;
    let summaries = answer(&mut socket, &mut viewer, 1).await;
    assert_eq!(summaries.len(), 6);
    let step = 200_000;
    // The answer may have rows that are sent to the viewer after it.
    let answered = range.1 + Interval::from_micros(step as u64);
    while oldest_end(&viewer) < answered {
        viewer.take(&socket.frame().await);
    }
    for ((group, series), buckets) in summaries {
        assert!(buckets.len() >= 100, "found {}", buckets.len());
        for (start, found) in buckets {
            let end = Timestamp::from_micros(start.micros() + step);
            let rows = viewer.held.range((group, start)..(group, end));
            let values: Vec<f64> =
                rows.filter_map(|(_, row)| row.get(&series)).map(|bits| f64::from_bits(*bits)).collect();
            // The newest bucket gets rows after the answer.
            let expected = Summary::of(&values[..values.len().min(found.count as usize)]);
            assert!(found.count == 20 || end > range.1, "{} of 20 rows in {series} at {start:?}", found.count);
            assert_eq!(Summary { sum: 0.0, ..found }, Summary { sum: 0.0, ..expected }, "{series} at {start:?}");
            assert!((found.sum - expected.sum).abs() < 1e-9 * found.sum.abs().max(1.0));
        }
    }
    // The stream has no gap in its numbers: the model checks them.
    let before = viewer.position;
    while viewer.position.0 < before.0 + 5 {
        viewer.take(&socket.frame().await);
    }
}

#[tokio::test]
async fn a_query_that_is_not_served_is_refused_with_its_id_and_the_stream_goes_on() {
    let served = Served::start(&[SOURCE]).await;
    let (mut socket, mut viewer) = live(&served).await;
    let (now, later) = (newest(&viewer), newest(&viewer) + Interval::from_secs(1));
    for (id, (selector, range, columns), code, text) in [
        (1, ("synthetic{", (now, later), 10), RefusalCode::MALFORMED_SELECTOR, "selector, character 11: expected"),
        (2, ("*", (now, later), 0), RefusalCode::TOO_LARGE, "columns must be 1 to 4096, found 0"),
        (3, ("*", (now, later), u32::MAX), RefusalCode::TOO_LARGE, "columns must be 1 to 4096, found 4294967295"),
        (4, ("*", (later, now), 10), RefusalCode::EMPTY_RANGE, "the start of a range must be before its end"),
        (5, ("*", (now, now), 10), RefusalCode::EMPTY_RANGE, "the start of a range must be before its end"),
    ] {
        socket.say(&query(id, selector, range, columns)).await;
        let found = refusal(&mut socket).await;
        assert_eq!((found.0, found.1), (code, id));
        assert!(found.2.starts_with(text), "found {:?}", found.2);
    }
    socket.say(&query(6, "nothing.*", (now, later), 10)).await;
    assert!(answer(&mut socket, &mut viewer, 6).await.is_empty());
}

#[tokio::test]
async fn queries_at_once_have_a_limit_and_a_cancelled_one_makes_room() {
    let served = Served::start(&[SOURCE]).await;
    let (mut socket, mut viewer) = live(&served).await;
    let range = (newest(&viewer) - Interval::from_secs(3_600), newest(&viewer));
    // A cancelled query is not answered any more, so that its id is free at once.
    for _ in 0..5 {
        socket.say(&query(1, "*", range, 4_096)).await;
        socket.say(&ClientMessage::Cancel { id: 1 }).await;
    }
    socket.say(&ClientMessage::Cancel { id: 99 }).await;
    // What was sent before a query was cancelled precedes the answer to the probe.
    socket.say(&ClientMessage::Probe { origin: Timestamp::default() }).await;
    loop {
        let frame = socket.frame().await;
        match Frame::decode(&frame).expect("decodes").body {
            Body::Echo(_) => break,
            Body::Answer(_) => {}
            _ => viewer.take(&frame),
        }
    }
    socket.say(&query(1, "*", range, 10)).await;
    let all = answer(&mut socket, &mut viewer, 1).await;
    assert_eq!(all.len(), 6, "each series");

    let messages: Vec<Vec<u8>> =
        (1..=20).map(|id| query(id, "synthetic.*", range, 4_096).to_bytes().expect("encodes")).collect();
    for message in &messages {
        socket.send(Message::binary(message.clone())).await;
    }
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < messages.len() {
        let frame = socket.frame().await;
        match Frame::decode(&frame).expect("decodes").body {
            Body::Answer(answer) if answer.part == AnswerPart::Last => answered += 1,
            Body::Refused(found) => {
                assert_eq!(found.code, RefusalCode::TOO_MANY);
                refused += 1;
            }
            _ => {}
        }
    }
    assert!(answered >= 16, "{answered} were answered and {refused} refused");
}

#[tokio::test]
async fn answers_end_when_their_viewer_leaves() {
    let served = Served::start(&["synthetic:groups=10,series=20,hz=100,prefill=20s"]).await;
    for _ in 0..10 {
        let mut socket = served.viewer("/stream").await;
        for id in 0..16 {
            socket.say(&query(id, "*", (Timestamp::MIN, Timestamp::MAX), 4_096)).await;
        }
        drop(socket);
    }
    let (mut socket, mut viewer) = live(&served).await;
    let range = (newest(&viewer) - Interval::from_secs(10), newest(&viewer));
    socket.say(&query(3, "synthetic.0*", range, 10)).await;
    assert_eq!(answer(&mut socket, &mut viewer, 3).await.len(), 9 * 20);
}

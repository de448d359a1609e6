//! The messages of a publisher, and the answers to it. Those that begin with `publish_session` are a whole session.

use protocol::column::encoding;
use protocol::{
    BlockBuffer, Blocks, Body, Bounds, ClientMessage, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId,
    Header, Held, Hello, Interval, Label, LeftOut, Prominence, Role, Sequence, SeriesDescriptor, SeriesId, SeriesKind,
    Timestamp, ViewerLimits,
};

use super::Vector;

const RUN: u64 = 4_503_599_627_370_497;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_100_000_000 + micros)
}

fn frame(body: Body<'_>) -> Vec<u8> {
    let header = Header { epoch: Epoch(1_700_000_000_123_456), sequence: Sequence(4_242), sent: at(750), skipped: 0 };
    Frame { header, body }.to_bytes().expect("fits a message")
}

/// Ids as a list.
fn ids(ids: &[u32]) -> EntriesBuffer {
    let mut list = EntriesBuffer::default();
    ids.iter().try_for_each(|&id| list.push(&SeriesId(id))).expect("encodes");
    list
}

pub(crate) fn frames() -> Vec<Vector> {
    let limits = ViewerLimits {
        message_bytes: 65_536,
        messages: u32::MAX,
        messages_at_once: u32::MAX,
        bytes: u32::MAX,
        bytes_at_once: u32::MAX,
    };
    let hello = Hello {
        server: "kymograph 0.1.0",
        host: "web-1",
        history: Interval::from_secs(300),
        heartbeat: Interval::from_secs(1),
        role: Role::Publish,
        limits,
        encodings: &encoding::WRITTEN,
        ..Hello::default()
    };
    let held = |number, dropped| Body::Held(Held { run: RUN, number, dropped });
    let mut groups = EntriesBuffer::default();
    groups.push(&GroupId(300)).expect("encodes");
    let series = ids(&[7, 70_000]);
    let left_out = LeftOut {
        groups: groups.entries(),
        series: series.entries(),
        text: "series \"waiting\" is left out: the publisher has 10000 series, the limit for one",
    };
    let bodies = [
        ("publish_session_hello", Body::Hello(hello)),
        ("publish_session_held_none", held(0, 0)),
        ("publish_session_held", held(1, 0)),
        ("held_after_drops", held(70_000, 300)),
        ("left_out", Body::LeftOut(left_out)),
        (
            "left_out_nothing",
            Body::LeftOut(LeftOut { groups: Entries::default(), series: Entries::default(), text: "" }),
        ),
    ];
    bodies.map(|(name, body)| Vector { name, bytes: frame(body) }).into()
}

pub(crate) fn messages() -> Vec<Vector> {
    let (mut groups, mut series, mut labels) =
        (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
    let (id, name, title, unit, interval) = (GroupId(1), "jobs", "Jobs", "{job}", Interval::from_millis(100));
    let (bounds, prominence, rank) = (Bounds::FromZero, Prominence::Detail, 3);
    groups.push(&GroupDescriptor { id, name, title, unit, interval, bounds, prominence, rank }).expect("encodes");
    for (id, name) in [(1, "waiting"), (2, "running")] {
        labels.clear();
        labels.push(&Label { key: "state", value: name }).expect("encodes");
        let (id, labels) = (SeriesId(id), labels.entries());
        let described = SeriesDescriptor { id, group: GroupId(1), name, kind: SeriesKind::Gauge, labels };
        series.push(&described).expect("encodes");
    }
    let times: Vec<Timestamp> = (0..3).map(|row| at(row * 100_000)).collect();
    let (waiting, running) = ([3.0, 4.0, 6.0], [1.0, 1.0, 1.0]);
    let mut blocks = BlockBuffer::default();
    blocks.start(times[2]);
    let columns = [(SeriesId(1), &waiting[..]), (SeriesId(2), &running[..])];
    blocks.push(GroupId(1), &times, columns).expect("encodes");
    let mut two = BlockBuffer::default();
    two.start(at(-7));
    two.push(GroupId(1), &[at(300_000)], [(SeriesId(2), &[-0.0][..])]).expect("encodes");
    let (latencies, irregular) = ([0.1, f64::NAN, std::f64::consts::PI], [at(1), at(20_000), at(20_001)]);
    two.push(GroupId(300), &irregular, [(SeriesId(70_000), &latencies[..])]).expect("encodes");
    let ended = ids(&[2, 70_000]);
    let messages = [
        ("publish_session_open", ClientMessage::Open { publisher: "queue-worker", run: RUN }),
        ("publish_session_announce", ClientMessage::Announce { groups: groups.entries(), series: series.entries() }),
        ("announce_nothing", ClientMessage::Announce { groups: Entries::default(), series: Entries::default() }),
        ("publish_session_rows", ClientMessage::Rows { number: 1, lost: 0, blocks: blocks.blocks() }),
        ("rows_after_a_loss", ClientMessage::Rows { number: 70_000, lost: 300, blocks: two.blocks() }),
        ("rows_empty", ClientMessage::Rows { number: 2, lost: 5, blocks: Blocks::default() }),
        ("end", ClientMessage::End { series: ended.entries() }),
    ];
    messages.map(|(name, message)| Vector { name, bytes: message.to_bytes().expect("encodes") }).into()
}

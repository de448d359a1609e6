//! A message of each kind from a viewer, and those of [publishers](super::publish).

use protocol::{
    AnswerOrder, ClientMessage, EntriesBuffer, Epoch, GroupId, GroupStep, Interval, Resolution, Revision, Selection,
    Sequence, SeriesId, Start, Subset, Timestamp, Visibility,
};

use super::{Vector, publish};

pub(crate) fn all() -> Vec<Vector> {
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let mut series = EntriesBuffer::default();
    for id in [SeriesId(7), SeriesId(70_000)] {
        series.push(&id).expect("encodes");
    }
    let query = |id, selection, columns, order| {
        let (from, to) = (Timestamp::from_micros(1_699_999_400_000_000), at);
        ClientMessage::Query { id, selection, from, to, columns, order }
    };
    let of_selector = Selection::Selector("cpu.*{core!=\"1\"}");
    let of_series = Selection::Series(series.entries());
    let none = EntriesBuffer::default();
    let none = none.entries();
    let (mut groups, mut added) = (EntriesBuffer::default(), EntriesBuffer::default());
    [3, 4, 300].into_iter().try_for_each(|id| groups.push(&GroupId(id))).expect("encodes");
    added.push(&GroupId(300)).expect("encodes");
    let summarized = |id, start, selection, added, resolution| ClientMessage::Subscribe {
        start,
        subset: Subset::Of { id, selection, added, resolution },
    };
    let subset = |id, start, selection, added| summarized(id, start, selection, added, Resolution::ROWS);
    let mut steps = EntriesBuffer::default();
    for (group, step) in [(3, 0), (300, 73_171)] {
        steps.push(&GroupStep { group: GroupId(group), step: Interval::from_micros(step) }).expect("encodes");
    }
    let second = Resolution { step: Interval::from_secs(1), ..Resolution::ROWS };
    let steps = Resolution { step: Interval::from_millis(150), groups: steps.entries() };
    let resume = Start::After {
        epoch: Epoch(1_700_000_000_123_456),
        sequence: Sequence(4_242),
        window: Interval::from_secs(60),
        revision: Revision(7),
    };
    let messages = [
        ("subscribe_window", ClientMessage::subscribe(Start::Window(Interval::from_secs(60)))),
        (
            "subscribe_after",
            ClientMessage::subscribe(Start::After {
                epoch: Epoch(1_700_000_000_123_456),
                sequence: Sequence(4_242),
                window: Interval::from_secs(60),
                revision: Revision(7),
            }),
        ),
        (
            "resume_subscribe",
            ClientMessage::subscribe(Start::After {
                epoch: Epoch(1_700_000_000_123_456),
                sequence: Sequence(4_243),
                window: Interval::from_secs(1),
                revision: Revision(3),
            }),
        ),
        ("subscribe_selector", subset(1, Start::Window(Interval::from_secs(5)), of_selector, Selection::Series(none))),
        (
            "subscribe_groups",
            subset(300, resume, Selection::Groups(groups.entries()), Selection::Groups(added.entries())),
        ),
        (
            "subscribe_summaries",
            summarized(2, Start::Window(Interval::from_secs(600)), of_selector, Selection::Series(none), second),
        ),
        (
            "subscribe_steps",
            summarized(300, resume, Selection::Groups(groups.entries()), Selection::Groups(added.entries()), steps),
        ),
        ("probe", ClientMessage::Probe { origin: at }),
        ("pace_visible", ClientMessage::Pace { visibility: Visibility::Visible, frames_per_second: 60 }),
        ("pace_hidden", ClientMessage::Pace { visibility: Visibility::Hidden, frames_per_second: 0 }),
        ("query_selector", query(1, of_selector, 80, AnswerOrder::Direct)),
        ("query_series", query(300, of_series, 1_920, AnswerOrder::Direct)),
        ("query_coarse_first", query(2, of_series, 1_920, AnswerOrder::CoarseFirst)),
        ("cancel", ClientMessage::Cancel { id: 300 }),
        ("unknown_request", ClientMessage::Unknown { kind: 200 }),
    ];
    assert_eq!(query(1, of_selector, 80, AnswerOrder::Direct).kind(), ClientMessage::QUERY);
    let messages = messages.map(|(name, message)| Vector { name, bytes: message.to_bytes().expect("encodes") });
    let mut appended = ClientMessage::Probe { origin: at }.to_bytes().expect("encodes");
    appended.extend(b"a new field");
    appended[4] += 11;
    let appended = Vector { name: "appended_field", bytes: appended };
    messages.into_iter().chain([appended]).chain(publish::messages()).collect()
}

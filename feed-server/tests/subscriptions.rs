//! Subscriptions to a part of the stream, over real sockets.

use std::collections::{BTreeMap, BTreeSet};

use crate::model;
use crate::served::{Served, Viewer};
use protocol::{
    AnswerOrder, AnswerPart, Body, ClientMessage, EntriesBuffer, Extent, Frame, GroupId, Interval, RefusalCode,
    Resolution, Revision, Selection, SeriesId, Start, Subset, SummaryBlocks, Timestamp,
};

/// Four groups of three series.
const SOURCE: &str = "synthetic:groups=4,series=3,hz=50,prefill=20s";

/// A viewer that records the replies to its requests.
struct Part {
    socket: Viewer,
    model: model::Viewer,
    subscribed: Option<(u32, Extent)>,
    refused: Option<(RefusalCode, String)>,
}

impl Part {
    async fn open(served: &Served) -> Self {
        let (socket, model) = (served.viewer("/stream?start=request").await, model::Viewer::new(None));
        Self { socket, model, subscribed: None, refused: None }
    }

    async fn step(&mut self) {
        let bytes = self.socket.frame().await;
        match Frame::decode(&bytes).expect("decodes").body {
            Body::Subscribed(subscribed) => self.subscribed = Some((subscribed.series, subscribed.extent)),
            Body::Refused(refused) => self.refused = Some((refused.code, refused.text.to_owned())),
            // Of the earlier subscription.
            Body::Samples(_) | Body::History(_) | Body::Heartbeat(_) if self.subscribed.is_none() => {}
            _ => self.model.take(&bytes),
        }
    }

    async fn select(&mut self, start: Start, selection: Selection<'_>, added: Selection<'_>) {
        self.select_at(start, selection, added, Resolution::ROWS).await;
    }

    async fn select_at(
        &mut self,
        start: Start,
        selection: Selection<'_>,
        added: Selection<'_>,
        resolution: Resolution<'_>,
    ) {
        self.subscribed = None;
        let subset = Subset::Of { id: 1, selection, added, resolution };
        self.socket.say(&ClientMessage::Subscribe { start, subset }).await;
    }

    async fn live(&mut self) {
        while self.subscribed.is_none() || !self.model.is_live() {
            self.step().await;
        }
    }

    fn series(&self) -> BTreeSet<SeriesId> {
        self.model.held.values().flat_map(|row| row.keys().copied()).collect()
    }
}

fn groups(ids: impl IntoIterator<Item = GroupId>) -> EntriesBuffer {
    let mut list = EntriesBuffer::default();
    ids.into_iter().try_for_each(|id| list.push(&id)).expect("encodes");
    list
}

const WINDOW: Start = Start::Window(Interval::from_secs(10));
const NONE: Selection<'_> = Selection::Selector("nothing");

#[tokio::test]
async fn a_viewer_of_a_part_is_sent_the_columns_of_its_series_alone_and_no_number_is_missing() {
    let served = Served::start(&[SOURCE]).await;
    let mut part = Part::open(&served).await;
    let all = part.model_of_everything(&served).await;
    part.model.select(all.series.clone(), &BTreeSet::new());
    part.select(WINDOW, Selection::Selector("synthetic.01"), NONE).await;
    part.live().await;
    assert_eq!(part.subscribed, Some((3, Extent::Exact)));
    let rows = part.model.held.len();
    while part.model.held.len() < rows + 20 {
        part.step().await;
    }
    assert_eq!(part.series().len(), 3);
    let names: BTreeSet<GroupId> = part.model.held.keys().map(|(group, _)| *group).collect();
    assert_eq!(names.len(), 1, "one group");
}

#[tokio::test]
async fn a_subscription_that_changes_on_the_same_connection_has_no_hole_and_its_new_series_have_the_window() {
    let served = Served::start(&[SOURCE]).await;
    let mut part = Part::open(&served).await;
    let Everything { by_group, series } = part.model_of_everything(&served).await;
    let [first, second, ..] = by_group.as_slice() else { panic!("groups") };
    let of = |chosen: &[&(GroupId, BTreeSet<SeriesId>)]| -> BTreeSet<SeriesId> {
        chosen.iter().flat_map(|(_, series)| series.iter().copied()).collect()
    };
    part.model.select(of(&[first]), &BTreeSet::new());
    part.select(WINDOW, Selection::Groups(groups([first.0]).entries()), NONE).await;
    part.live().await;
    // Three times to both, and back to one of them.
    for _ in 0..3 {
        part.model.select(of(&[first, second]), &series);
        let (selected, added) = (groups([first.0, second.0]), groups([second.0]));
        part.select(part.model.start(), Selection::Groups(selected.entries()), Selection::Groups(added.entries()))
            .await;
        part.live().await;
        assert_eq!(part.subscribed, Some((6, Extent::Exact)));
        let of_second = part.model.held.keys().filter(|(group, _)| *group == second.0).count();
        assert!(of_second >= 10 * 50 - 50, "the window of a series that is added, found {of_second} rows");
        let position = part.model.position;
        while part.model.position.0 < position.0 + 20 {
            part.step().await;
        }
        part.model.select(of(&[first]), &series);
        part.select(part.model.start(), Selection::Groups(groups([first.0]).entries()), NONE).await;
        part.live().await;
    }
    // No row of the group that it held all the time is missing.
    let times: Vec<i64> =
        part.model.held.keys().filter(|(group, _)| *group == first.0).map(|(_, time)| time.micros()).collect();
    let mut whole = model::Viewer::new(None);
    let mut socket = served.viewer("/stream?window=60").await;
    while !whole.is_live() {
        whole.take(&socket.frame().await);
    }
    let range = (first.0, protocol::Timestamp::from_micros(times[0]))
        ..=(first.0, protocol::Timestamp::from_micros(times[times.len() - 1]));
    assert_eq!(whole.held.range(range).count(), times.len());
}

#[tokio::test]
async fn empty_selections_are_served_and_malformed_or_long_ones_are_refused() {
    let served = Served::start(&[SOURCE]).await;
    let mut part = Part::open(&served).await;
    part.model.select(BTreeSet::new(), &BTreeSet::new());
    let long = "x".repeat(5_000);
    for (text, code) in [("cpu{", RefusalCode::MALFORMED_SELECTOR), (&long, RefusalCode::TOO_LARGE)] {
        part.select(WINDOW, Selection::Selector(text), NONE).await;
        while part.refused.is_none() {
            part.step().await;
        }
        assert_eq!(part.refused.take().map(|(refused, _)| refused), Some(code));
    }
    // One more than 366 days.
    let years = Resolution { step: Interval::from_secs(367 * 86_400), ..Resolution::ROWS };
    part.select_at(WINDOW, Selection::Selector("*"), NONE, years).await;
    while part.refused.is_none() {
        part.step().await;
    }
    let (code, text) = part.refused.take().expect("refused");
    assert_eq!(code, RefusalCode::TOO_LARGE);
    assert!(text.contains("31622400000000") && text.contains("31708800000000"), "limit and value: {text}");
    // The session goes on, and waits for another request.
    part.select(WINDOW, Selection::Selector("nothing"), NONE).await;
    part.live().await;
    assert_eq!((part.subscribed, part.model.held.len()), (Some((0, Extent::Exact)), 0));
    let unknown = groups([GroupId(77), GroupId(u32::MAX)]);
    part.select(part.model.start(), Selection::Groups(unknown.entries()), NONE).await;
    part.live().await;
    assert_eq!(part.subscribed, Some((0, Extent::Exact)));
    // A heartbeat shows that nothing was lost.
    part.step().await;
    // Ids of another epoch select nothing.
    let Start::After { sequence, window, .. } = part.model.start() else { panic!("has a position") };
    let start = Start::After { epoch: protocol::Epoch(1), sequence, window, revision: Revision(0) };
    part.select(start, Selection::Groups(groups([GroupId(1)]).entries()), NONE).await;
    part.live().await;
    assert_eq!((part.subscribed, part.model.held.len()), (Some((0, Extent::Exact)), 0));
}

#[tokio::test]
async fn above_the_limit_viewers_share_a_wider_subscription_and_the_reply_states_it() {
    let served = Served::start(&[SOURCE]).await;
    let mut parts = Vec::new();
    for number in 0..66_u32 {
        let mut part = Part::open(&served).await;
        part.model.select((1..=12).map(SeriesId).collect(), &BTreeSet::new());
        let selected = groups([GroupId(1), GroupId(100 + number)]);
        part.select(WINDOW, Selection::Groups(selected.entries()), NONE).await;
        part.live().await;
        let extent = if number < 64 { Extent::Exact } else { Extent::Wider };
        let series = if number < 64 { 3 } else { 12 };
        assert_eq!(part.subscribed, Some((series, extent)), "viewer {number}");
        parts.push(part);
    }
    assert_eq!(parts.last().expect("one").series().len(), 12);
}

/// Fields of closed buckets, by series and start.
type Closed = BTreeMap<(SeriesId, Timestamp), [u64; 6]>;

fn take_blocks(blocks: &SummaryBlocks<'_>, closed: &mut Closed) {
    for block in blocks {
        let times: Vec<Timestamp> = block.times.iter().collect();
        for series in &block.series {
            let fields = series.copied(times.len()).expect("known encodings");
            for (place, &time) in times.iter().enumerate() {
                closed.insert((series.series, time), std::array::from_fn(|field| fields[field][place].to_bits()));
            }
        }
    }
}

#[tokio::test]
async fn summaries_that_are_kept_current_equal_the_answer_of_a_query() {
    let served = Served::start(&["synthetic:groups=2,series=3,hz=1000,prefill=5s"]).await;
    let mut socket = served.viewer("/stream?start=request").await;
    let step = Interval::from_millis(150);
    let resolution = Resolution { step, ..Resolution::ROWS };
    let subset = Subset::Of { id: 1, selection: Selection::Selector("*"), added: NONE, resolution };
    socket.say(&ClientMessage::Subscribe { start: WINDOW, subset }).await;
    let (mut closed, mut open) = (Closed::new(), BTreeMap::<GroupId, (Timestamp, Vec<SeriesId>, Vec<_>)>::new());
    let mut newest = BTreeMap::new();
    // Until each group has closed ten buckets.
    let mut live = 0;
    while live < 60 {
        let bytes = socket.frame().await;
        let updates = match Frame::decode(&bytes).expect("decodes").body {
            Body::Summaries(summaries) => {
                take_blocks(&summaries.blocks, &mut closed);
                summaries.open
            }
            Body::Samples(samples) => {
                assert!(samples.list.is_empty() && samples.blocks.is_empty(), "both groups are sent as summaries");
                samples.updates
            }
            Body::History(history) => {
                assert!(history.blocks.is_empty(), "both groups are sent as summaries");
                continue;
            }
            _ => continue,
        };
        for update in &updates {
            if let Some(begins) = update.begins {
                let of = open.entry(update.group).or_insert_with(|| (begins.start, Vec::new(), Vec::new()));
                of.0 = begins.start;
                if let Some(shape) = begins.shape {
                    assert_eq!(shape.step, step);
                    of.1 = shape.series().collect();
                }
            }
            let (start, series, held) = open.get_mut(&update.group).expect("begun");
            assert!(update.apply_to(held));
            assert!(newest.insert(update.group, update.newest) <= Some(update.newest));
            if update.is_closed {
                live += series.len();
                closed.extend(series.iter().zip(held).map(|(&id, held)| ((id, *start), held.map(f64::to_bits))));
            }
        }
    }
    let starts = || closed.keys().map(|(_, start)| *start);
    let (from, last) = (starts().min().expect("buckets"), starts().max().expect("buckets"));
    let columns = (last.micros_since(from).unsigned_abs() / step.micros()) as u32 + 1;
    let (to, order) = (last + step, AnswerOrder::Direct);
    socket.say(&ClientMessage::Query { id: 7, selection: Selection::Selector("*"), from, to, columns, order }).await;
    let mut answered = Closed::new();
    loop {
        let bytes = socket.frame().await;
        let Body::Answer(answer) = Frame::decode(&bytes).expect("decodes").body else { continue };
        take_blocks(&answer.blocks, &mut answered);
        if answer.part == AnswerPart::Last {
            break;
        }
    }
    // Each group closes its newest bucket at a time of its own.
    let newest_of = |series: SeriesId| closed.keys().filter(|(of, _)| *of == series).map(|(_, start)| *start).max();
    answered.retain(|&(series, start), _| Some(start) <= newest_of(series));
    assert_eq!(closed, answered);
}

struct Everything {
    by_group: Vec<(GroupId, BTreeSet<SeriesId>)>,
    series: BTreeSet<SeriesId>,
}

impl Part {
    /// The groups and series of the server.
    async fn model_of_everything(&self, served: &Served) -> Everything {
        let (mut socket, mut viewer) = (served.viewer("/stream").await, model::Viewer::new(None));
        let groups = |viewer: &model::Viewer| viewer.held.keys().map(|(group, _)| *group).collect::<BTreeSet<_>>();
        while !viewer.is_live() || groups(&viewer).len() < 4 {
            viewer.take(&socket.frame().await);
        }
        let mut by_group = std::collections::BTreeMap::<GroupId, BTreeSet<SeriesId>>::new();
        for ((group, _), row) in &viewer.held {
            by_group.entry(*group).or_default().extend(row.keys());
        }
        let series = by_group.values().flatten().copied().collect();
        Everything { by_group: by_group.into_iter().collect(), series }
    }
}

//! Bodies of frames.

use wincode::{SchemaRead, SchemaWrite};

use super::super::read;
use super::block::{Blocks, WireBlock};
use super::bucket_updates::{BucketUpdates, Summaries};
use super::catalog::{Catalog, Label};
use super::head::{GroupId, Interval, Sequence, SeriesId, Timestamp};
use super::list::{List, Sized};
use super::summaries::{Answer, take};

#[derive(Debug)]
pub(crate) enum Body<'a> {
    Hello(Hello<'a>),
    Catalog(Catalog<'a>),
    Samples(Samples<'a>),
    History(History<'a>),
    Gap(Gap),
    Heartbeat(Heartbeat),
    Echo(Echo),
    Refused(Refused<'a>),
    Bye(Bye<'a>),
    Answer(Answer<'a>),
    Subscribed(Subscribed),
    Summaries(Summaries<'a>),
    Held(Held),
    LeftOut(LeftOut<'a>),
    Logs(Logs<'a>),
    Event(Event<'a>),
}

impl<'a> Body<'a> {
    /// Returns `None` if the kind is unknown.
    pub(crate) fn read(kind: u8, bytes: &'a [u8], sent: i64) -> Option<Self> {
        Some(match kind {
            1 => Self::Hello(read(bytes)),
            2 => Self::Catalog(read(bytes)),
            3 | 66 => Self::Samples(Samples::read(bytes, sent)),
            4 => Self::History(read(bytes)),
            5 => Self::Gap(read(bytes)),
            6 => Self::Heartbeat(read(bytes)),
            7 => Self::Echo(read(bytes)),
            8 => Self::Refused(read(bytes)),
            9 => Self::Bye(read(bytes)),
            10 => Self::Answer(read(bytes)),
            11 => Self::Subscribed(read(bytes)),
            12 => Self::Summaries(Summaries::read(bytes)),
            13 => Self::Held(read(bytes)),
            14 => Self::LeftOut(read(bytes)),
            64 => Self::Logs(read(bytes)),
            65 => Self::Event(read(bytes)),
            _ => return None,
        })
    }
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Subscribed {
    id: u32,
    series: u32,
    extent: Extent,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Extent {
    Exact,
    Wider,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Held {
    run: u64,
    number: u64,
    dropped: u64,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct LeftOut<'a> {
    groups: List<'a, GroupId>,
    series: List<'a, SeriesId>,
    text: &'a str,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Hello<'a> {
    server: &'a str,
    host: &'a str,
    history: Interval,
    heartbeat: Interval,
    role: Role,
    limits: ViewerLimits,
    encodings: &'a [u8],
    features: List<'a, Feature<'a>>,
    queries: QueryLimits,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Role {
    View,
    Edit,
    Publish,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct ViewerLimits {
    message_bytes: u32,
    messages: u32,
    messages_at_once: u32,
    bytes: u32,
    bytes_at_once: u32,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct QueryLimits {
    at_once: u32,
    columns: u32,
    summaries: u32,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Feature<'a>(&'a str);

/// The samples of a list are not decoded.
#[derive(Debug)]
pub(crate) struct Samples<'a> {
    collected: Timestamp,
    list: SampleList<'a>,
    blocks: Blocks<'a>,
    updates: BucketUpdates<'a>,
}

#[derive(Debug)]
pub(crate) struct SampleList<'a> {
    base: Timestamp,
    bytes: &'a [u8],
}

#[derive(Debug, SchemaRead, SchemaWrite)]
struct WireSamples<'a> {
    collected: i64,
    list: &'a [u8],
    blocks: List<'a, WireBlock<'a>>,
}

impl<'a> Samples<'a> {
    fn read(mut body: &'a [u8], sent: i64) -> Self {
        let WireSamples { collected, list: bytes, blocks: list } = take(&mut body, &mut Vec::new());
        let base = Timestamp(sent + collected);
        let (list, blocks) = (SampleList { base, bytes }, Blocks { base, list });
        Self { collected: base, list, blocks, updates: BucketUpdates::read(body, base) }
    }
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct History<'a> {
    part: HistoryPart,
    blocks: Blocks<'a>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum HistoryPart {
    More,
    Last,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Gap {
    after: Sequence,
    until: Sequence,
    cause: GapCause,
    content: GapContent,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum GapContent {
    Rows,
    Logs,
    Events,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Logs<'a> {
    lines: List<'a, Sized<'a, LogLine<'a>>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct LogLine<'a> {
    time: Timestamp,
    severity: Severity,
    source: &'a str,
    text: &'a str,
    labels: List<'a, Label<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Event<'a> {
    time: Timestamp,
    kind: EventKind,
    source: &'a str,
    text: &'a str,
    labels: List<'a, Label<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum EventKind {
    Annotation,
    Alert,
    Capture,
    Layout,
    Source,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum GapCause {
    HistoryExpired,
    EpochChanged,
    UnknownPosition,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Heartbeat {
    next_within: Interval,
    groups: u32,
    silent: u32,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Echo {
    origin: Timestamp,
    received: Timestamp,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Refused<'a> {
    request: u8,
    code: RefusalCode,
    text: &'a str,
    id: u32,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct RefusalCode(u32);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Bye<'a> {
    reason: ByeReason,
    retry_after: Interval,
    text: &'a str,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum ByeReason {
    ServerStopping,
    Overloaded,
    Refused,
}

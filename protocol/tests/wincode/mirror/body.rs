//! Bodies of frames.

use wincode::{SchemaRead, SchemaWrite};

use super::super::read;
use super::block::Blocks;
use super::catalog::Catalog;
use super::head::{Interval, Sequence, SeriesId, Timestamp};
use super::list::List;

#[derive(Debug)]
pub(crate) enum Body<'a> {
    Hello(Hello<'a>),
    Catalog(Catalog<'a>),
    Samples(Samples<'a>),
    History(History<'a>),
    Gap(Gap),
    Heartbeat(Heartbeat),
    Echo(Echo),
    Log(Log<'a>),
    Annotation(Annotation<'a>),
    Alert(Alert<'a>),
    Tally(Tally<'a>),
    Relay(Relay<'a>),
    Bye(Bye<'a>),
}

impl<'a> Body<'a> {
    /// Returns `None` if the kind is unknown.
    pub(crate) fn read(kind: u8, bytes: &'a [u8]) -> Option<Self> {
        Some(match kind {
            1 => Self::Hello(read(bytes)),
            2 => Self::Catalog(read(bytes)),
            3 => Self::Samples(read(bytes)),
            4 => Self::History(read(bytes)),
            5 => Self::Gap(read(bytes)),
            6 => Self::Heartbeat(read(bytes)),
            7 => Self::Echo(read(bytes)),
            8 => Self::Log(read(bytes)),
            9 => Self::Annotation(read(bytes)),
            10 => Self::Alert(read(bytes)),
            11 => Self::Tally(read(bytes)),
            12 => Self::Relay(read(bytes)),
            13 => Self::Bye(read(bytes)),
            _ => return None,
        })
    }
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Hello<'a> {
    server: &'a str,
    host: &'a str,
    history: Interval,
    heartbeat: Interval,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Samples<'a> {
    collected: Timestamp,
    queued: Timestamp,
    blocks: Blocks<'a>,
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
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Echo {
    origin: Timestamp,
    received: Timestamp,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Log<'a> {
    at: Timestamp,
    severity: Severity,
    source: &'a str,
    text: &'a str,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Annotation<'a> {
    id: u64,
    cause: AnnotationCause,
    at: Timestamp,
    until: Timestamp,
    position: Sequence,
    series: List<'a, SeriesId>,
    author: &'a str,
    text: &'a str,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum AnnotationCause {
    Note,
    TriggerHit,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Alert<'a> {
    at: Timestamp,
    series: SeriesId,
    severity: Severity,
    state: AlertState,
    name: &'a str,
    text: &'a str,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum AlertState {
    Firing,
    Resolved,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Tally<'a> {
    second: Timestamp,
    series: List<'a, SeriesTally>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct SeriesTally {
    series: SeriesId,
    count: u32,
    hash: u64,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Relay<'a> {
    from: &'a str,
    payload: &'a [u8],
}

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

//! Messages from a viewer or a publisher. A body is the sequence of its fields.

use wincode::{SchemaRead, SchemaWrite};

use super::super::{Varints, read};
use super::block::Blocks;
use super::catalog::{GroupDescriptor, SeriesDescriptor};
use super::head::{Epoch, GroupId, Interval, Revision, Sequence, SeriesId, Timestamp};
use super::list::{List, Sized};

#[derive(Debug)]
pub(crate) enum ClientMessage<'a> {
    Subscribe { start: Start, subset: Subset<'a> },
    Probe { origin: Timestamp },
    Pace { visibility: Visibility, frames_per_second: u8 },
    Query { id: u32, selection: Selection<'a>, from: Timestamp, to: Timestamp, columns: u32, order: AnswerOrder },
    Cancel { id: u32 },
    Open { publisher: &'a str, run: u64 },
    Announce { groups: List<'a, Sized<'a, GroupDescriptor<'a>>>, series: List<'a, Sized<'a, SeriesDescriptor<'a>>> },
    Rows { number: u64, lost: u64, blocks: Blocks<'a> },
    End { series: List<'a, SeriesId> },
}

impl<'a> ClientMessage<'a> {
    /// Returns `None` if the kind is unknown.
    pub(crate) fn read(kind: u8, body: &'a [u8]) -> Option<Self> {
        Some(match kind {
            1 => Self::subscribe(body),
            2 => Self::Probe { origin: read(body) },
            3 => {
                let (visibility, frames_per_second) = read(body);
                Self::Pace { visibility, frames_per_second }
            }
            4 => {
                let (id, selection, from, to, columns, order) = read(body);
                Self::Query { id, selection, from, to, columns, order }
            }
            5 => Self::Cancel { id: read(body) },
            6 => {
                let (publisher, run) = read(body);
                Self::Open { publisher, run }
            }
            7 => {
                let (groups, series) = read(body);
                Self::Announce { groups, series }
            }
            8 => {
                let (number, lost, blocks) = read(body);
                Self::Rows { number, lost, blocks }
            }
            9 => Self::End { series: read(body) },
            _ => return None,
        })
    }

    /// wincode has no fields that may be left out: a body that ends after the start is read without them.
    fn subscribe(body: &'a [u8]) -> Self {
        if let Ok(start) = wincode::config::deserialize_exact(body, Varints::new()) {
            return Self::Subscribe { start, subset: Subset::Everything };
        }
        let (start, id, selection, added, resolution) = read(body);
        Self::Subscribe { start, subset: Subset::Of { id, selection, added, resolution } }
    }
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Start {
    Window(Interval),
    After { epoch: Epoch, sequence: Sequence, window: Interval, revision: Revision },
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Visibility {
    Visible,
    Hidden,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Selection<'a> {
    Selector(&'a str),
    Series(List<'a, SeriesId>),
    Groups(List<'a, GroupId>),
}

#[derive(Debug)]
pub(crate) enum Subset<'a> {
    Everything,
    Of { id: u32, selection: Selection<'a>, added: Selection<'a>, resolution: Resolution<'a> },
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Resolution<'a> {
    step: Interval,
    groups: List<'a, GroupStep>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct GroupStep {
    group: GroupId,
    step: Interval,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum AnswerOrder {
    Direct,
    CoarseFirst,
}

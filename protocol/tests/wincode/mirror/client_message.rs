//! Messages from a viewer. A body is the sequence of its fields.

use wincode::{SchemaRead, SchemaWrite};

use super::super::read;
use super::head::{Epoch, Interval, Revision, Sequence, SeriesId, Timestamp};
use super::list::List;

#[derive(Debug)]
pub(crate) enum ClientMessage<'a> {
    Subscribe { start: Start },
    Probe { origin: Timestamp },
    Pace { visibility: Visibility, frames_per_second: u8 },
    Query { id: u32, selection: Selection<'a>, from: Timestamp, to: Timestamp, columns: u32, order: AnswerOrder },
    Cancel { id: u32 },
}

impl<'a> ClientMessage<'a> {
    /// Returns `None` if the kind is unknown.
    pub(crate) fn read(kind: u8, body: &'a [u8]) -> Option<Self> {
        Some(match kind {
            1 => Self::Subscribe { start: read(body) },
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
            _ => return None,
        })
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
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum AnswerOrder {
    Direct,
    CoarseFirst,
}

//! Messages from a viewer. A body is the sequence of its fields.

use wincode::{SchemaRead, SchemaWrite};

use super::super::read;
use super::head::{Epoch, Interval, Revision, Sequence, Timestamp};

#[derive(Debug)]
pub(crate) enum ClientMessage {
    Subscribe { start: Start },
    Probe { origin: Timestamp },
    Pace { visibility: Visibility, frames_per_second: u8 },
}

impl ClientMessage {
    /// Returns `None` if the kind is unknown.
    pub(crate) fn read(kind: u8, body: &[u8]) -> Option<Self> {
        Some(match kind {
            1 => Self::Subscribe { start: read(body) },
            2 => Self::Probe { origin: read(body) },
            3 => {
                let (visibility, frames_per_second) = read(body);
                Self::Pace { visibility, frames_per_second }
            }
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

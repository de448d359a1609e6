//! Messages from a viewer. A body is the sequence of its fields.

use wincode::{SchemaRead, SchemaWrite};

use super::super::read;
use super::head::{Epoch, Interval, Sequence, Timestamp};

#[derive(Debug)]
pub(crate) enum ClientMessage<'a> {
    Subscribe { start: Start },
    Acknowledge { sequence: Sequence },
    Probe { origin: Timestamp },
    Pace { visibility: Visibility, frames_per_second: u8 },
    Annotate { at: Timestamp, until: Timestamp, text: &'a str },
    Relay { payload: &'a [u8] },
}

impl<'a> ClientMessage<'a> {
    pub(crate) fn read(kind: u8, body: &'a [u8]) -> Self {
        match kind {
            1 => Self::Subscribe { start: read(body) },
            2 => Self::Acknowledge { sequence: read(body) },
            3 => Self::Probe { origin: read(body) },
            4 => {
                let (visibility, frames_per_second) = read(body);
                Self::Pace { visibility, frames_per_second }
            }
            5 => {
                let (at, until, text) = read(body);
                Self::Annotate { at, until, text }
            }
            6 => Self::Relay { payload: read(body) },
            kind => panic!("a client message of unknown kind {kind}"),
        }
    }
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Start {
    Window(Interval),
    After { epoch: Epoch, sequence: Sequence, window: Interval },
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Visibility {
    Visible,
    Hidden,
}

//! A viewer's request for a stream.

use protocol::{Selection, Start, Subset};

use crate::deliver::refusal::{Refusal, read_selection};
use crate::stream::selected_by::SelectedBy;

/// The stream that a viewer requests.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRequest {
    pub start: Start,
    /// `None` for everything.
    pub selection: Option<RequestedSelection>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RequestedSelection {
    pub id: u32,
    pub by: SelectedBy,
    /// Those of which the viewer holds no rows.
    pub added: SelectedBy,
}

impl From<Start> for StreamRequest {
    /// A request for everything.
    fn from(start: Start) -> Self {
        Self { start, selection: None }
    }
}

impl StreamRequest {
    /// Reads the fields of a message.
    ///
    /// # Errors
    /// If a selection cannot be read.
    pub fn read(start: Start, subset: Subset<'_>) -> Result<Self, Refusal> {
        let read = |selection: Selection<'_>| read_selection(selection).map(|(by, _)| by);
        let selection = match subset {
            Subset::Everything => None,
            Subset::Of { id, selection, added } => {
                Some(RequestedSelection { id, by: read(selection)?, added: read(added)? })
            }
        };
        Ok(Self { start, selection })
    }
}

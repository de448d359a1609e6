//! A viewer's request for a stream.

use protocol::{RefusalCode, Selection, Start, Subset};

use crate::deliver::refusal::{Refusal, read_selection};
use crate::deliver::subscriptions::MAX_PATTERNS;
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
    /// The selected series of which the viewer does not hold all rows up to its position.
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
            Subset::Of { id, selection, added, .. } => {
                let (by, added) = (read(selection)?, read(added)?);
                let found = by.patterns().max(added.patterns());
                if found > MAX_PATTERNS {
                    let text = format!(
                        "a selector of a subscription must have at most {MAX_PATTERNS} patterns, found {found}"
                    );
                    return Err(Refusal { code: RefusalCode::TOO_LARGE, text });
                }
                Some(RequestedSelection { id, by, added })
            }
        };
        Ok(Self { start, selection })
    }
}

//! A viewer's request for a stream.

use protocol::{GroupId, Interval, RefusalCode, Resolution, Selection, Start, Subset};

use crate::deliver::refusal::{Refusal, read_selection};
use crate::deliver::subscription::Part;
use crate::deliver::subscriptions::MAX_PATTERNS;
use crate::stream::buckets::steps::{LONGEST_STEP, Steps};
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
    pub to: Part,
    /// The selected series of which the viewer does not hold all rows up to its position, or not in this resolution.
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
    /// If a selection cannot be read, or a step is too long.
    pub fn read(start: Start, subset: Subset<'_>) -> Result<Self, Refusal> {
        let read = |selection: Selection<'_>| read_selection(selection).map(|(by, _)| by);
        let selection = match subset {
            Subset::Everything => None,
            Subset::Of { id, selection, added, resolution } => {
                let (by, added) = (read(selection)?, read(added)?);
                let steps = read_steps(resolution)?;
                let found = by.patterns().max(added.patterns());
                if found > MAX_PATTERNS {
                    let text = format!(
                        "a selector of a subscription must have at most {MAX_PATTERNS} patterns, found {found}"
                    );
                    return Err(Refusal { code: RefusalCode::TOO_LARGE, text });
                }
                Some(RequestedSelection { id, to: Part { by, steps }, added })
            }
        };
        Ok(Self { start, selection })
    }
}

fn read_steps(resolution: Resolution<'_>) -> Result<Steps, Refusal> {
    let groups: Vec<(GroupId, Interval)> = resolution.groups.iter().map(|of| (of.group, of.step)).collect();
    let steps = groups.iter().map(|(_, step)| *step).chain([resolution.step]);
    if let Some(found) = steps.max().filter(|step| *step > LONGEST_STEP) {
        let (found, limit) = (found.micros(), LONGEST_STEP.micros());
        let text = format!("a step must be at most {limit} us, which are 366 days, found {found} us");
        return Err(Refusal { code: RefusalCode::TOO_LARGE, text });
    }
    Ok(Steps { step: resolution.step, groups })
}

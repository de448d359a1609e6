//! The work before a snapshot: joining a subscription, finding its series, and tracking the buckets of its groups.

use protocol::{Extent, Start};

use super::request::RequestedSelection;
use crate::deliver::tracking::Tracking;
use crate::deliver::viewer::ViewerGuard;
use crate::stream::selected_by::SelectedBy;
use crate::stream::selecting::Selecting;

/// The work before the snapshot.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) start: Start,
    /// The step that has not been taken yet.
    joining: Joining,
    /// Content of the `Subscribed` frame that is not sent yet.
    pub(super) joined: Option<(u32, Extent)>,
    series: Selecting,
    /// The selected series of which the viewer does not hold all rows up to its position.
    added: Option<SelectedBy>,
    pub(super) added_series: Selecting,
    pub(super) tracking: Tracking,
    /// The first step was taken.
    pub(super) is_searching: bool,
}

/// The subscription that a viewer joins.
#[derive(Debug, Default)]
pub(super) enum Joining {
    /// It stays with the one that it has.
    #[default]
    None,
    Everything,
    Part(RequestedSelection),
}

impl Beginning {
    pub(super) fn new(start: Start, joining: Joining) -> Self {
        let (series, added_series) = <(Selecting, Selecting)>::default();
        let tracking = Tracking::default();
        Self { start, joining, joined: None, series, added: None, added_series, tracking, is_searching: false }
    }

    /// Does the next part of the work. Returns true after the last.
    pub(super) fn step(&mut self, viewer: &mut ViewerGuard) -> bool {
        match std::mem::take(&mut self.joining) {
            Joining::Part(RequestedSelection { id, mut to, mut added }) => {
                let is_of_epoch = !matches!(self.start, Start::After { epoch, .. } if epoch != viewer.hub().epoch);
                if !is_of_epoch {
                    to.forget_ids();
                    added.forget_ids();
                }
                self.joined = Some((id, viewer.subscribe(Some(to))));
                let is_resume = matches!(self.start, Start::After { .. }) && is_of_epoch;
                self.added = is_resume.then_some(added);
            }
            Joining::Everything => {
                viewer.subscribe(None);
            }
            Joining::None => {}
        }
        self.is_searching = true;
        if !viewer.resolve(&mut self.series) {
            return false;
        }
        if let Some(added) = &self.added
            && !self.added_series.step(added, &viewer.hub().catalog)
        {
            return false;
        }
        viewer.track(&mut self.tracking)
    }
}

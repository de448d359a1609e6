//! The search for the series of a selection in the catalog.

use crate::stream::catalog::{Catalog, SelectionProgress};
use crate::stream::selected_by::SelectedBy;
use crate::stream::selected_series::SelectedSeries;

/// The search for the series of a selection, in steps of bounded work.
#[derive(Debug, Default)]
pub struct Selecting {
    progress: SelectionProgress,
    found: SelectedSeries,
    is_done: bool,
}

impl Selecting {
    /// Looks at the next series of the catalog. Returns true after the last. Must be called with the same selection each time.
    pub fn step(&mut self, by: &SelectedBy, catalog: &Catalog) -> bool {
        if !self.is_done {
            if let SelectedBy::Groups(groups) = by {
                self.found = SelectedSeries::of_groups(groups);
                self.is_done = true;
            } else {
                for (group, series) in catalog.select(by, &mut self.progress) {
                    self.found.insert(group, series);
                }
                self.is_done = self.progress.is_complete();
            }
        }
        self.is_done
    }

    /// The series that were found.
    pub const fn found(&self) -> &SelectedSeries {
        &self.found
    }
}

//! The views before and after the one that is shown, for undo and redo.

use super::view::View;

/// Older views are forgotten.
const MOST: usize = 50;

#[derive(Clone, Debug, Default)]
pub(super) struct Visited {
    earlier: Vec<View>,
    later: Vec<View>,
}

impl Visited {
    /// Records that the hand has left a view for a new one.
    pub(super) fn leave(&mut self, view: View) {
        if self.earlier.len() == MOST {
            self.earlier.remove(0);
        }
        self.earlier.push(view);
        self.later.clear();
    }

    /// The view before `view`, which becomes a later one.
    pub(super) fn back(&mut self, view: View) -> Option<View> {
        let earlier = self.earlier.pop()?;
        self.later.push(view);
        Some(earlier)
    }

    /// The view after `view`, which becomes an earlier one.
    pub(super) fn forward(&mut self, view: View) -> Option<View> {
        let later = self.later.pop()?;
        self.earlier.push(view);
        Some(later)
    }
}

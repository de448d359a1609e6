//! What the panels need of each group: rows, or summaries of columns of one length.

use std::collections::HashMap;

use protocol::Interval;

use crate::store::Needs;
use crate::view::Window;

/// A panel of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShownPanel<'p> {
    /// The name of the measured group.
    pub(super) group: &'p str,
    pub(super) place: PanelPlace,
    pub(super) reads: Reads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PanelPlace {
    OnScreen,
    OffScreen,
}

/// What a panel reads of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Rows: it has tiles, or shows a derived group.
    Rows,
    /// Summaries of the columns of a chart; `None` before its width is known.
    Columns(Option<u32>),
}

/// What is known of a group from its panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShownGroup {
    pub(super) is_on_screen: bool,
    pub(super) needs: Needs,
}

/// The groups of these panels. Those with a panel that reads rows, on screen or not, and those whose charts on screen have columns of
/// different lengths need rows. If the page does not hold the whole window, all do, and `span` is `None`.
pub(super) fn shown_groups<'p>(
    panels: impl IntoIterator<Item = ShownPanel<'p>>,
    span: Option<Interval>,
) -> HashMap<&'p str, ShownGroup> {
    let mut groups: HashMap<&str, ShownGroup> = HashMap::new();
    for ShownPanel { group, place, reads } in panels {
        let shown = groups.entry(group).or_default();
        shown.is_on_screen |= place == PanelPlace::OnScreen;
        let needs = match (reads, span) {
            (Reads::Rows, _) | (_, None) => Needs::Rows,
            (Reads::Columns(Some(width)), Some(span)) if place == PanelPlace::OnScreen => {
                Needs::Columns(column(span, width))
            }
            (Reads::Columns(_), Some(_)) => Needs::Unknown,
        };
        shown.needs = match (shown.needs, needs) {
            (Needs::Unknown, needs) | (needs, Needs::Unknown) => needs,
            (before, needs) if before == needs => needs,
            _ => Needs::Rows,
        };
    }
    for group in groups.values_mut().filter(|group| !group.is_on_screen) {
        group.needs = Needs::Unknown;
    }
    groups
}

/// The length of a column of a chart.
pub(super) fn column(span: Interval, width_px: u32) -> Interval {
    Interval::from_micros(Window::new(span, width_px).column_us().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Interval = Interval::from_secs(60);
    const CHART: Reads = Reads::Columns(Some(600));

    fn needs_of(panels: &[(PanelPlace, Reads)], span: Option<Interval>) -> ShownGroup {
        let panel = |&(place, reads): &(PanelPlace, Reads)| ShownPanel { group: "g", place, reads };
        shown_groups(panels.iter().map(panel), span)["g"]
    }

    #[test]
    fn a_group_needs_summaries_if_all_its_panels_are_charts_with_columns_of_one_length() {
        use PanelPlace::{OffScreen, OnScreen};
        let columns = |millis| ShownGroup { is_on_screen: true, needs: Needs::Columns(Interval::from_millis(millis)) };
        let rows = ShownGroup { is_on_screen: true, needs: Needs::Rows };
        let of = |panels: &[(PanelPlace, Reads)]| needs_of(panels, Some(MINUTE));
        assert_eq!(of(&[(OnScreen, CHART)]), columns(100));
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, CHART)]), columns(100));
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, Reads::Columns(Some(300)))]), rows);
        assert_eq!(of(&[(OnScreen, CHART), (OffScreen, Reads::Columns(None))]), columns(100));
        assert_eq!(of(&[(OffScreen, Reads::Rows), (OnScreen, CHART)]), rows);
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, Reads::Rows)]), rows);
        assert_eq!(of(&[(OffScreen, Reads::Rows)]), ShownGroup::default());
        let unmeasured = ShownGroup { is_on_screen: true, needs: Needs::Unknown };
        assert_eq!(of(&[(OnScreen, Reads::Columns(None))]), unmeasured);
        assert_eq!(needs_of(&[(OnScreen, CHART)], None), rows, "the page holds a part of the window");
    }
}

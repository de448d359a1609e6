//! What the panels need of each group: rows, or summaries of one length.

use std::collections::HashMap;

use protocol::Interval;

use super::past_requests::window_of_rows;
use crate::store::Needs;
use crate::view::Window;

/// The longest bucket of a window of which the page holds the newest part only.
const LONGEST_OF_PART: Interval = Interval::from_secs(2);

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
/// different lengths need rows.
pub(super) fn shown_groups<'p>(
    panels: impl IntoIterator<Item = ShownPanel<'p>>,
    span: Interval,
) -> HashMap<&'p str, ShownGroup> {
    let mut groups: HashMap<&str, ShownGroup> = HashMap::new();
    for ShownPanel { group, place, reads } in panels {
        let shown = groups.entry(group).or_default();
        shown.is_on_screen |= place == PanelPlace::OnScreen;
        let needs = match reads {
            Reads::Rows => Needs::Rows,
            Reads::Columns(Some(width)) if place == PanelPlace::OnScreen => Needs::Columns(bucket(span, width)),
            Reads::Columns(_) => Needs::Unknown,
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

/// The length of the buckets for a chart: a column, or where the page holds the newest part of the window only, a part of a column. Then the
/// first bucket that is held begins soon after the last one that a query has answered.
pub(super) fn bucket(span: Interval, width_px: u32) -> Interval {
    let column = Window::new(span, width_px).column_us().unsigned_abs();
    let is_held_whole = window_of_rows(span) == span;
    let parts = if is_held_whole { 1 } else { column.div_ceil(LONGEST_OF_PART.micros()) };
    Interval::from_micros(column.div_ceil(parts.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Interval = Interval::from_secs(60);
    const CHART: Reads = Reads::Columns(Some(600));

    fn needs_of(panels: &[(PanelPlace, Reads)], span: Interval) -> ShownGroup {
        let panel = |&(place, reads): &(PanelPlace, Reads)| ShownPanel { group: "g", place, reads };
        shown_groups(panels.iter().map(panel), span)["g"]
    }

    #[test]
    fn a_group_needs_summaries_if_all_its_panels_are_charts_with_columns_of_one_length() {
        use PanelPlace::{OffScreen, OnScreen};
        let columns = |millis| ShownGroup { is_on_screen: true, needs: Needs::Columns(Interval::from_millis(millis)) };
        let rows = ShownGroup { is_on_screen: true, needs: Needs::Rows };
        let of = |panels: &[(PanelPlace, Reads)]| needs_of(panels, MINUTE);
        assert_eq!(of(&[(OnScreen, CHART)]), columns(100));
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, CHART)]), columns(100));
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, Reads::Columns(Some(300)))]), rows);
        assert_eq!(of(&[(OnScreen, CHART), (OffScreen, Reads::Columns(None))]), columns(100));
        assert_eq!(of(&[(OffScreen, Reads::Rows), (OnScreen, CHART)]), rows);
        assert_eq!(of(&[(OnScreen, CHART), (OnScreen, Reads::Rows)]), rows);
        assert_eq!(of(&[(OffScreen, Reads::Rows)]), ShownGroup::default());
        let unmeasured = ShownGroup { is_on_screen: true, needs: Needs::Unknown };
        assert_eq!(of(&[(OnScreen, Reads::Columns(None))]), unmeasured);
    }

    #[test]
    fn a_bucket_is_a_column_or_in_a_long_window_a_part_of_one() {
        let bucket_ms = |span_s, width_px| bucket(Interval::from_secs(span_s), width_px).micros() / 1_000;
        assert_eq!([bucket_ms(60, 400), bucket_ms(600, 400), bucket_ms(600, 100)], [150, 1_500, 6_000]);
        assert_eq!([bucket_ms(800, 400), bucket_ms(3_600, 400), bucket_ms(86_400, 400)], [2_000, 1_800, 2_000]);
    }
}

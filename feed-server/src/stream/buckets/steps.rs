//! The steps of the summaries that a viewer asks for.

use protocol::{GroupId, Interval};

/// A group is sent as summaries if a bucket has at least this many rows. Of fewer, the rows take about as few bytes, and have all values.
const LEAST_ROWS: u64 = 8;

/// A step is at most this part of the history: of a longer one, rows of the open bucket may be evicted.
const HISTORY_PART: u64 = 4;

/// Groups with more series are sent as rows: their open bucket would not fit a message if no value can be packed.
pub const MAX_SERIES: usize = 1_024;

/// The longest step. Times of updates take at most 49 bits.
pub const LONGEST_STEP: Interval = Interval::from_secs(366 * 86_400);

/// The steps of a subscription. The default is rows of all groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// 0 for rows.
    pub step: Interval,
    /// Groups with another step, in rising order.
    pub groups: Vec<(GroupId, Interval)>,
}

impl Steps {
    /// Returns true if all groups are sent as rows.
    pub fn are_rows(&self) -> bool {
        self.step == Interval::ZERO && self.groups.iter().all(|(_, step)| *step == Interval::ZERO)
    }

    /// The step that is asked for; 0 for rows.
    pub fn of(&self, group: GroupId) -> Interval {
        let place = self.groups.binary_search_by_key(&group, |(group, _)| *group);
        place.map_or(self.step, |place| self.groups[place].1)
    }

    /// The step of a group that is sent as summaries; `None` if it is sent as rows.
    pub fn summarizes(&self, group: GroupId, properties: GroupProperties) -> Option<Interval> {
        let step = self.of(group);
        let GroupProperties { interval, history, merge_window, series } = properties;
        let has_rows = step.micros() / LEAST_ROWS >= interval.micros().max(1);
        let is_held = step.micros() <= history.micros() / HISTORY_PART;
        (has_rows && is_held && merge_window == Interval::ZERO && series <= MAX_SERIES).then_some(step)
    }

    /// Forgets the steps of groups: their ids are of another epoch.
    pub fn forget_ids(&mut self) {
        self.groups.clear();
    }
}

/// What decides whether a group is sent as summaries.
#[derive(Clone, Copy, Debug)]
pub struct GroupProperties {
    pub interval: Interval,
    /// The most age of rows in the history.
    pub history: Interval,
    pub merge_window: Interval,
    /// Of the catalog.
    pub series: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_summarized_if_its_buckets_have_eight_rows_and_none_is_late() {
        let (second, two) = (Interval::from_secs(1), Interval::from_secs(2));
        let steps = Steps { step: second, groups: vec![(GroupId(3), Interval::ZERO), (GroupId(5), two)] };
        let group = |millis| GroupProperties {
            interval: Interval::from_millis(millis),
            history: Interval::from_secs(8),
            merge_window: Interval::ZERO,
            series: MAX_SERIES,
        };
        let summarized = |id, properties| steps.summarizes(GroupId(id), properties);
        assert_eq!(summarized(1, group(125)), Some(second));
        assert_eq!(summarized(1, group(126)), None);
        assert_eq!(summarized(3, group(1)), None, "rows were asked for");
        assert_eq!(summarized(5, group(250)), Some(two));
        assert_eq!(summarized(1, GroupProperties { merge_window: Interval::from_micros(1), ..group(1) }), None);
        assert_eq!(summarized(1, GroupProperties { series: MAX_SERIES + 1, ..group(1) }), None);
        let short = GroupProperties { history: Interval::from_secs(7), ..group(1) };
        assert_eq!(
            (summarized(1, short), summarized(5, short)),
            (Some(second), None),
            "more than a quarter of the history"
        );
        assert!(!steps.are_rows());
        assert!(Steps { step: Interval::ZERO, groups: vec![(GroupId(3), Interval::ZERO)] }.are_rows());
    }
}

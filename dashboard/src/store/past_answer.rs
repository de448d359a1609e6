//! The answer to a query, collected from its frames.

use std::collections::BTreeMap;

use protocol::column::{MISSING, Values, is_missing};
use protocol::{Answer, GroupId, Interval, SeriesId, SummaryField, Timestamp};
use series::Summary;

/// A summary of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerSummary {
    pub series: SeriesId,
    pub start: Timestamp,
    /// 0 for a row.
    pub step: Interval,
    pub summary: Summary,
}

/// The summaries of each group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastAnswer(BTreeMap<GroupId, Vec<AnswerSummary>>);

impl PastAnswer {
    /// Adds the content of a frame. Series with a column of an unknown encoding are left out.
    pub fn add(&mut self, answer: &Answer<'_>) {
        for block in &answer.blocks {
            let times: Vec<Timestamp> = block.times.iter().collect();
            let held = self.0.entry(block.group).or_default();
            for columns in &block.series {
                let copied = |values: Values<'_>| {
                    let mut copy = vec![MISSING; times.len()];
                    values.copy_to(&mut copy);
                    copy
                };
                let Some(first) = columns.first().map(copied) else { continue };
                let fields = SummaryField::ALL.map(|field| columns.field(field).map(copied));
                let [Some(last), Some(min), Some(max), Some(sum), Some(count)] = &fields else { continue };
                let rows = (0..times.len()).filter(|&row| !is_missing(first[row]) && first[row].is_finite());
                held.extend(rows.map(|row| {
                    let (first, last, min, max, sum) = (first[row], last[row], min[row], max[row], sum[row]);
                    let summary = Summary { first, last, min, max, sum, count: count[row] as u32 };
                    AnswerSummary { series: columns.series, start: times[row], step: block.step, summary }
                }));
            }
        }
    }

    pub(super) fn of(&self, group: GroupId) -> &[AnswerSummary] {
        self.0.get(&group).map_or(&[], Vec::as_slice)
    }
}

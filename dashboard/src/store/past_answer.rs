//! The answer to a query, collected from its frames.

use protocol::column::is_missing;
use protocol::{Answer, GroupId, Interval, SeriesId, Timestamp};
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
pub struct PastAnswer(Vec<(GroupId, Vec<AnswerSummary>)>);

impl PastAnswer {
    #[cfg(test)]
    pub(super) fn of_test(group: GroupId, summaries: Vec<AnswerSummary>) -> Self {
        Self(vec![(group, summaries)])
    }

    /// Adds the content of a frame. Series with a column of an unknown encoding are left out.
    pub fn add(&mut self, answer: &Answer<'_>) {
        for block in &answer.blocks {
            let times: Vec<Timestamp> = block.times.iter().collect();
            let place = self.0.iter().position(|(group, _)| *group == block.group).unwrap_or_else(|| {
                self.0.push((block.group, Vec::new()));
                self.0.len() - 1
            });
            let held = &mut self.0[place].1;
            for columns in &block.series {
                let Some([first, last, min, max, sum, count]) = columns.copied(times.len()) else { continue };
                // A row without a finite value is a hole in the line.
                let is_held =
                    |row: &usize| first[*row].is_finite() || block.step == Interval::ZERO && !is_missing(first[*row]);
                let rows = (0..times.len()).filter(is_held);
                held.extend(rows.map(|row| {
                    let (first, last, min, max, sum) = (first[row], last[row], min[row], max[row], sum[row]);
                    let summary = Summary { first, last, min, max, sum, count: count[row] as u32 };
                    let summary = if first.is_finite() { summary } else { Summary::EMPTY };
                    AnswerSummary { series: columns.series, start: times[row], step: block.step, summary }
                }));
            }
        }
    }

    /// All summaries.
    pub fn all(&self) -> impl Iterator<Item = &AnswerSummary> {
        self.0.iter().flat_map(|(_, summaries)| summaries)
    }

    pub(super) fn of(&self, group: GroupId) -> &[AnswerSummary] {
        self.0.iter().find(|(known, _)| *known == group).map_or(&[], |(_, summaries)| summaries)
    }
}

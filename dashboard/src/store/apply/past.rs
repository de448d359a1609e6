//! Summaries of the time before the rows.

use std::ops::Range;

use protocol::{Interval, Timestamp};

use super::Store;
use crate::store::past::{Past, PastSummary};
use crate::store::past_answer::{AnswerSummary, PastAnswer};

impl Store {
    /// Takes the answer to a query about the time before the rows of the group with this name. Without `oldest`, it replaces what is held;
    /// with it, it follows, and what ends before `oldest` is dropped.
    pub fn take_past(
        &mut self,
        name: &str,
        step: Interval,
        range: Range<Timestamp>,
        answer: &PastAnswer,
        oldest: Option<Timestamp>,
    ) {
        let Some(place) = self.groups.iter().position(|group| group.name == name) else { return };
        let id = self.places.iter().find(|(_, held)| **held == place).map(|(id, _)| *id);
        let group = &mut self.groups[place];
        let placed = |found: &AnswerSummary| {
            let AnswerSummary { start, step, summary, .. } = *found;
            Some(PastSummary { series: group.find(found.series)?, start, step, summary })
        };
        let summaries: Vec<PastSummary> = id.map_or(&[][..], |id| answer.of(id)).iter().filter_map(placed).collect();
        group.change_past(|past| match oldest {
            None => past.replace(step, range, summaries),
            Some(oldest) => past.extend(range.end, summaries, oldest),
        });
    }

    /// Drops the summaries of the time before the rows of groups that are not among `names`.
    pub fn keep_past(&mut self, names: &[&str]) {
        for group in &mut self.groups {
            if group.past().range().is_some() && !names.contains(&group.name.as_str()) {
                group.change_past(Past::clear);
            }
        }
    }
}

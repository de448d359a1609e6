//! Requests the whole history of one chart, about one summary for each pixel column of the overview.
//!
//! The server does not state how old its oldest value is. The first query asks for the longest range; the next one for what the answer had, until
//! the values fill the range. Then the answer is renewed as the time of a column passes.

use std::ops::Range;

use protocol::{Answer, AnswerPart, Interval, SeriesId, Timestamp};
use series::Summary;

use super::past_requests::{ChartOnScreen, PastQuery};
use crate::chart::Columns;
use crate::store::PastAnswer;
use crate::viewport::LONGEST_FIXED;

/// An answer is renewed when this part of its range has passed, or a column if that is longer.
const RENEWED_PART: u64 = 20;
const SHORTEST_PAUSE: Interval = Interval::from_secs(5);
/// After a refusal, the next query waits.
const PAUSE: Interval = Interval::from_secs(10);

/// Values fill a range if at most this part of it, at its beginning, has none.
const EMPTY_PART: u64 = 50;

#[derive(Debug, Default)]
pub(super) struct OverviewRequests {
    /// Of the group whose first series is shown.
    title: String,
    series: Vec<SeriesId>,
    /// No value is older, as far as is known.
    oldest: Option<Timestamp>,
    range: Option<Range<Timestamp>>,
    /// One for each column of the range.
    columns: Vec<Summary>,
    /// Incremented with each change.
    version: u64,
    last_id: u32,
    waiting: Option<Waiting>,
    due: Timestamp,
}

#[derive(Debug)]
struct Waiting {
    id: u32,
    range: Range<Timestamp>,
    columns: u32,
    answer: PastAnswer,
}

impl OverviewRequests {
    /// The title of the group that is shown.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// The times of the columns; `None` before the first answer that is filled.
    pub(super) const fn range(&self) -> Option<&Range<Timestamp>> {
        self.range.as_ref()
    }

    /// The start of the oldest bucket with a value, as far as is known.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.range.as_ref().and(self.oldest)
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// The summaries of its columns.
    pub(super) fn columns(&self) -> OverviewColumns<'_> {
        OverviewColumns(&self.columns)
    }

    /// Records that the connection was lost, and its query with it. The next server may have another history, and other ids.
    pub(super) fn disconnected(&mut self) {
        (self.waiting, self.oldest) = (None, None);
        self.series.clear();
        self.due = Timestamp::default();
    }

    /// The next query, if one is due at `now`, for a strip of `columns`. The chart that is shown first stays.
    pub(super) fn next(
        &mut self,
        charts: &[ChartOnScreen],
        columns: u32,
        now: Timestamp,
        max_columns: u32,
    ) -> Option<PastQuery> {
        if self.series.is_empty() {
            let chart = charts.iter().find(|chart| !chart.series.is_empty())?;
            self.title.clone_from(&chart.title);
            self.series = chart.series.first().copied().into_iter().collect();
        }
        let columns = columns.min(max_columns);
        if self.waiting.is_some() || columns == 0 || now < self.due || now <= Timestamp::default() {
            return None;
        }
        let from = self.oldest.unwrap_or(now - LONGEST_FIXED);
        let step = now.since(from).micros().div_ceil(u64::from(columns)).max(1);
        let range = now - Interval::from_micros(step * u64::from(columns))..now;
        // Ids of other queries rise from 1.
        self.last_id = self.last_id.wrapping_sub(1);
        self.waiting = Some(Waiting { id: self.last_id, range: range.clone(), columns, answer: PastAnswer::default() });
        Some(PastQuery { id: self.last_id, series: self.series.clone(), range, columns })
    }

    /// Adds a frame of an answer. Returns false if it is of another query.
    pub(super) fn take(&mut self, answer: &Answer<'_>) -> bool {
        let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == answer.query) else { return false };
        waiting.answer.add(answer);
        if answer.part == AnswerPart::Last
            && let Some(waiting) = self.waiting.take()
        {
            self.show(&waiting);
        }
        true
    }

    /// Records that a query was refused. Returns false if it is another one.
    pub(super) fn refused(&mut self, id: u32, now: Timestamp) -> bool {
        let is_own = self.waiting.as_ref().is_some_and(|waiting| waiting.id == id);
        if is_own {
            self.waiting = None;
            self.due = now + PAUSE;
        }
        is_own
    }

    fn show(&mut self, waiting: &Waiting) {
        let (range, count) = (&waiting.range, waiting.columns as usize);
        let step = Interval::from_micros(range.end.since(range.start).micros() / u64::from(waiting.columns));
        let column_of =
            |time: Timestamp| (time.since(range.start).micros() / step.micros().max(1)).min(count as u64 - 1) as usize;
        let mut columns = vec![Summary::EMPTY; count];
        let mut oldest: Option<Timestamp> = None;
        for found in waiting.answer.all().filter(|found| !found.summary.is_empty()) {
            // A bucket may be longer than a column.
            let last = found.start + found.step - Interval::from_micros(1);
            for column in &mut columns[column_of(found.start)..=column_of(last.max(found.start))] {
                column.extend(&found.summary);
            }
            oldest = Some(oldest.map_or(found.start, |oldest| oldest.min(found.start)));
        }
        let oldest = oldest.map(|oldest| oldest.max(range.start));
        let whole = range.end.since(range.start).micros();
        let pause = step.max(SHORTEST_PAUSE).max(Interval::from_micros(whole / RENEWED_PART));
        let Some(oldest) = oldest else {
            // Perhaps the series are gone.
            self.series.clear();
            self.due = range.end + PAUSE;
            return;
        };
        let is_filled = oldest.since(range.start).micros() <= whole / EMPTY_PART;
        // A range that is still too long is asked for again at once.
        self.due = if is_filled { range.end + pause } else { Timestamp::default() };
        if is_filled {
            self.columns = columns;
            self.range = Some(range.clone());
            self.version += 1;
        }
        self.oldest = Some(oldest);
    }
}

/// The summaries of the columns, as one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverviewColumns<'a>(&'a [Summary]);

impl Columns for OverviewColumns<'_> {
    fn series(&self) -> usize {
        1
    }

    fn width(&self) -> u32 {
        self.0.len() as u32
    }

    fn summary(&self, _series: usize, x: u32) -> Summary {
        self.0.get(x as usize).copied().unwrap_or(Summary::EMPTY)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GroupId, SummaryBuffer, SummaryColumnsBuffer, SummaryValues};

    use super::*;

    const NOW: i64 = 1_000_000_000;
    const COLUMNS: u32 = 100;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn next(requests: &mut OverviewRequests, now: i64) -> Option<PastQuery> {
        let chart = ChartOnScreen {
            group: "cpu".to_owned(),
            title: "CPU".to_owned(),
            width_px: 400,
            series: vec![SeriesId(2), SeriesId(1)],
        };
        requests.next(&[chart], COLUMNS, at(now), 4_096)
    }

    /// Answers with buckets of `step` seconds.
    fn answer(requests: &mut OverviewRequests, id: u32, step: u64, starts: &[i64]) {
        let (mut blocks, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
        let times: Vec<Timestamp> = starts.iter().map(|&start| at(start)).collect();
        let first = vec![2.0; times.len()];
        columns.push(SeriesId(2), SummaryValues { first: &first, others: None }).expect("encodes");
        blocks.push(GroupId(1), Interval::from_secs(step), &times, &columns).expect("encodes");
        assert!(requests.take(&Answer { query: id, part: AnswerPart::Last, blocks: blocks.blocks() }));
    }

    #[test]
    fn the_oldest_value_is_found_in_a_few_queries() {
        let mut requests = OverviewRequests::default();
        let first = next(&mut requests, NOW).expect("a query");
        assert_eq!((first.series.as_slice(), first.columns), (&[SeriesId(2)][..], COLUMNS));
        assert!(first.range.end == at(NOW) && first.range.start <= at(NOW) - LONGEST_FIXED);
        assert_eq!(next(&mut requests, NOW), None, "one at a time");
        answer(&mut requests, first.id, 26_784, &[NOW - 26_784]);
        assert_eq!(requests.version(), 0, "nothing is drawn of a range that is too long");
        let second = next(&mut requests, NOW).expect("a query");
        assert!(second.id != first.id && second.range.start >= at(NOW - 26_800), "{:?}", second.range);
        answer(&mut requests, second.id, 268, &[NOW - 500, NOW - 200]);
        let third = next(&mut requests, NOW).expect("a query");
        answer(&mut requests, third.id, 5, &(0..100).map(|column| NOW - 500 + 5 * column).collect::<Vec<_>>());
        let range = requests.range().cloned().expect("a range");
        assert_eq!((requests.version(), range.end), (1, at(NOW)));
        assert!((at(NOW - 501)..=at(NOW - 500)).contains(&range.start), "{range:?}");
        let columns = requests.columns();
        assert_eq!((columns.width(), columns.summary(0, 7).min, columns.summary(0, 7).max), (COLUMNS, 2.0, 2.0));
        assert_eq!(next(&mut requests, NOW + 24), None, "not yet");
        assert!(next(&mut requests, NOW + 26).is_some());
    }

    #[test]
    fn a_server_without_values_is_asked_again_later() {
        let mut requests = OverviewRequests::default();
        let query = next(&mut requests, NOW).expect("a query");
        answer(&mut requests, query.id, 1, &[]);
        assert_eq!(requests.range(), None);
        assert_eq!(next(&mut requests, NOW + 1), None);
    }

    #[test]
    fn a_refused_query_and_a_lost_one_are_asked_again() {
        let mut requests = OverviewRequests::default();
        let query = next(&mut requests, NOW).expect("a query");
        assert!(!requests.refused(query.id - 1, at(NOW)) && requests.refused(query.id, at(NOW)));
        assert_eq!(next(&mut requests, NOW + 9), None);
        assert!(next(&mut requests, NOW + 10).is_some());
        requests.disconnected();
        assert!(next(&mut requests, NOW + 11).is_some());
    }
}

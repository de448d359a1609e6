//! Queries for the values of a panel that the page does not hold: part by part, so that the server answers each with rows.

use std::ops::Range;

use protocol::{Answer, AnswerPart, Interval, QueryLimits, SeriesId, Timestamp};

use super::values::{MAX_VALUES, Values};
use crate::page::past_requests::PastQuery;
use crate::store::{Group, PastAnswer, sorted};

/// Ids count upwards from here. Those of charts count upwards from 1, those of the overview downwards from the largest.
const FIRST_ID: u32 = 1 << 31;

/// At most eight queries a second: charts send up to eight more, and a server closes the connection of a viewer that sends more than 20
/// messages a second.
const PAUSE: Interval = Interval::from_millis(125);

/// Values that are collected for a file.
#[derive(Debug)]
pub(in crate::page) struct Collected {
    /// Of the file.
    pub(in crate::page) name: String,
    ids: Vec<Option<SeriesId>>,
    values: Values,
    span: Range<Timestamp>,
    /// The length of time of a query.
    part: Interval,
    columns: u32,
    /// Values before this time are in `values`.
    known_until: Timestamp,
}

/// The file that is being collected.
#[derive(Debug)]
pub(in crate::page) struct ExportRequests {
    collected: Option<Collected>,
    waiting: Option<(u32, Range<Timestamp>, PastAnswer)>,
    last_id: u32,
    due: Timestamp,
    failure: Option<&'static str>,
}

impl Default for ExportRequests {
    fn default() -> Self {
        Self { collected: None, waiting: None, last_id: FIRST_ID, due: Timestamp::default(), failure: None }
    }
}

/// A span has more values than are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The span has {found} values, at most {MAX_VALUES} are saved: select a shorter span, or hide series")]
pub(in crate::page) struct TooMany {
    found: u64,
}

impl Collected {
    /// The series at `places` of a group over a span.
    ///
    /// # Errors
    /// [`TooMany`] values, at the interval of the group.
    pub(in crate::page) fn new(
        name: String,
        group: &Group,
        places: &[usize],
        span: Range<Timestamp>,
        limits: QueryLimits,
    ) -> Result<Self, TooMany> {
        let interval = group.interval.micros().max(1);
        let found = (span.end.since(span.start).micros() / interval).saturating_mul(places.len() as u64);
        if found > MAX_VALUES {
            return Err(TooMany { found });
        }
        let of_series = |place: &usize| &group.series()[*place];
        let columns = limits.columns.min(limits.summaries / (places.len() as u32).max(1)).max(1);
        Ok(Self {
            name,
            ids: places.iter().map(|place| of_series(place).id).collect(),
            values: Values::new(places.iter().map(|place| of_series(place).name.clone()).collect()),
            known_until: span.start,
            span,
            // The server answers with rows if there are fewer than two for each column.
            part: Interval::from_micros(interval.saturating_mul(u64::from(columns))),
            columns,
        })
    }

    pub(in crate::page) fn csv(&self) -> String {
        self.values.csv()
    }
}

impl ExportRequests {
    /// Begins to collect, in place of what was being collected.
    pub(in crate::page) fn begin(&mut self, collected: Collected) {
        (self.collected, self.waiting) = (Some(collected), None);
    }

    /// The part that is collected; `None` if nothing is being collected.
    pub(in crate::page) fn progress(&self) -> Option<f64> {
        let of = self.collected.as_ref()?;
        let whole = of.span.end.since(of.span.start).micros().max(1);
        Some(of.known_until.since(of.span.start).micros() as f64 / whole as f64)
    }

    /// Ends the export: the next connection may have other ids.
    pub(in crate::page) fn disconnected(&mut self) {
        if self.collected.is_some() {
            self.fail("The file was not saved: the link was lost. Save it again when the page is live.");
        }
    }

    fn fail(&mut self, failure: &'static str) {
        (self.collected, self.waiting, self.failure) = (None, None, Some(failure));
    }

    /// The reason for which an export has ended since the last call.
    pub(in crate::page) const fn take_failure(&mut self) -> Option<&'static str> {
        self.failure.take()
    }

    /// The next query, if one is due at `now`.
    pub(in crate::page) fn next(&mut self, now: Timestamp) -> Option<PastQuery> {
        let of = self.collected.as_ref()?;
        if self.waiting.is_some() || now < self.due {
            return None;
        }
        let range = of.known_until..(of.known_until + of.part).min(of.span.end);
        let mut series = sorted(of.ids.iter().flatten().copied().collect());
        series.dedup();
        self.last_id = self.last_id.wrapping_add(1).max(FIRST_ID);
        self.due = now + PAUSE;
        self.waiting = Some((self.last_id, range.clone(), PastAnswer::default()));
        Some(PastQuery { id: self.last_id, series, range, columns: of.columns })
    }

    /// Adds a frame of an answer. Returns false if it is of another query.
    pub(in crate::page) fn take(&mut self, answer: &Answer<'_>) -> bool {
        let Some((_, _, collected)) = self.waiting.as_mut().filter(|(id, ..)| *id == answer.query) else {
            return false;
        };
        if answer.part != AnswerPart::Coarse {
            collected.add(answer);
        }
        if answer.part == AnswerPart::Last
            && let (Some((_, range, part)), Some(of)) = (self.waiting.take(), self.collected.as_mut())
        {
            of.values.add(&part, &of.ids, &range);
            of.known_until = range.end;
        }
        true
    }

    /// Ends the export if one of its queries was refused. Returns false if it is another one.
    pub(in crate::page) fn refused(&mut self, id: u32) -> bool {
        let is_own = self.waiting.as_ref().is_some_and(|(waiting, ..)| *waiting == id);
        if is_own {
            self.fail("The file was not saved: the server refused the query for its values. Select a shorter span.");
        }
        is_own
    }

    /// All values, when they are collected.
    pub(in crate::page) fn take_done(&mut self) -> Option<Collected> {
        self.collected.take_if(|of| of.known_until >= of.span.end)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GroupId, SummaryBuffer, SummaryColumnsBuffer, SummaryValues};

    use super::*;
    use crate::store::row_sender::{RowSender, at};

    const LIMITS: QueryLimits = QueryLimits { at_once: 4, columns: 100, summaries: 1_000 };

    fn collected(sender: &RowSender, span: Range<i64>) -> Collected {
        let span = at(span.start)..at(span.end);
        Collected::new("a".to_owned(), sender.group(), &[0], span, LIMITS).expect("few values")
    }

    /// Answers a query with one row at its start.
    fn answer(requests: &mut ExportRequests, query: &PastQuery, value: f64) {
        let (mut blocks, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
        columns.push(query.series[0], SummaryValues { first: &[value], others: None }).expect("encodes");
        blocks.push(GroupId(1), Interval::ZERO, &[query.range.start], &columns).expect("encodes");
        assert!(requests.take(&Answer { query: query.id, part: AnswerPart::Last, blocks: blocks.blocks() }));
    }

    #[test]
    fn a_span_is_asked_for_in_parts_of_as_many_rows_as_columns() {
        let mut sender = RowSender::new(1);
        sender.row(0, [(1, 1.0)]);
        let mut requests = ExportRequests::default();
        requests.begin(collected(&sender, 0..250));
        let first = requests.next(at(1_000)).expect("due");
        assert_eq!((first.range.clone(), first.columns), (at(0)..at(100), 100));
        assert!(requests.next(at(2_000)).is_none(), "one at a time");
        answer(&mut requests, &first, 1.5);
        assert_eq!(requests.progress(), Some(0.4));
        for (row, value) in [(2_000, 2.5), (3_000, 3.5)] {
            assert!(requests.take_done().is_none());
            let next = requests.next(at(row)).expect("due");
            answer(&mut requests, &next, value);
        }
        let csv = requests.take_done().expect("done").csv();
        assert_eq!(csv.lines().count(), 4, "{csv}");
        assert!(csv.ends_with("Z,20,3.5\r\n"), "{csv}");
        assert!(requests.next(at(4_000)).is_none() && requests.progress().is_none());
    }

    #[test]
    fn a_refused_query_and_a_lost_link_end_the_export_and_say_so() {
        let mut sender = RowSender::new(1);
        sender.row(0, [(1, 1.0)]);
        let mut requests = ExportRequests::default();
        requests.begin(collected(&sender, 0..250));
        let query = requests.next(at(1_000)).expect("due");
        assert!(!requests.refused(query.id + 1) && requests.refused(query.id));
        assert!(requests.take_failure().is_some_and(|failure| failure.contains("refused")));
        requests.begin(collected(&sender, 0..250));
        requests.disconnected();
        assert!(requests.take_failure().is_some() && requests.next(at(9_000)).is_none());
        requests.disconnected();
        assert_eq!(requests.take_failure(), None, "nothing was being collected");
    }

    #[test]
    fn too_many_values_are_refused_before_the_first_query() {
        let mut sender = RowSender::new(1);
        (0..3).for_each(|row| sender.row(row, [(1, 1.0)]));
        let span = at(0)..at(0) + Interval::from_secs(10_000_000);
        let error = Collected::new("a".to_owned(), sender.group(), &[0], span, LIMITS).expect_err("100 million");
        assert!(error.to_string().starts_with("The span has 100000000 values, at most 4000000 are saved"), "{error}");
    }
}

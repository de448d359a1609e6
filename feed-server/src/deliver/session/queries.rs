//! The queries of one viewer: checked when they arrive, and answered one after another while live frames go on.
//!
//! A query is read in turns, as history is: in the order of request among all viewers, and after the viewer's own budget. What a scan
//! holds is bounded by the number of scans at once; a viewer whose socket accepts nothing holds no scan, but
//! keeps the rows of one group if its answer has them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{AnswerOrder, QueryLimits, RefusalCode, Selection, Timestamp};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::end::SessionEnd;
use crate::deliver::backfill_limiter::BackfillLimiter;
use crate::deliver::byte_budget::ByteBudget;
use crate::deliver::fanout::outbox::Outbox;
use crate::deliver::hub::Hub;
use crate::deliver::query_run::{AnswerTurn, MAX_COLUMNS, MAX_SUMMARIES, QueryRun, RangeQuery};
use crate::deliver::refusal::{Refusal, read_selection};
use crate::stream::query::resolution::MAX_TIME_US;

/// Queries of a viewer that are not answered yet.
const MAX_QUERIES: usize = 16;

/// Bytes of the selections of a viewer's queries together.
const MAX_SELECTION_BYTES: usize = 64 << 10;

/// Reading this many values costs a viewer's budget one byte: the budget is for bytes to send.
const VALUES_PER_BYTE: usize = 8;

/// The limits that `Hello` states.
pub const QUERY_LIMITS: QueryLimits =
    QueryLimits { at_once: MAX_QUERIES as u32, columns: MAX_COLUMNS, summaries: MAX_SUMMARIES };

/// The queries that wait, and the one that is answered, which is the first. Cheap to clone: all clones are one queue.
#[derive(Clone, Debug, Default)]
pub struct Queries(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    queries: VecDeque<Arc<RangeQuery>>,
    selection_bytes: usize,
}

impl Queue {
    fn retain(&mut self, stays: impl Fn(&Arc<RangeQuery>) -> bool) {
        self.queries.retain(stays);
        self.selection_bytes = self.queries.iter().map(|query| query.selection_bytes).sum();
    }
}

impl Queries {
    /// Adds a query.
    ///
    /// # Errors
    /// If it exceeds a limit, or cannot be read.
    pub fn add(
        &self,
        id: u32,
        selection: Selection<'_>,
        (from, to): (Timestamp, Timestamp),
        columns: u32,
        order: AnswerOrder,
    ) -> Result<(), Refusal> {
        let refuse = |code, text| Err(Refusal { code, text });
        if !(1..=MAX_COLUMNS).contains(&columns) {
            return refuse(RefusalCode::TOO_LARGE, format!("columns must be 1 to {MAX_COLUMNS}, found {columns}"));
        }
        if from >= to {
            let (from, to) = (from.micros(), to.micros());
            let text = format!("the start of a range must be before its end, found {from} and {to} us");
            return refuse(RefusalCode::EMPTY_RANGE, text);
        }
        let mut queue = self.0.lock();
        let queries = &queue.queries;
        if queries.iter().any(|query| query.id == id) {
            return refuse(RefusalCode::ID_IN_USE, format!("query {id} is not answered yet: use another id"));
        }
        if queries.len() >= MAX_QUERIES {
            let text = format!("{MAX_QUERIES} queries are not answered yet: wait for one, or cancel it");
            return refuse(RefusalCode::TOO_MANY, text);
        }
        let (selection, selection_bytes) = read_selection(selection)?;
        let found = queue.selection_bytes + selection_bytes;
        if found > MAX_SELECTION_BYTES && !queue.queries.is_empty() {
            let text = format!(
                "the selections of queries that are not answered yet must have at most {MAX_SELECTION_BYTES} bytes together, found {found}: wait for an answer, or cancel a query"
            );
            return refuse(RefusalCode::TOO_MANY, text);
        }
        let within = |time: Timestamp| Timestamp::from_micros(time.micros().clamp(-MAX_TIME_US, MAX_TIME_US));
        let range = within(from)..within(to);
        let query = RangeQuery { id, selection, selection_bytes, range, columns, order };
        queue.selection_bytes += selection_bytes;
        queue.queries.push_back(Arc::new(query));
        Ok(())
    }

    /// Removes a query, if it is there. The rest of its answer is not sent.
    pub fn cancel(&self, id: u32) {
        self.0.lock().retain(|query| query.id != id);
    }

    fn first(&self) -> Option<Arc<RangeQuery>> {
        self.0.lock().queries.front().cloned()
    }

    /// Returns true unless it was cancelled. Another query may have its id since.
    fn has(&self, query: &Arc<RangeQuery>) -> bool {
        self.0.lock().queries.front().is_some_and(|first| Arc::ptr_eq(first, query))
    }

    fn answered(&self, query: &Arc<RangeQuery>) {
        self.0.lock().retain(|held| !Arc::ptr_eq(held, query));
    }
}

/// Answers all queries that are there. Returns the rest of the viewer's budget.
///
/// # Errors
/// If a frame cannot be encoded, which is a defect, or the connection is lost.
pub(super) async fn answer(
    queries: Queries,
    hub: Arc<Hub>,
    backfills: Arc<BackfillLimiter>,
    outbox: Arc<Outbox>,
    mut budget: ByteBudget,
) -> Result<ByteBudget, SessionEnd> {
    while let Some(query) = queries.first() {
        let mut run = QueryRun::new(Arc::clone(&query));
        let mut scan = None;
        while !run.is_done() && queries.has(&query) {
            if scan.is_none() {
                poll_fn(|context| outbox.poll_flush(context)).await?;
                sleep_until(budget.ready_at()).await;
                scan = Some(Arc::clone(&backfills).scan().await);
            }
            let turn = Arc::clone(&backfills).query_turn().await;
            if !queries.has(&query) {
                break;
            }
            let AnswerTurn { frames, read } = run.turn(&hub, turn.room())?;
            let bytes = frames.iter().map(Bytes::len).sum::<usize>();
            let now = Instant::now();
            turn.spend(bytes + read, now);
            budget.spend(bytes + read / VALUES_PER_BYTE, now);
            drop(turn);
            if !run.is_scanning() {
                scan = None;
            }
            // One by one, so that live frames do not wait for all of them.
            for frame in frames {
                poll_fn(|context| outbox.poll_flush(context)).await?;
                if queries.has(&query) {
                    let frames = [frame];
                    hub.telemetry.sent(&frames);
                    outbox.send(&frames)?;
                }
            }
            yield_now().await;
        }
        if run.is_done() {
            hub.telemetry.queries.inc();
        }
        queries.answered(&query);
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use protocol::{EntriesBuffer, SeriesId};

    use super::*;
    use crate::deliver::refusal::MAX_SELECTOR_BYTES;

    fn add(queries: &Queries, id: u32, selector: &str, from: i64, to: i64, columns: u32) -> Option<RefusalCode> {
        let range = (Timestamp::from_micros(from), Timestamp::from_micros(to));
        let added = queries.add(id, Selection::Selector(selector), range, columns, AnswerOrder::Direct);
        added.err().map(|refused| refused.code)
    }

    #[test]
    fn queries_beyond_a_limit_are_refused_with_its_code() {
        let queries = Queries::default();
        assert_eq!(add(&queries, 1, "cpu.*", 0, 1, 0), Some(RefusalCode::TOO_LARGE));
        assert_eq!(add(&queries, 1, "cpu.*", 0, 1, MAX_COLUMNS + 1), Some(RefusalCode::TOO_LARGE));
        assert_eq!(add(&queries, 1, "cpu.*", 1, 1, 1), Some(RefusalCode::EMPTY_RANGE));
        assert_eq!(add(&queries, 1, "cpu{", 0, 1, 1), Some(RefusalCode::MALFORMED_SELECTOR));
        assert_eq!(add(&queries, 1, "cpu.*", i64::MIN, i64::MAX, MAX_COLUMNS), None);
        assert_eq!(add(&queries, 1, "cpu.*", 0, 1, 1), Some(RefusalCode::ID_IN_USE));
        for id in 2..=MAX_QUERIES as u32 {
            assert_eq!(add(&queries, id, "cpu.*", 0, 1, 1), None);
        }
        assert_eq!(add(&queries, 99, "cpu.*", 0, 1, 1), Some(RefusalCode::TOO_MANY));
        let long = format!("cpu.{}", "x".repeat(MAX_SELECTOR_BYTES));
        queries.cancel(16);
        assert_eq!(add(&queries, 16, &long, 0, 1, 1), Some(RefusalCode::TOO_LARGE));
        let mut ids = EntriesBuffer::default();
        (0..MAX_SELECTION_BYTES as u32 / 4).try_for_each(|id| ids.push(&SeriesId(id))).expect("encodes");
        let (range, all) = ((Timestamp::MIN, Timestamp::MAX), Selection::Series(ids.entries()));
        let refused = queries.add(16, all, range, 1, AnswerOrder::Direct).expect_err("beside others");
        assert_eq!(refused.code, RefusalCode::TOO_MANY);
        assert!(refused.text.contains("at most 65536 bytes together, found 65"), "{}", refused.text);
        assert!(Queries::default().add(16, all, range, 1, AnswerOrder::Direct).is_ok(), "alone");
        assert_eq!(add(&queries, 16, "cpu.*", 0, 1, 1), None);
        queries.cancel(5);
        queries.cancel(77);
        assert_eq!(add(&queries, 5, "cpu.*", 0, 1, 1), None);
    }

    #[test]
    fn a_cancelled_query_is_not_taken_for_another_with_its_id() {
        let queries = Queries::default();
        assert_eq!(add(&queries, 1, "cpu.*", 0, 1, 1), None);
        let first = queries.first().expect("one");
        queries.cancel(1);
        assert_eq!(add(&queries, 1, "cpu.*", 0, 1, 1), None);
        assert!(!queries.has(&first));
        queries.answered(&first);
        assert!(queries.first().is_some_and(|query| query.id == 1), "the second stays");
    }
}

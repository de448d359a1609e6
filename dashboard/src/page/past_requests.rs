//! Requests summaries of times that the page does not hold, or not finely enough, for the charts on screen, about one for each pixel column.
//!
//! A live view needs those of the time before the rows: of a long one, the page holds the last two minutes only. They are followed by later
//! ones before the rows that they precede leave the rings. A fixed view needs its range, and gets as much on both sides as it may be moved by next.
//! One query is made at a time: while a view moves, the next query is for the place that it has then.

use std::ops::Range;

use protocol::{Answer, AnswerPart, Interval, QueryLimits, SeriesId, Timestamp};

use crate::store::{Group, PastAnswer, Store, sorted};
use crate::view::Window;
use crate::viewport::Motion;

/// Rows are held for the whole of windows up to this.
const LONGEST_OF_ROWS: Interval = Interval::from_secs(600);
/// Rows of longer windows are held for this.
const ROWS_OF_LONG: Interval = Interval::from_secs(120);
/// Summaries are followed by later ones when rows are held for less than this before their end.
const MARGIN: Interval = Interval::from_secs(30);
/// A fixed view is answered with this part of its span on both sides.
const BESIDE: u64 = 2;
const ROWS_BESIDE_MS: [u64; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// After a refusal, the next query waits.
const PAUSE: Interval = Interval::from_secs(10);
/// The last second may get rows that come late.
const SETTLED_AFTER: Interval = Interval::from_secs(1);

/// Summaries of one query, which may be for several groups: 24 MB.
const MAX_SUMMARIES: usize = 1 << 19;

/// A long column is a multiple of the longest of these that is at most a quarter of it: the default steps of the
/// server's tiers, so that the server rarely makes its buckets longer.
const UNITS_S: [u64; 3] = [1, 10, 60];
const UNIT_PART: u64 = 4;

/// The part of a window for which the page holds rows.
pub(super) fn window_of_rows(span: Interval) -> Interval {
    if span <= LONGEST_OF_ROWS { span } else { ROWS_OF_LONG }
}

/// A chart on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartOnScreen {
    /// Name and title of its group.
    pub(super) group: String,
    pub(super) title: String,
    pub(super) width_px: u32,
    /// The series that it draws.
    pub(super) series: Vec<SeriesId>,
}

/// The times on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownRange {
    pub(super) shown: Range<Timestamp>,
    pub(super) motion: Motion,
}

/// The content of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PastQuery {
    pub(super) id: u32,
    /// In rising order.
    pub(super) series: Vec<SeriesId>,
    pub(super) range: Range<Timestamp>,
    pub(super) columns: u32,
}

/// What the server answers in full.
#[derive(Clone, Copy, Debug)]
struct Limits {
    columns: u32,
    /// Of its rows.
    history: Interval,
}

/// The query that is not answered yet, and the limits.
#[derive(Debug, Default)]
pub(super) struct PastRequests {
    limits: QueryLimits,
    history: Interval,
    last_id: u32,
    waiting: Option<Waiting>,
    paused_until: Timestamp,
}

#[derive(Debug)]
struct Waiting {
    id: u32,
    /// Each group, and the time before which all of its values are in the answer: not after its newest row, since earlier ones than now
    /// may still arrive, as when a source fills its history.
    groups: Vec<(String, Timestamp)>,
    asked: Asked,
    answer: PastAnswer,
}

/// What a group needs. Groups that need the same share a query.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    step: Interval,
    range: Range<Timestamp>,
    columns: u32,
    /// The start of the window if the answer follows earlier ones; `None` if it replaces them.
    follows_from: Option<Timestamp>,
}

impl PastRequests {
    /// Takes the limits of the server's `Hello`, and how old the rows are that it keeps.
    pub(super) const fn set_limits(&mut self, limits: QueryLimits, history: Interval) {
        (self.limits, self.history) = (limits, history);
    }

    pub(super) const fn limits(&self) -> QueryLimits {
        self.limits
    }

    /// Columns of a query at most; 0 if the server answers none.
    pub(super) const fn max_columns(&self) -> u32 {
        if self.limits.at_once > 1 { self.limits.columns } else { 0 }
    }

    /// Records that the connection was lost, and its queries with it.
    pub(super) fn disconnected(&mut self) {
        self.waiting = None;
    }

    /// The next query, if one is due at `now`, for charts that show a range of time.
    pub(super) fn next(
        &mut self,
        store: &Store,
        charts: &[ChartOnScreen],
        view: &ShownRange,
        now: Timestamp,
    ) -> Option<PastQuery> {
        if self.waiting.is_some() || self.limits.at_once == 0 || now < self.paused_until || now <= Timestamp::default()
        {
            return None;
        }
        let limits = Limits { columns: self.limits.columns, history: self.history };
        let mut asked: Option<Asked> = None;
        let (mut groups, mut series) = (Vec::new(), Vec::new());
        for chart in charts {
            let Some(group) = store.groups().iter().find(|group| group.name == chart.group) else { continue };
            // Charts of one group share its summaries.
            let of_group = || charts.iter().filter(|other| other.group == chart.group);
            let width_px = of_group().map(|other| other.width_px).max().unwrap_or(chart.width_px);
            let Some(needed) = needed(group, width_px, view, now, limits) else { continue };
            let is_there = groups.iter().any(|(group, _)| *group == chart.group);
            if asked.as_ref().is_some_and(|asked| *asked != needed) || is_there {
                continue;
            }
            let mut ids: Vec<SeriesId> = sorted(of_group().flat_map(|chart| &chart.series).copied().collect());
            ids.dedup();
            if ids.is_empty() {
                continue;
            }
            let limit = (self.limits.summaries as usize).min(MAX_SUMMARIES) / needed.columns.max(1) as usize;
            if series.len() + ids.len() > limit && !series.is_empty() {
                continue;
            }
            series.extend(ids.into_iter().take(limit));
            let settled = now - SETTLED_AFTER;
            groups.push((chart.group.clone(), group.newest().map_or(settled, |newest| newest.min(settled))));
            asked = Some(needed);
        }
        let asked = asked?;
        series = sorted(series);
        series.dedup();
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        let query = PastQuery { id, series, range: asked.range.clone(), columns: asked.columns };
        self.waiting = Some(Waiting { id, groups, asked, answer: PastAnswer::default() });
        Some(query)
    }

    /// Adds a frame of an answer. The last one changes the store. Returns true then.
    pub(super) fn take(&mut self, answer: &Answer<'_>, store: &mut Store) -> bool {
        let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == answer.query) else { return false };
        waiting.answer.add(answer);
        if answer.part != AnswerPart::Last {
            return false;
        }
        let Some(Waiting { groups, asked, answer, .. }) = self.waiting.take() else { return false };
        for (group, until) in groups {
            let until = until.min(asked.range.end).max(asked.range.start);
            store.take_past(&group, asked.step, asked.range.start..until, &answer, asked.follows_from);
        }
        true
    }

    /// Records that a query was refused. Returns false if it is not the page's.
    pub(super) fn refused(&mut self, id: u32, now: Timestamp) -> bool {
        let is_own = self.waiting.as_ref().is_some_and(|waiting| waiting.id == id);
        if is_own {
            self.waiting = None;
            self.paused_until = now + PAUSE;
        }
        is_own
    }
}

/// The length of the buckets for columns of this length.
fn step_of(column: Interval) -> Interval {
    let units = UNITS_S.map(|seconds| seconds * 1_000_000);
    let unit = units.into_iter().rev().find(|unit| unit * UNIT_PART <= column.micros()).unwrap_or(1);
    Interval::from_micros(column.micros().div_ceil(unit) * unit)
}

fn needed(group: &Group, width_px: u32, view: &ShownRange, now: Timestamp, limits: Limits) -> Option<Asked> {
    let ShownRange { shown, motion } = view;
    let column = Window::new(shown.end.since(shown.start), width_px).column_us();
    let column = Interval::from_micros(column.unsigned_abs());
    match motion {
        Motion::Live => needed_before_rows(group, column, shown, now, limits.columns),
        Motion::Fixed => needed_for_range(group, column, shown, now, limits),
    }
}

/// A fixed view needs its range in columns of this length, unless it is held in rows.
fn needed_for_range(
    group: &Group,
    column: Interval,
    shown: &Range<Timestamp>,
    now: Timestamp,
    limits: Limits,
) -> Option<Asked> {
    let (span, past) = (shown.end.since(shown.start), group.past());
    let beside = beside(group, span);
    let whole = span.micros() + 2 * beside.micros();
    // A view that is short for its group has more columns than can be asked for, and few rows.
    let step = Interval::from_micros(step_of(column).micros().max(whole.div_ceil(u64::from(limits.columns.max(1)))));
    // If a part of the range is older than the rows that the server keeps, all of it is answered in coarse summaries.
    let oldest_rows = now - limits.history + SETTLED_AFTER;
    let not_before_rows =
        |earlier: Timestamp| if shown.start >= oldest_rows { earlier.max(oldest_rows) } else { earlier };
    // Its lines lead to the rows beside it. Later than the newest row, nothing is known.
    let rows = group.longest_step();
    let until = (shown.end + rows).min(group.newest().unwrap_or(now)).min(now - SETTLED_AFTER).max(shown.start);
    let known = not_before_rows(shown.start - rows)..until;
    if group.covers(shown.start, column) || past.step() == step && past.has(&known) {
        return None;
    }
    let (start, end) = (floor(not_before_rows(shown.start - beside), step), (shown.end + beside).min(now));
    let columns = end.since(start).micros().div_ceil(step.micros()).clamp(1, u64::from(limits.columns));
    let range = start..start + Interval::from_micros(step.micros() * columns);
    Some(Asked { step, range, columns: columns as u32, follows_from: None })
}

/// The time on both sides of a fixed view that is asked for too: half of it, and the rows beside it, to which its lines lead. Groups of similar
/// intervals share it, and a query.
fn beside(group: &Group, span: Interval) -> Interval {
    let rows = group.longest_step().micros();
    let shared = ROWS_BESIDE_MS.into_iter().map(|millis| millis * 1_000).find(|shared| rows <= *shared).unwrap_or(rows);
    Interval::from_micros((span.micros() / BESIDE).max(shared))
}

fn needed_before_rows(
    group: &Group,
    column: Interval,
    shown: &Range<Timestamp>,
    now: Timestamp,
    max_columns: u32,
) -> Option<Asked> {
    let step = step_of(column);
    let rows_begin = group.oldest().unwrap_or(now);
    if rows_begin <= shown.start {
        return None;
    }
    let is_usable = |range: &Range<Timestamp>| range.start <= shown.start + step && range.end >= shown.start;
    let (start, follows_from) = match group.past().range() {
        Some(range) if group.past().step() == step && is_usable(range) => {
            // Also if no row has come since: the next one may be minutes away.
            let is_known = group.newest().is_some_and(|newest| newest <= range.end);
            if is_known || range.end > rows_begin + MARGIN || range.end + MARGIN > now {
                return None;
            }
            (floor(range.end, group.past().longest()), Some(shown.start))
        }
        _ => (floor(shown.start, step), None),
    };
    let columns = now.micros_since(start).max(1).unsigned_abs().div_ceil(step.micros());
    let columns = u32::try_from(columns).ok().filter(|&columns| columns <= max_columns)?;
    let end = start + Interval::from_micros(step.micros() * u64::from(columns));
    Some(Asked { step, range: start..end, columns, follows_from })
}

/// The multiple of `step` at or before `time`.
fn floor(time: Timestamp, step: Interval) -> Timestamp {
    Timestamp::from_micros(time.micros() - time.micros().rem_euclid(step.micros().max(1).cast_signed()))
}

#[cfg(test)]
mod tests;

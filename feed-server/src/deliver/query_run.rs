//! The answer to one query, made in turns.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use protocol::{
    AnswerOrder, AnswerPart, Body, ClientMessage, EncodeError, GroupId, Interval, RefusalCode, Refused, SeriesId,
    Timestamp,
};

use crate::deliver::hub::Hub;
use crate::deliver::summary_frames::{Purpose, SummaryFrames};
use crate::stream::catalog::{LOOK_PATTERNS, SelectionProgress};
use crate::stream::query::bucket_table::BucketTable;
use crate::stream::query::resolution::{Level, Resolution, choose, column};
use crate::stream::query::row_part::{RowPart, SEGMENT_COST};
use crate::stream::query::row_table::RowTable;
use crate::stream::query::scan::{Scan, Table};
use crate::stream::selected_by::SelectedBy;

/// Columns of a query.
pub const MAX_COLUMNS: u32 = 4_096;

/// Series times columns of a query: 2,600 series on 400 columns, about 10 MB.
pub const MAX_SUMMARIES: u32 = 1 << 20;

/// Summaries of one scan: 300 KB, which are sent in a few frames.
const SCAN_SUMMARIES: usize = 1 << 12;

/// A coarse answer has this part of the columns.
const COARSE_PART: u32 = 16;

/// The cost of comparing a pattern with a series, in values.
const PATTERN_COST: usize = 16;
/// The cost of a scan besides its values.
const SCAN_COST: usize = 2_048;

/// A valid query.
#[derive(Debug)]
pub struct RangeQuery {
    pub id: u32,
    pub selection: SelectedBy,
    pub selection_bytes: usize,
    pub range: Range<Timestamp>,
    /// From 1 to [`MAX_COLUMNS`].
    pub columns: u32,
    pub order: AnswerOrder,
}

/// The rest of an answer.
#[derive(Debug)]
pub struct QueryRun {
    query: Arc<RangeQuery>,
    frames: SummaryFrames,
    state: State,
}

#[derive(Debug)]
enum State {
    Selecting { progress: SelectionProgress, selected: BTreeMap<GroupId, Vec<SeriesId>>, count: usize },
    Reading { groups: Vec<(GroupId, Vec<SeriesId>)>, pass: Pass },
    Done,
}

/// One answer for all groups.
#[derive(Debug)]
struct Pass {
    columns: u32,
    is_coarse: bool,
    /// The next series: a group, and a place in its list.
    group: usize,
    first_series: usize,
    /// Of the group.
    plan: Option<Plan>,
    scan: Option<Scan>,
}

/// How the series of one group are read.
#[derive(Debug)]
enum Plan {
    Nothing,
    /// These, for all series: later ones are not in the answer, and none is evicted in between.
    Rows(Vec<RowPart>),
    Buckets(Resolution),
}

/// Frames, and what they cost.
#[derive(Debug, Default)]
pub struct AnswerTurn {
    pub frames: Vec<Bytes>,
    /// The cost of the turn, in values.
    pub read: usize,
}

impl QueryRun {
    pub fn new(query: Arc<RangeQuery>) -> Self {
        let frames = SummaryFrames::new(Purpose::Answer { query: query.id, part: AnswerPart::More });
        let state = State::Selecting { progress: SelectionProgress::default(), selected: BTreeMap::new(), count: 0 };
        Self { query, frames, state }
    }

    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns true while it holds what it has read.
    pub const fn is_scanning(&self) -> bool {
        matches!(&self.state, State::Reading { pass: Pass { scan: Some(_), .. }, .. })
    }

    /// The next frames, after work of about `room` values. It ends early when there are frames to send.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn turn(&mut self, hub: &Hub, room: usize) -> Result<AnswerTurn, EncodeError> {
        let mut turn = AnswerTurn::default();
        while turn.read < room && turn.frames.is_empty() && !self.is_done() {
            self.step(hub, &mut turn)?;
        }
        hub.telemetry.query_cost.inc_by(turn.read as u64);
        Ok(turn)
    }

    fn step(&mut self, hub: &Hub, turn: &mut AnswerTurn) -> Result<(), EncodeError> {
        let Self { query, frames, state } = self;
        match state {
            State::Selecting { progress, selected, count } => {
                turn.read += LOOK_PATTERNS * PATTERN_COST;
                let found = hub.catalog.select(&query.selection, progress);
                *count += found.len();
                for (group, series) in found {
                    selected.entry(group).or_default().push(series);
                }
                if *count as u64 * u64::from(query.columns) > u64::from(MAX_SUMMARIES) {
                    turn.frames.push(too_large(query, *count, progress.is_complete(), hub)?);
                    *state = State::Done;
                } else if progress.is_complete() {
                    let groups = std::mem::take(selected).into_iter().collect();
                    let pass = Pass::first(query);
                    frames.set_purpose(Purpose::Answer { query: query.id, part: pass.part() });
                    *state = State::Reading { groups, pass };
                }
            }
            State::Reading { groups, pass } => {
                if let Some(scan) = &mut pass.scan {
                    if !scan.is_done() {
                        turn.read += scan.step();
                        return Ok(());
                    }
                    frames.add(groups[pass.group].0, scan, hub, &mut turn.frames)?;
                    pass.scan = None;
                    return Ok(());
                }
                turn.read += SCAN_COST;
                if pass.begin_scan(groups, &query.range, hub, &mut turn.read) {
                    return Ok(());
                }
                frames.end(hub, &mut turn.frames)?;
                if let Some(next) = pass.next(query) {
                    frames.set_purpose(Purpose::Answer { query: query.id, part: next.part() });
                    *pass = next;
                } else {
                    *state = State::Done;
                }
            }
            State::Done => {}
        }
        Ok(())
    }
}

fn too_large(query: &RangeQuery, found: usize, is_all: bool, hub: &Hub) -> Result<Bytes, EncodeError> {
    let (id, columns) = (query.id, query.columns);
    let found = if is_all { format!("{found}") } else { format!("at least {found}") };
    let text = format!(
        "{found} series on {columns} columns are more than {MAX_SUMMARIES} summaries: select fewer series, or ask for fewer columns"
    );
    let refused = Refused { request: ClientMessage::QUERY, code: RefusalCode::TOO_LARGE, text: &text, id };
    hub.frame_now(Body::Refused(refused))
}

impl Pass {
    const fn of(columns: u32, is_coarse: bool) -> Self {
        Self { columns, is_coarse, group: 0, first_series: 0, plan: None, scan: None }
    }

    /// A coarse pass, if the query asks for one.
    fn first(query: &RangeQuery) -> Self {
        match query.order {
            AnswerOrder::CoarseFirst if query.columns > 1 => Self::of(query.columns.div_ceil(COARSE_PART), true),
            AnswerOrder::CoarseFirst | AnswerOrder::Direct => Self::of(query.columns, false),
        }
    }

    /// The pass after this one.
    fn next(&self, query: &RangeQuery) -> Option<Self> {
        self.is_coarse.then(|| Self::of(query.columns, false))
    }

    const fn part(&self) -> AnswerPart {
        if self.is_coarse { AnswerPart::Coarse } else { AnswerPart::More }
    }

    /// Begins to read the next series. Returns false after the last.
    fn begin_scan(
        &mut self,
        groups: &[(GroupId, Vec<SeriesId>)],
        range: &Range<Timestamp>,
        hub: &Hub,
        read: &mut usize,
    ) -> bool {
        let Some((group, series)) = groups.get(self.group) else { return false };
        let plan = self.plan.get_or_insert_with(|| plan(*group, range, self.columns, hub, read));
        let rest = &series[self.first_series.min(series.len())..];
        let width = match plan {
            Plan::Nothing => usize::MAX,
            Plan::Rows(_) => 2 * self.columns as usize,
            Plan::Buckets(resolution) => BucketTable::buckets_of(range, resolution.step),
        };
        let part = &rest[..rest.len().min((SCAN_SUMMARIES / width.max(1)).max(1))];
        if part.is_empty() || matches!(&plan, Plan::Nothing) {
            (self.group, self.first_series, self.plan) = (self.group + 1, 0, None);
            return true;
        }
        self.first_series += part.len();
        let series = part.to_vec();
        self.scan = Some(match plan {
            Plan::Buckets(resolution) => buckets(*group, range, *resolution, series, hub),
            Plan::Rows(rows) => {
                let table = RowTable::new(range.clone(), series.len());
                Scan::of_rows(series, Table::Rows(table), rows.clone())
            }
            Plan::Nothing => return true,
        });
        true
    }
}

fn buckets(
    group: GroupId,
    range: &Range<Timestamp>,
    Resolution { of_level, step }: Resolution,
    series: Vec<SeriesId>,
    hub: &Hub,
) -> Scan {
    let table = BucketTable::new(range, step, series.len());
    if of_level == Interval::ZERO {
        let rows = hub.read(|sequencer| sequencer.history().parts_in(group, table.range()));
        return Scan::of_rows(series, Table::Buckets(table), rows);
    }
    // In this order: rows that are summarized in between are in the history still.
    let tier = hub.read_summaries(|summaries| summaries.parts(group, of_level, table.range(), &series));
    let end = table.range().end;
    let rows = hub.read(|sequencer| sequencer.history().parts_from(group, tier.next_rows, end));
    Scan::of_summaries(series, table, tier, rows)
}

fn plan(group: GroupId, range: &Range<Timestamp>, columns: u32, hub: &Hub, read: &mut usize) -> Plan {
    let complete_from = hub.read(|sequencer| sequencer.history().complete_from(group));
    if complete_from.is_none_or(|begins| begins <= range.start) {
        let parts = hub.read(|sequencer| sequencer.history().parts_in(group, range));
        *read += parts.len() * SEGMENT_COST;
        match count(&parts, range, 2 * columns as usize, read) {
            0 => return Plan::Nothing,
            rows if rows < 2 * columns as usize => return Plan::Rows(parts),
            _ => {}
        }
    }
    let mut levels = vec![Level { step: Interval::ZERO, complete_from }];
    levels.extend(hub.read_summaries(|summaries| summaries.levels(group).collect::<Vec<_>>()));
    choose(&levels, range.start, column(range, columns)).map_or(Plan::Nothing, Plan::Buckets)
}

/// The number of rows in a range, counted up to about `most`. Only parts at its ends are progress into.
fn count(parts: &[RowPart], range: &Range<Timestamp>, most: usize, read: &mut usize) -> usize {
    let mut rows = 0;
    for part in parts {
        let (oldest, newest) = part.times;
        rows += if oldest >= range.start && newest < range.end {
            usize::try_from(part.rows.end - part.rows.start).unwrap_or(usize::MAX)
        } else {
            *read += part.cost();
            part.times().iter().filter(|&time| range.contains(time)).count()
        };
        if rows >= most {
            break;
        }
    }
    rows
}

#[cfg(test)]
mod tests;

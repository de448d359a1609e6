//! A server that sends one group as buckets, for tests.

use protocol::{
    Body, BucketState, BucketUpdatesBuffer, Epoch, Frame, GroupId, Header, History, HistoryPart, Interval, ReaderHolds,
    SamplesBuffer, Sequence, SeriesId, Summaries, SummaryBuffer, SummaryColumnsBuffer, SummaryFields, SummaryValues,
    Timestamp,
};
use series::Summary;

/// The group; its series count from 1.
pub(crate) const GROUP: GroupId = GroupId(1);

/// A row: a time, and a value for each series; NaN for none.
pub(crate) type Row = (Timestamp, Vec<f64>);

#[derive(Debug)]
pub(crate) struct BucketSender {
    pub(crate) step: Interval,
    pub(crate) rows: Vec<Row>,
    /// The number of the last frame.
    pub(crate) sequence: u64,
    /// The open bucket as the viewer holds it.
    sent: Option<Bucket>,
    buffer: SamplesBuffer,
}

/// The summaries of the series that have values in a bucket.
#[derive(Clone, Debug, PartialEq)]
struct Bucket {
    start: Timestamp,
    newest: Timestamp,
    series: Vec<SeriesId>,
    summaries: Vec<SummaryFields>,
}

/// The start of the bucket of a time.
pub(crate) fn start_of(time: Timestamp, step: Interval) -> Timestamp {
    let step = step.micros().max(1).cast_signed();
    Timestamp::from_micros(time.micros().div_euclid(step) * step)
}

/// The summaries of all series in some rows.
pub(crate) fn summaries_of(rows: &[Row]) -> Vec<Summary> {
    let series = rows.first().map_or(0, |(_, values)| values.len());
    let of = |series: usize| Summary::of(&rows.iter().map(|(_, values)| values[series]).collect::<Vec<_>>());
    (0..series).map(of).collect()
}

fn fields(summary: &Summary) -> SummaryFields {
    let Summary { first, last, min, max, sum, count } = *summary;
    [first, last, min, max, sum, f64::from(count)]
}

impl BucketSender {
    pub(crate) fn new(step: Interval) -> Self {
        Self { step, rows: Vec::new(), sequence: 0, sent: None, buffer: SamplesBuffer::default() }
    }

    fn header(&self) -> Header {
        let sent = self.rows.last().map_or_else(Timestamp::default, |(time, _)| *time);
        Header { epoch: Epoch(1), sequence: Sequence(self.sequence), sent, skipped: 0 }
    }

    /// The rows of each bucket.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|(one, _), (other, _)| start_of(*one, self.step) == start_of(*other, self.step))
    }

    fn bucket_of(&self, rows: &[Row]) -> Bucket {
        let of_series = (1..).map(SeriesId).zip(summaries_of(rows));
        let (series, summaries) =
            of_series.filter(|(_, summary)| !summary.is_empty()).map(|(id, summary)| (id, fields(&summary))).unzip();
        let newest = rows[rows.len() - 1].0;
        Bucket { start: start_of(newest, self.step), newest, series, summaries }
    }

    /// The next numbered frame, with updates for these rows, which rise, and are later than those before or set the clock back.
    pub(crate) fn frame(&mut self, rows: Vec<Row>) -> Vec<u8> {
        self.sequence += 1;
        if let Some((first, _)) = rows.first() {
            self.rows.retain(|(time, _)| time < first);
        }
        let new = rows.first().map(|(first, _)| start_of(*first, self.step));
        self.rows.extend(rows);
        self.buffer.start(self.rows.last().map_or_else(Timestamp::default, |(time, _)| *time));
        let open = self.sent.as_ref().map(|sent| sent.start).filter(|&open| new.is_some_and(|new| open <= new));
        let changed = self.buckets().filter(|rows| {
            let start = start_of(rows[0].0, self.step);
            new.is_some_and(|new| start >= new) || open == Some(start)
        });
        let changed: Vec<Bucket> = changed.map(|rows| self.bucket_of(rows)).collect();
        for (place, bucket) in changed.iter().enumerate() {
            let held = self.sent.replace(bucket.clone()).filter(|held| held.series == bucket.series);
            let start = bucket.start;
            let reader = match &held {
                Some(held) if held.start == start => ReaderHolds::Summaries(&held.summaries),
                Some(held) if held.start < start => ReaderHolds::Before { start, summaries: &held.summaries },
                _ => ReaderHolds::Nothing { start, step: self.step },
            };
            let state = BucketState {
                group: GROUP,
                newest: bucket.newest,
                series: &bucket.series,
                summaries: &bucket.summaries,
                reader,
                is_closed: place + 1 < changed.len(),
            };
            self.buffer.push_update(&state).expect("encodes");
        }
        let header = self.header();
        Frame { header, body: Body::Samples(self.buffer.samples()) }.to_bytes().expect("encodes")
    }

    /// The history after the catalog, for a viewer that holds the rows before `first_row`: the buckets from that row's on, in blocks of at
    /// most `buckets` buckets and `series` series.
    pub(crate) fn history(&mut self, first_row: usize, buckets: usize, series: usize) -> Vec<Vec<u8>> {
        let first = self.rows.get(first_row).map(|(time, _)| start_of(*time, self.step));
        let all: Vec<Vec<Row>> = self.buckets().map(<[Row]>::to_vec).collect();
        let (open, closed) = all.split_last().map_or((None, &all[..]), |(open, closed)| (Some(open), closed));
        let begins = |rows: &&Vec<Row>| first.is_some_and(|first| start_of(rows[0].0, self.step) >= first);
        let closed: Vec<&Vec<Row>> = closed.iter().filter(begins).collect();
        let mut blocks = SummaryBuffer::default();
        blocks.start(Timestamp::default());
        for part in closed.chunks(buckets) {
            let times: Vec<Timestamp> = part.iter().map(|rows| start_of(rows[0].0, self.step)).collect();
            let ids: Vec<usize> = (0..part[0][0].1.len()).collect();
            for ids in ids.chunks(series) {
                let mut columns = SummaryColumnsBuffer::default();
                for &id in ids {
                    let of_buckets = part.iter().map(|rows| match summaries_of(rows)[id] {
                        summary if summary.is_empty() => [protocol::column::MISSING; 6],
                        summary => fields(&summary),
                    });
                    let of_buckets: Vec<SummaryFields> = of_buckets.collect();
                    let column = |field: usize| of_buckets.iter().map(|fields| fields[field]).collect::<Vec<f64>>();
                    let [first, last, min, max, sum, count] = [0, 1, 2, 3, 4, 5].map(column);
                    let others = Some([&last[..], &min, &max, &sum, &count]);
                    columns.push(SeriesId(id as u32 + 1), SummaryValues { first: &first, others }).expect("encodes");
                }
                blocks.push(GROUP, self.step, &times, &columns).expect("encodes");
            }
        }
        let mut updates = BucketUpdatesBuffer::default();
        updates.start(self.rows.last().map_or_else(Timestamp::default, |(time, _)| *time));
        self.sent = open.map(|rows| self.bucket_of(rows));
        if let Some(Bucket { start, newest, series, summaries }) = &self.sent {
            let reader = ReaderHolds::Nothing { start: *start, step: self.step };
            let state = BucketState { group: GROUP, newest: *newest, series, summaries, reader, is_closed: false };
            updates.push(&state).expect("encodes");
        }
        let header = self.header();
        let body = Body::Summaries(Summaries { blocks: blocks.blocks(), open: updates.updates() });
        let summaries = Frame { header, body }.to_bytes().expect("encodes");
        let body = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
        vec![summaries, Frame { header, body }.to_bytes().expect("encodes")]
    }
}

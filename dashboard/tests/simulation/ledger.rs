//! Every measured row and every entry that was sent, and the check of a page against them.

use std::collections::{BTreeMap, BTreeSet};

use dashboard::store::{Group, Store};
use feed_server::ingest::batch::Batch;
use protocol::column::MISSING;
use protocol::{Body, Epoch, Frame, Gap, GapCause, GapContent, Sequence, Timestamp};

use super::answers::Queries;
use super::buckets::{self, BucketRows};
use super::tally::Tally;

/// Number of the group, from 1, and time of the row.
type Row = (u32, Timestamp);

/// The bits of a row's values; [`MISSING`] for a series without a value.
type Values = Vec<u64>;

#[derive(Debug)]
struct Measured {
    epoch: Epoch,
    /// Its frame, once it is sent: a killed server loses rows that it has not sent.
    sequence: Option<Sequence>,
    values: Values,
    /// Sent after later rows. A page cannot know where one is missing.
    is_late: bool,
}

/// Log lines and events that a page received.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) held: BTreeSet<(Epoch, Sequence)>,
    /// The end of the history with which the page began without a position. Not all entries before it are promised.
    pub(crate) began_after: BTreeMap<Epoch, Sequence>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    rows: BTreeMap<Row, Measured>,
    /// Log lines and events that were sent, and the kind of content that a gap for them names.
    entries: BTreeMap<(Epoch, Sequence), GapContent>,
    /// The last frame of the running server.
    head: Option<Sequence>,
    epoch: Option<Epoch>,
}

impl Ledger {
    pub(crate) fn server_started(&mut self, epoch: Epoch) {
        (self.epoch, self.head) = (Some(epoch), Some(Sequence(0)));
    }

    pub(crate) fn row_measured(&mut self, epoch: Epoch, batch: &Batch, is_late: bool) {
        let mut values = vec![MISSING.to_bits(); 2];
        for column in &batch.columns {
            // Ids count through the groups.
            values[(column.series.0 as usize - 1) % 2] = column.values[0].to_bits();
        }
        let row = (batch.group.0, batch.times[0]);
        let twice = self.rows.insert(row, Measured { epoch, sequence: None, values, is_late });
        assert!(twice.is_none(), "{row:?} was measured twice");
    }

    /// `framed` begins with the header of the WebSocket frame.
    pub(crate) fn frame_sent(&mut self, epoch: Epoch, framed: &[u8]) {
        let head = match framed[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let frame = Frame::decode(&framed[head..]).expect("decodes");
        assert_eq!(frame.header.epoch, epoch);
        let sequence = frame.header.sequence;
        if frame.body.is_numbered() {
            self.head = Some(sequence);
        }
        let content = match frame.body {
            Body::Logs(_) => Some(GapContent::Logs),
            Body::Event(_) => Some(GapContent::Events),
            _ => None,
        };
        self.entries.extend(content.map(|content| ((epoch, sequence), content)));
        let Body::Samples(samples) = frame.body else { return };
        let of_blocks =
            samples.blocks.iter().flat_map(|block| block.times.iter().map(move |time| (block.group.0, time)));
        // Ids count through the groups, which have two series each.
        let listed = samples.list.iter().map(|sample| ((sample.series.0 - 1) / 2 + 1, sample.time));
        for row in of_blocks.chain(listed).collect::<BTreeSet<_>>() {
            let made = self.rows.get_mut(&row).expect("sent rows were measured");
            assert_eq!(made.sequence.replace(sequence), None, "a row in two frames");
        }
    }

    /// The last frame of the running server.
    pub(crate) fn head(&self) -> Option<Sequence> {
        self.head
    }

    /// Checks that each sent row is held once, in order, bit for bit, or that a drawn and declared hole is in its place.
    /// Of a group that was added, rows before that may have been evicted.
    pub(crate) fn check(&self, store: &Store, gaps: &[(Epoch, Gap)], added: &[(Epoch, String, Sequence)]) -> Tally {
        let epochs: BTreeSet<Epoch> = self.rows.values().map(|made| made.epoch).collect();
        let made = self.rows.values().filter(|made| made.sequence.is_some()).count();
        let mut tally =
            Tally { gaps: gaps.len() as u64, made: made as u64, epochs: epochs.len() as u64, ..Tally::default() };
        for group in store.groups() {
            let held = if group.holds_buckets() {
                self.check_buckets(group, &mut tally)
            } else {
                self.check_rows(group, &mut tally)
            };
            let of_group = added.iter().filter(|(epoch, name, _)| Some(*epoch) == self.epoch && *name == group.name);
            self.check_declared(group, &held, gaps, of_group.map(|(.., position)| *position).max().unwrap_or_default());
        }
        tally
    }

    /// Checks each entry of the last server: it was received or declared missing, or it was sent before the page began anew.
    pub(crate) fn check_entries(&self, received: &Entries, gaps: &[(Epoch, Gap)], tally: &mut Tally) {
        let Some(epoch) = self.epoch else { return };
        let of_life = self.entries.range((epoch, Sequence(0))..=(epoch, Sequence(u64::MAX)));
        for (&(_, sequence), &content) in of_life {
            if received.held.contains(&(epoch, sequence)) {
                tally.entries += 1;
                continue;
            }
            let is_declared = gaps
                .iter()
                .filter(|(of, _)| *of == epoch)
                .any(|(_, gap)| gap.content == content && gap.after < sequence && sequence < gap.until);
            let began = received.began_after.get(&epoch).copied().unwrap_or_default();
            assert!(is_declared || sequence <= began, "{content:?} {sequence:?} are missing, and were not declared");
            tally.entries_missing += 1;
        }
        let unknown = received.held.iter().find(|entry| !self.entries.contains_key(entry));
        assert_eq!(unknown, None, "an entry that was never sent");
    }

    /// Checks each answer against the rows that its server sent.
    pub(crate) fn check_answers(&self, queries: &Queries, tally: &mut Tally) {
        for answered in &queries.answered {
            let of_epoch = self.rows.iter().filter(|(_, made)| made.epoch == answered.epoch && made.sequence.is_some());
            answered.check(&of_epoch.map(|(&(group, time), made)| (group, time, made.values.as_slice())));
        }
        tally.answers = queries.answered.len() as u64;
        tally.answers_lost = queries.lost;
    }

    fn sent(&self, group: &Group) -> impl Iterator<Item = (Timestamp, Sequence, &Measured)> {
        let number = number(group);
        let made = self.rows.range((number, Timestamp::MIN)..=(number, Timestamp::MAX));
        made.filter_map(|(&(_, time), made)| Some((time, made.sequence?, made)))
    }

    /// Checks that each bucket is the summary of rows that were sent. Returns their times, and those of the rows that are missing at its end:
    /// when the history has evicted the first rows of a bucket, the server sends nothing of it to a viewer that resumes within it, and
    /// declares nothing.
    fn check_buckets(&self, group: &Group, tally: &mut Tally) -> BTreeSet<Timestamp> {
        let mut known = BTreeSet::new();
        for row in group.rows() {
            let start = group.time(row);
            let sent = self.sent(group).filter(|(time, ..)| start <= *time && *time < start + group.step());
            let sent: Vec<_> = sent.map(|(time, _, made)| (made.epoch, time, made.values.as_slice())).collect();
            let BucketRows { held, cut } = buckets::rows_of(group, row, &sent);
            tally.buckets += 1;
            tally.held += held.len() as u64;
            tally.missing += cut.len() as u64;
            known.extend(held.into_iter().chain(cut));
        }
        known
    }

    /// Checks that each held row was sent, and that a hole is drawn for each missing one. Returns the times of the held rows.
    fn check_rows(&self, group: &Group, tally: &mut Tally) -> BTreeSet<Timestamp> {
        let mut held = BTreeSet::new();
        let mut sent = self.sent(group).peekable();
        let mut last: Option<Timestamp> = None;
        let mut is_hole_drawn = true;
        for row in group.rows() {
            let time = group.time(row);
            assert!(last.is_none_or(|last| last < time), "{} has a row twice or out of order", group.name);
            last = Some(time);
            let values: Values = (0..group.series().len()).map(|series| group.value(series, row).to_bits()).collect();
            if !self.rows.contains_key(&(number(group), time)) {
                assert!(values.iter().all(|&bits| bits == MISSING.to_bits()), "a row that was never measured");
                is_hole_drawn = true;
                tally.holes += 1;
                continue;
            }
            let mut missing = 0;
            while let Some((.., made)) = sent.next_if(|&(before, ..)| before < time) {
                missing += u64::from(!made.is_late);
            }
            assert!(missing == 0 || is_hole_drawn, "{missing} rows of {} before {time:?} without a hole", group.name);
            let (at, _, made) = sent.next().expect("held rows were sent");
            assert_eq!((at, &made.values), (time, &values), "{} differs from the sent row", group.name);
            tally.missing += missing;
            tally.held += 1;
            held.insert(time);
            is_hole_drawn = false;
        }
        // A killed server may have lost its last rows on the way.
        let behind =
            sent.inspect(|(.., made)| assert_ne!(Some(made.epoch), self.epoch, "the newest are missing")).count();
        assert!(behind == 0 || is_hole_drawn, "the newest rows of {} are missing without a hole", group.name);
        tally.missing += behind as u64;
        held
    }

    /// Checks that each missing row of the last server was declared.
    fn check_declared(&self, group: &Group, held: &BTreeSet<Timestamp>, gaps: &[(Epoch, Gap)], added_at: Sequence) {
        let is_held = |time: Timestamp| held.contains(&time);
        let of_life = |gap: &&(Epoch, Gap)| Some(gap.0) == self.epoch;
        let of_life_sent = self.sent(group).filter(|(.., made)| Some(made.epoch) == self.epoch);
        let is_declared = |sequence: Sequence| {
            let of_rows = |gap: &&(Epoch, Gap)| gap.1.content == GapContent::Rows;
            gaps.iter().filter(of_life).filter(of_rows).any(|(_, gap)| match gap.cause {
                GapCause::HistoryExpired => gap.after < sequence && sequence < gap.until,
                GapCause::EpochChanged | GapCause::UnknownPosition => sequence < gap.until,
            })
        };
        // Of a bucket with a row that was evicted, nothing is sent.
        let mut incomplete = BTreeSet::new();
        let bucket = |time: Timestamp| time.micros().div_euclid(group.step().micros().max(1).cast_signed());
        // Rows that the history evicted before the page first connected are not lost.
        for (time, sequence, _) in
            of_life_sent.skip_while(|&(time, ..)| !is_held(time)).filter(|&(time, ..)| !is_held(time))
        {
            if is_declared(sequence) || sequence <= added_at {
                incomplete.insert(bucket(time));
            }
            assert!(
                incomplete.contains(&bucket(time)),
                "{sequence:?} of {} is missing, and was not declared",
                group.name
            );
        }
    }
}

/// Number of a group, from 1.
fn number(group: &Group) -> u32 {
    1 + group.name.trim_start_matches('g').parse::<u32>().expect("a number")
}

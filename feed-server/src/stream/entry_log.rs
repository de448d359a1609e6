//! The entries of the stream beside samples: lines of logs, and events, as the frames that every viewer is sent.
//!
//! Each kind is kept by age and by bytes, so that a flood of one evicts nothing of the other.

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::{GapContent, Interval, Sequence, Timestamp};

/// Bytes of an entry besides its frame: its place in the list, and the allocation that shares the frame.
const ENTRY_BYTES: usize = 2 * size_of::<KeptEntry>() + 48;

/// Events are few and matter for long.
const EVENT_AGE: Interval = Interval::from_secs(7 * 24 * 3_600);

/// Parts of the history's bound. Lines are sent before rows, so that more would delay charts.
const LOG_PART: usize = 64;
const EVENT_PART: usize = 256;

/// A viewer that begins with a window is sent at most about this many bytes of lines: a page of them, not all.
const WINDOW_LOG_BYTES: usize = 256 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    Logs,
    Event,
}

impl EntryKind {
    pub const ALL: [Self; 2] = [Self::Logs, Self::Event];

    const fn place(self) -> usize {
        match self {
            Self::Logs => 0,
            Self::Event => 1,
        }
    }

    /// What is missing if entries of this kind are.
    pub const fn gap_content(self) -> GapContent {
        match self {
            Self::Logs => GapContent::Logs,
            Self::Event => GapContent::Events,
        }
    }
}

/// The entries that are kept.
#[derive(Debug)]
pub struct EntryLog([Kept; 2]);

/// The entries of one kind, oldest first.
#[derive(Debug)]
struct Kept {
    entries: VecDeque<KeptEntry>,
    bytes: usize,
    limit_bytes: usize,
    max_age: Interval,
    /// The number of the last entry that was evicted.
    evicted_through: Sequence,
}

#[derive(Clone, Debug)]
struct KeptEntry {
    sequence: Sequence,
    /// When it was numbered.
    time: Timestamp,
    /// Framed for the WebSocket.
    frame: Bytes,
}

/// The entries that a viewer is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryCursor {
    /// For each kind, the number of the last entry that was sent.
    after: [Sequence; 2],
    until: Sequence,
    /// For each kind: evictions up to here are no loss, or were declared.
    declared: [Sequence; 2],
}

/// The next entries of a viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NextEntries {
    pub frames: Vec<Bytes>,
    /// Kinds of which entries were evicted before they were sent, and the number from which on all are kept.
    pub lost: Vec<(EntryKind, Sequence)>,
}

impl EntryLog {
    /// `history` and `history_bytes` bound the rows; the bounds here follow from them.
    pub const fn new(history: Interval, history_bytes: usize) -> Self {
        Self([Kept::new(history, history_bytes / LOG_PART), Kept::new(EVENT_AGE, history_bytes / EVENT_PART)])
    }

    pub fn bytes(&self) -> usize {
        self.0.iter().map(|kept| kept.bytes).sum()
    }

    /// Appends an entry, whose number must be higher than all before.
    pub fn push(&mut self, kind: EntryKind, sequence: Sequence, time: Timestamp, frame: Bytes) {
        let kept = &mut self.0[kind.place()];
        kept.bytes += ENTRY_BYTES + frame.len();
        kept.entries.push_back(KeptEntry { sequence, time, frame });
    }

    /// Drops the entries beyond the bounds.
    pub fn evict(&mut self, now: Timestamp) {
        for kept in &mut self.0 {
            let oldest = now - kept.max_age;
            while let Some(first) = kept.entries.front()
                && (kept.bytes > kept.limit_bytes || first.time < oldest)
            {
                kept.bytes -= ENTRY_BYTES + first.frame.len();
                kept.evicted_through = first.sequence;
                kept.entries.pop_front();
            }
        }
    }

    /// The entries after `after`, up to `until`. If `after` is a position of the viewer, what was evicted since is a loss.
    pub const fn after(&self, after: Sequence, until: Sequence) -> EntryCursor {
        EntryCursor { after: [after; 2], until, declared: [after; 2] }
    }

    /// The entries from `oldest` on, up to number `until`: all events, and the newest lines.
    pub fn since(&self, oldest: Timestamp, until: Sequence) -> EntryCursor {
        let after = EntryKind::ALL.map(|kind| {
            let kept = &self.0[kind.place()];
            let mut room = if kind == EntryKind::Logs { WINDOW_LOG_BYTES } else { usize::MAX };
            let newest = kept.entries.iter().rev().take_while(|entry| {
                let fits = room > 0;
                room = room.saturating_sub(entry.frame.len());
                fits && entry.time >= oldest
            });
            newest.last().map_or(until, |entry| Sequence(entry.sequence.0 - 1))
        });
        EntryCursor { after, until, declared: self.0.each_ref().map(|kept| kept.evicted_through) }
    }

    /// The next frames, of about `room` bytes but at least one. Empty at the end.
    pub fn next(&self, cursor: &mut EntryCursor, room: usize) -> NextEntries {
        let mut next = NextEntries::default();
        for kind in EntryKind::ALL {
            let evicted = self.0[kind.place()].evicted_through.min(cursor.until);
            let declared = &mut cursor.declared[kind.place()];
            if evicted > *declared && evicted > cursor.after[kind.place()] {
                next.lost.push((kind, evicted.next()));
            }
            *declared = evicted.max(*declared);
        }
        let mut rest = EntryKind::ALL.map(|kind| {
            let (kept, after) = (&self.0[kind.place()], cursor.after[kind.place()]);
            let first = kept.entries.partition_point(|entry| entry.sequence <= after);
            kept.entries.range(first..).peekable()
        });
        let mut bytes = 0;
        while bytes < room {
            let [logs, events] = &mut rest;
            let number = |entry: Option<&&KeptEntry>| entry.map_or(u64::MAX, |entry| entry.sequence.0);
            let (kind, first) = if number(logs.peek()) < number(events.peek()) {
                (EntryKind::Logs, logs.next())
            } else {
                (EntryKind::Event, events.next())
            };
            let Some(entry) = first.filter(|entry| entry.sequence <= cursor.until) else {
                cursor.after = [cursor.until; 2];
                break;
            };
            bytes += entry.frame.len();
            cursor.after[kind.place()] = entry.sequence;
            next.frames.push(entry.frame.clone());
        }
        next
    }
}

impl EntryCursor {
    /// Returns true if all entries were sent.
    pub fn is_done(&self) -> bool {
        self.after.iter().all(|after| *after >= self.until)
    }
}

impl Kept {
    const fn new(max_age: Interval, limit_bytes: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limit_bytes, max_age, evicted_through: Sequence(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * SECOND)
    }

    /// Entries 1 to `count`, one a second, each third an event; a frame contains its number.
    fn log(count: u64, history_bytes: usize) -> EntryLog {
        let mut log = EntryLog::new(Interval::from_secs(1_000), history_bytes);
        for number in 1..=count {
            let kind = if number % 3 == 0 { EntryKind::Event } else { EntryKind::Logs };
            log.push(kind, Sequence(number), at(number as i64), Bytes::from(number.to_le_bytes().to_vec()));
            log.evict(at(number as i64));
        }
        log
    }

    fn numbers(next: &NextEntries) -> Vec<u64> {
        next.frames.iter().map(|frame| u64::from_le_bytes(frame[..].try_into().expect("eight bytes"))).collect()
    }

    #[test]
    fn entries_of_all_kinds_come_in_the_order_of_their_numbers_and_in_parts() {
        let log = log(10, 1 << 20);
        let mut cursor = log.after(Sequence(2), Sequence(9));
        let mut sent = Vec::new();
        while !cursor.is_done() {
            let next = log.next(&mut cursor, 17);
            assert!(next.lost.is_empty() && next.frames.len() <= 3);
            sent.extend(numbers(&next));
        }
        assert_eq!(sent, (3..=9).collect::<Vec<_>>());
        assert_eq!(log.next(&mut cursor, 100), NextEntries::default());
    }

    #[test]
    fn a_window_begins_at_a_time_and_loses_nothing() {
        let log = log(10, 1 << 20);
        let mut cursor = log.since(at(7), Sequence(10));
        assert_eq!(numbers(&log.next(&mut cursor, 1_000)), [7, 8, 9, 10]);
        let mut cursor = log.since(at(11), Sequence(10));
        assert!(cursor.is_done());
        assert_eq!(log.next(&mut cursor, 1_000), NextEntries::default());
    }

    #[test]
    fn a_window_has_all_its_events_and_the_newest_lines() {
        let mut log = EntryLog::new(Interval::from_secs(1_000), 1 << 30);
        let frame = Bytes::from(vec![0; 1 << 10]);
        log.push(EntryKind::Event, Sequence(1), at(1), frame.clone());
        for number in 2..=1_000 {
            log.push(EntryKind::Logs, Sequence(number), at(1), frame.clone());
        }
        let mut cursor = log.since(at(0), Sequence(1_000));
        let next = log.next(&mut cursor, usize::MAX);
        assert_eq!((next.frames.len(), next.lost), (1 + (WINDOW_LOG_BYTES >> 10), vec![]));
        assert!(cursor.is_done());
    }

    #[test]
    fn a_flood_of_logs_evicts_no_event_and_its_loss_is_declared_once() {
        let history_bytes = LOG_PART * 4 * (ENTRY_BYTES + 8);
        let log = log(300, history_bytes);
        assert!(log.bytes() <= history_bytes / LOG_PART + history_bytes / EVENT_PART);
        let mut cursor = log.after(Sequence(10), Sequence(300));
        let next = log.next(&mut cursor, usize::MAX);
        // The last four lines, and the last event, of which no more fit.
        assert_eq!(numbers(&next), [295, 296, 298, 299, 300]);
        assert_eq!(
            next.lost,
            [(EntryKind::Logs, Sequence(294).next()), (EntryKind::Event, Sequence(298))]
                .map(|(kind, _)| { (kind, log.0[kind.place()].evicted_through.next()) })
        );
        assert_eq!(log.next(&mut cursor, usize::MAX), NextEntries::default(), "declared once");
        // A viewer that holds all but the last entries has lost nothing.
        let mut cursor = log.after(Sequence(299), Sequence(300));
        assert_eq!(log.next(&mut cursor, usize::MAX).lost, []);
    }

    #[test]
    fn entries_that_are_evicted_while_they_are_sent_are_a_loss() {
        let mut log = log(10, 1 << 20);
        let mut cursor = log.since(at(1), Sequence(10));
        assert_eq!(numbers(&log.next(&mut cursor, 8)), [1]);
        log.evict(at(1_006));
        // Lines 1, 2, 4 and 5 are older than the bound; the first was sent. Events are kept for longer.
        let next = log.next(&mut cursor, usize::MAX);
        assert_eq!((numbers(&next), next.lost), (vec![3, 6, 7, 8, 9, 10], vec![(EntryKind::Logs, Sequence(6))]));
    }
}

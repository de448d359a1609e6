use protocol::{BlockBuffer, SeriesId};

use super::*;
use crate::ingest::batch::Batch;
use crate::stream::joined_rows::join;

const GROUP: GroupId = GroupId(1);

fn row(second: i64, value: f64) -> Batch {
    Batch::row(GROUP, Timestamp::from_micros(second * 1_000_000), [(SeriesId(1), value)])
}

/// Times (in seconds) and values of all blocks of a backfill, and the mode of each.
fn drain(history: &History, mut backfill: Backfill) -> (Vec<(i64, f64)>, Vec<BlockMode>) {
    let (mut rows, mut modes, mut buffer) = (Vec::new(), Vec::new(), BlockBuffer::default());
    while let Some(next) = history.next_rows(&mut backfill) {
        let encode = |slab: &Slab| slab.encode(GROUP, &mut BlockBuffer::default()).expect("encodes");
        let encoded = match &next.content {
            NextContent::Sealed(encoded) => encoded.clone(),
            NextContent::Closed(slab) => encode(slab),
            NextContent::Open => encode(&history.open_rows(&next).expect("still open")),
        };
        buffer.start(EncodedRows::BASE);
        buffer.push_encoded(next.mode, &encoded).expect("the same base");
        let block = buffer.blocks().iter().next().expect("a block");
        let mut values = vec![0.0; block.rows as usize];
        block.columns.iter().next().and_then(|column| column.values()).expect("a column").copy_to(&mut values);
        rows.extend(block.times.iter().map(|time| time.micros() / 1_000_000).zip(values));
        modes.push(block.mode);
        backfill.sent(&next);
    }
    assert_eq!(backfill.take_continuity(), Continuity::Unbroken, "no row is evicted meanwhile");
    (rows, modes)
}

fn seal(history: &mut History) {
    while let Some((group, arrival, slab)) = history.next_unsealed() {
        let encoded = slab.encode(group, &mut BlockBuffer::default()).expect("encodes");
        history.seal(group, arrival, slab, encoded);
    }
}

fn filled(rows: i64) -> History {
    let mut history = History::new(Interval::from_secs(60), 1 << 20);
    for second in 1..=rows {
        history.push(&row(second, second as f64), Sequence(second as u64));
    }
    history
}

fn seconds(rows: &[(i64, f64)]) -> (i64, i64) {
    (rows[0].0, rows[rows.len() - 1].0)
}

#[test]
fn rows_after_a_position_are_returned_in_order_with_their_segment() {
    let mut history = filled(25);
    // The first segment has 16 rows.
    for _ in 0..2 {
        let (missed, modes) = drain(&history, history.after(Sequence(10)));
        assert_eq!((seconds(&missed), missed.len(), modes), ((1, 25), 25, vec![BlockMode::Merge; 2]));
        assert!(missed.iter().all(|&(second, value)| value.to_bits() == (second as f64).to_bits()));
        assert_eq!(seconds(&drain(&history, history.after(Sequence(17))).0), (17, 25));
        assert!(history.after(Sequence(25)).is_done());
        let (all, _) = drain(&history, history.after(Sequence(0)));
        assert_eq!(all.len(), 25);
        seal(&mut history);
    }
}

#[test]
fn a_window_returns_the_segments_since_its_start_and_replaces_rows() {
    let history = filled(25);
    let (window, modes) = drain(&history, history.since(Timestamp::from_micros(8_500_000)));
    assert_eq!((seconds(&window), modes), ((1, 25), vec![BlockMode::Replace, BlockMode::Merge]));
}

#[test]
fn a_backfill_ends_with_the_rows_that_were_open_when_it_began() {
    for (added, last) in [(1, 26), (30, 32)] {
        let mut history = filled(25);
        let backfill = history.after(Sequence(0));
        for second in 26..26 + added {
            history.push(&row(second, second as f64), Sequence(second as u64));
        }
        // The second segment has the rows from 17 to 32.
        assert_eq!(seconds(&drain(&history, backfill).0), (1, last));
    }
}

fn with_window(seconds: u64) -> History {
    let mut history = History::new(Interval::from_secs(600), 1 << 20);
    history.set_merge_window(GROUP, Interval::from_secs(seconds));
    history
}

#[test]
fn late_rows_are_sent_in_blocks_of_their_own_to_viewers_that_resume() {
    let mut history = with_window(30);
    for (sequence, second) in [1, 2, 5, 3, 4, 9, 8].into_iter().enumerate() {
        history.push(&row(second, second as f64), Sequence(sequence as u64 + 1));
    }
    let times = |rows: Vec<(i64, f64)>| rows.into_iter().map(|(second, _)| second).collect::<Vec<_>>();
    let (rows, modes) = drain(&history, history.since(Timestamp::default()));
    assert_eq!((times(rows), modes), (vec![1, 2, 5, 9, 3, 4, 8], vec![BlockMode::Replace, BlockMode::Late]));
    assert_eq!(history.newest(GROUP), Some(Timestamp::from_micros(9_000_000)));
    assert!(history.after(Sequence(7)).is_done());
    let (rows, modes) = drain(&history, history.after(Sequence(6)));
    assert_eq!((times(rows), modes), (vec![3, 4, 8], vec![BlockMode::Late]), "the rows in order are held");
}

#[test]
fn the_late_rows_between_the_rows_of_the_first_segment_are_sent_too() {
    let mut history = with_window(5);
    let mut sequence = 0;
    let mut push = |history: &mut History, second: i64| {
        sequence += 1;
        history.push(&row(second, second as f64), Sequence(sequence));
    };
    // In ticks of 37 s: the late rows after those in order.
    for first in (0..370).step_by(37) {
        let (late, in_order): (Vec<i64>, Vec<i64>) = (first..first + 37).partition(|second| second % 10 == 4);
        in_order.into_iter().chain(late).for_each(|second| push(&mut history, second));
        seal(&mut history);
    }
    for since in 0..370 {
        let (rows, _) = drain(&history, history.since(Timestamp::from_micros(since * 1_000_000)));
        let mut sent: Vec<i64> = rows.iter().map(|(second, _)| *second).collect();
        sent.sort_unstable();
        let first = *sent.iter().find(|second| *second % 10 != 4).expect("a row in order");
        assert!(first <= since + 1);
        let from_first: Vec<i64> = sent.into_iter().filter(|&second| second >= first).collect();
        assert_eq!(from_first, (first..370).collect::<Vec<_>>(), "since {since}");
    }
}

#[test]
fn segments_are_sealed_when_no_late_row_can_have_their_times() {
    let mut history = with_window(10);
    let mut sealed = 0;
    for second in 1..=100 {
        history.push(&row(second, second as f64), Sequence(second as u64));
        while let Some((group, arrival, slab)) = history.next_unsealed() {
            let newest = slab.newest().expect("has rows");
            assert!(newest + Interval::from_secs(10) < Timestamp::from_micros(second * 1_000_000));
            let encoded = slab.encode(group, &mut BlockBuffer::default()).expect("encodes");
            history.seal(group, arrival, slab, encoded);
            sealed += 1;
        }
        let mut late = [(SeriesId(1), 7.0), (SeriesId(2), 8.0)];
        history.drop_held(GROUP, Timestamp::from_micros((second - 10).max(1) * 1_000_000), &mut late);
        assert_eq!(late.map(|(_, value)| value.is_nan()), [true, false], "every row of the window is found");
    }
    assert!(sealed > 3, "found {sealed}");
}

#[test]
fn late_rows_are_evicted_by_age_and_with_the_rows_around_them() {
    let mut history = with_window(40);
    for second in 1..=16 {
        history.push(&row(second * 2, 1.0), Sequence(second as u64));
    }
    for (sequence, second) in [(17, 3), (18, 34), (19, 31)] {
        history.push(&row(second, 3.0), Sequence(sequence));
    }
    assert_eq!(history.evict(Timestamp::from_micros(631_000_000), 0).micros(), (31 - 120 - 40) * 1_000_000);
    let all = drain(&history, history.since(Timestamp::default())).0;
    assert_eq!((all.len(), history.evicted_through()), (18, Sequence(17)), "3 s is too old");
    history.evict(Timestamp::from_micros(633_000_000), 0);
    assert_eq!(seconds(&drain(&history, history.since(Timestamp::default())).0), (34, 34));
    assert_eq!(history.evicted_through(), Sequence(19));
    // The late row at 33 s is not too old, but the only one left before the memory is short.
    history.push(&row(33, 3.0), Sequence(20));
    history.limit_bytes = 0;
    history.evict(Timestamp::from_micros(633_000_000), 0);
    assert!(history.since(Timestamp::default()).is_done());
    assert_eq!(history.evicted_through(), Sequence(20));
}

#[test]
fn late_rows_that_are_evicted_while_a_backfill_is_sent_are_a_gap() {
    for is_window in [false, true] {
        let mut history = with_window(40);
        for second in 1..=20 {
            history.push(&row(second * 2, 1.0), Sequence(second as u64));
        }
        history.push(&row(33, 3.0), Sequence(21));
        let mut backfill = if is_window { history.since(Timestamp::default()) } else { history.after(Sequence(20)) };
        if is_window {
            // The rows in order are sent before the late one is evicted.
            while let Some(next) = history.next_rows(&mut backfill).filter(|next| next.arrival == Arrival::InOrder) {
                backfill.sent(&next);
            }
        }
        // The only row in order left is newer than the late one.
        history.push(&row(2_000, 1.0), Sequence(22));
        history.evict(Timestamp::from_micros(2_001_000_000), 0);
        // Another late row has another number.
        history.push(&row(1_990, 1.0), Sequence(23));
        while let Some(next) = history.next_rows(&mut backfill) {
            assert_eq!(next.arrival, Arrival::InOrder);
            backfill.sent(&next);
        }
        assert_eq!(backfill.take_continuity(), Continuity::RowsEvicted, "window: {is_window}");
    }
}

#[test]
fn segments_that_are_joined_while_a_backfill_is_sent_are_sent_whole() {
    let mut history = History::new(Interval::from_secs(10_000), 1 << 20);
    let tenth = |row: i64| Batch::row(GROUP, Timestamp::from_micros(row * 100_000), [(SeriesId(1), row as f64)]);
    for row in 0..2_000 {
        history.push(&tenth(row), Sequence(row as u64 + 1));
    }
    seal(&mut history);
    let mut backfill = history.after(Sequence(0));
    let mut rows: Vec<i64> = Vec::new();
    let mut joins = 0;
    while let Some(next) = history.next_rows(&mut backfill) {
        let encoded = match &next.content {
            NextContent::Sealed(encoded) => encoded.clone(),
            NextContent::Closed(slab) => slab.encode(GROUP, &mut BlockBuffer::default()).expect("encodes"),
            NextContent::Open => {
                history.open_rows(&next).expect("open").encode(GROUP, &mut BlockBuffer::default()).expect("encodes")
            }
        };
        rows.extend(encoded.block().expect("a block").times.iter().map(|time| time.micros() / 100_000));
        backfill.sent(&next);
        if joins == 0 || rows.len() > 300 {
            while let Some((group, parts)) = history.next_joinable() {
                let joined = join(group, &parts, &mut BlockBuffer::default()).expect("encodes");
                joins += usize::from(joined.is_some());
                if let Some(joined) = joined {
                    history.join(group, joined);
                }
            }
        }
    }
    assert!(joins > 1, "found {joins}");
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows, (0..2_000).collect::<Vec<_>>());
    assert_eq!(backfill.take_continuity(), Continuity::Unbroken);
}

#[test]
fn a_viewer_with_rows_from_before_a_clear_is_told_to_replace_them() {
    let mut history = filled(25);
    history.clear(GROUP);
    history.push(&row(3, 3.0), Sequence(26));
    let mode = |position| drain(&history, history.after(Sequence(position))).1;
    assert_eq!(mode(25), [BlockMode::Replace]);
    history.push(&row(4, 3.0), Sequence(27));
    assert_eq!(drain(&history, history.after(Sequence(26))).1, [BlockMode::Merge]);
    assert_eq!(history.evicted_through(), Sequence(25));
    // The first rows after a clear may come later than its tick.
    history.clear(GROUP);
    history.push(&row(2, 1.0), Sequence(40));
    assert_eq!(drain(&history, history.after(Sequence(39))).1, [BlockMode::Replace]);
    assert_eq!(drain(&history, history.after(Sequence(27))).1, [BlockMode::Replace]);
}

#[test]
fn spare_memory_gives_way_to_rows() {
    let mut history = History::new(Interval::from_secs(1_000_000), 100_000);
    for second in 1..=3_000 {
        for group in 1..=8 {
            let width = 1 + (second as u32 / 200 + group) % 5;
            let values = (1..=width).map(|id| (SeriesId(id), f64::from(id) + (second as f64).sqrt()));
            let time = Timestamp::from_micros(second * 1_000_000);
            history.push(&Batch::row(GroupId(group), time, values), Sequence(second as u64));
        }
        seal(&mut history);
        history.evict(Timestamp::from_micros(second * 1_000_000), 0);
        assert!(history.spare.bytes() <= 100_000 / SPARE_PART);
    }
    assert!(history.groups.bytes() > 70_000, "found {} bytes of rows", history.groups.bytes());
}

#[test]
fn segments_older_than_the_span_are_evicted_and_the_position_moves() {
    let mut history = filled(100);
    let oldest = history.evict(Timestamp::from_micros(100_000_000), 0);
    let (rows, _) = drain(&history, history.after(Sequence(0)));
    assert_eq!(rows[0], (33, 33.0), "the segment of 33 to 48 s has rows that are not 60 s old");
    assert!(oldest.micros() <= 33_000_000);
    assert_eq!(history.evicted_through(), Sequence(32));
}

#[test]
fn bytes_stay_below_the_bound_for_any_span() {
    let mut history = History::new(Interval::from_secs(1_000_000), 100_000);
    for second in 1..=20_000 {
        history.push(&row(second, (second as f64).sqrt()), Sequence(second as u64));
        seal(&mut history);
        history.evict(Timestamp::from_micros(second * 1_000_000), 0);
        assert!(history.bytes() <= 100_000);
    }
    assert!(history.bytes() > 80_000, "found {}", history.bytes());
    history.evict(Timestamp::from_micros(20_000_000_000), 60_000);
    assert!(history.bytes() <= 40_000, "bytes that are held elsewhere count");
}

#[test]
fn rows_evicted_during_a_backfill_break_continuity_only_after_rows_that_the_viewer_holds() {
    let evicted_while = |begin: fn(&History) -> Backfill, sent_before: usize| {
        let mut history = filled(50);
        let mut backfill = begin(&history);
        for _ in 0..sent_before {
            let next = history.next_rows(&mut backfill).expect("rows are left");
            backfill.sent(&next);
        }
        history.span = Interval::from_secs(10);
        history.evict(Timestamp::from_micros(50_000_000), 0);
        history.next_rows(&mut backfill).expect("rows are left");
        backfill.take_continuity()
    };
    assert_eq!(evicted_while(|history| history.since(Timestamp::default()), 0), Continuity::Unbroken);
    assert_eq!(evicted_while(|history| history.since(Timestamp::default()), 1), Continuity::RowsEvicted);
    assert_eq!(evicted_while(|history| history.after(Sequence(10)), 0), Continuity::RowsEvicted);
}

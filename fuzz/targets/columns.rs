//! Encodes arbitrary times and values, decodes them and compares every bit.
#![no_main]

use fuzz::blocks::assert_same_bits;
use protocol::column::MISSING;
use protocol::{BlockBuffer, BlockMode, Body, Frame, GroupId, Header, Samples, SamplesBuffer, SeriesId, Timestamp};

/// Two blocks of this many rows fit a message even without compression.
const MAX_ROWS: usize = 1_024;
/// Rows that are encoded one by one.
const MAX_MESSAGES: usize = 64;

/// Five bytes select shapes, scale and base time; the others become times and two columns.
fn check(bytes: &[u8]) {
    let Some(([times_shape, one_shape, other_shape, scale, base], rest)) = bytes.split_first_chunk() else { return };
    let (times_bytes, rest) = rest.split_at(rest.len() / 4);
    let (one_bytes, other_bytes) = rest.split_at(rest.len() / 2);
    let times = times(*times_shape, times_bytes);
    let (one, other) = (column(*one_shape, *scale, one_bytes), column(*other_shape, *scale, other_bytes));
    let rows = times.len().min(one.len()).min(other.len()).min(MAX_ROWS);
    let (times, one, other) = (&times[..rows], &one[..rows], &other[..rows]);
    let base = times.get(usize::from(*base)).or(times.first()).copied().unwrap_or_default();
    // In both orders: remains of one column in the buffer must not affect the next.
    check_blocks(base, times, [[one, other], [other, one]]);
    check_rows(base, times, [one, other]);
}

/// Each row in a message of its own, as it is sent live.
fn check_rows(base: Timestamp, times: &[Timestamp], columns: [&[f64]; 2]) {
    let mut buffer = SamplesBuffer::default();
    let mut read = Vec::new();
    for (row, &time) in times.iter().enumerate().take(MAX_MESSAGES) {
        buffer.start(base);
        let cells = (1..).map(SeriesId).zip(columns.map(|values| &values[row..=row]));
        buffer.push(BlockMode::Merge, GroupId(1), &[time], cells.clone()).expect("series are increasing");
        let samples = buffer.samples();
        let message = Frame { header: Header::default(), body: Body::Samples(samples) };
        let message = message.to_bytes().expect("fits a message");
        let most_bytes = Frame::HEAD_BYTES + 20 + SamplesBuffer::most_bytes(columns.len(), 1);
        assert!(message.len() <= most_bytes, "{} bytes are more than {most_bytes}", message.len());
        let Body::Samples(samples) = Frame::decode(&message).expect("an encoded message is valid").body else {
            panic!("another kind was decoded")
        };
        if samples.list.is_empty() {
            continue;
        }
        read.clear();
        read.extend(samples.list.iter().map(|sample| (sample.time, sample.series, sample.value.to_bits())));
        let expected = cells.map(|(series, value)| (time, series, value[0].to_bits()));
        assert!(read.iter().copied().eq(expected.filter(|sample| sample.2 != MISSING.to_bits())), "row {row}");
    }
}

fn check_blocks(base: Timestamp, times: &[Timestamp], blocks: [[&[f64]; 2]; 2]) {
    let mut buffer = BlockBuffer::default();
    buffer.start(base);
    for (group, columns) in (1..).map(GroupId).zip(blocks) {
        buffer.push(group, times, (1..).map(SeriesId).zip(columns)).expect("times and series are increasing");
    }
    let unpacked = 2 * (40 + times.len() * 8 + 2 * (11 + times.len() * 8));
    assert!(buffer.len() <= unpacked, "{} bytes for {} rows are more than unpacked", buffer.len(), times.len());

    let samples = Samples::of_blocks(buffer.blocks());
    let message = Frame { header: Header::default(), body: Body::Samples(samples) };
    let message = message.to_bytes().expect("fits a message");
    let frame = Frame::decode(&message).expect("an encoded message is valid");
    let Body::Samples(samples) = frame.body else { panic!("another kind was decoded") };
    assert_eq!(samples.blocks.iter().count(), blocks.len());
    let mut read = vec![0.0; times.len()];
    for (block, columns) in samples.blocks.iter().zip(blocks) {
        assert!(block.times.iter().eq(times.iter().copied()), "other times were decoded");
        assert_eq!(block.columns.iter().count(), columns.len());
        for (column, expected) in block.columns.iter().zip(columns) {
            column.values().expect("a known encoding").copy_to(&mut read);
            assert_same_bits(&read, expected);
        }
    }
}

fn words<const BYTES: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; BYTES]> {
    bytes.as_chunks().0.iter().copied()
}

/// Increasing times: regular, irregular, or arbitrary.
fn times(shape: u8, bytes: &[u8]) -> Vec<Timestamp> {
    let times: Vec<i64> = match shape % 4 {
        0 => {
            let (start, step) = bytes.split_at(bytes.len().min(8));
            let start = words(start).next().map_or(0, i64::from_le_bytes);
            let step = words(step).next().map_or(1, |step| 1 + i64::from(u32::from_le_bytes(step)));
            (0..).take(MAX_ROWS).map_while(|row| start.checked_add(row * step)).collect()
        }
        1 => running_sum(bytes.iter().map(|&step| 1 + i64::from(step))),
        2 => running_sum(words(bytes).map(|step| 1 + i64::from(u16::from_le_bytes(step)) * 1_000)),
        _ => {
            let mut times: Vec<i64> = words(bytes).map(i64::from_le_bytes).collect();
            times.sort_unstable();
            times.dedup();
            times
        }
    };
    times.into_iter().map(Timestamp::from_micros).collect()
}

/// Values of instruments, or arbitrary bits.
fn column(shape: u8, scale: u8, bytes: &[u8]) -> Vec<f64> {
    let decimals = 10_f64.powi(i32::from(scale % 24));
    let doublings = 2_f64.powi(i32::from(scale % 56));
    let over = |divisor: f64| move |integer: i64| integer as f64 / divisor;
    match shape % 8 {
        0 => words(bytes).map(f64::from_le_bytes).collect(),
        1 => words(bytes).map(f32::from_le_bytes).map(f64::from).collect(),
        2 => words(bytes).map(|word| over(decimals)(i64::from(i32::from_le_bytes(word)))).collect(),
        3 => words(bytes).map(|word| over(doublings)(i64::from(i32::from_le_bytes(word)))).collect(),
        4 => bytes.iter().map(|&byte| over(decimals)(i64::from(byte.cast_signed()))).collect(),
        5 => running_sum(steps(bytes)).into_iter().map(over(decimals)).collect(),
        6 => running_sum(steps(bytes)).into_iter().map(over(doublings)).collect(),
        _ => vec![words(bytes).next().map_or(0.0, f64::from_le_bytes); MAX_ROWS],
    }
}

/// Small steps and a few large ones.
fn steps(bytes: &[u8]) -> impl Iterator<Item = i64> {
    bytes.iter().map(|&byte| match byte.cast_signed() {
        i8::MIN => -1_000_000_007,
        i8::MAX => 1 << 40,
        step => i64::from(step),
    })
}

fn running_sum(steps: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut sum = 0_i64;
    steps
        .map(|step| {
            sum = sum.wrapping_add(step);
            sum
        })
        .collect()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

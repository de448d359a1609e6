use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A buffer with groups of these widths.
fn buffer(limit_bytes: usize, widths: &[usize]) -> Buffer {
    let mut buffer = Buffer::new(limit_bytes);
    let mut series = (1..).map(SeriesId);
    for (number, &width) in widths.iter().enumerate() {
        buffer.add_group(number.to_string(), series.by_ref().take(width).collect());
    }
    buffer
}

/// Times and first values of the rows of a message, by group.
fn rows(message: &Numbered) -> Vec<(u32, i64, f64)> {
    let ClientMessage::Rows { number, blocks, .. } = ClientMessage::decode(&message.bytes).expect("decodes") else {
        panic!("rows");
    };
    assert_eq!(number, message.number);
    let mut rows = Vec::new();
    for block in &blocks {
        let mut values = vec![0.0; block.rows as usize];
        let first = block.columns.iter().next().expect("a column");
        first.values().expect("known").copy_to(&mut values);
        rows.extend(block.times.iter().zip(values).map(|(time, value)| (block.group.0, time.micros(), value)));
    }
    assert_eq!(rows.len() as u64, message.rows);
    rows
}

#[test]
fn rows_of_the_wrong_width_or_order_are_refused() {
    let mut buffer = buffer(1 << 20, &[2]);
    buffer.row(GroupId(1), at(5), &[1.0, 2.0]).expect("accepted");
    let error = |result: Result<(), RowError>| result.expect_err("refused").to_string();
    let wrong = error(buffer.row(GroupId(1), at(6), &[1.0]));
    assert_eq!(wrong, "a row of group \"0\" must have 2 values, one for each series, found 1");
    let early = error(buffer.row(GroupId(1), at(2), &[1.0, 2.0]));
    assert_eq!(early, "a row of group \"0\" must be later than the last one, found one that is 3 us earlier");
}

#[test]
fn the_widest_group_fits_a_message_with_any_values() {
    let width = protocol::limits::MAX_GROUP_SERIES;
    let mut buffer = buffer(1 << 30, &[width, 3]);
    for row in 0..10 {
        let values: Vec<f64> = (0..width)
            .map(|column| f64::from_bits(((column + row * 7_919) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        buffer.row(GroupId(1), at(row as i64 * 1_001), &values).expect("accepted");
        buffer.row(GroupId(2), at(row as i64), &values[..3]).expect("accepted");
    }
    buffer.encode().expect("fits");
    let messages = buffer.after(0, 100);
    assert_eq!(messages.iter().map(|message| message.rows).sum::<u64>(), 20);
    assert!(messages.iter().all(|message| rows(message).len() as u64 == message.rows));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every row is in one message, is held, or is counted as lost; and the bound holds.
    #[test]
    fn every_row_is_in_one_message_or_lost_and_the_bound_holds(
        steps in vec((0..4_u8, 0..3_u32, 0..60_usize), 0..60),
        limit in 3_000..100_000_usize,
    ) {
        let widths = [1, 7, 300];
        let mut buffer = buffer(limit, &widths);
        let (mut next, mut pushed, mut held) = ([0_i64; 3], 0_u64, 0_u64);
        for (what, group, count) in steps {
            match what {
                0 | 1 => for _ in 0..count {
                    let place = group as usize;
                    next[place] += 1;
                    pushed += 1;
                    let values = vec![next[place] as f64; widths[place]];
                    buffer.row(GroupId(group + 1), at(next[place]), &values).expect("accepted");
                    prop_assert!(buffer.bytes <= limit, "{} bytes", buffer.bytes);
                },
                2 => buffer.encode().expect("encodes"),
                _ => {
                    let sent = buffer.after(0, count % 5);
                    held += sent.iter().map(|message| message.rows).sum::<u64>();
                    if let Some(last) = sent.last() {
                        buffer.release(last.number);
                    }
                }
            }
            prop_assert_eq!(buffer.bytes, buffer.counted_bytes());
        }
        buffer.encode().expect("encodes");
        let messages = buffer.after(0, usize::MAX);
        prop_assert!(messages.is_sorted_by(|one, next| one.number < next.number));
        let all: Vec<_> = messages.iter().flat_map(rows).collect();
        prop_assert_eq!(all.len() as u64 + held + buffer.lost(), pushed);
        for group in 1..=3 {
            let of_group: Vec<_> = all.iter().filter(|row| row.0 == group).map(|row| (row.1, row.2)).collect();
            prop_assert!(of_group.is_sorted_by(|one, next| one.0 < next.0));
            prop_assert!(of_group.iter().all(|&(time, value)| time == value as i64));
        }
    }
}

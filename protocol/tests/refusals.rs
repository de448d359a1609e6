//! Invalid input of the encoder. For invalid input of the decoder see `golden/refused`.

use protocol::{BlockBuffer, EncodeError, GroupId, SeriesId, Timestamp};

fn push(times: &[i64], columns: &[(u32, &[f64])]) -> Result<(), EncodeError> {
    let times: Vec<Timestamp> = times.iter().copied().map(Timestamp::from_micros).collect();
    BlockBuffer::default().push(GroupId(3), &times, columns.iter().map(|&(series, values)| (SeriesId(series), values)))
}

fn refusal(times: &[i64], columns: &[(u32, &[f64])]) -> String {
    push(times, columns).expect_err("must be refused").to_string()
}

#[test]
fn block_in_order_is_encoded() {
    assert!(push(&[1, 2], &[(5, &[1.0, 2.0]), (6, &[1.0, 2.0])]).is_ok());
    assert!(push(&[], &[]).is_ok());
}

#[test]
fn column_with_wrong_row_count_is_refused() {
    assert_eq!(refusal(&[1, 2], &[(5, &[1.0])]), "column of series 5 has 1 rows, its block has 2");
}

#[test]
fn times_that_are_not_increasing_are_refused() {
    assert_eq!(refusal(&[1, 1], &[]), "times of a block must be strictly increasing, found otherwise in group 3");
    assert_eq!(refusal(&[2, 1], &[]), "times of a block must be strictly increasing, found otherwise in group 3");
}

#[test]
fn series_that_are_not_increasing_are_refused() {
    assert_eq!(
        refusal(&[1], &[(5, &[1.0]), (5, &[1.0])]),
        "series of a block must be strictly increasing, found otherwise in group 3"
    );
    assert_eq!(
        refusal(&[1], &[(5, &[1.0]), (4, &[1.0])]),
        "series of a block must be strictly increasing, found otherwise in group 3"
    );
}

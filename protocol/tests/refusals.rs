//! Invalid input of the encoder. For invalid input of the decoder see `golden/refused`.

use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    AnswerOrder, BlockBuffer, ClientMessage, EncodeError, GroupId, Interval, Selection, SeriesId, SummaryBuffer,
    SummaryColumnsBuffer, SummaryValues, Timestamp,
};

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

/// Pushes series of `last` columns beside `first`.
fn push_summaries(times: &[i64], series: &[(u32, &[f64], &[f64])]) -> Result<(), EncodeError> {
    let mut columns = SummaryColumnsBuffer::default();
    for &(id, first, last) in series {
        columns.push(SeriesId(id), SummaryValues { first, others: Some([last, first, first, first, first]) })?;
    }
    let times: Vec<Timestamp> = times.iter().copied().map(Timestamp::from_micros).collect();
    SummaryBuffer::default().push(GroupId(3), Interval::from_secs(1), &times, &columns)
}

fn refusal_of_summaries(times: &[i64], series: &[(u32, &[f64], &[f64])]) -> String {
    push_summaries(times, series).expect_err("must be refused").to_string()
}

#[test]
fn summaries_in_order_are_encoded() {
    assert!(push_summaries(&[1, 2], &[(5, &[1.0, 2.0], &[2.0, 2.0]), (6, &[1.0, 2.0], &[1.0, 3.0])]).is_ok());
    assert!(push_summaries(&[], &[]).is_ok());
    assert!(push_summaries(&[1], &[]).is_ok());
}

#[test]
fn field_with_wrong_bucket_count_is_refused() {
    let expected = "column of series 5 has 1 rows, its block has 2";
    assert_eq!(refusal_of_summaries(&[1, 2], &[(5, &[1.0, 2.0], &[1.0])]), expected);
    assert_eq!(refusal_of_summaries(&[1, 2], &[(4, &[1.0, 2.0], &[1.0, 2.0]), (5, &[1.0], &[1.0])]), expected);
    assert_eq!(refusal_of_summaries(&[1, 2], &[(5, &[1.0], &[1.0])]), expected);
}

#[test]
fn starts_that_are_not_increasing_are_refused() {
    let expected = "times of a block must be strictly increasing, found otherwise in group 3";
    assert_eq!(refusal_of_summaries(&[2, 1], &[]), expected);
}

#[test]
fn series_of_summaries_that_are_not_increasing_are_refused() {
    for id in [4, 5] {
        let series: [(u32, &[f64], &[f64]); 2] = [(5, &[1.0], &[1.0]), (id, &[1.0], &[1.0])];
        let expected = format!("series of a block must be strictly increasing, series {id} is not");
        assert_eq!(refusal_of_summaries(&[1], &series), expected);
    }
}

#[test]
fn buffer_that_was_cleared_accepts_earlier_series_and_other_lengths() {
    let mut columns = SummaryColumnsBuffer::default();
    let values = |first| SummaryValues { first, others: None };
    columns.push(SeriesId(5), values(&[1.0, 2.0])).expect("encodes");
    assert_eq!(columns.values(), 2);
    columns.clear();
    assert!(columns.is_empty() && columns.values() == 0);
    columns.push(SeriesId(4), values(&[1.0])).expect("encodes");
    assert_eq!(columns.values(), 1);
}

#[test]
fn query_over_the_limit_is_refused() {
    let text = "x".repeat(MAX_MESSAGE_BYTES);
    let at = Timestamp::from_micros(0);
    let (selection, order) = (Selection::Selector(&text), AnswerOrder::Direct);
    let query = ClientMessage::Query { id: 1, selection, from: at, to: at, columns: 1, order };
    assert!(matches!(query.to_bytes(), Err(EncodeError::TooLong { .. })));
}

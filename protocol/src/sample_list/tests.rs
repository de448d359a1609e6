//! The bytes of lists, those that are refused, and every value bit for bit.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn encoded(base: i64, samples: &[(i64, u32, f64)]) -> SampleListBuffer {
    let mut buffer = SampleListBuffer::default();
    buffer.start(Timestamp::from_micros(base));
    for &(time, series, value) in samples {
        let time = Timestamp::from_micros(time);
        assert!(buffer.accepts(time));
        buffer.push(Sample { time, series: SeriesId(series), value });
    }
    buffer.encode();
    buffer
}

fn bytes(samples: &[(i64, u32, f64)]) -> Vec<u8> {
    encoded(1_000, samples).bytes
}

#[test]
fn neighbours_share_the_head_of_their_run() {
    assert_eq!(bytes(&[(1_000, 0, 5.0), (1_000, 1, -3.0), (1_000, 2, 63.0)]), [0x00, 0, 0x62, 10, 5, 126]);
    // A value of one decimal in a run of two, and one of two decimals after one of one.
    assert_eq!(bytes(&[(1_000, 0, 0.25), (1_000, 1, 0.3)]), [0x00, 0, 0x81, 50, 60]);
    assert_eq!(bytes(&[(1_000, 0, 0.3), (1_000, 1, 0.25)]), [0x00, 0, 0x70, 6, 0x80, 50]);
}

#[test]
fn zeros_take_no_bytes_where_a_run_of_them_is_shorter() {
    let zeros = |count: u32| (0..count).map(|series| (1_000, series, 0.0)).collect::<Vec<_>>();
    assert_eq!(bytes(&zeros(15)), [0x00, 0, 0x2e]);
    assert_eq!(bytes(&zeros(16)), [0x00, 0, 0x2f, 0]);
    assert_eq!(bytes(&zeros(400)), [0x00, 0, 0x2f, 0x80, 3]);
    let around = |zeros: usize| {
        let values = [vec![1.0], vec![0.0; zeros], vec![1.0]].concat();
        bytes(&(0..).zip(values).map(|(series, value)| (1_000, series, value)).collect::<Vec<_>>())
    };
    assert_eq!(around(2), [0x00, 0, 0x63, 2, 0, 0, 2]);
    assert_eq!(around(3), [0x00, 0, 0x60, 2, 0x22, 0x60, 2]);
    assert_eq!(bytes(&[(1_000, 0, -0.0)])[2], 0x40, "a negative zero is no zero");
}

#[test]
fn times_and_series_are_relative() {
    let samples = [(990, 7, 1.0), (990, 40, 1.0), (1_100, 41, 1.0), (1_100, 300, 1.0), (1_200, 7, 1.0)];
    let expected = [
        &[0x00, 19, 0x16, 0x60, 2, 0x1f, 16, 0x60, 2][..],
        &[0x00, 0xdc, 1, 0x60, 2, 0x1f, 0xf2, 1, 0x60, 2],
        &[0x01, 0xc8, 1, 0x16, 0x60, 2],
    ];
    assert_eq!(bytes(&samples), expected.concat());
    let mut shuffled = samples;
    shuffled.reverse();
    assert_eq!(bytes(&shuffled), bytes(&samples), "samples are sorted");
}

#[test]
fn kernel_sizes_are_written_as_multiples() {
    let gibibyte = f64::from(1 << 30);
    assert_eq!(bytes(&[(1_000, 0, gibibyte), (1_000, 1, 3.0 * gibibyte)])[2], 0x51);
    assert_eq!(bytes(&[(1_000, 0, 65_536.0)]), [0x00, 0, 0x50, 0x80, 1]);
    assert_eq!(bytes(&[(1_000, 0, 64_512.0)])[2], 0x60);
}

#[test]
fn malformed_lists_are_refused() {
    use SampleListError::{NoTime, Series, Time, Truncated};
    for (bytes, expected) in [
        (&[0x60, 2][..], NoTime),
        (&[0x02, 0], Time(2)),
        (&[0x00], Truncated),
        (&[0x00, 0, 0x60], Truncated),
        (&[0x00, 0, 0x60, 0x80], Truncated),
        (&[0x00, 0, 0x60, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], Truncated),
        (&[0x00, 0, 0x30, 0, 0, 0], Truncated),
        (&[0x1f, 0xff, 0xff, 0xff, 0xff, 0x0f], Series),
        (&[0x1f, 0xe0, 0xff, 0xff, 0xff, 0x0f, 0x1f, 0x00], Series),
    ] {
        match SampleList::new(Timestamp::default(), bytes).check() {
            Err(DecodeError::MalformedSamples(found)) => assert_eq!(found, expected, "{bytes:02x?}"),
            other => panic!("{bytes:02x?}: {other:?}"),
        }
    }
    let zeros = [0x00, 0, 0x2f, 0xf1, 0xff, 0x07];
    let over = SampleList::new(Timestamp::default(), &zeros).check();
    assert!(matches!(over, Err(DecodeError::Limit { found: 131_073, .. })), "{over:?}");
}

fn value() -> impl Strategy<Value = f64> {
    let decimals = (any::<i64>(), 14..64_u32, 0..12_i32)
        .prop_map(|(integer, shift, decimals)| (integer >> shift) as f64 / 10_f64.powi(decimals));
    let multiples = (any::<i64>(), 4..54_u32).prop_map(|(integer, shift)| (integer >> shift) as f64 * 1_024.0);
    let bits = any::<u64>().prop_map(f64::from_bits);
    let singles = any::<f32>().prop_map(f64::from);
    prop_oneof![Just(0.0), decimals, multiples, bits, singles]
}

proptest! {
    #[test]
    fn samples_round_trip_bit_for_bit_within_the_bound(
        base in any::<i32>(),
        samples in vec((-3_i64..3, prop_oneof![0..20_u32, any::<u32>()], value()), 0..200),
    ) {
        let times = |row: i64| i64::from(base) + row * 1_000_003;
        let mut expected: Vec<_> = samples.iter().map(|&(row, series, value)| (times(row), series, value)).collect();
        expected.retain(|sample| !is_missing(sample.2) && sample.1 < u32::MAX);
        expected.sort_by_key(|sample| (sample.0, sample.1));
        expected.dedup_by_key(|sample| (sample.0, sample.1));
        let buffer = encoded(base.into(), &expected);
        let list = buffer.list();
        prop_assert_eq!(list.check().expect("is valid"), expected.len() as u64);
        let bits = |(time, series, value): (i64, u32, f64)| (time, series, value.to_bits());
        let read: Vec<_> = list.iter().map(|sample| bits((sample.time.micros(), sample.series.0, sample.value))).collect();
        prop_assert_eq!(read, expected.iter().copied().map(bits).collect::<Vec<_>>());
        let rows: usize = 6;
        prop_assert!(list.bytes().len() <= rows * ROW_HEAD_BYTES + expected.len() * SAMPLE_BYTES);
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read_to_the_end(bytes in vec(any::<u8>(), 0..300)) {
        let list = SampleList::new(Timestamp::default(), &bytes);
        if let Ok(samples) = list.check() {
            prop_assert_eq!(list.iter().count() as u64, samples);
        }
    }
}

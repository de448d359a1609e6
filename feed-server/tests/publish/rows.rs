//! What becomes of rows: they reach viewers, once, and those that are dropped are counted.

use feed_server::clock;
use protocol::{Body, ClientMessage, Frame, Interval, Timestamp};

use super::{Program, config, metric, until_metric, values_of_history};
use crate::served::Served;

/// Times that end now.
fn times(rows: u64) -> Vec<Timestamp> {
    let now = clock::now();
    (0..rows).map(|row| now - Interval::from_millis(rows - row)).collect()
}

#[tokio::test]
async fn rows_of_a_publisher_reach_a_viewer_bit_for_bit() {
    let served = Served::configured(config()).await;
    let (mut program, held) = Program::open(&served, "worker", 7).await;
    assert_eq!(held, 0);
    let special = [f64::from_bits(0x7ff8_0000_0000_0007), f64::INFINITY, -0.0, f64::MIN_POSITIVE / 2.0, 0.1];
    let others: Vec<f64> = special.iter().rev().copied().collect();
    let times = times(5);
    let mut live = served.viewer("/stream?window=0").await;
    program.columns(1, &times, &[(1, &special), (2, &others)]).await;
    assert_eq!(program.until_held(1).await.run, 7);
    // Live, and in the history.
    loop {
        let frame = live.frame().await;
        let Body::Samples(samples) = Frame::decode(&frame).expect("decodes").body else { continue };
        let mut found: Vec<_> = samples.list.iter().map(|sample| (sample.time, sample.value.to_bits())).collect();
        for block in &samples.blocks {
            for column in &block.columns {
                let mut values = vec![0.0; block.rows as usize];
                column.values().expect("known").copy_to(&mut values);
                found.extend(block.times.iter().zip(values).map(|(time, value)| (time, value.to_bits())));
            }
        }
        found.sort_unstable();
        let expected = times.iter().zip(&special).chain(times.iter().zip(&others));
        let mut expected: Vec<_> = expected.map(|(&time, value)| (time, value.to_bits())).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
        break;
    }
    let values = values_of_history(&served, 10).await;
    assert_eq!(values.len(), 10);
    for (row, time) in times.iter().enumerate() {
        let value = |series: &str| values[&("worker:jobs".to_owned(), series.to_owned(), time.micros())];
        assert_eq!((value("waiting"), value("running")), (special[row].to_bits(), others[row].to_bits()));
    }
}

#[tokio::test]
async fn messages_that_are_sent_again_are_acknowledged_and_ignored() {
    let served = Served::configured(config()).await;
    let (mut program, _) = Program::open(&served, "worker", 7).await;
    let times = times(9);
    for (number, &time) in [1, 2, 3].into_iter().zip(&times) {
        program.rows(number, &[(time, number as f64)]).await;
    }
    program.until_held(3).await;
    drop(program);
    let (mut program, held) = Program::open(&served, "worker", 7).await;
    assert_eq!(held, 3);
    // Other rows under the same numbers: ignored, too.
    program.rows(2, &[(times[5], 2.0)]).await;
    program.rows(4, &[(times[6], 4.0)]).await;
    program.until_held(4).await;
    assert_eq!(metric(&served, "kymograph_publisher_rows_total{publisher=\"worker\"}").await as u64, 4);
    assert_eq!(metric(&served, "kymograph_publisher_duplicates_total{publisher=\"worker\"}").await as u64, 1);
    assert_eq!(values_of_history(&served, 4).await.len(), 4);
}

#[tokio::test]
async fn rows_that_a_publisher_has_lost_are_counted() {
    let served = Served::configured(config()).await;
    let (mut program, _) = Program::open(&served, "worker", 7).await;
    let blocks = protocol::BlockBuffer::default();
    program.say(&ClientMessage::Rows { number: 40, lost: 39, blocks: blocks.blocks() }).await;
    program.until_held(40).await;
    assert_eq!(metric(&served, "kymograph_publisher_lost_total{publisher=\"worker\"}").await as u64, 39);
}

#[tokio::test]
async fn rows_ahead_of_the_clock_are_dropped_and_both_sides_count_them() {
    let served = Served::configured(config()).await;
    let (mut program, _) = Program::open(&served, "worker", 7).await;
    let now = clock::now();
    program.rows(1, &[(now, 1.0), (now + Interval::from_secs(60), 2.0), (Timestamp::MAX, 3.0)]).await;
    program.rows(2, &[(Timestamp::MIN, 4.0)]).await;
    program.until_held(2).await;
    assert_eq!(program.held().await.dropped, 3);
    assert_eq!(values_of_history(&served, 1).await.len(), 1);
    let ahead = "kymograph_source_rows_out_of_order_total{source=\"publish:worker\",outcome=\"ahead\"}";
    assert_eq!(metric(&served, ahead).await as u64, 2);
}

#[tokio::test]
async fn late_rows_are_put_in_their_place_within_the_merge_window_and_dropped_and_counted_after_it() {
    let sources = vec!["publish:merge=2s".parse().expect("valid")];
    let served = Served::configured(feed_server::app::config::Config { sources, ..config() }).await;
    let (mut program, _) = Program::open(&served, "worker", 7).await;
    let now = clock::now();
    let ago = |millis| now - Interval::from_millis(millis);
    for (number, time) in [(1, ago(0)), (2, ago(1_000)), (3, ago(3_000))] {
        program.rows(number, &[(time, number as f64)]).await;
    }
    program.until_held(3).await;
    while program.held().await.dropped == 0 {}
    let values: Vec<_> = values_of_history(&served, 2).await.into_iter().map(|((.., time), _)| time).collect();
    assert_eq!(values, [ago(1_000).micros(), ago(0).micros()]);
}

#[tokio::test]
async fn a_publisher_that_vanishes_is_stopped_and_one_that_returns_is_live_with_the_same_series() {
    let served = Served::configured(config()).await;
    let state = async |expected: &'static str| {
        loop {
            let ready = served.get("/readyz?source=publish:worker").await;
            if ready.contains(&format!("\"state\":\"{expected}\"")) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let mut ids = Vec::new();
    for run in [1, 2] {
        let (mut program, _) = Program::open(&served, "worker", run).await;
        state("starting").await;
        program.rows(1, &[(clock::now(), 1.0)]).await;
        program.until_held(1).await;
        state("running").await;
        assert_eq!(metric(&served, "kymograph_publisher_connected{publisher=\"worker\"}").await as u64, 1);
        // Half of a message.
        program.0.send_raw(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 2, 3, 4, 5]).await;
        drop(program);
        state("stopped").await;
        until_metric(&served, "kymograph_publisher_connected{publisher=\"worker\"}", 0.0).await;
        let mut viewer = served.viewer("/stream").await;
        super::read_history(&mut viewer).await;
        ids.push(viewer.groups.ids());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(values_of_history(&served, 2).await.len(), 2);
}

//! The ticker: takes batches from the queue, tick by tick, and passes them to the hub.
//!
//! It has no clock and does not wait: the time is an argument of [`Ticker::tick`]. The product calls it from a
//! [thread](super::ticker_thread) of its own, a simulation from a task in virtual time.

use std::sync::Arc;
use std::time::Duration;

use protocol::Timestamp;

use crate::deliver::hub::{HEARTBEAT, Hub};
use crate::ingest::batch::Batch;
use crate::ingest::batch_queue::{BatchReceiver, Received};

/// Frames are made this often: a display cannot show more.
pub const TICK: Duration = Duration::from_micros(16_667);

/// A tick takes no further batch after this many bytes of samples: heartbeats and the end of the server do not wait longer.
const TICK_BYTES: usize = 1 << 20;

/// A tick seals at most about this many values, a quarter of a millisecond of work, and twice those that it published: rows that
/// wait to be sealed take several times the memory.
const SEALED_VALUES: usize = 1 << 14;

/// The state of the queue after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Nothing: the next tick is due after [`TICK`].
    Complete,
    /// More batches: the next tick is due at once.
    Behind,
    /// The queue is empty and closed: no further tick is due.
    Ended,
}

#[derive(Debug)]
pub struct Ticker {
    hub: Arc<Hub>,
    batches: BatchReceiver,
    heartbeat_due: Duration,
}

impl Ticker {
    pub const fn new(hub: Arc<Hub>, batches: BatchReceiver) -> Self {
        Self { hub, batches, heartbeat_due: heartbeat_interval() }
    }

    /// Publishes the batches that wait, up to a bound, and a heartbeat if one is due. `elapsed` is the time since the ticker
    /// was made; it never falls. `now` is the time of day.
    pub fn tick(&mut self, elapsed: Duration, now: Timestamp) -> Tick {
        let (mut tick, mut bytes) = (Tick::Behind, 0);
        let batches = &mut self.batches;
        let next = || -> Option<Batch> {
            if bytes >= TICK_BYTES {
                return None;
            }
            match batches.take() {
                Received::Batch(batch) => {
                    bytes += batch.bytes();
                    return Some(batch);
                }
                Received::Empty => tick = Tick::Complete,
                Received::Closed => tick = Tick::Ended,
            }
            None
        };
        let mut published = self.hub.publish(std::iter::from_fn(next).fuse(), now);
        let mut entry_bytes = 0;
        let entries = std::iter::from_fn(|| {
            // The queue may have more, so that it has not ended.
            if entry_bytes >= TICK_BYTES {
                tick = Tick::Behind;
                return None;
            }
            self.batches.take_entry().inspect(|entry| entry_bytes += entry.bytes())
        });
        published = published.and(self.hub.publish_entries(entries.fuse(), now));
        if elapsed >= self.heartbeat_due {
            // After a sleep of the machine one heartbeat is sent, not one for each second.
            while self.heartbeat_due <= elapsed {
                self.heartbeat_due += heartbeat_interval();
            }
            published = published.and(self.hub.heartbeat(now));
        }
        if let Err(error) = published.and(self.hub.seal(SEALED_VALUES + 2 * bytes / size_of::<f64>())) {
            tracing::error!(%error, "cannot encode a frame");
        }
        tick
    }
}

const fn heartbeat_interval() -> Duration {
    Duration::from_micros(HEARTBEAT.micros())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use protocol::{Body, Frame, GroupId, Interval, SeriesId, SeriesKind};

    use super::*;
    use crate::deliver::hub;
    use crate::ingest::batch::BatchColumn;
    use crate::ingest::batch_queue::{BatchSender, PIECE_BYTES, batch_queue};
    use crate::ingest::registry::{Group, Registry, Series};
    use crate::telemetry::Telemetry;

    struct Stage {
        hub: Arc<Hub>,
        sender: BatchSender,
        ticker: Ticker,
        group: GroupId,
        series: Vec<SeriesId>,
    }

    /// The body of a frame that is framed for the WebSocket.
    fn body(bytes: &[u8]) -> Body<'_> {
        let head = if bytes[1] < 126 { 2 } else { 4 };
        Frame::decode(&bytes[head..]).expect("decodes").body
    }

    fn register(hub: &Hub, group: GroupId, number: usize) -> SeriesId {
        let (name, labels) = (String::new(), vec![("number".to_owned(), number.to_string())]);
        hub.catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits")
    }

    fn stage(series: usize) -> Stage {
        let (history, mebibyte) = (Interval::from_secs(1_000), 1 << 20);
        let bounds = hub::Bounds { history, history_bytes: 8 * mebibyte, ring_bytes: 2 * mebibyte, series: series + 1 };
        let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
        let (name, title, unit) = ("g".to_owned(), "G".to_owned(), "1".to_owned());
        let group = Group { name, title, unit, interval: Interval::from_millis(10), ..Group::default() };
        let group = hub.catalog.register_group(group).expect("fits");
        let series = (0..series).map(|number| register(&hub, group, number)).collect();
        let (sender, batches) = batch_queue();
        Stage { ticker: Ticker::new(Arc::clone(&hub), batches), hub, sender, group, series }
    }

    impl Stage {
        fn batch(&self, first: usize, rows: usize) -> Batch {
            let times = (first..first + rows).map(|row| Timestamp::from_micros(10_000 * row as i64)).collect();
            let value = |series: SeriesId, row: usize| f64::from(series.0).sqrt() * row as f64;
            let values = |series| (first..first + rows).map(|row| value(series, row)).collect();
            let columns = self.series.iter().map(|&series| BatchColumn { series, values: values(series) });
            Batch { group: self.group, times, columns: columns.collect() }
        }

        fn heartbeats(&self) -> usize {
            let is_heartbeat = |bytes: &[u8]| bytes.len() < 256 && matches!(body(bytes), Body::Heartbeat(_));
            self.hub.everything().recent(0).frames.iter().filter(|frame| is_heartbeat(&frame.bytes)).count()
        }
    }

    #[test]
    fn a_series_that_is_registered_while_batches_are_taken_is_in_the_catalog_before_its_samples() {
        let mut stage = stage(1);
        let _viewer = stage.hub.join();
        stage.ticker.tick(Duration::ZERO, Timestamp::default());
        let seen = stage.hub.everything().ring_end();
        // Its source registers a series, and sends its first row, while the tick takes the rows of others.
        let batches = std::iter::once_with(|| {
            let series = register(&stage.hub, stage.group, 1);
            Batch::row(stage.group, Timestamp::from_micros(1), [(series, 1.0)])
        });
        stage.hub.publish(batches, Timestamp::default()).expect("encodes");
        let frames = stage.hub.everything().recent(seen).frames;
        let [catalog, samples] = &frames[..] else { panic!("found {} frames", frames.len()) };
        assert!(matches!(body(&catalog.bytes), Body::Catalog(_)));
        assert!(matches!(body(&samples.bytes), Body::Samples(_)));
    }

    #[test]
    fn a_tick_takes_a_bounded_part_of_a_long_batch_and_heartbeats_go_on() {
        let mut stage = stage(2_000);
        let _viewer = stage.hub.join();
        let sender = stage.sender.clone();
        // 10 s at 100 Hz: 16 MB of samples, in one batch.
        let mut sending = Box::pin(sender.send(stage.batch(0, 1_000)));
        let (mut is_sent, mut ticks, mut heartbeats, mut most) = (false, 0_u32, 0, 0);
        loop {
            is_sent = is_sent || sending.as_mut().now_or_never().is_some();
            let before = stage.hub.telemetry.samples.get();
            // Each tick takes a second of virtual time.
            ticks += 1;
            let tick = stage.ticker.tick(Duration::from_secs(ticks.into()), Timestamp::from_micros(40_000_000));
            heartbeats += u32::from(stage.heartbeats() > 0);
            most = most.max(stage.hub.telemetry.samples.get() - before);
            if is_sent && tick == Tick::Complete {
                break;
            }
        }
        assert_eq!(stage.hub.telemetry.rows.get(), 1_000);
        assert!(most as usize * 8 <= TICK_BYTES + PIECE_BYTES, "{most} values in one tick");
        assert_eq!(heartbeats, ticks, "a heartbeat each second");
        let recent: usize = stage.hub.everything().recent(0).frames.iter().map(|frame| frame.bytes.len()).sum();
        let history = stage.hub.telemetry.history_bytes.get() as usize;
        assert!(recent > 1 << 20 && history > 4 << 20, "both are full, found {recent} and {history} bytes");
        assert!(history + recent <= 8 << 20, "recent frames count in the history's bound: {history} + {recent} bytes");
    }

    #[test]
    fn the_ticker_ends_after_the_last_batch_of_a_closed_queue() {
        let Stage { hub, sender, mut ticker, .. } = stage(1);
        let row = |time| Batch::row(GroupId(1), Timestamp::from_micros(time), [(SeriesId(1), 0.0)]);
        assert_eq!(ticker.tick(Duration::ZERO, Timestamp::default()), Tick::Complete);
        sender.send(row(1)).now_or_never().expect("has room").expect("open");
        drop(sender);
        assert_eq!(ticker.tick(Duration::ZERO, Timestamp::default()), Tick::Ended);
        assert_eq!(hub.telemetry.rows.get(), 1);
    }

    #[test]
    fn a_heartbeat_states_how_many_groups_are_silent() {
        let mut stage = stage(1);
        let silent = |stage: &Stage| {
            let frames = stage.hub.everything().recent(0).frames;
            match body(&frames.last().expect("one").bytes) {
                Body::Heartbeat(heartbeat) => (heartbeat.groups, heartbeat.silent),
                other => panic!("found {other:?}"),
            }
        };
        let now = Timestamp::from_micros(100_000_000);
        stage.ticker.tick(Duration::from_secs(1), now);
        assert_eq!(silent(&stage), (1, 1), "it never had a row");
        stage.hub.publish([Batch::row(stage.group, now, [(stage.series[0], 1.0)])], now).expect("encodes");
        stage.ticker.tick(Duration::from_secs(2), now + Interval::from_secs(1));
        assert_eq!(silent(&stage), (1, 0));
        stage.ticker.tick(Duration::from_secs(3), now + Interval::from_millis(1_001));
        assert_eq!(silent(&stage), (1, 1));
    }

    #[test]
    fn one_heartbeat_is_sent_after_a_sleep_of_any_length() {
        let mut stage = stage(1);
        stage.ticker.tick(Duration::from_millis(999), Timestamp::default());
        assert_eq!(stage.heartbeats(), 0);
        stage.ticker.tick(Duration::from_hours(1), Timestamp::default());
        stage.ticker.tick(Duration::from_hours(1), Timestamp::default());
        assert_eq!(stage.heartbeats(), 1);
    }
}

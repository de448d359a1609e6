//! The server: random rows, some of them late, log lines and events into the hub, viewers into sessions.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;

use feed_server::clock;
use feed_server::deliver::fanout::Fanout;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::{self, Service, SessionStart};
use feed_server::deliver::ticker::{TICK, Tick, Ticker};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::batch_queue::{BatchSender, batch_queue};
use feed_server::ingest::entry::{Entry, EntryContent, Event, LogLine};
use feed_server::ingest::health::SourceHealth;
use feed_server::ingest::registry::{Group, GroupSource, Registry, Series};
use feed_server::net::connection::{Connection, Peer, Upgraded};
use feed_server::net::connection_limiter::{ConnectionLimiter, ConnectionLimits};
use feed_server::stream::summaries::tier::TierBounds;
use feed_server::telemetry::Telemetry;
use protocol::{EventKind, GroupId, Interval, SeriesId, SeriesKind, Severity, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::spawn_local;
use tokio::time::{Duration, Instant, interval};
use tokio_util::sync::CancellationToken;
use turmoil::net::TcpListener;

use super::FAULTS_END;
use super::ledger::Ledger;
use super::line::Line;

pub(crate) const PORT: u16 = 9_000;

/// Interval of the rows of a group.
pub(crate) const STEP: Interval = Interval::from_millis(20);

/// Buckets of every length begin at its multiples, so that a seed has the same buckets at any time of day.
pub(crate) const BUCKETS_BEGIN: Interval = Interval::from_millis(2_400);

/// They keep everything.
const TIERS: [TierBounds; 2] = [tier(100), tier(1_000)];

const fn tier(step_ms: u64) -> TierBounds {
    TierBounds { step: Interval::from_millis(step_ms), keep: Interval::from_secs(1 << 30), bytes: 1 << 24 }
}

const GROUPS: usize = 3;
const SERIES_PER_GROUP: usize = 2;

/// Rows of the first group may be late by this; the others have none.
const MERGE_WINDOW: Interval = Interval::from_secs(2);

/// Longer than any simulation.
pub(crate) const WINDOW: Interval = Interval::from_secs(300);

/// Values that an inexact copy changes: -0, the smallest subnormal, a stale marker, NaN with a payload, the largest, -inf.
const AWKWARD: [u64; 6] = [
    0x8000_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x7ff0_0000_0000_0002,
    0xfff8_0000_dead_beef,
    0x7fef_ffff_ffff_ffff,
    0xfff0_0000_0000_0000,
];

/// Bounds and values of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    history_bytes: usize,
    ring_bytes: usize,
    seed: u64,
    /// Start of the simulation by the history's clock, which does not advance in virtual time; a multiple of [`BUCKETS_BEGIN`].
    began: Timestamp,
}

impl Plan {
    /// History and ring hold from one second to everything.
    pub(crate) fn random(random: &mut StdRng) -> Self {
        let now = clock::now().micros();
        Self {
            history_bytes: 8_000 << random.random_range(0..9_u32),
            ring_bytes: 8_000 << random.random_range(0..8_u32),
            seed: random.random(),
            began: Timestamp::from_micros(now - now.rem_euclid(BUCKETS_BEGIN.micros().cast_signed())),
        }
    }
}

/// Runs a server until it is killed.
pub(crate) async fn serve(plan: Plan, ledger: Rc<RefCell<Ledger>>) -> turmoil::Result {
    let bounds = Bounds {
        history: WINDOW,
        history_bytes: plan.history_bytes,
        ring_bytes: plan.ring_bytes,
        series: GROUPS * SERIES_PER_GROUP,
    };
    let telemetry = Telemetry::default();
    let hub = Arc::new(Hub::new("simulated".to_owned(), bounds, telemetry.clone()).with_summaries(TIERS));
    ledger.borrow_mut().server_started(hub.epoch);
    let (batches, received) = batch_queue();
    spawn_local(publish(Ticker::new(Arc::clone(&hub), received)));
    spawn_local(record_frames(Arc::clone(&hub), Rc::clone(&ledger)));
    spawn_local(measure(Arc::clone(&hub), batches, plan, ledger));
    let fanout = Arc::new(Fanout::with_shards(&hub, 2));
    let service = Service::new(hub, fanout, CancellationToken::new());
    let limits = ConnectionLimits { connections: usize::MAX, per_address: usize::MAX, reserved: 0 };
    let limiter = ConnectionLimiter::new(limits, &telemetry);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        let connection = Connection::new(Line::new(stream), Peer { address: peer }, limiter.admit(peer.ip())?);
        let upgraded = Upgraded { connection, early: Vec::new() };
        tokio::spawn(session::run(
            upgraded,
            service.clone(),
            SessionStart::OnSubscribe,
            protocol::Role::View,
            CancellationToken::new(),
        ));
    }
}

/// Ticks in virtual time.
async fn publish(mut ticker: Ticker) {
    let began = Instant::now();
    let mut beat = interval(TICK);
    loop {
        beat.tick().await;
        while ticker.tick(began.elapsed(), clock::now()) == Tick::Behind {}
    }
}

/// Measures rows until the faults end.
async fn measure(hub: Arc<Hub>, batches: BatchSender, plan: Plan, ledger: Rc<RefCell<Ledger>>) {
    let mut random = StdRng::seed_from_u64(plan.seed ^ turmoil::sim_elapsed().unwrap_or_default().as_micros() as u64);
    let groups: Vec<(GroupId, Vec<SeriesId>)> = (0..GROUPS).map(|number| register(&hub, number)).collect();
    let mut beat = interval(Duration::from_micros(STEP.micros()));
    // With the time at which each is sent.
    let mut held_back: Vec<(Duration, Batch)> = Vec::new();
    loop {
        beat.tick().await;
        let now = turmoil::sim_elapsed().unwrap_or_default();
        if now > FAULTS_END {
            break;
        }
        for (number, (group, series)) in groups.iter().enumerate() {
            let time = plan.began + Interval::from_micros(now.as_micros() as u64 + number as u64);
            // Sometimes a series has no value.
            let present = random.random_range(1..1_u32 << series.len());
            let present = (0..).zip(series).filter(|(place, _)| present & 1 << place != 0);
            let columns = present.map(|(_, &series)| BatchColumn { series, values: vec![value(&mut random)] });
            let batch = Batch { group: *group, times: vec![time], columns: columns.collect() };
            let is_late = number == 0 && random.random_range(0..8) == 0;
            ledger.borrow_mut().row_measured(hub.epoch, &batch, is_late);
            if is_late {
                held_back.push((now + Duration::from_millis(random.random_range(0..1_500)), batch));
                continue;
            }
            batches.send(batch).await.expect("the hub takes it");
        }
        for (_, late) in held_back.extract_if(.., |(due, _)| *due <= now) {
            batches.send(late).await.expect("the hub takes it");
        }
        if random.random_range(0..10) == 0 {
            batches.send_entry(entry(&mut random, plan.began)).await.expect("the hub takes it");
        }
    }
    // Without a sender the hub ends, and its heartbeats with it.
    std::future::pending::<()>().await;
    drop(batches);
}

/// A line, or an event.
fn entry(random: &mut StdRng, time: Timestamp) -> Entry {
    let (text, labels) = ("x".repeat(random.random_range(0..200)), Vec::new());
    let content = if random.random() {
        EntryContent::Logs(vec![LogLine { time, severity: Severity::Info, text, labels }])
    } else {
        EntryContent::Event(Event { time, kind: EventKind::Annotation, text, labels })
    };
    Entry { source: "simulated".into(), content }
}

fn register(hub: &Hub, number: usize) -> (GroupId, Vec<SeriesId>) {
    let (name, title) = (format!("g{number}"), String::new());
    let group = Group { name, title, unit: "1".into(), interval: STEP, ..Group::default() };
    let group = hub.catalog.register_group(group).expect("fits");
    if number == 0 {
        let health = SourceHealth::new("simulated");
        hub.catalog.set_source(group, GroupSource { health, merge_window: MERGE_WINDOW });
    }
    let series = (0..SERIES_PER_GROUP).map(|series| {
        let (name, labels) = (format!("s{series}"), vec![("number".to_owned(), series.to_string())]);
        hub.catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits")
    });
    (group, series.collect())
}

fn value(random: &mut StdRng) -> f64 {
    match random.random_range(0..3) {
        0 => f64::from_bits(AWKWARD[random.random_range(0..AWKWARD.len())]),
        1 => f64::from(random.random_range(0..1_000)) * 0.1,
        _ => random.random(),
    }
}

/// Records the frame of each row at the hub, before any loss.
async fn record_frames(hub: Arc<Hub>, ledger: Rc<RefCell<Ledger>>) {
    let _viewer = hub.join();
    let mut end = hub.new_frames();
    let mut next = 0;
    while end.changed().await.is_ok() {
        let mut frames = Vec::new();
        next = hub.everything().frames_from(next, usize::MAX, &mut frames).expect("a ring holds more than a tick");
        for frame in frames {
            ledger.borrow_mut().frame_sent(hub.epoch, &frame.bytes);
        }
    }
}

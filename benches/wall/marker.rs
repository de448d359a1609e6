//! Latency from a sample to its pixel. A source emits a high value (a mark) at intervals, and the page records when it is
//! drawn. Both use the clock of this machine, the page with a resolution of one millisecond.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use benches::effort::Effort;
use benches::noise;
use benches::report::{Target, figure, table, targets};
use benches::statistics::percentile;
use feed_server::clock;
use feed_server::deliver::fanout::Fanout;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::Service;
use feed_server::deliver::ticker::Ticker;
use feed_server::deliver::ticker_thread::{self, TickerThread};
use feed_server::http::access::{Access, Scheme};
use feed_server::http::page::Page;
use feed_server::http::routes::{Receivers, routes};
use feed_server::http::server::serve;
use feed_server::ingest::batch::Batch;
use feed_server::ingest::batch_queue::batch_queue;
use feed_server::ingest::blocking::{Blocking, BlockingContext, BlockingSource};
use feed_server::ingest::registry::{Group, Series};
use feed_server::ingest::source::SourceError;
use feed_server::ingest::start::{self, RunningSources};
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::listener::Listener;
use feed_server::telemetry::Telemetry;
use parking_lot::Mutex;
use protocol::{Interval, SeriesKind, Timestamp};
use serde::Deserialize;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::lab::{Lab, WINDOW};
use crate::load::Load;

const SCRIPT: &str = include_str!("marker.js");

/// The other charts of the wall. The window is short, so that a mark leaves the newest columns before the next one.
const LOAD: Load = Load::new(11, 8, 1_000.0, 10);

const ROW: Duration = Duration::from_millis(10);
/// Minimum time between marks, and a random extra, so that marks are not synchronous with the display.
const PAUSE: Duration = Duration::from_millis(500);
const MAX_EXTRA: Duration = Duration::from_millis(100);

/// Times of the marks.
type Marks = Arc<Mutex<Vec<Timestamp>>>;

/// A mark recorded by `marker.js`, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Seen {
    /// Drawn on the canvas.
    drawn: f64,
    /// Begin of the next display frame.
    next: f64,
}

pub(crate) async fn run(lab: &Lab) -> Result<String> {
    eprintln!("    marks");
    let time = Duration::from_secs(if lab.effort == Effort::Full { 90 } else { 2 });
    let marks = Marks::default();
    let server = MarkingServer::start(lab.our_page(), Arc::clone(&marks))?;
    let bench = lab.bench(&server.url(), WINDOW, &[SCRIPT]).await?;
    bench.page.wait_for("kymograph.stats().lagMs.p50 !== null", "samples and a clock").await?;
    // The page estimates the clock offset in the first seconds.
    sleep(if lab.effort == Effort::Full { Duration::from_secs(8) } else { Duration::from_secs(1) }).await;
    bench.page.evaluate::<Vec<Seen>>("takeMarks()").await?;
    let since = clock::now();
    sleep(time).await;
    let seen: Vec<Seen> = bench.page.evaluate("takeMarks()").await?;
    let measured: Vec<f64> = {
        let marks = marks.lock();
        marks.iter().map(|mark| mark.micros() as f64 / 1e3).collect()
    };
    let sent = measured.iter().filter(|&&mark| mark >= since.micros() as f64 / 1e3).count();
    ensure!(!seen.is_empty(), "the page drew none of {sent} marks: marker.js expects it to draw by putImageData");
    // Each belongs to the newest mark before it, since the latency is shorter than a pause.
    let latency = |at: fn(&Seen) -> f64| -> Vec<f64> {
        let mark_of = |seen: &Seen| measured.iter().rev().find(|&&mark| mark <= seen.drawn + 1.0).copied();
        seen.iter().filter_map(|seen| Some(at(seen) - mark_of(seen)?)).collect()
    };
    Ok(tables(sent, &mut latency(|seen| seen.drawn), &mut latency(|seen| seen.next)))
}

fn tables(sent: usize, drawn: &mut [f64], next: &mut [f64]) -> String {
    let row = |name: &str, latencies: &mut [f64]| {
        let figures = [0.5, 0.9, 0.99, 1.0].map(|part| figure(percentile(latencies, part)));
        [vec![name.to_owned(), latencies.len().to_string(), sent.to_string()], figures.to_vec()].concat()
    };
    let rows = [row("pixel on the canvas", drawn), row("the next frame begins", next)];
    let head = ["from a sample, ms", "marks seen", "sent", "p50", "p90", "p99", "most"];
    let aims = [
        Target::at_most(50.0, "ms", "sample to pixel, p99", percentile(drawn, 0.99)),
        Target::at_most(50.0, "ms", "sample to next frame, p99", percentile(next, 0.99)),
    ];
    format!("{}\n{}", table(&head, &rows), targets(&aims))
}

/// A server with a synthetic source and the source of marks. Dropping it stops the server.
struct MarkingServer {
    address: SocketAddr,
    _stop: DropGuard,
    _sources: RunningSources,
    _ticker: TickerThread,
}

impl MarkingServer {
    fn start(folder: &Path, marks: Marks) -> Result<Self> {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let bounds = Bounds {
            history: Interval::from_secs(60),
            history_bytes: 256 << 20,
            ring_bytes: 16 << 20,
            series: 100_000,
        };
        let hub = Arc::new(Hub::new("marks".to_owned(), bounds, Telemetry::default()));
        let (batches, received) = batch_queue();
        let ticker = ticker_thread::start(Ticker::new(Arc::clone(&hub), received))?;
        let load = LOAD.source();
        let marker = Box::new(Blocking::new("marker", Marker { marks }));
        let sources = [(load.kind(), load.settings().source(&hub.telemetry)), ("marker", marker)];
        let sources = start::run(sources, Arc::new(hub.catalog.clone()), batches);
        let stop = CancellationToken::new();
        let health = sources.health();
        let fanout = Arc::new(Fanout::start(&hub));
        let service = Service::new(hub, fanout, stop.clone());
        let page = Page::Folder(folder.to_owned());
        let access = Access::new(None, Vec::new(), Scheme::Http, address.port());
        let limiter = ConnectionLimiter::default();
        let router =
            routes(service, health, Receivers::default(), page.into(), access, limiter.clone(), None).into_router();
        tokio::spawn(serve(listener, limiter, router, stop.clone()));
        Ok(Self { address, _stop: stop.drop_guard(), _sources: sources, _ticker: ticker })
    }

    fn url(&self) -> String {
        format!("http://{}/?theme=dark&window={}", self.address, LOAD.window.as_secs())
    }
}

/// The source of marks: a row of zero every 10 ms, and a mark at intervals.
struct Marker {
    marks: Marks,
}

impl BlockingSource for Marker {
    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        let group = context.registrar.group(Group {
            name: "marker".to_owned(),
            title: "Marker".to_owned(),
            unit: "%".to_owned(),
            interval: Interval::from_micros(ROW.as_micros() as u64),
            bounds: protocol::Bounds::Fixed { low: 0.0, high: 1.0 },
            ..Group::default()
        })?;
        let series = context.registrar.series(Series {
            group,
            name: "mark".to_owned(),
            kind: SeriesKind::Gauge,
            labels: Vec::new(),
        })?;
        let started = Instant::now();
        let mut mark_due = started + PAUSE;
        for row in 1.. {
            context.wait_until(started + ROW * row)?;
            let is_mark = Instant::now() >= mark_due;
            let now = clock::now();
            if is_mark {
                mark_due += PAUSE + MAX_EXTRA.mul_f64(noise(0, 0, u64::from(row)));
                self.marks.lock().push(now);
            }
            context.send(Batch::row(group, now, [(series, f64::from(u8::from(is_mark)))]))?;
        }
        Ok(())
    }
}

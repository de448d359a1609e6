//! A source in one file, as CONTRIBUTING.md describes it: it counts the seconds since it was started.
//!
//! A source of the product goes into a file of `ingest/`, with its settings, and gets a line in the list of
//! `ingest/config.rs`. This one is started by the test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use feed_server::clock;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::ticker::Ticker;
use feed_server::deliver::ticker_thread::{self, End};
use feed_server::ingest::batch::Batch;
use feed_server::ingest::batch_queue::batch_queue;
use feed_server::ingest::context::SourceContext;
use feed_server::ingest::entry::{Event, LogLine};
use feed_server::ingest::readiness::readiness;
use feed_server::ingest::registry::{Group, Series};
use feed_server::ingest::settings::SourceSettings;
use feed_server::ingest::source::{Source, SourceError};
use feed_server::ingest::start;
use feed_server::telemetry::Telemetry;
use futures_util::future::BoxFuture;
use protocol::{Body, EventKind, Frame, Interval, Label, SeriesKind, Severity};
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UptimeSettings {
    #[serde(deserialize_with = "feed_server::ingest::settings::hz")]
    hz: f64,
}

impl Default for UptimeSettings {
    fn default() -> Self {
        Self { hz: 1.0 }
    }
}

impl SourceSettings for UptimeSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Uptime { interval: Duration::from_secs_f64(self.hz.recip()) })
    }
}

struct Uptime {
    interval: Duration,
}

impl Source for Uptime {
    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let group = context.registrar.group(Group {
                name: "uptime".to_owned(),
                title: "Uptime".to_owned(),
                unit: "s".to_owned(),
                interval: Interval::from_micros(self.interval.as_micros() as u64),
                bounds: protocol::Bounds::FromZero,
                ..Group::default()
            })?;
            let (name, labels) = ("uptime".to_owned(), Vec::new());
            let series = context.registrar.series(Series { group, name, kind: SeriesKind::Gauge, labels })?;
            let started = Instant::now();
            let labels = vec![("unit".to_owned(), "uptime".to_owned())];
            let line =
                |text: String| LogLine { time: clock::now(), severity: Severity::Info, text, labels: labels.clone() };
            context.log((0..3_000).map(|number| line(format!("{number} {}", "x".repeat(100)))).collect()).await?;
            let text = "counting begins".to_owned();
            context.event(Event { time: clock::now(), kind: EventKind::Annotation, text, labels: Vec::new() }).await?;
            for row in 0.. {
                context.wait_until(started + self.interval * row).await?;
                let uptime = started.elapsed().as_secs_f64();
                context.send(Batch::row(group, clock::now(), [(series, uptime)])).await?;
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn the_samples_of_a_source_in_one_file_arrive_at_a_viewer() {
    let bounds = Bounds { history: Interval::from_secs(60), history_bytes: 1 << 20, ring_bytes: 1 << 20, series: 100 };
    let telemetry = Telemetry::default();
    let hub = Arc::new(Hub::new("test".to_owned(), bounds, telemetry.clone()));
    let _seat = hub.join();
    let (sender, batches) = batch_queue();
    let ticker = ticker_thread::start(Ticker::new(Arc::clone(&hub), batches)).expect("a thread");

    let settings: UptimeSettings = toml::from_str("hz = 200").expect("valid");
    let sources = start::run([("uptime", settings.source(&telemetry))], Arc::new(hub.catalog.clone()), sender);

    let (mut end, mut cursor, mut rows) = (hub.new_frames(), 0, 0);
    let (mut lines, mut events, mut numbers) = (0, Vec::new(), Vec::new());
    while rows < 3 || events.is_empty() {
        end.changed().await.expect("the hub runs");
        let mut frames = Vec::new();
        cursor = hub.everything().frames_from(cursor, usize::MAX, &mut frames).expect("the ring holds all frames");
        for frame in &frames {
            let frame = Frame::decode(without_websocket_head(&frame.bytes)).expect("decodes");
            numbers.extend(frame.body.is_numbered().then_some(frame.header.sequence.0));
            if let Body::Logs(logs) = frame.body {
                for line in &logs.lines {
                    assert!(line.text.starts_with(&format!("{lines} ")) && line.source == "uptime");
                    assert!(line.labels.iter().eq([Label { key: "unit", value: "uptime" }]));
                    lines += 1;
                }
            }
            if let Body::Event(event) = frame.body {
                events.push(event.text.to_owned());
            }
            if let Body::Samples(samples) = frame.body {
                // Its group has one series.
                rows += samples.list.iter().count();
                rows += samples.blocks.iter().map(|block| block.times.iter().count()).sum::<usize>();
            }
        }
    }
    assert_eq!((lines, events), (3_000, vec!["counting begins".to_owned()]));
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "one count for all");
    assert!(readiness(&sources.health().statuses(), clock::now()).is_ready);
    sources.stop().await;
    assert_eq!(ticker.end(Duration::from_mins(1)).await, End::Complete, "ends with its last source");
}

fn without_websocket_head(framed: &[u8]) -> &[u8] {
    match framed[1] {
        126 => &framed[4..],
        127 => &framed[10..],
        _ => &framed[2..],
    }
}

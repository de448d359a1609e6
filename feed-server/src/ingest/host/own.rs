//! The server itself: its viewers and traffic.

use std::time::{Duration, Instant};

use protocol::Bounds;

use super::counter::{Counter, Fall, Span};
use super::group::HostGroup;
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::source::SourceError;
use crate::telemetry::Telemetry;

/// The server's counters change with its ticks, sixty times a second.
const INTERVAL: Duration = Duration::from_millis(100);

pub(super) struct Feed {
    telemetry: Telemetry,
    span: Span,
    viewers: HostGroup<&'static str>,
    flows: [Flow; 3],
    late: LateRows,
}

/// Rows of all sources that came out of the order of time. The group exists from the first of them on.
struct LateRows {
    group: HostGroup<(&'static str, &'static str)>,
    merged: Counter,
    dropped: Counter,
}

struct Flow {
    group: HostGroup<&'static str>,
    counter: Counter,
    series: &'static str,
    total: fn(&Telemetry) -> u64,
}

impl Feed {
    pub(super) fn new(fastest: Duration, telemetry: Telemetry) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let group = |name, title, unit| HostGroup::new(name, title, unit, cadence, Bounds::FromZero);
        let flow = |name, title, unit, series, total| Flow {
            group: group(name, title, unit),
            counter: Counter::default(),
            series,
            total,
        };
        let late = HostGroup::new("feed.late", "Feed: late rows", "{row}/s", cadence, Bounds::FromZero);
        let reader = Self {
            span: Span { before: None, at: Instant::now() },
            viewers: group("feed.viewers", "Feed: viewers", "{viewer}"),
            flows: [
                flow("feed.traffic", "Feed: bytes sent", "By/s", "sent", |telemetry| telemetry.bytes_sent.get()),
                flow("feed.messages", "Feed: frames sent", "{frame}/s", "sent", |telemetry| {
                    telemetry.frames_sent.get()
                }),
                flow("feed.samples", "Feed: samples measured", "{sample}/s", "measured", |telemetry| {
                    telemetry.samples.get()
                }),
            ],
            late: LateRows { group: late, merged: Counter::default(), dropped: Counter::default() },
            telemetry,
        };
        (cadence, reader)
    }
}

impl Reader for Feed {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let viewers = self.telemetry.viewers.get();
        self.viewers.send(context, now.time, [("viewers", Some(viewers as f64))])?;
        self.span.at = now.instant;
        for flow in &mut self.flows {
            flow.counter.read((flow.total)(&self.telemetry), self.span, Fall::Reset);
            flow.group.send(context, now.time, [(flow.series, flow.counter.known())])?;
        }
        let (merged, dropped) = (self.telemetry.rows_merged.get(), self.telemetry.rows_out_of_order.get());
        let late = &mut self.late;
        late.merged.read(merged, self.span, Fall::Reset);
        late.dropped.read(dropped, self.span, Fall::Reset);
        self.span.before = Some(now.instant);
        if merged + dropped > 0 {
            let rates = [(("outcome", "merged"), late.merged.known()), (("outcome", "dropped"), late.dropped.known())];
            late.group.send(context, now.time, rates)?;
        }
        Ok(())
    }
}

//! Starts the sources, keeps their health records, and stops them.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use protocol::EventKind;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::ingest::batch_queue::BatchSender;
use crate::ingest::config::SourceConfig;
use crate::ingest::context::{Registrar, SourceContext};
use crate::ingest::entry::Event;
use crate::ingest::health::{SourceHealth, Sources};
use crate::ingest::inlet::Inlets;
use crate::ingest::registry::Registry;
use crate::ingest::source::{Source, SourceError};
use crate::telemetry::Telemetry;

/// Limit for a source that ignores its cancellation. Above that of blocking sources, which report it themselves.
const STOP_WITHIN: Duration = Duration::from_millis(4_250);

/// A source, and its name, such as `host`.
pub type NamedSource = (&'static str, Box<dyn Source>);

/// The sources of one server. Dropping it cancels them.
#[derive(Debug)]
pub struct RunningSources {
    health: Sources,
    inlets: Inlets,
    cancellation: CancellationToken,
    tasks: TaskTracker,
}

/// Starts the configured sources. Must be called within a runtime.
pub fn start(
    sources: &[SourceConfig],
    registry: Arc<dyn Registry>,
    batches: BatchSender,
    telemetry: &Telemetry,
) -> RunningSources {
    let sources = sources.iter().map(|config| (config.name(), config.settings().source(telemetry)));
    run(sources, registry, batches)
}

/// Starts any sources. Must be called within a runtime. The queue of batches closes when the last source has ended.
pub fn run<N: Into<String>>(
    sources: impl IntoIterator<Item = (N, Box<dyn Source>)>,
    registry: Arc<dyn Registry>,
    batches: BatchSender,
) -> RunningSources {
    let (cancellation, tasks, inlets) = (CancellationToken::new(), TaskTracker::new(), Inlets::default());
    let (token, tracker, opened) = (&cancellation, &tasks, &inlets);
    let mut instances = BTreeMap::new();
    // `move`: the last task that ends closes the queue.
    let health = sources.into_iter().map(move |(name, source)| {
        let name: String = name.into();
        let instance = instances.entry(name.clone()).and_modify(|instance| *instance += 1).or_insert(1);
        let health = SourceHealth::new(&if *instance > 1 { format!("{name}-{instance}") } else { name });
        let registrar = Registrar::new(Arc::clone(&registry), health.clone(), *instance).merging(source.merge_window());
        let context = SourceContext::new(registrar, batches.clone(), token.clone()).with_inlets(opened.clone());
        tracker.spawn(supervise(source, context, STOP_WITHIN));
        health
    });
    let health = health.collect();
    tasks.close();
    RunningSources { health, inlets, cancellation, tasks }
}

impl RunningSources {
    pub fn health(&self) -> Sources {
        self.health.clone()
    }

    /// For requests that are meant for these sources.
    pub fn inlets(&self) -> Inlets {
        self.inlets.clone()
    }

    /// Cancels the sources and waits until all have ended.
    pub async fn stop(&self) {
        self.cancellation.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for RunningSources {
    fn drop(&mut self) {
        self.cancellation.cancel();
    }
}

/// The last event of a source waits for room in the queue for at most this long.
const EVENT_WITHIN: Duration = Duration::from_secs(1);

/// Runs a source to its end, or until it has ignored its cancellation for `stop_within`, and records why it ended.
async fn supervise(source: Box<dyn Source>, context: SourceContext, stop_within: Duration) {
    let (health, cancellation) = (context.registrar.health().clone(), context.cancellation.clone());
    let own = context.clone();
    let running = AssertUnwindSafe(async move { source.run(context).await });
    let late = async {
        cancellation.cancelled().await;
        tokio::time::sleep(stop_within).await;
    };
    let ended = tokio::select! {
        ended = running.catch_unwind() => ended.unwrap_or(Err(SourceError::Panicked)),
        () = late => Err(SourceError::Stuck(stop_within)),
    };
    let source = health.source();
    let error = match ended {
        Ok(()) => None,
        Err(SourceError::Stopped(_)) if cancellation.is_cancelled() => None,
        Err(SourceError::Stopped(_)) => Some("the stream accepts no more batches".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    match error {
        None => {
            tracing::debug!(source, "source stopped");
            health.stopped();
        }
        Some(error) => {
            tracing::error!(source, error, "source failed");
            health.failed(&error);
            // The reason may name files: viewers are told where it is.
            let text = format!("source {source} failed: the server's log has the reason");
            let event = Event { time: clock::now(), kind: EventKind::Source, text, labels: Vec::new() };
            let _too_busy_or_stopping = tokio::time::timeout(EVENT_WITHIN, own.event(event)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::future::BoxFuture;
    use protocol::{Interval, Timestamp};

    use super::*;
    use crate::clock;
    use crate::ingest::batch::Batch;
    use crate::ingest::batch_queue::{BatchReceiver, batch_queue};
    use crate::ingest::blocking::{Blocking, BlockingContext, BlockingSource};
    use crate::ingest::entry::{Entry, EntryContent};
    use crate::ingest::health::SourceState;
    use crate::ingest::registry::{Group, Series};
    use crate::ingest::test_registry::TestRegistry;

    /// Sends a row, and then behaves according to its variant.
    enum TestSource {
        WaitsForTheEnd,
        Ends,
        Panics,
    }

    impl BlockingSource for TestSource {
        fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
            let (name, title, unit) = ("g".to_owned(), "G".to_owned(), "1".to_owned());
            let group = Group { name, title, unit, interval: Interval::from_secs(100), ..Group::default() };
            let group = context.registrar.group(group)?;
            let (name, kind, labels) = ("s".to_owned(), protocol::SeriesKind::Gauge, Vec::new());
            let series = context.registrar.series(Series { group, name, kind, labels })?;
            context.send(Batch::row(group, clock::now(), [(series, 1.0)]))?;
            match self {
                Self::WaitsForTheEnd => Ok(context.wait_until(Instant::now() + Duration::from_hours(1))?),
                Self::Ends => Ok(()),
                Self::Panics => panic!("a planted panic"),
            }
        }
    }

    /// Runs the source without a thread.
    struct Async(TestSource);

    impl Source for Async {
        fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
            Box::pin(async move {
                let group = protocol::GroupId(1);
                context.send(Batch::row(group, Timestamp::from_micros(7), [])).await?;
                match self.0 {
                    TestSource::WaitsForTheEnd => {
                        Ok(context.wait_until(Instant::now() + Duration::from_hours(1)).await?)
                    }
                    TestSource::Ends => Ok(()),
                    TestSource::Panics => panic!("a planted panic"),
                }
            })
        }
    }

    fn blocking(source: TestSource) -> NamedSource {
        ("blocking", Box::new(Blocking::new("blocking", source)))
    }

    fn not_blocking(name: &'static str, source: TestSource) -> NamedSource {
        (name, Box::new(Async(source)))
    }

    fn start(sources: impl IntoIterator<Item = NamedSource>) -> (RunningSources, BatchReceiver, Arc<TestRegistry>) {
        let (sender, batches) = batch_queue();
        let registry = Arc::new(TestRegistry::default());
        let running = run(sources, Arc::<TestRegistry>::clone(&registry), sender);
        (running, batches, registry)
    }

    #[tokio::test]
    async fn sources_run_until_they_are_stopped_and_close_the_queue() {
        let sources = [blocking(TestSource::WaitsForTheEnd), not_blocking("async", TestSource::WaitsForTheEnd)];
        let (running, mut batches, _registry) = start(sources);
        for _ in 0..2 {
            batches.recv().await.expect("each source sends a batch");
        }
        let states = || running.health().statuses().into_iter().map(|status| status.state).collect::<Vec<_>>();
        while states() != [SourceState::Running; 2] {
            tokio::task::yield_now().await;
        }
        running.stop().await;
        assert_eq!(states(), [SourceState::Stopped; 2]);
        assert_eq!(batches.recv().await, None);
    }

    #[tokio::test]
    async fn a_failed_source_is_recorded_and_the_others_continue() {
        let sources = [
            blocking(TestSource::Panics),
            not_blocking("panics", TestSource::Panics),
            not_blocking("ends", TestSource::Ends),
            not_blocking("goes on", TestSource::WaitsForTheEnd),
        ];
        let (running, mut batches, _registry) = start(sources);
        let states = || running.health().statuses().into_iter().map(|status| status.state).collect::<Vec<_>>();
        let expected = [SourceState::Failed, SourceState::Failed, SourceState::Stopped, SourceState::Running];
        while states() != expected {
            tokio::task::yield_now().await;
        }
        let errors: Vec<_> = running.health().statuses().into_iter().map(|status| status.last_error).collect();
        let panicked = Some("the source panicked".to_owned());
        assert_eq!(errors, [panicked.clone(), panicked, None, None]);
        let mut failed = Vec::new();
        while failed.len() < 2 {
            let Some(Entry { source, content: EntryContent::Event(event) }) = batches.take_entry() else {
                tokio::task::yield_now().await;
                continue;
            };
            assert_eq!(event.kind, EventKind::Source);
            assert_eq!(event.text, format!("source {source} failed: the server's log has the reason"));
            failed.push(source.to_string());
        }
        failed.sort();
        assert_eq!(failed, ["blocking", "panics"]);
        running.stop().await;
    }

    #[tokio::test]
    async fn a_source_that_ignores_its_cancellation_is_ended_after_the_limit() {
        struct Deaf;

        impl Source for Deaf {
            fn run(self: Box<Self>, _context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
                Box::pin(std::future::pending())
            }
        }

        let (sender, _batches) = batch_queue();
        let health = SourceHealth::new("deaf");
        let registrar = Registrar::new(Arc::new(TestRegistry::default()), health.clone(), 1);
        let cancellation = CancellationToken::new();
        cancellation.cancel();
        let context = SourceContext::new(registrar, sender, cancellation);
        supervise(Box::new(Deaf), context, Duration::from_millis(1)).await;
        let sources: Sources = [health].into_iter().collect();
        assert_eq!(sources.statuses()[0].state, SourceState::Failed);
    }

    #[tokio::test]
    async fn two_sources_of_one_kind_have_separate_groups_and_names() {
        let (running, mut batches, registry) = start([TestSource::Ends, TestSource::Ends].map(blocking));
        let mut groups = Vec::new();
        while let Some(batch) = batches.recv().await {
            groups.push(batch.group);
        }
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), 2);
        let mut names: Vec<_> = registry.groups().into_iter().map(|group| (group.name, group.title)).collect();
        names.sort();
        assert_eq!(names, [("g".to_owned(), "G".to_owned()), ("g-2".to_owned(), "G (2)".to_owned())]);
        let statuses = running.health().statuses();
        assert_eq!(statuses.iter().map(|status| &*status.source).collect::<Vec<_>>(), ["blocking", "blocking-2"]);
        assert_eq!(statuses[1].silent_after, Interval::from_secs(300));
    }

    #[tokio::test]
    async fn two_synthetic_sources_deliver_to_separate_groups() {
        let config: SourceConfig = "synthetic:groups=1,series=1,hz=1000,prefill=0s".parse().expect("valid");
        let registry = Arc::new(TestRegistry::default());
        let (sender, mut batches) = batch_queue();
        let sources = [config.clone(), config];
        let running = super::start(&sources, Arc::<TestRegistry>::clone(&registry), sender, &Telemetry::default());
        let mut groups = BTreeMap::new();
        while groups.len() < 2 || groups.values().any(|&rows| rows < 10) {
            let batch = batches.recv().await.expect("runs until it is stopped");
            *groups.entry(batch.group).or_insert(0) += batch.rows();
        }
        let mut names: Vec<_> = registry.groups().into_iter().map(|group| group.name).collect();
        names.sort();
        assert_eq!(names, ["synthetic.01", "synthetic.01-2"]);
        drop(batches);
        running.stop().await;
    }

    #[tokio::test]
    async fn a_source_whose_batches_are_not_accepted_has_failed() {
        let (sender, batches) = batch_queue();
        drop(batches);
        let registry = Arc::new(TestRegistry::default());
        let running = run([blocking(TestSource::WaitsForTheEnd)], registry, sender);
        while running.health().statuses()[0].state != SourceState::Failed {
            tokio::task::yield_now().await;
        }
    }
}

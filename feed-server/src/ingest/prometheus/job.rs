//! The source: asks all targets at the same time, again and again.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::header::HeaderValue;
use protocol::{Interval, Timestamp};
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::time::sleep_until;

use super::answer::BodyRoom;
use super::asking::Asking;
use super::discovery::{self, Discovered, Listed};
use super::relabel::Labels;
use super::scraped::{Asked, Scraped, State, ask};
use super::secrets::Authorization;
use super::settings::PrometheusSettings;
use super::sink::{Naming, Sink};
use super::target::{Target, TargetDefaults};
use super::target_files::{self, ByFile};
use super::target_url::Scheme;
use super::trust;
use crate::blocking_thread::BlockingThread;
use crate::clock;
use crate::ingest::context::{Registrar, SourceContext, Stopped};
use crate::ingest::health::LeftOut;
use crate::ingest::known_metrics::{KnownSeries, OpenRows};
use crate::ingest::source::{Source, SourceError};

/// Files are read again this often.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// Time for the files: a file server may hang.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// Rows are sent when all targets have answered, or after this time: those of later answers are merged.
const SETTLE: Duration = Duration::from_millis(200);
/// A bound on the bodies that are held at one time, in units of `body_bytes`.
const BODIES: usize = 4;
/// A bound on lookups of names that have not ended.
const LOOKUPS: usize = 8;

#[derive(Debug)]
pub(super) struct Job {
    settings: PrometheusSettings,
    defaults: TargetDefaults,
    naming: Naming,
    known: KnownSeries,
    rows: OpenRows,
    scraped: Vec<Scraped>,
    files: Arc<BlockingThread>,
    asking: Asking,
    /// The targets of files.
    listed: ByFile,
    /// Why targets or secrets cannot be read.
    unread: LeftOut,
    /// Targets that are not asked.
    left_out: LeftOut,
}

/// What files say, and the targets.
struct Read {
    listed: ByFile,
    /// Why a list is that of before.
    unread: Option<String>,
    found: Discovered,
    authorization: Result<Option<HeaderValue>, String>,
    tls: Option<Result<Arc<ClientConfig>, String>>,
}

impl Source for Job {
    fn merge_window(&self) -> Interval {
        self.settings.merge_window()
    }

    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin((*self).ask_until_stopped(context))
    }
}

impl Job {
    pub(super) fn new(settings: PrometheusSettings) -> Self {
        let asking = Asking {
            timeout: settings.timeout(),
            body_bytes: settings.body_bytes,
            room: BodyRoom::new(settings.body_bytes * BODIES),
            authorization: None,
            tls: None,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        };
        Self {
            defaults: settings.target_defaults(),
            naming: Naming {
                rules: settings.sample_rules(),
                honor_labels: settings.honor_labels,
                honor_timestamps: settings.honor_timestamps,
            },
            known: KnownSeries::new(&settings.job, settings.series, settings.row_interval()),
            rows: OpenRows::default(),
            scraped: Vec::new(),
            files: Arc::new(BlockingThread::new("prometheus-files")),
            asking,
            listed: ByFile::new(),
            unread: LeftOut::default(),
            left_out: LeftOut::default(),
            settings,
        }
    }

    async fn ask_until_stopped(mut self, context: SourceContext) -> Result<(), SourceError> {
        context.registrar.health().counts("samples");
        context.registrar.health().expect_every(self.settings.row_interval());
        let (mut due, mut refreshed): (Instant, Option<Instant>) = (Instant::now(), None);
        loop {
            context.wait_until(due).await?;
            if refreshed.is_none_or(|at| self.reads_files() && at.elapsed() >= REFRESH_EVERY) {
                self.refresh(&context.registrar).await;
                refreshed = Some(Instant::now());
            }
            self.ask_all(&context).await?;
            due = next_due(due, self.settings.interval, Instant::now());
        }
    }

    /// Asks every target once, and sends what they answer.
    async fn ask_all(&mut self, context: &SourceContext) -> Result<(), Stopped> {
        let (now, began) = (clock::now(), Instant::now());
        let misses = Scraped::misses(self.settings.interval);
        let Self { settings, naming, known, rows, scraped, asking, .. } = self;
        let (shows_instance, samples) = (scraped.len() > 1, settings.samples);
        let mut states = Vec::with_capacity(scraped.len());
        let mut asked = FuturesUnordered::new();
        for (place, Scraped { target, client, state }) in scraped.iter_mut().enumerate() {
            let asking = &*asking;
            asked.push(async move { (place, ask(client, asking).await) });
            states.push((&*target, state));
        }
        let mut settles = pin!(sleep_until((began + SETTLE).into()));
        let mut is_settled = false;
        loop {
            let answered: Option<(usize, Asked)> = tokio::select! {
                biased;
                () = context.cancellation.cancelled() => return Err(Stopped),
                answered = asked.next() => answered,
                () = &mut settles, if !is_settled => {
                    is_settled = true;
                    send(known, rows, now, context).await?;
                    continue;
                }
            };
            let Some((place, answered)) = answered else { break };
            let (target, state) = &mut states[place];
            let registrar = &context.registrar;
            let labels = &target.labels;
            let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance, now };
            state.take(target, answered, misses, samples, &mut sink).await;
            if is_settled {
                send(known, rows, now, context).await?;
            }
        }
        let (asked, down) = (states.len(), states.iter().filter(|(_, state)| !state.is_up).count());
        context.registrar.health().impaired((down > 0).then(|| format!("{down} of {asked} targets do not answer")));
        send(known, rows, now, context).await
    }

    /// Reads the files, and begins and ends targets.
    async fn refresh(&mut self, registrar: &Registrar) {
        let read = match self.read().await {
            Ok(read) => read,
            Err(error) => {
                self.unread.state(registrar.health(), Some(error));
                return;
            }
        };
        let tls_error = read.tls.as_ref().and_then(|tls| tls.as_ref().err()).cloned();
        self.unread.state(
            registrar.health(),
            [read.unread, read.authorization.as_ref().err().cloned(), tls_error].into_iter().flatten().next(),
        );
        if let Ok(authorization) = read.authorization {
            self.asking.authorization = authorization;
        }
        if let Some(Ok(tls)) = read.tls {
            self.asking.tls = Some(tls);
        }
        let text = (!read.found.left_out.is_empty()).then(|| read.found.left_out.join("; "));
        self.left_out.state(registrar.health(), text);
        self.listed = read.listed;
        self.replace_targets(read.found.targets, registrar, clock::now());
    }

    /// Reads the files, and applies the rules on targets, on a thread of its own.
    async fn read(&self) -> Result<Read, String> {
        let PrometheusSettings { target_files, bearer_token_file, basic_auth, tls, labels, targets, .. } =
            self.settings.clone();
        let (defaults, needs_tls, known) = (self.defaults.clone(), self.asking.tls.is_none(), self.listed.clone());
        let authorization = match (bearer_token_file, basic_auth) {
            (Some(path), _) => Authorization::Bearer(path),
            (None, Some(basic)) => Authorization::Basic(basic),
            (None, None) => Authorization::None,
        };
        let read = move || {
            let (listed, unread) = target_files::read(&target_files, &known);
            let configured: Vec<Listed> = targets.into_iter().map(|written| (written, Labels::new())).collect();
            let found = discovery::discover(&defaults, &labels, configured.iter().chain(listed.values().flatten()));
            let is_secure = found.targets.iter().any(|target| target.url.scheme == Scheme::Https);
            let tls = (needs_tls && is_secure).then(|| trust::client_config(&tls));
            Read { listed, unread, found, authorization: authorization.read(), tls }
        };
        self.files.call(READ_WITHIN, read).await.map_err(|error| error.to_string())
    }

    /// Returns true if files say something that may change, or have not been read.
    fn reads_files(&self) -> bool {
        let PrometheusSettings { target_files, bearer_token_file, basic_auth, .. } = &self.settings;
        let is_secure = |scraped: &Scraped| scraped.target.url.scheme == Scheme::Https;
        let needs_tls = self.asking.tls.is_none() && self.scraped.iter().any(is_secure);
        needs_tls
            || self.scraped.is_empty()
            || !target_files.is_empty()
            || bearer_token_file.is_some()
            || basic_auth.is_some()
    }

    fn replace_targets(&mut self, targets: Vec<Target>, registrar: &Registrar, now: Timestamp) {
        if self.scraped.iter().map(|scraped| &scraped.target).eq(&targets) {
            return;
        }
        let had_several = self.scraped.len() > 1;
        let of_target = |scraped: Scraped| (scraped.target.clone(), scraped);
        let mut earlier: HashMap<Target, Scraped> = self.scraped.drain(..).map(of_target).collect();
        for target in targets {
            self.scraped.push(earlier.remove(&target).unwrap_or_else(|| Scraped::new(target)));
        }
        let Self { naming, known, rows, scraped, .. } = self;
        let shows_instance = scraped.len() > 1;
        let mut with_sink = |scraped: &mut Scraped, end: fn(&mut State, &mut Sink<'_>)| {
            let labels = &scraped.target.labels;
            let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance, now };
            end(&mut scraped.state, &mut sink);
        };
        for ended in earlier.values_mut() {
            with_sink(ended, State::end);
        }
        if had_several != shows_instance {
            // Their names have another form.
            for scraped in scraped {
                with_sink(scraped, State::forget);
            }
        }
    }
}

async fn send(
    known: &KnownSeries,
    rows: &mut OpenRows,
    now: Timestamp,
    context: &SourceContext,
) -> Result<(), Stopped> {
    let (batches, repeated) = rows.take(now, known);
    context.registrar.health().refused(repeated as u64);
    for batch in batches {
        context.send(batch).await?;
    }
    Ok(())
}

/// The time of the next request after that at `due`. Whole intervals that were missed are not made up for; a request that ended a little late
/// is followed at once.
fn next_due(due: Instant, interval: Duration, now: Instant) -> Instant {
    let next = due + interval;
    let missed = now.saturating_duration_since(next).as_nanos() / interval.as_nanos().max(1);
    next + interval * u32::try_from(missed).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_their_interval_and_those_that_were_missed_are_left_out() {
        let (due, interval) = (Instant::now(), Duration::from_millis(200));
        let after = |millis| next_due(due, interval, due + Duration::from_millis(millis)) - due;
        assert_eq!((after(5), after(199)), (interval, interval));
        assert_eq!(after(203), interval, "a target did not answer");
        assert_eq!((after(399), after(400), after(1_150)), (interval, interval * 2, interval * 5));
    }
}

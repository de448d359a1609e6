//! The source: asks all targets at the same time, again and again.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::header::HeaderValue;
use protocol::{Interval, Timestamp};
use rustls::ClientConfig;
use tokio::time::sleep_until;

use super::answer::BodyRoom;
use super::client::Asking;
use super::relabel::Labels;
use super::scraped::{Asked, Scraped, State, ask};
use super::secrets::Authorization;
use super::settings::PrometheusSettings;
use super::sink::{Naming, Sink};
use super::target::{Target, TargetDefaults};
use super::target_files;
use super::target_url::{Scheme, WrittenTarget};
use super::trust;
use crate::blocking_thread::BlockingThread;
use crate::clock;
use crate::ingest::context::{Registrar, SourceContext, Stopped};
use crate::ingest::families::{KnownSeries, OpenRows};
use crate::ingest::health::LeftOut;
use crate::ingest::source::{Source, SourceError};

/// Files are read again this often.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// Time for the files: a file server may hang.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// Rows are sent when all targets have answered, or after this time: those of later answers are merged.
const SETTLE: Duration = Duration::from_millis(200);
/// A bound on the bodies that are held at one time, in units of `body_bytes`.
const BODIES: usize = 4;
/// Further targets of a source are left out.
const MAX_TARGETS: usize = 1_000;

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
    /// Why targets or secrets cannot be read.
    unread: LeftOut,
    too_many: LeftOut,
}

/// What files say, beside the configuration.
struct Read {
    targets: Result<Vec<(WrittenTarget, Labels)>, String>,
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
            unread: LeftOut::default(),
            too_many: LeftOut::default(),
            settings,
        }
    }

    async fn ask_until_stopped(mut self, context: SourceContext) -> Result<(), SourceError> {
        context.registrar.health().counts("samples");
        context.registrar.health().expect_every(self.settings.row_interval());
        let (mut due, mut refreshed): (Instant, Option<Instant>) = (Instant::now(), None);
        loop {
            context.wait_until(due).await?;
            if refreshed.is_none_or(|at| at.elapsed() >= REFRESH_EVERY) {
                self.refresh(&context.registrar).await;
                refreshed = Some(Instant::now());
            }
            self.ask_all(&context).await?;
            due += self.settings.interval;
            // What was missed is not made up for.
            let late = Instant::now().saturating_duration_since(due);
            let missed = late.as_nanos().div_ceil(self.settings.interval.as_nanos().max(1));
            due += self.settings.interval * u32::try_from(missed).unwrap_or(0);
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
        send(known, rows, now, context).await
    }

    /// Reads the files, and begins and ends targets.
    async fn refresh(&mut self, registrar: &Registrar) {
        let read = match self.read_files().await {
            Ok(read) => read,
            Err(error) => return self.unread.state(registrar.health(), Some(error)),
        };
        let error = read.targets.as_ref().err().or(read.authorization.as_ref().err()).cloned();
        let tls_error = read.tls.as_ref().and_then(|tls| tls.as_ref().err()).cloned();
        self.unread.state(registrar.health(), error.or(tls_error));
        if let Ok(authorization) = read.authorization {
            self.asking.authorization = authorization;
        }
        if let Some(Ok(tls)) = read.tls {
            self.asking.tls = Some(tls);
        }
        if let Ok(targets) = read.targets {
            self.set_targets(&targets, registrar);
        }
    }

    async fn read_files(&self) -> Result<Read, String> {
        let PrometheusSettings { target_files, bearer_token_file, basic_auth, tls, .. } = self.settings.clone();
        let authorization = match (bearer_token_file, basic_auth) {
            (Some(path), _) => Authorization::Bearer(path),
            (None, Some(basic)) => Authorization::Basic(basic),
            (None, None) => Authorization::None,
        };
        let may_need_tls = self.asking.tls.is_none();
        let read = move || Read {
            targets: target_files::read(&target_files),
            authorization: authorization.read(),
            tls: may_need_tls.then(|| trust::client_config(&tls)),
        };
        if self.is_from_files() {
            return self.files.call(READ_WITHIN, read).await.map_err(|error| error.to_string());
        }
        Ok(Read { targets: Ok(Vec::new()), authorization: Ok(None), tls: None })
    }

    /// Returns false if the configuration says everything.
    fn is_from_files(&self) -> bool {
        let PrometheusSettings { target_files, bearer_token_file, basic_auth, targets, scheme, .. } = &self.settings;
        let is_secure = |written: &WrittenTarget| written.scheme.unwrap_or(*scheme) == Scheme::Https;
        let needs_tls = self.asking.tls.is_none() && targets.iter().any(is_secure);
        needs_tls || !target_files.is_empty() || bearer_token_file.is_some() || basic_auth.is_some()
    }

    /// Asks these targets, and those of the configuration, from now on.
    fn set_targets(&mut self, of_files: &[(WrittenTarget, Labels)], registrar: &Registrar) {
        let own = self.settings.labels.clone();
        let configured = self.settings.targets.iter().map(|written| (written, own.clone()));
        let listed = of_files.iter().map(|(written, labels)| {
            let mut all = own.clone();
            all.extend(labels.clone());
            (written, all)
        });
        let mut targets: Vec<Target> = Vec::new();
        for (written, labels) in configured.chain(listed) {
            match self.defaults.target(written, &labels) {
                Ok(Some(target)) if !targets.contains(&target) => targets.push(target),
                Ok(_) => {}
                Err(error) => registrar.report(&error),
            }
        }
        let beyond = targets.len().saturating_sub(MAX_TARGETS);
        let text = (beyond > 0).then(|| format!("{beyond} targets: a source has at most {MAX_TARGETS}"));
        self.too_many.state(registrar.health(), text);
        targets.truncate(MAX_TARGETS);
        self.replace_targets(targets, registrar, clock::now());
    }

    fn replace_targets(&mut self, targets: Vec<Target>, registrar: &Registrar, now: Timestamp) {
        if self.scraped.iter().map(|scraped| &scraped.target).eq(&targets) {
            return;
        }
        let had_several = self.scraped.len() > 1;
        let mut earlier = std::mem::take(&mut self.scraped);
        for target in targets {
            let known = earlier.iter().position(|scraped| scraped.target == target);
            self.scraped.push(known.map_or_else(|| Scraped::new(target), |place| earlier.swap_remove(place)));
        }
        let Self { naming, known, rows, scraped, .. } = self;
        let shows_instance = scraped.len() > 1;
        let mut with_sink = |scraped: &mut Scraped, end: fn(&mut State, &mut Sink<'_>)| {
            let labels = &scraped.target.labels;
            let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance, now };
            end(&mut scraped.state, &mut sink);
        };
        for ended in &mut earlier {
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

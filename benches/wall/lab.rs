//! Opens a page in a new browser and measures it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::browser_time::{BrowserTime, ProcessKind};
use benches::effort::Effort;
use benches::process_tree::ProcessTree;
use benches::report;
use browsers::{Browser, Engine, LaunchOptions, Page, Viewport};
use tokio::time::sleep;
use xtask::page::{self, Compression};
use xtask::programs::CHROMIUM;
use xtask::setup;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

use crate::figures::{Figures, Observation};
use crate::load::Load;
use crate::server::OurServer;

/// Shows all twelve charts completely, in three rows of four.
pub(crate) const WINDOW: Viewport = Viewport { width: 1600, height: 900, ..screen() };

const OBSERVER: &str = include_str!("observer.js");

const MIB: f64 = (1 << 20) as f64;

/// Shared by all cases.
pub(crate) struct Lab {
    pub(crate) effort: Effort,
    pub(crate) workspace: Workspace,
    page: PathBuf,
    browser: PathBuf,
}

/// A page in its own browser.
pub(crate) struct Bench {
    pub(crate) page: Page,
    processes: ProcessTree,
    _browser: Browser,
}

impl Lab {
    /// Builds our page and finds a browser.
    pub(crate) fn open(effort: Effort) -> Result<Self> {
        let workspace = Workspace::find()?;
        setup::wasm_target()?;
        let browser = CHROMIUM.find_or_install()?;
        let page = page::build(&workspace, Compression::Best, &Steps::default())?;
        Ok(Self { effort, workspace, page, browser })
    }

    /// Time between the end of the history and measuring.
    fn warm_up(&self) -> Duration {
        Duration::from_millis(if self.effort == Effort::Full { 5_000 } else { 200 })
    }

    pub(crate) fn measuring_time(&self) -> Duration {
        Duration::from_millis(if self.effort == Effort::Full { 10_000 } else { 1_500 })
    }

    /// Opens a page. `scripts` run before the page's scripts.
    pub(crate) async fn bench(&self, url: &str, viewport: Viewport, scripts: &[&str]) -> Result<Bench> {
        let options = LaunchOptions { viewport, ..LaunchOptions::new(Engine::Chromium, &self.browser) };
        let browser = Browser::launch(&options).await?;
        let page = browser.page("about:blank").await?;
        for source in scripts {
            page.run_in_new_documents(source).await?;
        }
        page.navigate(url).await?;
        Ok(Bench { page, processes: ProcessTree::of(browser.process_id()), _browser: browser })
    }

    /// Measures a page after it has received `samples` samples and a warm-up.
    pub(crate) async fn measure(&self, url: &str, viewport: Viewport, samples: f64) -> Result<Figures> {
        let bench = self.bench(url, viewport, &[OBSERVER]).await?;
        // Our page receives no samples of groups off screen, and buckets in place of fast rows.
        let is_part = "(() => { const stats = window.kymograph?.stats(); \
                       return stats?.walls > 0 && (stats.groupsFollowed < stats.panels || stats.groupsSummarized > 0) })()";
        let history = format!("observe().samples >= {samples} || {is_part}");
        bench.page.wait_for(&history, "the history").await.with_context(|| url.to_owned())?;
        sleep(self.warm_up()).await;
        bench.measure(self.measuring_time()).await
    }

    /// Measures our page under a load.
    pub(crate) async fn measure_ours(&self, load: &Load, viewport: Viewport) -> Result<Figures> {
        let server = OurServer::start(&self.page, load)?;
        // The oldest rows may leave the viewport while the page starts.
        self.measure(&server.url(load), viewport, load.page_samples() * 0.9).await
    }

    pub(crate) fn our_page(&self) -> &PathBuf {
        &self.page
    }

    /// Writes the tables of a part to a file for `summary`, except in a brief run.
    pub(crate) fn keep(&self, part: &str, tables: &str) -> Result<()> {
        if self.effort == Effort::Brief {
            return Ok(());
        }
        report::keep(&self.workspace.target, part, tables)
    }
}

impl Bench {
    pub(crate) async fn measure(&self, time: Duration) -> Result<Figures> {
        let before = self.reading().await?;
        sleep(time).await;
        let after = self.reading().await?;
        let metrics = self.page.chromium()?.metrics().await?;
        let seconds = (after.at - before.at).as_secs_f64();
        let cpu = after.cpu - before.cpu;
        let percent = |time: Duration| 100.0 * time.as_secs_f64() / seconds;
        let drawing_seconds = after.seen.seconds_since(&before.seen);
        Ok(Figures {
            fps: after.seen.frames.len() as f64 / drawing_seconds,
            p99_gap_ms: after.seen.p99_gap_ms(),
            cpu_percent: percent(cpu.all()),
            renderer_percent: percent(cpu.of(ProcessKind::Renderer)),
            gpu_percent: percent(cpu.of(ProcessKind::Gpu)),
            waiting_percent: percent(cpu.waiting()),
            main_percent: 100.0 * (after.main_s - before.main_s) / seconds,
            memory_mib: self.processes.memory_bytes()? as f64 / MIB,
            heap_mib: metrics.get("JSHeapUsedSize").copied().unwrap_or_default() / MIB,
            samples_per_second: (after.seen.samples - before.seen.samples) / drawing_seconds,
            commits_per_second: (after.seen.commits - before.seen.commits) / drawing_seconds,
        })
    }

    /// CPU time of the browser so far.
    pub(crate) fn browser_time(&self) -> Result<BrowserTime> {
        BrowserTime::read(self.processes)
    }

    async fn reading(&self) -> Result<Reading> {
        let seen = self.page.evaluate("observe()").await?;
        let main_s = *self
            .page
            .chromium()?
            .metrics()
            .await?
            .get("TaskDuration")
            .context("the browser reports no TaskDuration")?;
        Ok(Reading { at: Instant::now(), cpu: self.browser_time()?, main_s, seen })
    }
}

/// All figures at one time.
struct Reading {
    at: Instant,
    cpu: BrowserTime,
    main_s: f64,
    seen: Observation,
}

const fn screen() -> Viewport {
    Viewport { width: 0, height: 0, device_scale_factor: 1.0, device: browsers::Device::Desktop }
}

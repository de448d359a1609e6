//! Greedy viewers: they take more than a page needs, as fast as the server sends it.
//!
//! They run in a process of their own and do not decode, so that this program disturbs the honest viewers as little as
//! possible.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use protocol::{ClientMessage, Interval, Start};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::options::Options;
use super::report::Report;
use super::viewer;

/// Longer than any history.
const EVERYTHING: Interval = Interval::from_secs(86_400);
/// A server allows 20 messages a second.
const REQUESTS_PER_SECOND: u32 = 16;
const FLOOD_PER_SECOND: u32 = 1_000;
/// A viewer that is closed or refused connects again after this time.
const RETRY: Duration = Duration::from_millis(20);

/// What greedy viewers do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
pub enum Greed {
    /// Subscribe to the whole history, 16 times a second.
    #[default]
    Everything,
    /// Subscribe to the last 100 ms, 16 times a second.
    Windows,
    /// Subscribe without history, 16 times a second: the answer is the catalog.
    Catalogs,
    /// Subscribe to the whole history, 1,000 times a second. The server closes the connection; they connect again at once.
    Flood,
    /// Subscribe to the whole history, 16 times a second, and read nothing.
    Silent,
    /// Connect, read for a quarter of a second, and connect again.
    Reconnects,
}

impl Greed {
    const fn window(self) -> Interval {
        match self {
            Self::Everything | Self::Flood | Self::Silent | Self::Reconnects => EVERYTHING,
            Self::Windows => Interval::from_millis(100),
            Self::Catalogs => Interval::ZERO,
        }
    }

    const fn requests_per_second(self) -> u32 {
        if matches!(self, Self::Flood) { FLOOD_PER_SECOND } else { REQUESTS_PER_SECOND }
    }
}

/// Runs the greedy viewers until the end of the standard input, and prints how many bytes they got.
///
/// # Errors
/// If a request cannot be encoded.
pub async fn be_greedy(url: &str, viewers: usize, greed: Greed) -> Result<()> {
    let bytes = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..viewers {
        let (url, bytes) = (url.to_owned(), Arc::clone(&bytes));
        tasks.spawn(async move {
            loop {
                // A viewer that is closed connects again.
                let _closed = take(&url, greed, &bytes).await;
                sleep(RETRY).await;
            }
        });
    }
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    println!("{}", bytes.load(Ordering::Relaxed));
    std::io::stdout().flush()?;
    // The tasks have no end.
    tasks.abort_all();
    Ok(())
}

/// One connection of a greedy viewer, until the server closes it.
async fn take(url: &str, greed: Greed, bytes: &AtomicU64) -> Result<()> {
    let start = if greed == Greed::Reconnects { "window=86400" } else { "start=request" };
    let mut socket = viewer::connect(&format!("{url}?{start}"), None).await?.into_inner();
    if greed == Greed::Reconnects {
        let _time_over = timeout(Duration::from_millis(250), drain(&mut socket, bytes)).await;
        return Ok(());
    }
    let request = framed(&ClientMessage::subscribe(Start::Window(greed.window())).to_bytes()?);
    let (mut reader, mut writer) = socket.split();
    let reading =
        async { if greed == Greed::Silent { std::future::pending().await } else { drain(&mut reader, bytes).await } };
    let asking = async {
        let mut due = interval(Duration::from_secs(1) / greed.requests_per_second());
        loop {
            due.tick().await;
            if let Err(error) = writer.write_all(&request).await {
                return error;
            }
        }
    };
    tokio::select! {
        read = reading => read?,
        error = asking => return Err(error.into()),
    }
    Ok(())
}

/// Reads to the end.
async fn drain(reader: &mut (impl AsyncReadExt + Unpin), bytes: &AtomicU64) -> std::io::Result<()> {
    let mut room = vec![0; 256 << 10];
    loop {
        match reader.read(&mut room).await? {
            0 => return Ok(()),
            read => bytes.fetch_add(read as u64, Ordering::Relaxed),
        };
    }
}

/// A message as a WebSocket frame with a mask of zeros.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | message.len() as u8, 0, 0, 0, 0];
    frame.extend(message);
    frame
}

/// Greedy viewers in a process of their own.
#[derive(Debug)]
struct GreedyProcess(Child);

impl GreedyProcess {
    fn start(url: &str, viewers: usize, greed: Greed) -> Result<Self> {
        let greed = greed.to_possible_value().context("a kind without a name")?;
        let child = Command::new(std::env::current_exe()?)
            .args(["--be-greedy", "--url", url, "--greedy", &viewers.to_string(), "--greedy-by", greed.get_name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the greedy viewers")?;
        Ok(Self(child))
    }

    /// Ends the process. Returns how many bytes its viewers got.
    fn stop(mut self) -> Result<u64> {
        drop(self.0.stdin.take());
        let mut printed = String::new();
        self.0.stdout.take().context("the output of the greedy viewers is not piped")?.read_to_string(&mut printed)?;
        printed.trim().parse().with_context(|| format!("expected a number of bytes, found {printed:?}"))
    }
}

impl Drop for GreedyProcess {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Rounds of two runs each: without greedy viewers, and beside them.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub greedy_viewers: usize,
    pub greed: Greed,
    pub rounds: Vec<Round>,
    /// Medians over the rounds.
    pub control: Figures,
    pub beside: Figures,
    pub gap_ratio: f64,
    pub greedy_megabytes_per_second: f64,
}

/// One round.
#[derive(Debug, Serialize)]
pub struct Round {
    pub control: Report,
    pub beside: Report,
    /// The p99 gap beside greedy viewers, by that of the control.
    pub gap_ratio: f64,
    pub greedy_megabytes_per_second: f64,
}

/// Figures of one honest viewer, and of the server.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    pub frames_per_second: f64,
    /// 99 % of the times between two frames are at most this.
    pub gap_p99_ms: f64,
    pub server_cpu_percent: f64,
}

impl Figures {
    fn of(report: &Report) -> Self {
        Self {
            frames_per_second: report.frames_per_second / report.viewers.max(1) as f64,
            gap_p99_ms: report.gap.p99_ms,
            server_cpu_percent: report.taken.server.map_or(0.0, |server| server.cpu_percent),
        }
    }

    fn medians(figures: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(figures.iter().map(figure));
        Self {
            frames_per_second: of(|figures| figures.frames_per_second),
            gap_p99_ms: of(|figures| figures.gap_p99_ms),
            server_cpu_percent: of(|figures| figures.server_cpu_percent),
        }
    }
}

/// The upper one of two.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Measures the honest viewers of `options` without and beside greedy ones.
///
/// # Errors
/// If the server cannot be reached, or the greedy viewers do not start.
pub async fn compare(options: &Options, url: &str) -> Result<Comparison> {
    let mut rounds = Vec::new();
    for _ in 0..options.rounds.max(1) {
        let control = super::run(options, url).await?;
        let process = GreedyProcess::start(url, options.greedy, options.greedy_by)?;
        let beside = super::run(options, url).await?;
        let megabytes = process.stop()? as f64 / 1e6;
        rounds.push(Round {
            gap_ratio: beside.gap.p99_ms / control.gap.p99_ms,
            greedy_megabytes_per_second: megabytes / (beside.ramp_seconds + beside.seconds),
            control,
            beside,
        });
    }
    let figures = |report: fn(&Round) -> &Report| {
        Figures::medians(&rounds.iter().map(|round| Figures::of(report(round))).collect::<Vec<_>>())
    };
    Ok(Comparison {
        greedy_viewers: options.greedy,
        greed: options.greedy_by,
        control: figures(|round| &round.control),
        beside: figures(|round| &round.beside),
        gap_ratio: median(rounds.iter().map(|round| round.gap_ratio)),
        greedy_megabytes_per_second: median(rounds.iter().map(|round| round.greedy_megabytes_per_second)),
        rounds,
    })
}

impl Comparison {
    /// Returns true if no honest viewer failed or lost a frame.
    pub fn is_complete(&self) -> bool {
        self.rounds.iter().all(|round| round.control.is_complete() && round.beside.is_complete())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { greedy_viewers, greed, rounds, control, beside, .. } = self;
        let report = &rounds[0].control;
        writeln!(f, "{} viewers without and beside {greedy_viewers} greedy ones ({greed:?})", report.viewers)?;
        writeln!(f, "{} rounds of {:.1} s with and without, of {}", rounds.len(), report.seconds, report.url)?;
        for (number, Round { control, beside, gap_ratio, .. }) in rounds.iter().enumerate() {
            let (control, beside) = (Figures::of(control), Figures::of(beside));
            writeln!(f, "  round {number}    without {control}; beside {beside}; ratio {gap_ratio:.2}")?;
        }
        writeln!(f, "  median     without {control}; beside {beside}; ratio {:.2}", self.gap_ratio)?;
        writeln!(f, "  greedy     {:.1} MB/s in all", self.greedy_megabytes_per_second)?;
        for text in rounds.iter().flat_map(|round| round.control.error_texts.iter().chain(&round.beside.error_texts)) {
            writeln!(f, "  error      {text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames_per_second, gap_p99_ms, server_cpu_percent } = self;
        write!(
            f,
            "{frames_per_second:.1} frames/s, p99 gap {gap_p99_ms:.1} ms, server {server_cpu_percent:.0} % of a core"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_rounds_ignores_one_that_was_disturbed() {
        assert!((median([1.1, 9.0, 1.0].into_iter()) - 1.1).abs() < f64::EPSILON);
    }
}

//! Greedy viewers: they take more than a page needs, as fast as the server gives it.
//!
//! They run in a process of their own and do not decode, so that as little as possible of what an honest viewer sees is
//! due to this program.

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
                // A viewer that is closed comes again.
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
    let request = framed(&ClientMessage::Subscribe { start: Start::Window(greed.window()) }.to_bytes()?);
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

/// A run without greedy viewers, and one beside them.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub greedy_viewers: usize,
    pub greed: Greed,
    pub greedy_megabytes_per_second: f64,
    /// Of an honest viewer: p99 of the time between two frames, beside greedy viewers, by that of the control.
    pub gap_ratio: f64,
    pub control: Report,
    pub beside: Report,
}

/// Measures the honest viewers of `options` without and beside greedy ones.
///
/// # Errors
/// If the server cannot be reached, or the greedy viewers do not start.
pub async fn compare(options: &Options, url: &str) -> Result<Comparison> {
    let control = super::run(options, url).await?;
    let process = GreedyProcess::start(url, options.greedy, options.greedy_by)?;
    let beside = super::run(options, url).await?;
    let megabytes = process.stop()? as f64 / 1e6;
    Ok(Comparison {
        greedy_viewers: options.greedy,
        greed: options.greedy_by,
        greedy_megabytes_per_second: megabytes / (beside.ramp_seconds + beside.seconds),
        gap_ratio: beside.gap.p99_ms / control.gap.p99_ms,
        control,
        beside,
    })
}

impl Comparison {
    /// Returns true if no honest viewer failed or lost a frame.
    pub const fn is_complete(&self) -> bool {
        self.control.is_complete() && self.beside.is_complete()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (viewers, greedy) = (self.control.viewers, self.greedy_viewers);
        write!(f, "control: {}beside {greedy} greedy viewers ({:?}): {}", self.control, self.greed, self.beside)?;
        let rate = |report: &Report| report.frames_per_second / report.viewers.max(1) as f64;
        writeln!(f, "an honest viewer, of {viewers}, without and beside {greedy} greedy ones:")?;
        writeln!(f, "  frames     {:.1} and {:.1} a second", rate(&self.control), rate(&self.beside))?;
        let (before, beside) = (self.control.gap.p99_ms, self.beside.gap.p99_ms);
        writeln!(f, "  p99 gap    {before:.1} and {beside:.1} ms: ratio {:.2}", self.gap_ratio)?;
        writeln!(f, "  the greedy viewers got {:.1} MB/s in all", self.greedy_megabytes_per_second)
    }
}

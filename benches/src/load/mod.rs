//! The load generator: many viewers of a feed server.
//!
//! ```text
//! options -> viewers, one task each: socket -> Frame::decode -> tally    -> report
//!         -> meter: the server's /metrics, and this process               ->
//! ```
//! Like a page, each viewer decodes every value of every frame and keeps its position in the stream. A missing sequence
//! that no `Gap` declares is a lost frame.
//!
//! | module | subject |
//! | --- | --- |
//! | [`options`] | the command line |
//! | [`viewer`] | one viewer's socket |
//! | [`tally`] | counts of a viewer's frames; no I/O |
//! | [`meter`] | CPU time and memory of the server and this process |
//! | [`child`] | a server process, if the command line names none |
//! | [`greedy`] | viewers that take more than a page needs, and a run beside them |
//! | [`report`] | the result for people and programs |
//! | [`strangers`], [`kernel`] | `--strangers`: peers without the token, and what the kernel holds for them |

pub mod child;
pub mod greedy;
pub mod kernel;
pub mod meter;
pub mod options;
pub mod report;
pub mod strangers;
pub mod tally;
pub mod viewer;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use meter::Meter;
use options::Options;
use report::Report;
use tally::Tally;
use viewer::{Reading, Viewer};

/// Counts of all viewers during the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Set while all viewers are connected and figures are measured.
    pub measuring: AtomicBool,
    pub connected: AtomicU64,
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
}

/// Connects the viewers, measures for the requested time, and returns the report. Ctrl-C ends the run early.
///
/// # Errors
/// If the server cannot be reached.
pub async fn run(options: &Options, url: &str) -> Result<Report> {
    let clock_offset = viewer::clock_offset_us(url).await.with_context(|| format!("cannot reach {url}"))?;
    let progress = Arc::new(Progress::default());
    let (stop, stopped) = watch::channel(false);
    let mut readers = JoinSet::new();
    let pause = Duration::from_secs_f64(options.ramp_seconds / options.viewers.max(1) as f64);
    let meter = Meter::new(url);
    let started = Instant::now();
    for number in 0..options.viewers + options.slow {
        let reading = if number < options.viewers {
            Reading::AtOnce
        } else {
            Reading::Slowly { bytes_per_second: options.slow_bytes_per_second.max(1) }
        };
        let viewer = Viewer {
            url: url.to_owned(),
            window_seconds: options.window,
            subscription: options.subscriptions.map(|count| number as u32 % count),
            frames_per_second: options.rate,
            reading,
            clock_offset,
            progress: Arc::clone(&progress),
            stopped: stopped.clone(),
        };
        readers.spawn(async move { (reading, viewer.watch().await) });
        sleep(pause).await;
    }
    let ramp = started.elapsed();
    // Measuring begins after the history, which the server sends first.
    let before = meter.read().await;
    progress.measuring.store(true, Ordering::Relaxed);
    let counted = watch_for(Duration::from_secs_f64(options.seconds), &progress).await;
    progress.measuring.store(false, Ordering::Relaxed);
    let after = meter.read().await;
    stop.send_replace(true);
    let mut report = Report::new(url, options, ramp, counted, before.until(after));
    while let Some(ended) = readers.join_next().await {
        let (reading, outcome): (Reading, Result<Tally>) = ended?;
        report.add(reading, outcome);
    }
    Ok(report)
}

/// Counts of the measured time.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub time: Duration,
    pub frames: u64,
    pub bytes: u64,
}

/// Prints progress each second until the time is over or Ctrl-C.
async fn watch_for(time: Duration, progress: &Progress) -> Counted {
    let read = || (progress.frames.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed));
    let started = Instant::now();
    let first = read();
    let mut last = first;
    let mut second = interval(Duration::from_secs(1));
    second.tick().await;
    let end = sleep(time);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = second.tick() => {
                let now = read();
                show(started.elapsed(), progress, now.0 - last.0, now.1 - last.1);
                last = now;
            }
        }
    }
    let now = read();
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    Counted { time: started.elapsed(), frames: now.0 - first.0, bytes: now.1 - first.1 }
}

fn show(elapsed: Duration, progress: &Progress, frames: u64, bytes: u64) {
    let connected = progress.connected.load(Ordering::Relaxed);
    let megabytes = bytes as f64 / 1e6;
    let line = format!("{:4.0} s  {connected} viewers  {frames} frames/s  {megabytes:.1} MB/s", elapsed.as_secs_f64());
    if std::io::stderr().is_terminal() {
        eprint!("\r{line}    ");
    } else {
        eprintln!("{line}");
    }
}

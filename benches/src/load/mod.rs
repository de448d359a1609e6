//! The load generator: many viewers of a feed server, and what they got.
//!
//! ```text
//! options -> viewers, a task each: socket -> Frame::decode -> tally      -> report
//!         -> meter: the server's /metrics, and this process               ->
//! ```
//! Each viewer decodes every frame down to its values, as a page would, and keeps its position in the stream: a number
//! that is missing without a `Gap` that declares it is a lost frame.
//!
//! | module | subject |
//! | --- | --- |
//! | [`options`] | the command line |
//! | [`viewer`] | one viewer's socket |
//! | [`tally`] | what a viewer got, frame by frame; no I/O |
//! | [`meter`] | what the server and this process take |
//! | [`child`] | a server of its own, where none is named |
//! | [`report`] | the sum of it, for people and for programs |

pub mod child;
pub mod meter;
pub mod options;
pub mod report;
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

/// What all viewers have got so far, for whoever watches the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Whether all viewers are there, and what comes is measured.
    pub measuring: AtomicBool,
    /// Viewers that are connected.
    pub connected: AtomicU64,
    /// Frames of samples.
    pub frames: AtomicU64,
    /// Bytes of messages.
    pub bytes: AtomicU64,
}

/// Opens the viewers, lets them watch for the time asked for, and sums up what they got. Ends early at Ctrl-C.
///
/// # Errors
/// When the server cannot be reached at all.
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
    // History is sent at first: what is measured begins when that is over.
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

/// What came while it was counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// How long.
    pub time: Duration,
    /// Frames of samples, over all viewers.
    pub frames: u64,
    /// Bytes of messages, over all viewers.
    pub bytes: u64,
}

/// Shows progress each second until the time is over or somebody interrupts.
async fn watch_for(time: Duration, progress: &Progress) -> Counted {
    let read = || (progress.frames.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed));
    let started = Instant::now();
    let first = read();
    let mut last = first;
    let mut second = interval(Duration::from_secs(1));
    second.tick().await;
    let over = sleep(time);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => break,
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

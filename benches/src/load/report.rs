//! The result of a run, for people and programs.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::Counted;
use super::meter::Taken;
use super::options::Options;
use super::tally::Tally;
use super::viewer::Reading;

/// Number of error texts in the report; further errors are only counted.
const MAX_ERROR_TEXTS: usize = 5;

/// Sums over all viewers. Rates are for the measured time, counts for the whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub url: String,
    /// Number of fast viewers.
    pub viewers: usize,
    /// Number of slow viewers.
    pub slow_viewers: usize,
    pub ramp_seconds: f64,
    pub seconds: f64,
    pub frames_per_second: f64,
    pub megabytes_per_second: f64,
    pub bytes_per_frame: f64,
    pub samples_per_second: f64,
    pub latency: Latency,
    /// Time between two frames of a viewer.
    pub gap: Latency,
    /// Missing frames that no gap declares.
    pub lost_frames: u64,
    pub gaps: u64,
    /// Counts of the slow viewers.
    pub slow: Slow,
    pub errors: u64,
    /// The first five; see `errors` for their number.
    pub error_texts: Vec<String>,
    /// CPU time and memory during the measured time.
    pub taken: Taken,
    #[serde(skip)]
    frames: u64,
    #[serde(skip)]
    samples: u64,
    #[serde(skip)]
    latency_us: Histogram<u64>,
    #[serde(skip)]
    gap_us: Histogram<u64>,
}

/// Quantiles of a time, of all fast viewers: from the sending of a frame to its receipt unless stated otherwise.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    fn of(micros: &Histogram<u64>) -> Self {
        let quantile = |quantile| micros.value_at_quantile(quantile) as f64 / 1e3;
        let max_ms = micros.max() as f64 / 1e3;
        Self { p50_ms: quantile(0.5), p90_ms: quantile(0.9), p99_ms: quantile(0.99), max_ms }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50_ms, p90_ms, p99_ms, max_ms } = self;
        write!(f, "p50 {p50_ms:.1} ms, p90 {p90_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms")
    }
}

/// Counts of the slow viewers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Slow {
    pub frames: u64,
    /// Number of times that the server sent history instead of frames.
    pub caught_up: u64,
    pub gaps: u64,
    /// Missing frames that no gap declares.
    pub lost_frames: u64,
    pub disconnected: u64,
}

impl Report {
    /// Creates a report without viewers.
    pub fn new(url: &str, options: &Options, ramp: Duration, counted: Counted, taken: Taken) -> Self {
        let seconds = counted.time.as_secs_f64();
        Self {
            url: url.to_owned(),
            viewers: options.viewers,
            slow_viewers: options.slow,
            ramp_seconds: ramp.as_secs_f64(),
            seconds,
            frames_per_second: counted.frames as f64 / seconds,
            megabytes_per_second: counted.bytes as f64 / seconds / 1e6,
            bytes_per_frame: counted.bytes as f64 / counted.frames.max(1) as f64,
            samples_per_second: 0.0,
            latency: Latency::default(),
            gap: Latency::default(),
            lost_frames: 0,
            gaps: 0,
            slow: Slow::default(),
            errors: 0,
            error_texts: Vec::new(),
            taken,
            frames: 0,
            samples: 0,
            latency_us: Tally::default().latency_us,
            gap_us: Tally::default().gap_us,
        }
    }

    /// Adds the counts of a viewer.
    pub fn add(&mut self, reading: Reading, outcome: Result<Tally>) {
        match (reading, outcome) {
            (Reading::AtOnce, Ok(tally)) => {
                self.lost_frames += tally.lost;
                self.gaps += tally.gaps;
                self.frames += tally.frames;
                self.samples += tally.samples;
                self.latency_us += &tally.latency_us;
                // Samples are not counted during the run; their rate follows from that of frames.
                self.samples_per_second = self.frames_per_second * self.samples as f64 / self.frames.max(1) as f64;
                self.gap_us += &tally.gap_us;
                (self.latency, self.gap) = (Latency::of(&self.latency_us), Latency::of(&self.gap_us));
            }
            (Reading::Slowly { .. }, Ok(tally)) => {
                self.slow.frames += tally.frames;
                self.slow.caught_up += tally.caught_up;
                self.slow.gaps += tally.gaps;
                self.slow.lost_frames += tally.lost;
            }
            (reading, Err(error)) => {
                self.errors += u64::from(reading == Reading::AtOnce);
                self.slow.disconnected += u64::from(reading != Reading::AtOnce);
                if self.error_texts.len() < MAX_ERROR_TEXTS {
                    self.error_texts.push(format!("{error:#}"));
                }
            }
        }
    }

    /// Returns true if no viewer failed or lost a frame without a declared gap.
    pub const fn is_complete(&self) -> bool {
        self.lost_frames == 0 && self.slow.lost_frames == 0 && self.errors == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { viewers, seconds, latency, slow, taken, .. } = self;
        writeln!(f, "{viewers} viewers of {} for {seconds:.1} s", self.url)?;
        let (frames, megabytes, bytes) = (self.frames_per_second, self.megabytes_per_second, self.bytes_per_frame);
        writeln!(f, "  received   {frames:.0} frames/s, {megabytes:.1} MB/s, {bytes:.0} bytes a frame")?;
        writeln!(f, "  decoded    {:.2} M samples/s", self.samples_per_second / 1e6)?;
        writeln!(f, "  latency    {latency}")?;
        writeln!(f, "  gap        {}", self.gap)?;
        writeln!(f, "  lost       {} frames; {} gaps declared; {} errors", self.lost_frames, self.gaps, self.errors)?;
        if self.slow_viewers > 0 {
            let (many, Slow { frames, caught_up, gaps, lost_frames, disconnected }) = (self.slow_viewers, slow);
            writeln!(
                f,
                "  slow       {many} viewers: {frames} frames, {caught_up} times history instead of frames, {gaps} gaps \
                 declared, {lost_frames} frames lost, {disconnected} disconnected"
            )?;
        }
        for (name, share) in [("server", taken.server), ("viewers", taken.own)] {
            match share {
                Some(share) => writeln!(
                    f,
                    "  {name:<10} {:.1} % of a core ({:.1} user, {:.1} kernel), {:.0} MiB",
                    share.cpu_percent, share.user_percent, share.system_percent, share.resident_mib
                )?,
                None => writeln!(f, "  {name:<10} exposes no process metrics")?,
            }
        }
        if let (Some(encoded), Some(sent)) = (taken.frames_encoded, taken.frames_sent) {
            writeln!(f, "  encoded    {encoded:.0} frames, sent {sent:.0}")?;
        }
        if let (Some(share), Some(sent)) = (taken.server, taken.frames_sent.filter(|&sent| sent > 0.0)) {
            writeln!(f, "  delivery   {:.2} us of the server's user CPU each", share.user_seconds * 1e6 / sent)?;
        }
        for text in &self.error_texts {
            writeln!(f, "  error      {text}")?;
        }
        Ok(())
    }
}

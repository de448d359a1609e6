//! Figures of a page.

use std::fmt;

use benches::report::figure;
use benches::statistics::{median, percentile};
use serde::Deserialize;

/// Figures of a page over the measuring time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Drawn walls a second: display frames in which the page drew on a canvas.
    pub(crate) fps: f64,
    /// 99th percentile of the time between drawn walls.
    pub(crate) p99_gap_ms: f64,
    /// CPU time of all processes of the browser, in percent of a core.
    pub(crate) cpu_percent: f64,
    /// The parts of the renderer and of the GPU process in it.
    pub(crate) renderer_percent: f64,
    pub(crate) gpu_percent: f64,
    /// Time for which threads of the browser were ready and had no core, in percent of a core: a high value, and other figures that are
    /// higher than usual, mean that the machine was busy.
    pub(crate) waiting_percent: f64,
    /// CPU time of the page's main thread, in percent of a core.
    pub(crate) main_percent: f64,
    /// Memory of all processes of the browser.
    pub(crate) memory_mib: f64,
    /// Memory of the JavaScript heap.
    pub(crate) heap_mib: f64,
    /// Samples that the page received, per second.
    pub(crate) samples_per_second: f64,
    /// Drawn charts per second; only our page counts them.
    pub(crate) commits_per_second: f64,
}

impl Figures {
    /// Heads of [`Figures::cells`].
    pub(crate) const HEADS: [&str; 10] = [
        "CPU ms a wall",
        "fps",
        "p99 gap, ms",
        "main thread, %",
        "all processes, %",
        "renderer, %",
        "GPU process, %",
        "waiting, %",
        "charts drawn/s",
        "memory, MiB",
    ];

    pub(crate) fn cells(self) -> [String; 10] {
        let Self { fps, p99_gap_ms, main_percent, cpu_percent, renderer_percent, gpu_percent, .. } = self;
        let Self { waiting_percent, commits_per_second, memory_mib, .. } = self;
        let ms = self.cpu_ms_per_wall();
        let processes = [main_percent, cpu_percent, renderer_percent, gpu_percent, waiting_percent];
        let [main, all, renderer, gpu, waiting] = processes;
        [ms, fps, p99_gap_ms, main, all, renderer, gpu, waiting, commits_per_second, memory_mib].map(figure)
    }

    /// CPU time of all processes for each drawn wall.
    pub(crate) fn cpu_ms_per_wall(&self) -> f64 {
        self.cpu_percent * 10.0 / self.fps
    }

    /// The median of each figure, independent of the others.
    pub(crate) fn medians(rounds: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            fps: median(|figures| figures.fps),
            p99_gap_ms: median(|figures| figures.p99_gap_ms),
            cpu_percent: median(|figures| figures.cpu_percent),
            renderer_percent: median(|figures| figures.renderer_percent),
            gpu_percent: median(|figures| figures.gpu_percent),
            waiting_percent: median(|figures| figures.waiting_percent),
            main_percent: median(|figures| figures.main_percent),
            memory_mib: median(|figures| figures.memory_mib),
            heap_mib: median(|figures| figures.heap_mib),
            samples_per_second: median(|figures| figures.samples_per_second),
            commits_per_second: median(|figures| figures.commits_per_second),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ms, fps, main] = [self.cpu_ms_per_wall(), self.fps, self.main_percent].map(figure);
        let [renderer, gpu, waiting] = [self.renderer_percent, self.gpu_percent, self.waiting_percent].map(figure);
        write!(
            f,
            "{ms} ms a wall, {fps} fps, main thread {main} %, renderer {renderer} %, GPU process {gpu} %, waiting {waiting} %"
        )
    }
}

/// Result of `observe()` in `observer.js`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Observation {
    /// The page's clock, in milliseconds.
    pub(crate) now: f64,
    /// Times of the walls drawn since the previous observation, by the same clock.
    pub(crate) frames: Vec<f64>,
    pub(crate) samples: f64,
    /// Charts drawn so far.
    pub(crate) commits: f64,
}

impl Observation {
    /// Seconds from `earlier` to this.
    pub(crate) fn seconds_since(&self, earlier: &Self) -> f64 {
        (self.now - earlier.now) / 1e3
    }

    /// 99th percentile of the time between drawn walls.
    pub(crate) fn p99_gap_ms(&self) -> f64 {
        let mut gaps: Vec<f64> = self.frames.windows(2).map(|pair| pair[1] - pair[0]).collect();
        percentile(&mut gaps, 0.99)
    }
}

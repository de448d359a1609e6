//! Figures of a program that measures the machine.

use std::fmt;

use benches::report::figure;
use benches::statistics::median;

pub(crate) const MIB: f64 = (1 << 20) as f64;

/// Cost of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// CPU time of all its processes, in percent of a core.
    pub(crate) cpu_percent: f64,
    pub(crate) samples_per_second: f64,
    /// Series, or samples of one reading.
    pub(crate) series: f64,
    pub(crate) memory_mib: f64,
}

impl Cost {
    pub(crate) const UNKNOWN: Self =
        Self { cpu_percent: f64::NAN, samples_per_second: f64::NAN, series: f64::NAN, memory_mib: f64::NAN };

    /// CPU time for each sample.
    pub(crate) fn us_per_sample(&self) -> f64 {
        self.cpu_percent * 1e4 / self.samples_per_second
    }

    /// The median of each figure, independent of the others.
    pub(crate) fn medians(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            cpu_percent: of(|cost| cost.cpu_percent),
            samples_per_second: of(|cost| cost.samples_per_second),
            series: of(|cost| cost.series),
            memory_mib: of(|cost| cost.memory_mib),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cpu, us, samples] = [self.cpu_percent, self.us_per_sample(), self.samples_per_second].map(figure);
        write!(f, "{cpu} % of a core, {samples} samples/s, {us} us a sample")
    }
}

/// Figures of our server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) cost: Cost,
    /// CPU time of the source's thread, in percent of a core.
    pub(crate) source_percent: f64,
    /// The same of its further threads, which read what may not answer.
    pub(crate) further_percent: f64,
    /// Time for which the source's thread was ready and had no core, in percent.
    pub(crate) waiting_percent: f64,
    /// Memory of the history and the summaries.
    pub(crate) kept_mib: f64,
}

impl Figures {
    /// CPU time of the other threads: the hub, which takes and keeps the rows, and the workers.
    pub(crate) fn rest_percent(&self) -> f64 {
        self.cost.cpu_percent - self.source_percent - self.further_percent
    }

    pub(crate) fn medians(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            cost: Cost::medians(&rounds.iter().map(|figures| figures.cost).collect::<Vec<_>>()),
            source_percent: of(|figures| figures.source_percent),
            further_percent: of(|figures| figures.further_percent),
            waiting_percent: of(|figures| figures.waiting_percent),
            kept_mib: of(|figures| figures.kept_mib),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [source, further, waiting] = [self.source_percent, self.further_percent, self.waiting_percent].map(figure);
        write!(f, "{}; thread `host` {source} % and waiting {waiting} %, `host-*` {further} %", self.cost)
    }
}

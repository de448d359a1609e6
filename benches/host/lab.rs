//! How long and how often cases are measured, and the conditions of a run.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use benches::effort::Effort;
use benches::report;
use xtask::workspace::Workspace;

pub(crate) struct Lab {
    pub(crate) effort: Effort,
    /// Cargo's target folder.
    target: PathBuf,
}

/// A case and its figures, one for each round.
pub(crate) struct Measured<C, F> {
    pub(crate) case: C,
    pub(crate) rounds: Vec<F>,
}

impl Lab {
    pub(crate) fn open(effort: Effort) -> Result<Self> {
        Ok(Self { effort, target: Workspace::find()?.target })
    }

    /// `full`, or `brief` in a brief run.
    pub(crate) fn choose<T>(&self, full: T, brief: T) -> T {
        if self.effort == Effort::Full { full } else { brief }
    }

    fn rounds(&self) -> usize {
        self.choose(3, 1)
    }

    /// Time between the start of a program and measuring.
    pub(crate) fn warm_up(&self) -> Duration {
        self.choose(Duration::from_secs(3), Duration::from_millis(300))
    }

    pub(crate) fn measuring_time(&self) -> Duration {
        self.choose(Duration::from_secs(10), Duration::from_secs(1))
    }

    /// The floor has no start and little variation.
    pub(crate) fn floor_time(&self) -> Duration {
        self.choose(Duration::from_secs(5), Duration::from_millis(300))
    }

    /// Measures the cases in turn, in several rounds.
    pub(crate) fn alternate<C, F: fmt::Display>(
        &self,
        cases: impl IntoIterator<Item = C>,
        name: impl Fn(&C) -> String,
        measure: impl Fn(&C) -> Result<F>,
    ) -> Result<Vec<Measured<C, F>>> {
        let mut measured: Vec<Measured<C, F>> =
            cases.into_iter().map(|case| Measured { case, rounds: Vec::new() }).collect();
        for _ in 0..self.rounds() {
            for Measured { case, rounds } in &mut measured {
                let figures = measure(case)?;
                eprintln!("    {}: {figures}", name(case));
                rounds.push(figures);
            }
        }
        Ok(measured)
    }

    /// Writes the tables of a part to a file for `summary`, except in a brief run.
    pub(crate) fn keep(&self, part: &str, tables: &str) -> Result<()> {
        if self.effort == Effort::Brief { Ok(()) } else { report::keep(&self.target, part, tables) }
    }

    /// A line about the machine while a part was measured. `before` is its state before it.
    pub(crate) fn conditions(&self, before: &Busyness) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        // Without the additions of the distribution.
        let kernel = kernel.split(['-', '\n']).next().unwrap_or_default();
        let seconds = self.measuring_time().as_secs();
        let rounds = self.choose(format!("medians of {} rounds", self.rounds()), "a round".to_owned());
        let after = Busyness::now();
        format!(
            "Linux {kernel}, {cores} cores; {rounds} of {seconds} s; load average {} before and {} after, processes {} \
             and {}.",
            before.load_average, after.load_average, before.processes, after.processes
        )
    }
}

/// What else the machine does.
pub(crate) struct Busyness {
    /// Of the last minute; it includes the bench itself.
    load_average: String,
    processes: usize,
}

impl Busyness {
    pub(crate) fn now() -> Self {
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self { load_average: text.split(' ').next().unwrap_or_default().to_owned(), processes: processes() }
    }
}

/// The number of processes of the machine, those of the kernel included.
pub(crate) fn processes() -> usize {
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let names =
        fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| is_process(name)).count()
}

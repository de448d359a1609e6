//! The server's cost with many processes.

use std::fmt;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use benches::report::{figure, table};
use benches::statistics::median;

use crate::figures::Figures;
use crate::floor::list_processes;
use crate::lab::{Busyness, Lab, processes};
use crate::server::OurServer;

/// At least this many processes on the machine.
const COUNTS: [usize; 2] = [100, 2_000];
const HZ: u32 = 10;
/// They end by themselves if the bench is killed.
const SLEEP_S: &str = "900";

/// Processes that do nothing. Dropping them ends them.
struct Sleepers(Vec<Child>);

struct Round {
    processes: f64,
    ours: Figures,
    floor_percent: f64,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; floor {} % at 1 Hz", self.ours, figure(self.floor_percent))
    }
}

impl Sleepers {
    /// Starts as many as the machine lacks to have `count` processes.
    fn start(count: usize) -> Result<Self> {
        let mut sleepers = Self(Vec::new());
        for _ in processes()..count {
            let mut command = Command::new("sleep");
            command.arg(SLEEP_S).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let started = command.spawn();
            let number = sleepers.0.len();
            sleepers
                .0
                .push(started.with_context(|| format!("{number} of {count} processes started: raise ulimit -u"))?);
        }
        Ok(sleepers)
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for process in &mut self.0 {
            let _ended_already = process.kill();
        }
        for process in &mut self.0 {
            let _ended = process.wait();
        }
    }
}

pub(crate) fn run(lab: &Lab) -> Result<String> {
    let before = Busyness::now();
    let counts = lab.choose(&COUNTS[..], &COUNTS[..1]).iter().copied();
    let name = |count: &usize| format!("{count} processes");
    let measured = lab.alternate(counts, name, |&count| {
        let _sleepers = Sleepers::start(count)?;
        let ours = OurServer::start(&format!("host:hz={HZ}"))?.measure(lab.warm_up(), lab.measuring_time())?;
        Ok(Round { processes: processes() as f64, ours, floor_percent: list_processes(lab.choose(5, 1))? })
    })?;
    let row = |rounds: &[Round]| {
        let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
        let figures = Figures::medians(rounds.iter().map(|round| &round.ours));
        let cost = figures.cost;
        let cells = [
            of(|round| round.processes),
            cost.series,
            cost.samples_per_second,
            cost.cpu_percent,
            figures.source().cpu_percent,
            figures.further_percent(),
            figures.rest_percent(),
            of(|round| round.floor_percent),
            cost.us_per_sample(),
            cost.memory_mib,
        ];
        cells.map(figure).to_vec()
    };
    let head = [
        "processes",
        "series",
        "samples/s",
        "CPU, %",
        "thread `host`, %",
        "`host-*`, %",
        "others, %",
        "list and stat, 1 Hz, %",
        "us a sample",
        "RSS, MiB",
    ];
    let rows: Vec<Vec<String>> = measured.iter().map(|measured| row(&measured.rounds)).collect();
    Ok(format!("{}\n\n{}", lab.conditions(&before), table(&head, &rows)))
}

//! The server's cost by rate, above the floor.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use benches::report::{Target, figure, table, targets, times};
use benches::statistics::median;

use crate::figures::Figures;
use crate::floor::{FileCost, Floor, Work};
use crate::lab::{Busyness, Lab, Measured};
use crate::server::OurServer;

const RATES: [u32; 4] = [1, 10, 100, 1_000];
const BRIEF_RATES: [u32; 2] = [10, 1_000];

/// Readings of each file.
const FILE_READINGS: u32 = 2_000;
const BRIEF_FILE_READINGS: u32 = 50;

/// The host source at a rate; without one, a server whose only source waits for publishers.
type Case = Option<u32>;

struct Round {
    ours: Figures,
    /// CPU of the floor in percent of a core: wake-ups alone, and with reads.
    floor: Option<[f64; 2]>,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ours)?;
        match self.floor {
            Some([nothing, reads]) => write!(f, "; floor {} and {} %", figure(nothing), figure(reads)),
            None => Ok(()),
        }
    }
}

pub(crate) fn run(lab: &Lab) -> Result<String> {
    let before = Busyness::now();
    let floor = Floor::open();
    let rates = lab.choose(&RATES[..], &BRIEF_RATES[..]);
    let cases = [None].into_iter().chain(rates.iter().copied().map(Some));
    let name = |case: &Case| case.map_or("no source".to_owned(), |hz| format!("host:hz={hz}"));
    let measured = lab.alternate(cases, name, |case| measure(lab, &floor, *case))?;
    let files = floor.files(lab.choose(FILE_READINGS, BRIEF_FILE_READINGS))?;
    let row = |file: &FileCost| {
        let most_hz = file.most_hz.map_or("-".to_owned(), |hz| hz.to_string());
        vec![file.name.to_owned(), most_hz, file.bytes.to_string(), figure(file.us)]
    };
    let rows: Vec<Vec<String>> = files.iter().map(row).collect();
    Ok(format!(
        "{}\n\n{}\n{}\n{}\n{}",
        lab.conditions(&before),
        rates_table(&measured),
        threads_table(&measured),
        table(&["file", "at most, Hz", "bytes", "us a reading"], &rows),
        targets(&aims(&measured))
    ))
}

fn measure(lab: &Lab, floor: &Floor, case: Case) -> Result<Round> {
    let source = case.map_or("publish".to_owned(), |hz| format!("host:hz={hz}"));
    let ours = OurServer::start(&source)?.measure(lab.warm_up(), lab.measuring_time())?;
    let cpu = |hz, work| floor.run(hz, lab.floor_time(), work).map(|run| run.cpu_percent);
    let floor = case.map(|hz| anyhow::Ok([cpu(hz, Work::Nothing)?, cpu(hz, Work::Reads)?])).transpose()?;
    Ok(Round { ours, floor })
}

fn rates_table(measured: &[Measured<Case, Round>]) -> String {
    let row = |Measured { case, rounds }: &Measured<Case, Round>| {
        let figures = medians(rounds);
        let [nothing, reads] = [0, 1].map(|place| floor_median(rounds, place));
        let cost = figures.cost;
        vec![
            case.map_or("no source".to_owned(), |hz| hz.to_string()),
            figure(cost.series),
            figure(cost.samples_per_second),
            figure(cost.cpu_percent),
            figure(figures.source().cpu_percent),
            figure(figures.further_percent()),
            figure(figures.rest_percent()),
            figure(nothing),
            figure(reads),
            times(figures.source().cpu_percent / reads),
            if case.is_some() { figure(cost.us_per_sample()) } else { "-".to_owned() },
            figure(cost.memory_mib),
            figure(figures.kept_mib),
        ]
    };
    let head = [
        "Hz",
        "series",
        "samples/s",
        "CPU, %",
        "thread `host`, %",
        "`host-*`, %",
        "others, %",
        "floor: wake-ups, %",
        "and reads, %",
        "`host`, x floor",
        "us a sample",
        "RSS, MiB",
        "history in it, MiB",
    ];
    table(&head, &measured.iter().map(row).collect::<Vec<_>>())
}

/// CPU and wake-ups of each thread at each rate.
fn threads_table(measured: &[Measured<Case, Round>]) -> String {
    let figures: Vec<Figures> = measured.iter().map(|measured| medians(&measured.rounds)).collect();
    let names: BTreeSet<&String> = figures.iter().flat_map(|figures| figures.threads.keys()).collect();
    let row = |name: &&String| {
        let cell = |figures: &Figures| match figures.threads.get(*name) {
            Some(share) => format!("{} ({:.0})", figure(share.cpu_percent), share.runs_per_second),
            None => "-".to_owned(),
        };
        [format!("`{name}`")].into_iter().chain(figures.iter().map(cell)).collect()
    };
    let head = measured.iter().map(|measured| measured.case.map_or("no source".to_owned(), |hz| format!("{hz} Hz")));
    let head: Vec<String> = ["CPU in % (runs a second)".to_owned()].into_iter().chain(head).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    table(&head, &names.iter().map(row).collect::<Vec<_>>())
}

fn aims(measured: &[Measured<Case, Round>]) -> Vec<Target> {
    let of = |hz| measured.iter().find(|measured| measured.case == Some(hz)).map(|measured| medians(&measured.rounds));
    let mut aims = Vec::new();
    if let Some(figures) = of(10) {
        let cost = figures.cost;
        aims.extend([
            Target::at_most(0.3, "%", "10 Hz: CPU", cost.cpu_percent),
            Target::at_most(5.0, "us", "10 Hz: CPU a sample", cost.us_per_sample()),
            Target::at_most(16.0, "MiB", "10 Hz: RSS without history", cost.memory_mib - figures.kept_mib),
        ]);
    }
    if let Some(figures) = of(1_000) {
        let cost = figures.cost;
        aims.extend([
            Target::at_most(5.0, "%", "1000 Hz: CPU", cost.cpu_percent),
            Target::at_most(16.0, "MiB", "1000 Hz: RSS without history", cost.memory_mib - figures.kept_mib),
        ]);
    }
    aims
}

fn medians(rounds: &[Round]) -> Figures {
    Figures::medians(rounds.iter().map(|round| &round.ours))
}

/// NaN without a floor.
fn floor_median(rounds: &[Round], place: usize) -> f64 {
    median(rounds.iter().filter_map(|round| Some(round.floor?[place])))
}

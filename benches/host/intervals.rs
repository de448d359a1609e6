//! The time from reading to reading at 1,000 Hz, beside a thread that only wakes up.

use std::fmt;

use anyhow::Result;
use benches::report::{Target, figure, table, targets};
use benches::statistics::{median, percentile};

use crate::floor::{Floor, Work};
use crate::lab::{Busyness, Lab};
use crate::server::OurServer;
use crate::viewer::Rows;

const HZ: u32 = 1_000;
const INTERVAL_US: i64 = 1_000_000 / HZ as i64;
const GROUP: &str = "cpu.cores";
const PARTS: [f64; 4] = [0.5, 0.99, 0.999, 1.0];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Ours,
    Floor,
}

struct Round {
    /// Milliseconds at each of [`PARTS`].
    percentiles: [f64; PARTS.len()],
    readings: f64,
    missed: f64,
    gaps: u32,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999, longest] = self.percentiles.map(|ms| format!("{ms:.3}"));
        write!(f, "p50 {p50} ms, p99 {p99}, p99.9 {p999}, longest {longest}; {} missed", self.missed)?;
        if self.gaps > 0 { write!(f, "; {} gaps: the viewer was too slow", self.gaps) } else { Ok(()) }
    }
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "kymograph",
            Self::Floor => "a thread that only wakes up",
        }
    }
}

pub(crate) fn run(lab: &Lab) -> Result<String> {
    let before = Busyness::now();
    let floor = Floor::open();
    let measured =
        lab.alternate([Case::Ours, Case::Floor], |case| case.name().to_owned(), |case| measure(lab, &floor, *case))?;
    let row = |measured: &crate::lab::Measured<Case, Round>| {
        let of = |figure: fn(&Round) -> f64| median(measured.rounds.iter().map(figure));
        let percentiles =
            [0, 1, 2, 3].map(|place| median(measured.rounds.iter().map(|round| round.percentiles[place])));
        let mut cells = vec![measured.case.name().to_owned()];
        cells.extend(percentiles.map(|ms| format!("{ms:.3}")));
        cells.extend([of(|round| round.readings), of(|round| round.missed)].map(figure));
        (percentiles[1], cells)
    };
    let rows: Vec<(f64, Vec<String>)> = measured.iter().map(row).collect();
    let aims: Vec<Target> = rows
        .iter()
        .zip(&measured)
        .filter(|(_, measured)| measured.case == Case::Ours)
        .map(|((p99, _), _)| {
            Target::at_most(1.5, "ms", "1000 Hz: time between readings, p99, on a quiet machine", *p99)
        })
        .collect();
    let head = ["time between readings, ms", "p50", "p99", "p99.9", "longest", "readings", "missed"];
    let cells: Vec<Vec<String>> = rows.into_iter().map(|(_, cells)| cells).collect();
    Ok(format!("{}\n\n{}\n{}", lab.conditions(&before), table(&head, &cells), targets(&aims)))
}

fn measure(lab: &Lab, floor: &Floor, case: Case) -> Result<Round> {
    match case {
        Case::Ours => {
            let server = OurServer::start(&format!("host:hz={HZ}"))?;
            let rows = Rows::watch(server.address, GROUP, lab.warm_up() + lab.measuring_time())?;
            let warm_up_us = lab.warm_up().as_micros() as i64;
            let first = rows.times.first().map(|first| first.micros() + warm_up_us).unwrap_or_default();
            let times: Vec<i64> = rows.times.iter().map(|time| time.micros()).filter(|&time| time >= first).collect();
            let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e3).collect();
            Ok(Round { gaps: rows.gaps, ..Round::of(gaps) })
        }
        Case::Floor => Ok(Round::of(floor.run(HZ, lab.measuring_time(), Work::Nothing)?.gaps_ms)),
    }
}

impl Round {
    fn of(mut intervals_ms: Vec<f64>) -> Self {
        let expected = (intervals_ms.iter().sum::<f64>() * 1e3 / INTERVAL_US as f64).round();
        let (readings, missed) = (intervals_ms.len() as f64, (expected - intervals_ms.len() as f64).max(0.0));
        Self { percentiles: PARTS.map(|part| percentile(&mut intervals_ms, part)), readings, missed, gaps: 0 }
    }
}

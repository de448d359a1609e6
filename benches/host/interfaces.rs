//! The server's cost with many network interfaces.

use std::fmt;

use anyhow::Result;
use benches::report::{Target, figure, table, targets, times};
use benches::statistics::median;

use crate::figures::Figures;
use crate::floor::{Floor, Work};
use crate::lab::{Busyness, Lab, Measured};
use crate::namespace::{Kind, State, with_interfaces};
use crate::server::OurServer;

/// The setting `idle` of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    LeftOut,
    Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    interfaces: usize,
    state: State,
    idle: Idle,
    hz: u32,
}

const fn case(interfaces: usize, state: State, idle: Idle, hz: u32) -> Case {
    Case { interfaces, state, idle, hz }
}

const CASES: [Case; 5] = [
    case(2, State::Used, Idle::LeftOut, 10),
    TARGET,
    case(280, State::Used, Idle::Shown, 10),
    case(280, State::Down, Idle::LeftOut, 10),
    case(280, State::Used, Idle::LeftOut, 100),
];
const TARGET: Case = case(280, State::Used, Idle::LeftOut, 10);
const BRIEF_CASES: [Case; 2] = [case(2, State::Used, Idle::LeftOut, 10), case(20, State::Used, Idle::Shown, 10)];

struct Round {
    ours: Figures,
    /// Wake-ups and reads, in percent of a core.
    floor_percent: f64,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; floor {} %", self.ours, figure(self.floor_percent))
    }
}

impl Case {
    fn name(&self) -> String {
        let state = match self.state {
            State::Used => "with traffic",
            State::Down => "down",
        };
        format!("{} {state}", self.interfaces)
    }

    fn source(&self) -> String {
        let idle = if self.idle == Idle::Shown { ",idle=true" } else { "" };
        format!("host:hz={}{idle}", self.hz)
    }
}

pub(crate) fn run(lab: &Lab) -> Result<String> {
    let before = Busyness::now();
    let kind = match Kind::of_machine() {
        Ok(kind) => kind,
        Err(error) => return Ok(format!("Many interfaces were not measured: {error:#}.\n")),
    };
    let cases = lab.choose(&CASES[..], &BRIEF_CASES[..]).iter().copied();
    let name = |case: &Case| format!("interfaces: {}, {}", case.name(), case.source());
    let measured = lab.alternate(cases, name, |case| measure(lab, kind, case))?;
    let row = |Measured { case, rounds }: &Measured<Case, Round>| {
        let (figures, floor) = medians(rounds);
        let cost = figures.cost;
        vec![
            case.name(),
            case.source(),
            figure(cost.series),
            figure(cost.samples_per_second),
            figure(cost.cpu_percent),
            figure(figures.source().cpu_percent),
            figure(figures.further_percent()),
            figure(figures.rest_percent()),
            figure(floor),
            times(figures.source().cpu_percent / floor),
            figure(cost.us_per_sample()),
            figure(cost.memory_mib),
            figure(figures.kept_mib),
        ]
    };
    let target = measured.iter().find(|measured| measured.case == TARGET).map(|measured| {
        let (figures, _) = medians(&measured.rounds);
        Target::at_most(2.0, "%", "280 interfaces with traffic, 10 Hz: CPU", figures.cost.cpu_percent)
    });
    let head = [
        "interfaces",
        "source",
        "series",
        "samples/s",
        "CPU, %",
        "thread `host`, %",
        "`host-*`, %",
        "others, %",
        "floor, %",
        "`host`, x floor",
        "us a sample",
        "RSS, MiB",
        "history in it, MiB",
    ];
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    let aims: Vec<Target> = target.into_iter().collect();
    let conditions = lab.conditions(&before);
    Ok(format!(
        "{conditions} The interfaces are of the kind {}.\n\n{}\n{}",
        kind.name(),
        table(&head, &rows),
        targets(&aims)
    ))
}

fn measure(lab: &Lab, kind: Kind, case: &Case) -> Result<Round> {
    with_interfaces(kind, case.interfaces, case.state, || {
        let ours = OurServer::start(&case.source())?.measure(lab.warm_up(), lab.measuring_time())?;
        let floor_percent = Floor::open().run(case.hz, lab.floor_time(), Work::Reads)?.cpu_percent;
        Ok(Round { ours, floor_percent })
    })
}

fn medians(rounds: &[Round]) -> (Figures, f64) {
    let ours = Figures::medians(rounds.iter().map(|round| &round.ours));
    (ours, median(rounds.iter().map(|round| round.floor_percent)))
}

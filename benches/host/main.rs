//! The host source: what a server costs that measures this machine, above the floor and beside other programs.
//!
//! Each case has a new server process without a viewer. CPU times are those of the scheduler, in nanoseconds. Cases run in turn;
//! figures are medians of the rounds. What cannot be measured here is left out, with the reason.
//!
//! | file | subject |
//! | --- | --- |
//! | `rates` | 1 to 1,000 readings a second, and the floor |
//! | `intervals` | the time from reading to reading at 1,000 Hz |
//! | `interfaces` | many network interfaces |
//! | `processes` | many processes |
//! | `beside` | Netdata and `node_exporter` |
//! | `server` | our server in a process of its own |
//! | `floor` | a thread that reads the same files and does not parse them |
//! | `viewer` | a viewer that notes the times of rows |
//! | `namespace` | a network with many interfaces |
//! | `netdata`, `node_exporter`, `program` | the other programs; the processes of one |
//! | `lab` | durations, rounds and conditions |
//! | `figures` | CPU, samples, memory |
//! | `calls` | system calls of Linux |
//!
//! Each part writes its tables to cargo's target folder, from which `summary` copies them into `docs/BENCHMARKS.md`.

mod beside;
mod calls;
mod figures;
mod floor;
mod interfaces;
mod intervals;
mod lab;
mod namespace;
mod netdata;
mod node_exporter;
mod processes;
mod program;
mod rates;
mod server;
mod viewer;

use std::path::Path;

use anyhow::Result;
use benches::effort::{Effort, is_wanted};
use feed_server::ingest::SpaceReading;
use lab::Lab;

#[derive(Clone, Copy, Debug)]
enum Part {
    Rates,
    Intervals,
    Interfaces,
    Processes,
    Beside,
}

impl Part {
    const ALL: [Self; 5] = [Self::Rates, Self::Intervals, Self::Interfaces, Self::Processes, Self::Beside];

    /// Name on the command line and in the document.
    const fn name(self) -> &'static str {
        match self {
            Self::Rates => "host/rates",
            Self::Intervals => "host/intervals",
            Self::Interfaces => "host/interfaces",
            Self::Processes => "host/processes",
            Self::Beside => "host/beside",
        }
    }

    fn run(self, lab: &Lab) -> Result<String> {
        match self {
            Self::Rates => rates::run(lab),
            Self::Intervals => intervals::run(lab),
            Self::Interfaces => interfaces::run(lab),
            Self::Processes => processes::run(lab),
            Self::Beside => beside::run(lab),
        }
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [argument, source] if argument == server::SERVE => return server::serve(source),
        // The server asks file systems that may not answer in a child process.
        [argument, point] if argument == "read-space" => {
            println!("{}", SpaceReading::of(Path::new(point)));
            return Ok(());
        }
        _ => {}
    }
    let wanted: Vec<Part> = Part::ALL.into_iter().filter(|part| is_wanted(part.name())).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        println!("The host source was not measured: this bench reads Linux's /proc.");
        return Ok(());
    }
    let lab = Lab::open(Effort::from_arguments())?;
    for part in wanted {
        let tables = part.run(&lab)?;
        println!("\n{tables}");
        lab.keep(part.name(), &tables)?;
    }
    Ok(())
}

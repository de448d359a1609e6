//! The wall: 12 charts x 8 series, live, beside other chart libraries; then ours alone, from 10 series to 10,000.
//!
//! Every case has a fresh browser and a feed of its own. What a drawn wall costs is the CPU time of the browser's whole
//! process tree: work that is moved off the main thread is not saved.
//!
//! | file | subject |
//! | --- | --- |
//! | `beside` | ours, uPlot, Chart.js, `ECharts` and the floor, at 10, 100 and 1,000 Hz |
//! | `sweep` | ours, by series and window: what follows pixels |
//! | `extremes` | ours: 24 M points, 5 M samples/s, 10,000 series, nothing new |
//! | `marker` | ours: from a sample to its pixel |
//! | `load` | groups x series x Hz x window, and its source |
//! | `server` | our feed |
//! | `feed` | the peers' feed: the same samples from the same source |
//! | `pages` | the peers' pages, and where they are served |
//! | `lab` | opens a page in a browser and measures it |
//! | `figures` | what is measured |
//! | `process_tree` | CPU time and memory of a browser |
//! | `report` | tables and targets |
//!
//! Each part keeps its tables in cargo's target folder, from where `summary` takes them into `docs/BENCHMARKS.md`.

mod beside;
mod extremes;
mod feed;
mod figures;
mod lab;
mod load;
mod marker;
mod pages;
mod process_tree;
mod report;
mod server;
mod sweep;

use anyhow::Result;
use benches::effort::{Effort, is_wanted};
use lab::Lab;

#[derive(Clone, Copy, Debug)]
enum Part {
    Beside,
    Sweep,
    Extremes,
    Marker,
}

impl Part {
    const ALL: [Self; 4] = [Self::Beside, Self::Sweep, Self::Extremes, Self::Marker];

    /// What the command line and the document call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Beside => "wall/beside",
            Self::Sweep => "wall/sweep",
            Self::Extremes => "wall/extremes",
            Self::Marker => "wall/marker",
        }
    }
}

fn main() -> Result<()> {
    let wanted: Vec<Part> = Part::ALL.into_iter().filter(|part| is_wanted(part.name())).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        let lab = Lab::open(Effort::asked_for())?;
        for part in wanted {
            let tables = match part {
                Part::Beside => beside::run(&lab).await?,
                Part::Sweep => sweep::run(&lab).await?,
                Part::Extremes => extremes::run(&lab).await?,
                Part::Marker => marker::run(&lab).await?,
            };
            println!("\n{tables}");
            lab.keep(part.name(), &tables)?;
        }
        Ok(())
    })
}

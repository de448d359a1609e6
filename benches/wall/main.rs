//! The wall: 12 charts x 8 live series, beside other chart libraries; then only our page, from 10 series to 10,000.
//!
//! Every case has a new browser and its own feed. The cost of a drawn wall is the CPU time of the browser's complete
//! process tree, since work that moves off the main thread is not saved.
//!
//! | file | subject |
//! | --- | --- |
//! | `beside` | our page, uPlot, Chart.js, `ECharts` and the floor, at 10, 100 and 1,000 Hz |
//! | `sweep` | our page by series and window |
//! | `extremes` | our page with 24 M samples, 5 M samples/s, 10,000 series, or no new samples |
//! | `rest` | our page when nobody touches it, and in a hidden tab, beside Netdata's page |
//! | `marker` | latency of our page from a sample to its pixel |
//! | `load` | groups x series x Hz x window, and its source |
//! | `server` | our feed |
//! | `feed` | the peers' feed: the same samples from the same source |
//! | `pages`, `netdata` | serve the peers' pages |
//! | `lab` | opens a page in a browser and measures it |
//! | `figures` | the figures of a page |
//!
//! Each part writes its tables to cargo's target folder, from which `summary` copies them into `docs/BENCHMARKS.md`.

mod beside;
mod extremes;
mod feed;
mod figures;
mod lab;
mod load;
mod marker;
mod netdata;
mod pages;
mod rest;
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
    Rest,
}

impl Part {
    const ALL: [Self; 5] = [Self::Beside, Self::Sweep, Self::Extremes, Self::Marker, Self::Rest];

    /// Name on the command line and in the document.
    const fn name(self) -> &'static str {
        match self {
            Self::Beside => "wall/beside",
            Self::Sweep => "wall/sweep",
            Self::Extremes => "wall/extremes",
            Self::Marker => "wall/marker",
            Self::Rest => "wall/rest",
        }
    }
}

fn main() -> Result<()> {
    let wanted: Vec<Part> = Part::ALL.into_iter().filter(|part| is_wanted(part.name())).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        let lab = Lab::open(Effort::from_arguments())?;
        for part in wanted {
            let tables = match part {
                Part::Beside => beside::run(&lab).await?,
                Part::Sweep => sweep::run(&lab).await?,
                Part::Extremes => extremes::run(&lab).await?,
                Part::Marker => marker::run(&lab).await?,
                Part::Rest => rest::run(&lab).await?,
            };
            println!("\n{tables}");
            lab.keep(part.name(), &tables)?;
        }
        Ok(())
    })
}

//! The cost of a page when nobody touches it: CPU time of all processes of the browser, measured from outside.

use std::time::Duration;

use anyhow::Result;
use benches::browser_time::ProcessKind;
use benches::effort::Effort;
use benches::report::{Target, figure, table, targets};
use benches::statistics::median;
use browsers::WindowState;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::lab::{Bench, Lab, WINDOW};
use crate::load::Load;
use crate::netdata;
use crate::server::OurServer;

const ROUNDS: usize = 3;

/// A page, and whether its tab is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Blank,
    Host,
    HostHidden,
    Wall,
    Netdata,
}

impl Case {
    const ALL: [Self; 5] = [Self::Blank, Self::Host, Self::HostHidden, Self::Wall, Self::Netdata];

    const fn name(self) -> &'static str {
        match self {
            Self::Blank => "an empty page",
            Self::Host => "kymograph, this machine at 10 Hz",
            Self::HostHidden => "the same in a hidden tab",
            Self::Wall => "kymograph, 12 x 8 series at 10 Hz",
            Self::Netdata => "Netdata's page, this machine at 1 Hz",
        }
    }

    /// The limit on the CPU time of the browser, in percent of a core.
    const fn limit_percent(self) -> Option<f64> {
        match self {
            Self::Host | Self::Wall => Some(5.0),
            Self::HostHidden => Some(1.0),
            Self::Blank | Self::Netdata => None,
        }
    }
}

/// In percent of a core, but for the display frames.
#[derive(Clone, Copy, Debug)]
struct Cost {
    all: f64,
    /// In the order of [`ProcessKind::ALL`].
    by_kind: [f64; ProcessKind::ALL.len()],
    waiting: f64,
    /// NaN for pages that do not count them.
    frames_per_second: f64,
}

pub(crate) async fn run(lab: &Lab) -> Result<String> {
    let (rounds, installed) = match lab.effort {
        Effort::Full => (ROUNDS, netdata::Installed::find(&lab.workspace, lab.effort)?),
        Effort::Brief => (1, None),
    };
    let cases = Case::ALL.into_iter().filter(|&case| case != Case::Netdata || installed.is_some());
    let mut costs: Vec<(Case, Vec<Cost>)> = cases.map(|case| (case, Vec::new())).collect();
    for _ in 0..rounds {
        for (case, costs) in &mut costs {
            let cost = measure(lab, *case, installed.as_ref()).await?;
            eprintln!("    {}: {} % of a core, waiting {} %", case.name(), figure(cost.all), figure(cost.waiting));
            costs.push(cost);
        }
    }
    let mut text = tables(&costs);
    if installed.is_none() {
        text.push_str("\nNetdata's page was not measured: it requires Debian's netdata-core and netdata-web, and brief runs leave it out.\n");
    }
    Ok(text)
}

async fn measure(lab: &Lab, case: Case, installed: Option<&netdata::Installed>) -> Result<Cost> {
    match (case, installed) {
        (Case::Host | Case::HostHidden, _) => {
            let server = OurServer::of_this_machine(lab.our_page())?;
            let bench = lab.bench(&server.page(), WINDOW, &[]).await?;
            bench.page.wait_for("kymograph.stats().samples > 100", "samples").await?;
            if case == Case::HostHidden {
                hide(&bench).await?;
            }
            cost(lab, &bench).await
        }
        (Case::Wall, _) => {
            let load = Load::new(12, 8, 10.0, 60);
            let server = OurServer::start(lab.our_page(), &load)?;
            let bench = lab.bench(&server.url(&load), WINDOW, &[]).await?;
            bench.page.wait_for("kymograph.stats().samples > 100", "samples").await?;
            cost(lab, &bench).await
        }
        (Case::Netdata, Some(installed)) => {
            let netdata = installed.start().await?;
            let bench = lab.bench(&netdata.page(), WINDOW, &[]).await?;
            // It stops in a window without focus.
            bench.page.chromium()?.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
            bench
                .page
                .wait_for("document.querySelector('.netdata-chart, .netdata-container') !== null", "charts")
                .await?;
            cost(lab, &bench).await
        }
        (Case::Blank | Case::Netdata, _) => cost(lab, &lab.bench("about:blank", WINDOW, &[]).await?).await,
    }
}

async fn hide(bench: &Bench) -> Result<()> {
    bench.page.set_window_state(WindowState::Minimized).await?;
    bench.page.wait_for("document.visibilityState === 'hidden'", "a hidden tab").await
}

async fn cost(lab: &Lab, bench: &Bench) -> Result<Cost> {
    let (warm_up, time) = match lab.effort {
        Effort::Full => (Duration::from_secs(10), Duration::from_secs(20)),
        Effort::Brief => (Duration::from_millis(200), Duration::from_millis(500)),
    };
    sleep(warm_up).await;
    let frames_before = frames(bench).await?;
    let (before, started) = (bench.browser_time()?, Instant::now());
    sleep(time).await;
    let spent = bench.browser_time()? - before;
    let seconds = started.elapsed().as_secs_f64();
    let percent = |time: Duration| 100.0 * time.as_secs_f64() / seconds;
    Ok(Cost {
        all: percent(spent.all()),
        by_kind: ProcessKind::ALL.map(|kind| percent(spent.of(kind))),
        waiting: percent(spent.waiting()),
        frames_per_second: (frames(bench).await? - frames_before) / seconds,
    })
}

/// The display frames that our page has drawn; NaN for another page.
async fn frames(bench: &Bench) -> Result<f64> {
    let frames: Option<f64> = bench.page.evaluate("window.kymograph?.stats().frames ?? null").await?;
    Ok(frames.unwrap_or(f64::NAN))
}

fn tables(costs: &[(Case, Vec<Cost>)]) -> String {
    let of = |rounds: &[Cost], figure: fn(&Cost) -> f64| median(rounds.iter().map(figure));
    let rows: Vec<Vec<String>> = costs
        .iter()
        .map(|(case, rounds)| {
            let by_kind = (0..ProcessKind::ALL.len()).map(|kind| median(rounds.iter().map(|cost| cost.by_kind[kind])));
            let (low, high) =
                rounds.iter().fold((f64::NAN, f64::NAN), |(low, high), cost| (cost.all.min(low), cost.all.max(high)));
            let mut cells = vec![
                case.name().to_owned(),
                figure(of(rounds, |cost| cost.all)),
                format!("{} - {}", figure(low), figure(high)),
            ];
            cells.extend(by_kind.map(figure));
            cells.extend([of(rounds, |cost| cost.waiting), of(rounds, |cost| cost.frames_per_second)].map(figure));
            cells
        })
        .collect();
    let mut head = vec!["CPU time, % of a core", "all processes", "rounds"];
    head.extend(ProcessKind::ALL.map(ProcessKind::name));
    head.extend(["waiting", "display frames/s"]);
    let aims = costs.iter().filter_map(|(case, rounds)| {
        let limit = case.limit_percent()?;
        Some(Target::at_most(limit, "%", case.name(), of(rounds, |cost| cost.all)))
    });
    format!("{}\n{}", table(&head, &rows), targets(&aims.collect::<Vec<_>>()))
}

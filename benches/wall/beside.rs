//! Our page, other libraries and the floor at three rates. Competitors run in turn; figures are medians.

use anyhow::Result;
use benches::effort::Effort;
use benches::report::{Target, figure, table, targets, times};
use serde::Deserialize;

use crate::feed::PeersFeed;
use crate::figures::Figures;
use crate::lab::{Lab, WINDOW};
use crate::load::Load;
use crate::pages::Pages;
use crate::server::OurServer;

const ROUNDS: usize = 3;
const RATES: [u32; 3] = [10, 100, 1_000];

/// A page that draws the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Competitor {
    /// Twelve canvases with one pixel put into each every frame: the minimum cost of a wall on canvases.
    Floor,
    Ours,
    UPlot,
    ChartJs,
    ECharts,
}

impl Competitor {
    const ALL: [Self; 5] = [Self::Floor, Self::Ours, Self::UPlot, Self::ChartJs, Self::ECharts];

    const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "kymograph",
            Self::UPlot => "uPlot 1.6.32",
            Self::ChartJs => "Chart.js 4.6.1",
            Self::ECharts => "ECharts 6.1.0",
        }
    }

    /// Folder of the page.
    const fn page(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "",
            Self::UPlot => "uplot",
            Self::ChartJs => "chartjs",
            Self::ECharts => "echarts",
        }
    }

    /// The floor has no rate, so it is measured once.
    fn rates(self, all: &[u32]) -> &[u32] {
        if self == Self::Floor { &all[..1] } else { all }
    }
}

/// A competitor at a rate, and the figures of each round.
struct Case {
    competitor: Competitor,
    hz: u32,
    rounds: Vec<Figures>,
}

/// Size of our charts in CSS pixels: the plot with its axes, and the canvas of its series. The others use the same.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Geometry {
    width: f64,
    height: f64,
    inner_width: f64,
    inner_height: f64,
}

/// Browser and geometry of all competitors.
struct Setting {
    browser: String,
    geometry: Geometry,
}

fn load(hz: u32) -> Load {
    Load::new(12, 8, f64::from(hz), 60)
}

pub(crate) async fn run(lab: &Lab) -> Result<String> {
    let pages = Pages::serve(&lab.workspace, lab.effort)?;
    let Setting { browser, geometry } = Setting::of_ours(lab).await?;
    let (rates, rounds): (&[u32], usize) = match lab.effort {
        Effort::Full => (&RATES, ROUNDS),
        Effort::Brief => (&RATES[..1], 1),
    };
    let mut cases: Vec<Case> = Vec::new();
    for competitor in Competitor::ALL {
        if pages.have_peers || matches!(competitor, Competitor::Floor | Competitor::Ours) {
            let rates = competitor.rates(rates).iter();
            cases.extend(rates.map(|&hz| Case { competitor, hz, rounds: Vec::new() }));
        }
    }
    // By rate, so that compared cases are measured at about the same time.
    cases.sort_by_key(|case| case.hz);
    for _ in 0..rounds {
        for case in &mut cases {
            let figures = measure(lab, &pages, geometry, case.competitor, &load(case.hz)).await?;
            eprintln!("    {} at {} Hz: {figures}", case.competitor.name(), case.hz);
            case.rounds.push(figures);
        }
    }
    let mut text = format!("{browser}, a window of {} x {}. {}", WINDOW.width, WINDOW.height, tables(geometry, &cases));
    if !pages.have_peers {
        text.push_str(
            "\nThe other libraries were not measured: they require node and npm, and brief runs download nothing.\n",
        );
    }
    Ok(text)
}

async fn measure(lab: &Lab, pages: &Pages, geometry: Geometry, competitor: Competitor, load: &Load) -> Result<Figures> {
    let Geometry { width, height, inner_width, inner_height } = geometry;
    match competitor {
        Competitor::Ours => lab.measure_ours(load, WINDOW).await,
        Competitor::Floor => {
            let query = format!("width={inner_width}&height={inner_height}");
            lab.measure(&pages.url(competitor.page(), &query), WINDOW, 0.0).await
        }
        _ => {
            let feed = PeersFeed::start(load).await?;
            let query = format!(
                "feed={}&series={}&hz={}&window={}&width={width}&height={height}",
                feed.address,
                load.series,
                load.hz,
                load.window.as_secs()
            );
            lab.measure(&pages.url(competitor.page(), &query), WINDOW, load.history_samples()).await
        }
    }
}

impl Setting {
    async fn of_ours(lab: &Lab) -> Result<Self> {
        let load = load(RATES[0]);
        let server = OurServer::start(lab.our_page(), &load)?;
        let bench = lab.bench(&server.url(&load), WINDOW, &[]).await?;
        bench.page.wait_for("document.querySelectorAll('.plot-canvas').length >= 12", "twelve charts").await?;
        bench.page.wait_for("document.querySelector('.plot-canvas').dataset.plot !== undefined", "a layout").await?;
        let script = "(() => { const [plot, canvas] = ['.plot', '.plot-canvas'].map((name) => document.querySelector(name)); \
                      const [, , width, height] = canvas.dataset.plot.split(' ').map((side) => side / devicePixelRatio); \
                      return { width: plot.clientWidth, height: plot.clientHeight, inner_width: width, inner_height: height } })()";
        let geometry = bench.page.evaluate(script).await?;
        let agent: String = bench.page.evaluate("navigator.userAgent").await?;
        let browser = agent.split_whitespace().find(|word| word.contains("Chrome/")).unwrap_or(&agent).to_owned();
        Ok(Self { browser, geometry })
    }
}

/// The lowest and the highest CPU time a wall of the rounds, in milliseconds.
fn spread(rounds: &[Figures]) -> String {
    let costs = || rounds.iter().map(Figures::cpu_ms_per_wall);
    format!("{} - {}", figure(costs().fold(f64::NAN, f64::min)), figure(costs().fold(f64::NAN, f64::max)))
}

fn tables(geometry: Geometry, cases: &[Case]) -> String {
    let Geometry { width, height, inner_width, inner_height } = geometry;
    let of = |competitor: Competitor, hz: u32| {
        let is_it = |case: &&Case| case.competitor == competitor && (case.hz == hz || competitor == Competitor::Floor);
        Figures::medians(cases.iter().find(is_it).map_or(&[], |case| &case.rounds))
    };
    let cost = |competitor, hz| of(competitor, hz).cpu_ms_per_wall();
    let rows: Vec<Vec<String>> = cases
        .iter()
        .map(|case| {
            let figures = of(case.competitor, case.hz);
            let ms = figures.cpu_ms_per_wall();
            vec![
                case.competitor.name().to_owned(),
                if case.competitor == Competitor::Floor { "-".to_owned() } else { case.hz.to_string() },
                figure(ms),
                times(ms / cost(Competitor::UPlot, case.hz)),
                times(ms / cost(Competitor::Floor, case.hz)),
                figure(figures.fps),
                figure(figures.p99_gap_ms),
                figure(figures.main_percent),
                figure(figures.cpu_percent),
                figure(figures.renderer_percent),
                figure(figures.gpu_percent),
                figure(figures.waiting_percent),
                spread(&case.rounds),
                figure(figures.memory_mib),
                figure(figures.heap_mib),
            ]
        })
        .collect();
    let head = [
        "12 x 8 series, 60 s",
        "Hz",
        "CPU ms a wall",
        "x uPlot",
        "x floor",
        "fps",
        "p99 gap, ms",
        "main thread, %",
        "all processes, %",
        "renderer, %",
        "GPU process, %",
        "waiting, %",
        "rounds",
        "memory, MiB",
        "JS heap, MiB",
    ];
    let mut aims = Vec::new();
    for hz in [1_000, 100] {
        let ours = of(Competitor::Ours, hz);
        let (part, main) = if hz < 1_000 { (8.0, 15.0) } else { (25.0, 20.0) };
        let ms = ours.cpu_ms_per_wall();
        let (of_uplot, of_floor) = (cost(Competitor::UPlot, hz) / ms, ms / cost(Competitor::Floor, hz));
        aims.extend([
            Target::full_rate(format!("{hz} Hz"), ours.fps),
            Target::at_least(part, "x", format!("{hz} Hz: uPlot's CPU a wall, of ours"), of_uplot),
            Target::at_most(main, "%", format!("{hz} Hz: main thread"), ours.main_percent),
            Target::at_most(2.0, "x", format!("{hz} Hz: CPU a wall, of the floor's"), of_floor),
        ]);
    }
    let by_rate = cost(Competitor::Ours, 1_000) / cost(Competitor::Ours, 10);
    aims.push(Target::at_most(1.2, "x", "CPU a wall at 1000 Hz, of that at 10 Hz", by_rate));
    format!(
        "Plots of {width} x {height} CSS pixels, {inner_width} x {inner_height} of them for the series.\n\n{}\n{}",
        table(&head, &rows),
        targets(&aims)
    )
}

//! Only our page, with very many samples, very high rates and very many series, and an idle wall.

use std::time::Duration;

use anyhow::Result;
use benches::effort::Effort;
use benches::report::{Target, figure, table, targets};
use browsers::Viewport;

use crate::figures::Figures;
use crate::lab::{Lab, WINDOW};
use crate::load::Load;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extreme {
    /// 400 series at 1 kHz over a minute in a window of normal size.
    Dense,
    /// The same on a screen that shows all fifty charts.
    DenseWhole,
    /// 5 million samples a second.
    Ingest,
    /// 10,000 series, twenty charts on screen.
    Catalog,
    /// A day of history with few new rows.
    Idle,
}

impl Extreme {
    const ALL: [Self; 5] = [Self::Dense, Self::DenseWhole, Self::Ingest, Self::Catalog, Self::Idle];

    const fn name(self) -> &'static str {
        match self {
            Self::Dense => "400 series at 1,000 Hz, 60 s: 24 M samples",
            Self::DenseWhole => "the same, all 50 charts on screen",
            Self::Ingest => "5 M samples/s into one tab",
            Self::Catalog => "10,000 series, 20 charts on screen",
            Self::Idle => "an idle wall",
        }
    }

    fn load(self) -> Load {
        let none = Duration::ZERO;
        match self {
            Self::Dense | Self::DenseWhole => Load::new(50, 8, 1_000.0, 60),
            // All on screen, in a window so short that the page subscribes to rows: a column has fewer than eight.
            Self::Ingest => Load { history: none, ..Load::new(12, 417, 1_000.0, 2) },
            // More rows than display frames, so that each display frame has new rows to draw.
            Self::Catalog => Load::new(500, 20, 100.0, 10),
            // A pixel is five minutes, so that the charts do not scroll; a row arrives every hundred seconds.
            Self::Idle => Load::new(12, 8, 0.01, 86_400),
        }
    }

    const fn viewport(self) -> Viewport {
        let height = match self {
            Self::DenseWhole => 3_500,
            Self::Catalog => 1_360,
            _ => WINDOW.height,
        };
        Viewport { height, ..WINDOW }
    }

    fn targets(self, figures: Figures) -> Vec<Target> {
        let name = self.name();
        let full_rate = Target::full_rate(name, figures.fps);
        match self {
            Self::Dense | Self::DenseWhole => {
                vec![full_rate, Target::at_most(50.0, "%", format!("{name}: main thread"), figures.main_percent)]
            }
            Self::Ingest => {
                // Tolerance of a percent: counting begins and ends between two messages.
                let millions = figures.samples_per_second / 1e6;
                vec![full_rate, Target::at_least(4.95, "M/s", format!("{name}: stored"), millions)]
            }
            Self::Catalog => vec![full_rate],
            Self::Idle => {
                vec![Target::at_most(0.0, "charts/s", format!("{name}: drawn"), figures.commits_per_second)]
            }
        }
    }
}

pub(crate) async fn run(lab: &Lab) -> Result<String> {
    let extremes = match lab.effort {
        Effort::Full => &Extreme::ALL[..],
        Effort::Brief => &[Extreme::Idle],
    };
    let (mut rows, mut aims) = (Vec::new(), Vec::new());
    for &extreme in extremes {
        let figures = lab.measure_ours(&extreme.load(), extreme.viewport()).await?;
        eprintln!("    {}: {figures}", extreme.name());
        rows.push(row(extreme.name(), figures));
        aims.extend(extreme.targets(figures));
    }
    let head = [&["", "M samples/s stored"], &Figures::HEADS[..]].concat();
    Ok(format!("{}\n{}", table(&head, &rows), targets(&aims)))
}

fn row(name: &str, figures: Figures) -> Vec<String> {
    let mut cells = vec![name.to_owned(), figure(figures.samples_per_second / 1e6)];
    cells.extend(figures.cells());
    cells
}

//! Only our page, from 10 series to 1,000 and from 10 seconds to an hour. The cost of a wall depends on its pixels.

use anyhow::Result;
use benches::effort::Effort;
use benches::report::{figure, table};

use crate::figures::Figures;
use crate::lab::{Lab, WINDOW};
use crate::load::Load;

const WALLS: [(u32, u32); 4] = [(2, 5), (12, 8), (50, 8), (125, 8)];
const WINDOWS_S: [u64; 4] = [10, 60, 600, 3_600];
/// A case uses the highest rate that keeps a window within [`MAX_SAMPLES`].
const RATES: [f64; 4] = [1_000.0, 100.0, 10.0, 1.0];
/// Samples of a window. Server and page need 16 bytes for each.
const MAX_SAMPLES: f64 = 12e6;

pub(crate) async fn run(lab: &Lab) -> Result<String> {
    let (walls, windows) = match lab.effort {
        Effort::Full => (&WALLS[..], &WINDOWS_S[..]),
        Effort::Brief => (&WALLS[..1], &WINDOWS_S[..1]),
    };
    let mut rows = Vec::new();
    for &(groups, series) in walls {
        for &window_s in windows {
            let load = load(groups, series, window_s);
            let figures = lab.measure_ours(&load, WINDOW).await?;
            eprintln!("    {load}: {figures}");
            rows.push(row(&load, figures));
        }
    }
    let head = [&["charts x series", "window, s", "Hz", "M samples"], &Figures::HEADS[..]].concat();
    Ok(table(&head, &rows))
}

fn load(groups: u32, series: u32, window_s: u64) -> Load {
    let loads = RATES.map(|hz| Load::new(groups, series, hz, window_s));
    loads.into_iter().find(|load| load.samples() <= MAX_SAMPLES).unwrap_or(loads[RATES.len() - 1])
}

fn row(load: &Load, figures: Figures) -> Vec<String> {
    let mut cells = vec![
        format!("{} x {}", load.groups, load.series),
        load.window.as_secs().to_string(),
        load.hz.to_string(),
        figure(load.samples() / 1e6),
    ];
    cells.extend(figures.cells());
    cells
}

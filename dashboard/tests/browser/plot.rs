//! Scripts that read the pixels of charts. A series is whatever has not the colour of panel, grid or axis.

use anyhow::Result;
use browsers::{Page, Position};

use super::served::until;

/// The plot of a chart: for each of its columns, true if a series is drawn there. Empty while the chart has no pixels.
pub(crate) fn drawn_columns(chart: &str) -> String {
    format!(
        "(() => {{
            const canvas = document.querySelector('{chart} .plot-canvas');
            if (!canvas?.width) return [];
            const style = getComputedStyle(document.documentElement);
            const ground = ['--panel', '--grid', '--axis'].map((name) => parseInt(style.getPropertyValue(name).trim().slice(1), 16));
            const [left, top, width, height] = canvas.dataset.plot.split(' ').map(Number);
            const {{ data }} = canvas.getContext('2d').getImageData(left, top, width, height);
            const isDrawn = (x) => {{
                for (let i = 4 * x; i < data.length; i += 4 * width)
                    if (!ground.includes((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])) return true;
                return false;
            }};
            return Array.from({{ length: width }}, (_, x) => isDrawn(x));
        }})()"
    )
}

/// The number of columns without a series among the last `columns` of a chart.
pub(crate) fn empty_columns(chart: &str, columns: u32) -> String {
    format!(
        "((drawn) => drawn.length < {columns} ? {columns} : drawn.slice(-{columns}).filter((isDrawn) => !isDrawn).length)({})",
        drawn_columns(chart)
    )
}

/// The number of columns without a series in a whole chart.
pub(crate) fn all_empty_columns(chart: &str) -> String {
    format!(
        "((drawn) => drawn.length ? drawn.filter((isDrawn) => !isDrawn).length : Infinity)({})",
        drawn_columns(chart)
    )
}

/// A place in the first plot, as fractions of its width and height.
pub(crate) async fn place(page: &Page, x: f64, y: f64) -> Result<Position> {
    page.evaluate(&format!(
        "(() => {{
            const canvas = document.querySelector('.plot-canvas'), box = canvas.getBoundingClientRect();
            const scale = box.width / canvas.width;
            const [left, top, width, height] = canvas.dataset.plot.split(' ').map((side) => side * scale);
            return [box.left + left + width * {x}, box.top + top + height * {y}];
        }})()"
    ))
    .await
}

/// Waits until all columns of the first chart are drawn.
pub(crate) async fn filled(page: &Page) -> Result<()> {
    until(page, &format!("{} < 3", all_empty_columns(".panel"))).await
}

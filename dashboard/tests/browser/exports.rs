//! What leaves the page: values as CSV, pictures, tables, links.

use anyhow::{Context, Result, ensure};
use browsers::{Engine, Modifier, Page, test_in_each_browser};
use serde::Deserialize;

use super::plot::{filled, place};
use super::served::{live_feed, live_page, no_errors, picture, until};

/// A file that the page has saved.
#[derive(Debug, Deserialize)]
struct Saved {
    name: String,
    text: String,
}

/// Keeps the files that the page saves: a headless browser has no folder for them.
async fn keep_files(page: &Page) -> Result<()> {
    page.evaluate(
        "{
            const create = URL.createObjectURL;
            URL.createObjectURL = (blob) => { window.blob = blob; return create.call(URL, blob); };
            HTMLAnchorElement.prototype.click = function () {
                const name = this.download, url = this.href;
                window.saved = url.startsWith('blob:') ? window.blob.text().then((text) => ({ name, text })) : { name, text: url };
                Promise.resolve(window.saved).then((file) => window.file = file);
            };
            undefined;
        }",
    )
    .await
}

async fn saved(page: &Page) -> Result<Saved> {
    until(page, "window.file !== undefined").await?;
    page.evaluate("window.file").await
}

async fn act(page: &Page, title: &str) -> Result<()> {
    page.click(".panel .menu-opener").await?;
    until(page, "document.querySelector('.panel .menu-act') !== null").await?;
    page.evaluate(&format!(
        "void [...document.querySelectorAll('.panel .menu-act')].find((button) => button.textContent === '{title}').click()"
    ))
    .await
}

/// Times and columns of a CSV.
fn parsed(csv: &str) -> Result<(Vec<&str>, Vec<Vec<f64>>)> {
    let mut lines = csv.split_terminator("\r\n");
    let heads = lines.next().context("heads")?.split(',').collect();
    let numbers = |line: &str| line.split(',').skip(1).map(|text| text.parse().unwrap_or(f64::NAN)).collect();
    Ok((heads, lines.map(numbers).collect()))
}

test_in_each_browser!(the_values_of_a_selection_are_saved_at_full_rate_where_the_page_has_summaries);
async fn the_values_of_a_selection_are_saved_at_full_rate_where_the_page_has_summaries(engine: Engine) -> Result<()> {
    let fast = ["--source", "synthetic:groups=1,series=2,hz=1000,prefill=60s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &fast, "").await?;
    filled(&page).await?;
    keep_files(&page).await?;
    // Half a minute: 30,000 rows, which the server answers in several parts.
    page.drag_with(Modifier::None, place(&page, 0.25, 0.5).await?, place(&page, 0.75, 0.5).await?).await?;
    until(&page, "!document.querySelector('#selection').hidden").await?;
    page.click("#selection-save").await?;
    let file = saved(&page).await?;
    ensure!(file.name.contains("-synthetic-01-"), "{}", file.name);
    let (heads, rows) = parsed(&file.text)?;
    ensure!(heads.len() == 4 && heads[0] == "time" && heads[1] == "seconds", "{heads:?}");
    ensure!((29_900..=30_100).contains(&rows.len()), "{} rows", rows.len());
    let is_millisecond = |pair: &[Vec<f64>]| (pair[1][0] - pair[0][0] - 0.001).abs() < 1e-6;
    let even = rows.windows(2).filter(|pair| is_millisecond(pair)).count();
    ensure!(even + 1 == rows.len(), "{even} of {} rows are a millisecond after the one before", rows.len());
    ensure!(rows.iter().all(|row| row[1..].iter().all(|value| value.is_finite())), "a value is missing");
    until(&page, "document.querySelector('#status').textContent.startsWith('Saved ')").await?;
    no_errors(&page)
}

test_in_each_browser!(a_panel_is_saved_as_csv_and_as_a_picture_with_its_name_and_legend);
async fn a_panel_is_saved_as_csv_and_as_a_picture_with_its_name_and_legend(engine: Engine) -> Result<()> {
    let slow = ["--source", "synthetic:groups=2,series=3,hz=10,prefill=60s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "?show.synthetic.01=line,hide:sine 2").await?;
    filled(&page).await?;
    keep_files(&page).await?;
    act(&page, "Save values (CSV)").await?;
    let (file, shown) = (saved(&page).await?, ["time", "seconds", "walk 1", "bursts 3"]);
    let (heads, rows) = parsed(&file.text)?;
    ensure!(heads == shown, "hidden series are left out: {heads:?}");
    ensure!((595..=605).contains(&rows.len()), "{} rows", rows.len());
    page.evaluate::<()>("void (window.file = undefined)").await?;
    act(&page, "Save picture (PNG)").await?;
    let file = saved(&page).await?;
    ensure!(file.text.starts_with("data:image/png;base64,"), "{}", file.name);
    // The picture has the size of the panel, with ink where title, chart and legend are.
    let script = "
        window.ink = undefined;
        const image = new Image();
        image.onload = () => {
            const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
            [canvas.width, canvas.height] = [image.width, image.height];
            context.drawImage(image, 0, 0);
            const panel = document.querySelector('.panel').getBoundingClientRect(), scale = devicePixelRatio;
            window.ink = ['.panel-title', '.plot-canvas', '.legend-name', '.legend-value', '.legend-swatch'].map((selector) => {
                const box = document.querySelector('.panel ' + selector).getBoundingClientRect();
                const pixels = context.getImageData((box.left - panel.left) * scale, (box.top - panel.top) * scale,
                    Math.max(1, box.width * scale), Math.max(1, box.height * scale)).data;
                const colors = new Set();
                for (let at = 0; at < pixels.length; at += 4) colors.add(pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2]);
                return selector.includes('swatch') ? colors.size > 0 : colors.size > 1;
            }).concat(Math.abs(image.width - panel.width * scale) <= 1);
        };
        image.src = window.file.text;";
    page.evaluate::<()>(&format!("{{ {script} undefined; }}")).await?;
    until(&page, "window.ink !== undefined").await?;
    let ink: Vec<bool> = page.evaluate("window.ink").await?;
    ensure!(ink.iter().all(|&has_ink| has_ink), "title, chart, name, value, swatch, width: {ink:?}");
    no_errors(&page)
}

test_in_each_browser!(a_panel_is_shown_as_a_table_of_the_view);
async fn a_panel_is_shown_as_a_table_of_the_view(engine: Engine) -> Result<()> {
    let slow = ["--source", "synthetic:groups=2,series=3,hz=10,prefill=60s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "").await?;
    filled(&page).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    act(&page, "Show as table").await?;
    until(&page, "document.querySelector('#table').open").await?;
    let rows = "document.querySelectorAll('#table-values tr').length";
    until(&page, &format!("{rows} === 21")).await?;
    let cells = "[...document.querySelectorAll('#table-values td')].map((cell) => cell.textContent).join()";
    let first: String = page.evaluate(cells).await?;
    picture(&page, "table").await?;
    page.evaluate::<()>(
        "{ const series = document.querySelector('#table-series'); series.selectedIndex = 2; \
           series.dispatchEvent(new Event('change', { bubbles: true })); undefined; }",
    )
    .await?;
    until(&page, &format!("{cells} !== {first:?} && {rows} === 21")).await?;
    page.press("Escape").await?;
    until(&page, "!document.querySelector('#table').open").await?;
    no_errors(&page)
}

test_in_each_browser!(a_copied_link_shows_the_same_times_from_a_live_view);
async fn a_copied_link_shows_the_same_times_from_a_live_view(engine: Engine) -> Result<()> {
    let slow = ["--source", "synthetic:groups=2,series=3,hz=10,prefill=60s,seed=1"];
    let (_served, browser, page) = live_feed(engine, &slow, "?window=30").await?;
    filled(&page).await?;
    page.evaluate::<()>("document.addEventListener('copy', () => window.copied = document.activeElement.value)")
        .await?;
    page.press("l").await?;
    until(&page, "document.querySelector('#status').textContent.startsWith('Link copied')").await?;
    let link: String = page.evaluate("window.copied").await?;
    ensure!(link.starts_with("http://") && link.contains("window=30") && link.contains("&at=20"), "{link}");
    ensure!(!page.evaluate::<bool>("kymograph.stats().paused").await?, "the page itself stays live");
    no_errors(&page)?;
    let other = live_page(&browser, &link).await?;
    until(&other, "kymograph.stats().paused").await?;
    let (from, to): (f64, f64) = other.evaluate("[kymograph.stats().view.from, kymograph.stats().view.to]").await?;
    ensure!((to - from - 30_000.0).abs() < 1.0, "{from} to {to}");
    no_errors(&other)
}

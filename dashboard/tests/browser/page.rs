//! The complete page in a browser: panels, header, theme, pause.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use browsers::{Engine, Viewport, test_in_each_browser};
use serde::Deserialize;

use super::plot::drawn_columns;
use super::served::{
    IS_LIVE, Served, browser, free_port, live_feed, live_page, no_errors, no_exceptions, picture, until,
};

const SYNTHETIC: [&str; 2] = ["--source", "synthetic:groups=12,series=8,hz=100,prefill=60s,seed=1"];

/// A part of `window.kymograph.stats()`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    link: String,
    fps: f64,
    messages: u64,
    bytes: u64,
    samples: u64,
    series: u64,
    panels: u64,
    gaps: u64,
    retries: u64,
    lag_ms: HashMap<String, Option<f64>>,
    decode_errors: u64,
}

const STATS: &str = "kymograph.stats()";

/// Number of columns of the first panel that are drawn.
fn drawn_count() -> String {
    format!("{}.filter((isDrawn) => isDrawn).length", drawn_columns(".panel:not(.is-tile)"))
}

/// A checksum of the pixels of the first panel.
const CHECKSUM: &str = "(() => {
    const canvas = document.querySelector('.plot-canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, byte) => (sum * 31 + byte) % 1000003, 0);
})()";

/// True if pixels of the first panel have the full colour of its first series.
const DRAWN_IN_ITS_COLOUR: &str = "(() => {
    const [, r, g, b] = getComputedStyle(document.querySelector('.legend-swatch')).backgroundColor.match(/(\\d+), (\\d+), (\\d+)/);
    const canvas = document.querySelector('.plot-canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4)
        if (data[i] == r && data[i + 1] == g && data[i + 2] == b) return true;
    return false;
})()";

test_in_each_browser!(metrics_of_this_machine_are_live_on_the_page);
async fn metrics_of_this_machine_are_live_on_the_page(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &[], "").await?;
    let titles: Vec<String> =
        page.evaluate("[...document.querySelectorAll('.panel-title')].map((title) => title.textContent)").await?;
    for expected in ["CPU per core", "Load average", "Memory", "Feed: viewers"] {
        ensure!(titles.iter().any(|title| title == expected), "no panel {expected} among {titles:?}");
    }
    let before: Stats = page.evaluate(STATS).await?;
    until(&page, &format!("kymograph.stats().samples > {}", before.samples + 500)).await?;
    until(&page, &format!("{} > 5", drawn_count())).await?;
    let then: u64 = page.evaluate(CHECKSUM).await?;
    until(&page, &format!("{CHECKSUM} !== {then}")).await?;
    let now: Stats = page.evaluate(STATS).await?;
    ensure!(now.link == "live" && now.decode_errors == 0 && now.gaps == 0 && now.retries == 0, "{now:?}");
    ensure!(now.messages > before.messages && now.bytes > before.bytes, "{now:?}");
    // Groups appear when something in them first moves.
    until(&page, "kymograph.stats().panels === document.querySelectorAll('.panel-title').length").await?;
    until(&page, "document.getElementById('host').textContent !== ''").await?;
    until(&page, "/[0-9] %/.test(document.querySelector('.panel:not(.is-tile)[data-group=\"cpu.cores\"] .legend-value').textContent)")
        .await?;
    picture(&page, "host").await?;
    no_errors(&page)
}

test_in_each_browser!(every_group_has_a_panel_with_a_full_window);
async fn every_group_has_a_panel_with_a_full_window(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &SYNTHETIC, "").await?;
    // A minute of 96 series at 100 Hz, as buckets of a column: the first chart is drawn from its left edge.
    until(&page, "kymograph.stats().groupsSummarized === 12").await?;
    until(&page, &format!("{}.slice(0, 2).some((isDrawn) => isDrawn)", drawn_columns(".panel"))).await?;
    let stats: Stats = page.evaluate(STATS).await?;
    ensure!(stats.panels == 12 && stats.series == 96, "{stats:?}");
    ensure!(stats.lag_ms.contains_key("p50") && stats.lag_ms.contains_key("p99"), "{stats:?}");
    until(&page, "kymograph.stats().lagMs.p50 !== null && kymograph.stats().fps > 0").await?;
    let stats: Stats = page.evaluate(STATS).await?;
    ensure!(stats.fps > 0.0 && stats.fps < 1_000.0, "{stats:?}");
    // Columns are drawn from the left edge to the right.
    let columns: Vec<bool> = page.evaluate(&drawn_columns(".panel")).await?;
    let drawn = columns.iter().filter(|&&drawn| drawn).count();
    ensure!(drawn * 100 >= columns.len() * 95, "{drawn} of {} columns are drawn", columns.len());
    let parsed: f64 = page.evaluate("JSON.parse(kymograph.stats()).panels").await?;
    ensure!((parsed - 12.0).abs() < f64::EPSILON, "stats as a string are their JSON");
    picture(&page, "synthetic").await?;
    no_errors(&page)
}

test_in_each_browser!(a_lost_server_is_shown_and_reconnected_with_its_history);
async fn a_lost_server_is_shown_and_reconnected_with_its_history(engine: Engine) -> Result<()> {
    let port = free_port()?;
    let source = ["--source", "synthetic:groups=2,series=3,hz=50,prefill=0s"];
    let served = Served::feed_on(port, &source).await?;
    let browser = browser(engine).await?;
    let page = live_page(&browser, &served.url).await?;
    until(&page, "kymograph.stats().samples > 100").await?;
    served.kill().await?;
    until(&page, "document.documentElement.dataset.link === 'reconnecting'").await?;
    until(&page, "getComputedStyle(document.querySelector('.legend-value')).opacity < 1").await?;
    until(&page, &format!("!{DRAWN_IN_ITS_COLOUR}")).await?;
    let text: String = page.evaluate("document.getElementById('link').textContent").await?;
    ensure!(text.contains("reconnecting"), "{text}");
    // Header and panels show the same age.
    until(
        &page,
        "(() => {
            const age = /last sample [0-9]+ s ago$/.exec(document.getElementById('link').textContent);
            return age !== null && [...document.querySelectorAll('.panel-age')].every((panel) => panel.textContent === age[0]);
        })()",
    )
    .await?;
    picture(&page, "reconnecting").await?;
    let then: Stats = page.evaluate(STATS).await?;
    ensure!(then.panels == 2, "the data stays on screen: {then:?}");

    // The server restarts with ten seconds of history.
    let source = ["--source", "synthetic:groups=2,series=3,hz=50,prefill=10s"];
    let _served = Served::feed_on(port, &source).await?;
    until(&page, IS_LIVE).await?;
    until(&page, &format!("kymograph.stats().samples >= {}", then.samples + 9 * 50 * 6)).await?;
    until(&page, "getComputedStyle(document.querySelector('.legend-value')).opacity === '1'").await?;
    until(&page, DRAWN_IN_ITS_COLOUR).await?;
    let now: Stats = page.evaluate(STATS).await?;
    ensure!(now.retries >= 1 && now.gaps >= 1 && now.panels == 2 && now.series == 6, "{now:?}");
    ensure!(now.decode_errors == 0, "{now:?}");
    no_exceptions(&page)
}

test_in_each_browser!(the_page_fits_every_screen_and_both_themes);
async fn the_page_fits_every_screen_and_both_themes(engine: Engine) -> Result<()> {
    let served = Served::feed(&SYNTHETIC).await?;
    let browser = browser(engine).await?;
    for (theme, width, height, scale) in [
        ("dark", 360, 740, 3.0),
        ("light", 768, 1_024, 2.0),
        ("dark", 1_440, 900, 1.0),
        ("light", 1_440, 900, 1.25),
        ("dark", 3_840, 2_160, 1.0),
    ] {
        let page = browser.page("about:blank").await?;
        page.set_viewport(Viewport { width, height, device_scale_factor: scale, ..Viewport::default() }).await?;
        page.navigate(&format!("{}?theme={theme}&window=30", served.url)).await?;
        until(&page, IS_LIVE).await?;
        until(&page, &format!("{} > 30", drawn_count())).await?;
        until(&page, "kymograph.stats().fps > 0").await?;
        let at: String = page.evaluate("document.documentElement.dataset.theme").await?;
        ensure!(at == theme);
        let overflow: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth").await?;
        ensure!(!overflow, "the page is wider than {width}");
        // One canvas pixel per device pixel.
        let sharp: bool = page
            .evaluate(
                "[...document.querySelectorAll('.plot-canvas')].filter((canvas) => canvas.width > 0).every((canvas) =>
                    Math.abs(canvas.getBoundingClientRect().width * devicePixelRatio - canvas.width) < 0.51)",
            )
            .await?;
        ensure!(sharp, "a canvas pixel is not a device pixel at scale {scale}");
        picture(&page, &format!("{theme}-{width}")).await?;
        no_errors(&page)?;
    }
    Ok(())
}

/// In Chromium only: Firefox does not measure shifts of the layout.
#[tokio::test(flavor = "multi_thread")]
async fn changing_numbers_do_not_shift_the_layout() -> Result<()> {
    let (_served, _browser, page) = live_feed(Engine::Chromium, &SYNTHETIC, "").await?;
    page.evaluate::<bool>(
        "(() => {
            window.shifted = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifted += entry.value; }))
                .observe({ type: 'layout-shift' });
            return true;
        })()",
    )
    .await?;
    // The numbers of the header and of all panels on screen change several times.
    let parts = "[...document.querySelectorAll('.figures, .legend')]
        .filter((part) => part.getBoundingClientRect().bottom < innerHeight)";
    for _ in 0..5 {
        page.evaluate::<bool>(&format!("(window.before = {parts}.map((part) => part.innerText), true)")).await?;
        until(
            &page,
            &format!("window.before.length > 3 && {parts}.every((part, i) => part.innerText !== window.before[i])"),
        )
        .await?;
    }
    let shifted: f64 = page.evaluate("window.shifted").await?;
    ensure!(shifted == 0.0, "layout shifted by {shifted}");
    Ok(())
}

test_in_each_browser!(pause_stops_the_display_while_samples_arrive);
async fn pause_stops_the_display_while_samples_arrive(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &SYNTHETIC, "").await?;
    until(&page, &format!("{} > 30", drawn_count())).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    // Charts over the frame budget are drawn once more, at the paused time.
    let is_quiet = "(window.commits === (window.commits = kymograph.stats().commits)
        ? (window.quiet = (window.quiet ?? 0) + 1) : (window.quiet = 0)) >= 10";
    until(&page, is_quiet).await?;
    let held: u64 = page.evaluate(CHECKSUM).await?;
    let before: Stats = page.evaluate(STATS).await?;
    until(&page, &format!("kymograph.stats().samples > {}", before.samples + 10_000)).await?;
    let still: u64 = page.evaluate(CHECKSUM).await?;
    ensure!(held == still, "the paused chart has changed");
    page.press("p").await?;
    until(&page, &format!("{CHECKSUM} !== {held}")).await?;
    no_errors(&page)
}

test_in_each_browser!(the_theme_follows_the_browser_until_the_user_changes_it);
async fn the_theme_follows_the_browser_until_the_user_changes_it(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &SYNTHETIC, "").await?;
    // A browser without a preference uses light.
    until(&page, "document.documentElement.dataset.theme === 'light'").await?;
    until(&page, &format!("{} > 30", drawn_count())).await?;
    // The first series has the colour of the theme, on the canvas as in the legend.
    until(&page, DRAWN_IN_ITS_COLOUR).await?;
    page.press("t").await?;
    until(&page, "document.documentElement.dataset.theme === 'dark'").await?;
    until(&page, DRAWN_IN_ITS_COLOUR).await?;
    page.click("#theme").await?;
    until(&page, "document.documentElement.dataset.theme === 'light'").await?;
    no_errors(&page)
}

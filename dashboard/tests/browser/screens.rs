//! Screens and paper: zoom, narrow screens, other pixel ratios, forced colours, print.

use anyhow::{Result, bail, ensure};
use browsers::{Engine, Page, Viewport, test_in_each_browser};
use serde_json::json;

use super::fake_feed::{FakeFeed, FakeSeries, ValueOf};
use super::plot::{all_empty_columns, drawn_columns};
use super::served::{Served, browser, live_feed, live_page, no_errors, picture, until};

const MANY: [&str; 2] = ["--source", "synthetic:groups=40,series=9,hz=10,prefill=60s,seed=1"];
const FEW: [&str; 2] = ["--source", "synthetic:groups=2,series=3,hz=10,prefill=60s,seed=1"];

/// True if the page scrolls sideways.
const IS_TOO_WIDE: &str = "document.documentElement.scrollWidth > document.documentElement.clientWidth";

/// Elements of a panel that reach out of it.
const OUTSIDE_OF_PANELS: &str = "[...document.querySelectorAll('.panel')].flatMap((panel) => {
    const box = panel.getBoundingClientRect();
    return [...panel.querySelectorAll('.panel-head > *, .plot, .plot-canvas, .legend')]
        .filter((part) => part.getClientRects().length > 0)
        .filter((part) => { const { left, right } = part.getBoundingClientRect(); return left < box.left - 1 || right > box.right + 1; })
        .map((part) => part.className);
}).join()";

/// True if each canvas with pixels has one for each device pixel.
const IS_SHARP: &str =
    "[...document.querySelectorAll('.plot-canvas')].filter((canvas) => canvas.width > 0).every((canvas) =>
    Math.abs(canvas.getBoundingClientRect().width * devicePixelRatio - canvas.width) < 0.51)";

/// Waits until the panels are laid out for the screen, and nothing is wider than its place.
async fn fits(page: &Page, what: &str) -> Result<()> {
    let fits = page.wait_for(&format!("!({IS_TOO_WIDE}) && ({OUTSIDE_OF_PANELS}) === ''"), what).await;
    if fits.is_err() {
        let (is_too_wide, outside): (bool, String) =
            page.evaluate(&format!("[{IS_TOO_WIDE}, {OUTSIDE_OF_PANELS}]")).await?;
        bail!("{what}: the page is wider than the screen: {is_too_wide}; outside of their panel: {outside:?}");
    }
    Ok(())
}

test_in_each_browser!(a_zoomed_page_reflows_without_scrolling_sideways);
async fn a_zoomed_page_reflows_without_scrolling_sideways(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    // A window of 1280 x 1024 at 100, 200 and 400 %, a narrow phone, and large screens.
    for (width, height, scale) in [
        (1_280, 1_024, 1.0),
        (640, 512, 2.0),
        (320, 256, 4.0),
        (320, 640, 3.0),
        (1_920, 1_080, 0.67),
        (3_840, 2_160, 1.0),
    ] {
        page.set_viewport(Viewport { width, height, device_scale_factor: scale, ..Viewport::default() }).await?;
        until(&page, &format!("innerWidth === {width} && {IS_SHARP}")).await?;
        until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
        fits(&page, &format!("{width} x {height} at {scale}")).await?;
        picture(&page, &format!("zoom-{width}-{scale}")).await?;
    }
    no_errors(&page)
}

test_in_each_browser!(a_window_that_moves_to_another_screen_is_drawn_for_it);
async fn a_window_that_moves_to_another_screen_is_drawn_for_it(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    // The size stays the same in CSS pixels, and the page is paused: no sample draws the charts again.
    page.press("p").await?;
    for scale in [0.67, 1.0, 1.25, 1.5, 2.0, 3.0, 1.0] {
        page.set_viewport(Viewport { width: 900, height: 700, device_scale_factor: scale, ..Viewport::default() })
            .await?;
        until(&page, &format!("Math.abs(devicePixelRatio - {scale}) < 0.01 && {IS_SHARP}")).await?;
        until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    }
    no_errors(&page)
}

test_in_each_browser!(long_names_and_units_stay_in_their_panel);
async fn long_names_and_units_stay_in_their_panel(engine: Engine) -> Result<()> {
    let long = |text: &str| {
        text.chars()
            .cycle()
            .scan(0, |bytes, letter| {
                *bytes += letter.len_utf8();
                (*bytes <= 256).then_some(letter)
            })
            .collect::<String>()
    };
    let browser = browser(engine).await?;
    for letters in ["W", "{packet}/s", "\u{645}\u{631}\u{62d}\u{628}\u{627} ", "\u{6e2c}\u{5b9a}", "\u{1f525}a\u{301}"]
    {
        let series =
            FakeSeries { title: long(letters), unit: long(letters), name: long(letters), ..FakeSeries::default() };
        let feed = FakeFeed::of(series)?;
        let page = live_page(&browser, &feed.url).await?;
        until(&page, &format!("{}.some((isDrawn) => isDrawn)", drawn_columns(".panel"))).await?;
        for width in [320, 900] {
            page.set_viewport(Viewport { width, height: 700, ..Viewport::default() }).await?;
            until(&page, &format!("innerWidth === {width} && {IS_SHARP}")).await?;
            fits(&page, &format!("{letters} at {width}")).await?;
        }
        picture(&page, "long-names").await?;
        no_errors(&page)?;
        page.close().await?;
    }
    Ok(())
}

test_in_each_browser!(all_panels_are_printed_in_the_light_theme);
async fn all_panels_are_printed_in_the_light_theme(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &MANY, "?theme=dark").await?;
    until(&page, "kymograph.stats().panels === 40").await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    let with_pixels = "[...document.querySelectorAll('.plot-canvas')].filter((canvas) => canvas.width > 0).length";
    let on_screen: u32 = page.evaluate(with_pixels).await?;
    ensure!(on_screen < 40, "{on_screen} of 40 panels are on screen");
    // After the page's own handler, which draws the panels.
    let watch = format!(
        "(addEventListener('beforeprint', () => {{
            window.printed = {{ panels: {with_pixels}, theme: document.documentElement.dataset.theme,
                last: {}.some((isDrawn) => isDrawn) }};
        }}), true)",
        drawn_columns(".panel:last-child")
    );
    page.evaluate::<bool>(&watch).await?;
    let pdf = page.print().await?;
    ensure!(pdf.starts_with(b"%PDF-"), "{} bytes are no PDF", pdf.len());
    let (panels, theme, last): (u32, String, bool) =
        page.evaluate("[window.printed.panels, window.printed.theme, window.printed.last]").await?;
    ensure!(
        (panels, theme.as_str(), last) == (40, "light", true),
        "{panels} panels in {theme}, the last drawn: {last}"
    );
    if let Some(folder) = std::env::var_os("KYMOGRAPH_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("page.pdf"), pdf)?;
    }
    // The screen is as before.
    until(&page, "document.documentElement.dataset.theme === 'dark'").await?;
    until(&page, &format!("{with_pixels} < 40")).await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    no_errors(&page)
}

#[tokio::test(flavor = "multi_thread")]
async fn paper_shows_panels_beside_each_other_within_its_width() -> Result<()> {
    // Only CDP shows the layout of paper on screen.
    let (_served, _browser, page) = live_feed(Engine::Chromium, &MANY, "").await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    // A4 without margins of 12 mm, at 96 pixels an inch.
    page.set_viewport(Viewport { width: 703, height: 1_031, ..Viewport::default() }).await?;
    page.chromium()?.call("Emulation.setEmulatedMedia", json!({ "media": "print" })).await?;
    until(
        &page,
        "matchMedia('print').matches && getComputedStyle(document.querySelector('.controls')).display === 'none'",
    )
    .await?;
    fits(&page, "A4").await?;
    let columns: u32 = page
        .evaluate("new Set([...document.querySelectorAll('.panel')].map((panel) => Math.round(panel.getBoundingClientRect().left))).size")
        .await?;
    ensure!(columns == 2, "{columns} panels are beside each other");
    let swatch: String =
        page.evaluate("getComputedStyle(document.querySelector('.legend-swatch')).printColorAdjust").await?;
    ensure!(swatch == "exact", "swatches are printed: {swatch}");
    no_errors(&page)
}

#[tokio::test(flavor = "multi_thread")]
async fn forced_colors_are_those_of_the_system_on_canvases_too() -> Result<()> {
    // Only CDP forces colours.
    let (_served, _browser, page) = live_feed(Engine::Chromium, &FEW, "?theme=dark").await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    let forced = json!({ "features": [
        { "name": "forced-colors", "value": "active" },
        { "name": "prefers-color-scheme", "value": "light" },
    ] });
    page.chromium()?.call("Emulation.setEmulatedMedia", forced).await?;
    // The background of the canvas is that of the panel, which the browser has forced.
    let has_the_colour_of_its_panel = "(() => {
        const canvas = document.querySelector('.plot-canvas');
        const [r, g, b] = canvas.getContext('2d').getImageData(canvas.width - 1, 0, 1, 1).data;
        return matchMedia('(forced-colors: active)').matches
            && getComputedStyle(document.querySelector('.panel')).backgroundColor === `rgb(${r}, ${g}, ${b})`;
    })()";
    until(&page, has_the_colour_of_its_panel).await?;
    // The colours of series are those for the system's background, whatever the address says.
    until(&page, "document.documentElement.dataset.theme === 'light'").await?;
    // Marks of series and of the link are seen.
    let marks: Vec<bool> = page
        .evaluate(
            "['.legend-swatch', '.link-dot'].map((name) => {
                const mark = document.querySelector(name);
                return getComputedStyle(mark).backgroundColor !== getComputedStyle(mark.closest('.panel, .link')).backgroundColor;
            })",
        )
        .await?;
    ensure!(marks == [true, true], "marks differ from their background: {marks:?}");
    picture(&page, "forced-colors").await?;
    no_errors(&page)
}

test_in_each_browser!(a_panel_without_a_canvas_says_so_and_shows_its_values);
async fn a_panel_without_a_canvas_says_so_and_shows_its_values(engine: Engine) -> Result<()> {
    let served = Served::feed(&FEW).await?;
    let browser = browser(engine).await?;
    let page = browser.page("about:blank").await?;
    // As a browser that has no memory for the second canvas of a chart, nor for one that only measures texts.
    let refuse = "(() => {
        const getContext = HTMLCanvasElement.prototype.getContext;
        let charts = 0;
        HTMLCanvasElement.prototype.getContext = function (...options) {
            const isRefused = this.className === '' || (this.className === 'plot-canvas' && ++charts === 2);
            return isRefused ? null : getContext.apply(this, options);
        };
    })()";
    page.run_in_new_documents(refuse).await?;
    page.navigate(&served.url).await?;
    until(&page, "document.querySelectorAll('.panel').length === 2 && kymograph.stats().samples > 0").await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    let text: String = page.evaluate("document.querySelector('.plot-refused').textContent").await?;
    ensure!(text.contains("refused a canvas"), "{text}");
    until(&page, "/[0-9]/.test(document.querySelector('.panel:last-child .legend-value').textContent)").await?;
    no_errors(&page)
}

test_in_each_browser!(a_canvas_whose_pixels_were_lost_is_drawn_again);
async fn a_canvas_whose_pixels_were_lost_is_drawn_again(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    // As a browser does when its GPU process has ended.
    page.evaluate::<bool>(
        "(() => {
            const canvas = document.querySelector('.plot-canvas');
            canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
            return canvas.dispatchEvent(new Event('contextrestored'));
        })()",
    )
    .await?;
    let corner = "document.querySelector('.plot-canvas').getContext('2d').getImageData(0, 0, 1, 1).data.slice(0, 3).join() !== '0,0,0'";
    until(&page, corner).await?;
    until(&page, &format!("{} < 5", all_empty_columns(".panel"))).await?;
    no_errors(&page)
}

test_in_each_browser!(extreme_values_are_drawn_and_labelled);
async fn extreme_values_are_drawn_and_labelled(engine: Engine) -> Result<()> {
    let browser = browser(engine).await?;
    let values: [(&str, ValueOf); 5] = [
        ("one sample", |row| if row == 3 { 7.0 } else { f64::NAN }),
        ("huge", |row| 1e300 * (1.0 + (row % 7) as f64)),
        ("tiny", |row| 1e-300 * (1.0 + (row % 7) as f64)),
        ("both signs", |row| if row % 2 == 0 { -1e300 } else { 1e300 }),
        ("nearly constant", |row| 1e9 + 1e-6 * (row % 7) as f64),
    ];
    for (name, value) in values {
        let feed = FakeFeed::of(FakeSeries { value, unit: "V".to_owned(), ..FakeSeries::default() })?;
        let page = live_page(&browser, &feed.url).await?;
        until(&page, &format!("{}.some((isDrawn) => isDrawn)", drawn_columns(".panel"))).await?;
        picture(&page, &format!("extreme-{}", name.replace(' ', "-"))).await?;
        no_errors(&page)?;
        page.close().await?;
    }
    // Without a value, there is nothing to draw, and the legend says so.
    let feed = FakeFeed::of(FakeSeries { value: |_| f64::NAN, ..FakeSeries::default() })?;
    let page = live_page(&browser, &feed.url).await?;
    until(&page, "document.querySelector('.legend-value').textContent === '–'").await?;
    no_errors(&page)
}

//! Panels: off screen, in hidden tabs, by the hundred; menus, addresses, legends, crosshair.

use anyhow::{Result, ensure};
use browsers::{Engine, Viewport, WindowState, test_in_each_browser};

use super::plot;
use super::served::{live_feed, no_errors, picture, until};

const FEW: [&str; 2] = ["--source", "synthetic:groups=4,series=8,hz=100,prefill=60s,seed=1"];
const MANY: [&str; 2] = ["--source", "synthetic:groups=120,series=30,hz=10,prefill=60s,seed=1"];

/// The number of columns without a series among the last ones of a group's chart.
fn empty_columns(group: &str, columns: u32) -> String {
    plot::empty_columns(&format!("[data-group=\"{group}\"]"), columns)
}

/// Sets a control of the open menu of the first group.
fn choose(field: u32, value: &str) -> String {
    format!(
        "(() => {{
            const control = document.querySelectorAll('[data-group=\"synthetic.01\"] .menu-control')[{field}];
            control.value = '{value}';
            control.dispatchEvent(new Event('change', {{ bubbles: true }}));
            return true;
        }})()"
    )
}

test_in_each_browser!(only_panels_on_screen_have_pixels);
async fn only_panels_on_screen_have_pixels(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &MANY, "").await?;
    until(&page, "kymograph.stats().panels === 120").await?;
    until(&page, &format!("{} < 10", empty_columns("synthetic.001", 200))).await?;
    let in_view: u32 = page.evaluate("kymograph.stats().panelsInView").await?;
    ensure!((1..60).contains(&in_view), "{in_view} of 120 are on screen");
    let has_pixels = |group: &str| format!("document.querySelector('[data-group=\"{group}\"] .plot-canvas').width > 0");
    let last: bool = page.evaluate(&has_pixels("synthetic.120")).await?;
    ensure!(!last, "a panel off screen has no pixels");
    page.evaluate::<bool>("(scrollTo(0, document.documentElement.scrollHeight), true)").await?;
    until(&page, &format!("{} < 10", empty_columns("synthetic.120", 200))).await?;
    until(&page, &format!("!({})", has_pixels("synthetic.001"))).await?;
    page.evaluate::<bool>("(scrollTo(0, 0), true)").await?;
    until(&page, &format!("{} < 10", empty_columns("synthetic.001", 200))).await?;
    no_errors(&page)
}

test_in_each_browser!(a_hidden_tab_receives_samples_and_is_complete_when_shown);
async fn a_hidden_tab_receives_samples_and_is_complete_when_shown(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    until(&page, &format!("{} < 3", empty_columns("synthetic.01", 200))).await?;
    page.set_window_state(WindowState::Minimized).await?;
    until(&page, "document.visibilityState === 'hidden'").await?;
    let (samples, frames): (u64, u64) = page.evaluate("[kymograph.stats().samples, kymograph.stats().frames]").await?;
    // Three seconds: more than 20 columns.
    until(&page, &format!("kymograph.stats().samples > {samples} + 9600")).await?;
    let drawn: u64 = page.evaluate("kymograph.stats().frames").await?;
    ensure!(drawn <= frames + 1, "a hidden tab draws nothing: {} frames", drawn - frames);
    // The first display frame shows everything: read before the second one.
    page.evaluate::<bool>(&format!(
        "(requestAnimationFrame(() => setTimeout(() => {{ window.emptyColumns = {}; }})), true)",
        empty_columns("synthetic.01", 200)
    ))
    .await?;
    page.set_window_state(WindowState::Normal).await?;
    until(&page, "window.emptyColumns !== undefined").await?;
    let empty: u32 = page.evaluate("window.emptyColumns").await?;
    ensure!(empty < 3, "{empty} of 200 columns are empty");
    no_errors(&page)
}

test_in_each_browser!(a_button_opens_a_long_legend);
async fn a_button_opens_a_long_legend(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &MANY, "").await?;
    let entries = "document.querySelector('[data-group=\"synthetic.001\"]').querySelectorAll('.legend-entry').length";
    until(&page, &format!("{entries} > 0")).await?;
    let closed: u32 = page.evaluate(entries).await?;
    ensure!(closed < 30, "{closed} entries of 30 series");
    page.click("[data-group=\"synthetic.001\"] .legend-opener").await?;
    until(&page, &format!("{entries} === 30")).await?;
    let opener: String =
        page.evaluate("document.querySelector('.legend-opener').textContent + ' ' + document.querySelector('.legend-opener').ariaExpanded").await?;
    ensure!(opener == "30 series true", "{opener}");
    picture(&page, "legend").await?;
    page.click("[data-group=\"synthetic.001\"] .legend-opener").await?;
    until(&page, &format!("{entries} === {closed}")).await?;
    no_errors(&page)
}

test_in_each_browser!(choices_in_a_menu_are_written_into_the_address);
async fn choices_in_a_menu_are_written_into_the_address(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "?show.synthetic.02=line,0..50").await?;
    until(&page, &format!("{} < 3", empty_columns("synthetic.01", 200))).await?;
    page.click("[data-group=\"synthetic.01\"] .menu-opener").await?;
    until(&page, "document.querySelectorAll('[data-group=\"synthetic.01\"] .menu-control').length === 6").await?;
    let is_inside: bool = page
        .evaluate(
            "(() => {
                const right = (element) => element.getBoundingClientRect().right;
                const form = document.querySelector('[data-group=\"synthetic.01\"] .menu-form');
                return [...form.querySelectorAll('.menu-control')].every((control) => right(control) < right(form));
            })()",
        )
        .await?;
    ensure!(is_inside, "a control is wider than the menu");
    picture(&page, "menu").await?;
    page.evaluate::<bool>(&choose(2, "log")).await?;
    until(&page, "location.search === '?show.synthetic.02=line,0..50&show.synthetic.01=line,log'").await?;
    // One end alone is not a range and changes nothing.
    page.evaluate::<bool>(&choose(3, "1")).await?;
    page.evaluate::<bool>(&choose(4, "1000")).await?;
    until(&page, "location.search.endsWith('&show.synthetic.01=line,log,1..1000')").await?;
    // A list takes letters itself.
    page.evaluate::<()>("document.activeElement.blur()").await?;
    for times in ["local", "utc", ""] {
        page.press("u").await?;
        until(&page, &format!("(new URLSearchParams(location.search).get('times') ?? '') === '{times}'")).await?;
    }
    no_errors(&page)
}

test_in_each_browser!(an_invalid_address_shows_a_notice);
async fn an_invalid_address_shows_a_notice(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "?show.memory=pie").await?;
    until(
        &page,
        "document.getElementById('notice').textContent.includes('Invalid URL parameter show.memory: found \"pie\"')",
    )
    .await?;
    no_errors(&page)
}

test_in_each_browser!(every_kind_of_chart_is_drawn_and_can_be_chosen);
async fn every_kind_of_chart_is_drawn_and_can_be_chosen(engine: Engine) -> Result<()> {
    let shown = "?show.synthetic.01=area&show.synthetic.02=bars&show.synthetic.03=heatmap&show.synthetic.04=line,rate";
    let (_served, _browser, page) = live_feed(engine, &FEW, shown).await?;
    // Bars have gaps between them.
    for (group, free) in [("synthetic.01", 10), ("synthetic.02", 80), ("synthetic.03", 10), ("synthetic.04", 10)] {
        until(&page, &format!("{} < {free}", empty_columns(group, 200))).await?;
    }
    let title: String =
        page.evaluate("document.querySelector('[data-group=\"synthetic.04\"] .panel-title').textContent").await?;
    ensure!(title == "Synthetic 04: rate", "{title}");
    picture(&page, "kinds").await?;
    page.click("[data-group=\"synthetic.01\"] .menu-opener").await?;
    until(&page, "document.querySelector('[data-group=\"synthetic.01\"] .menu-control') !== null").await?;
    for kind in ["stats", "gauges", "sparklines"] {
        page.evaluate::<bool>(&choose(0, kind)).await?;
        until(&page, &format!("location.search.includes('show.synthetic.01={kind}')")).await?;
        // Eight tiles with names, values and pixels.
        until(
            &page,
            &format!(
                "document.querySelectorAll('[data-group=\"synthetic.01\"] .tiles-{kind} .tile').length === 8 &&
                 [...document.querySelectorAll('[data-group=\"synthetic.01\"] .tile-value')].every((value) => value.textContent) &&
                 {} < 100",
                empty_columns("synthetic.01", 200)
            ),
        )
        .await?;
        picture(&page, kind).await?;
    }
    no_errors(&page)
}

test_in_each_browser!(a_crosshair_is_on_all_charts_and_legends_show_values_there);
async fn a_crosshair_is_on_all_charts_and_legends_show_values_there(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    until(&page, &format!("{} < 3", empty_columns("synthetic.01", 200))).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    let values = "[...document.querySelectorAll('.legend-value')].map((value) => value.textContent).join()";
    let newest: String = page.evaluate(values).await?;
    let (x, y): (f64, f64) = page
        .evaluate(
            "(() => {
                const plot = document.querySelector('[data-group=\"synthetic.01\"] .plot-canvas').getBoundingClientRect();
                const [left, , width] = document.querySelector('[data-group=\"synthetic.01\"] .plot-canvas').dataset.plot.split(' ').map(Number);
                return [plot.left + left + width / 4, plot.top + plot.height / 2];
            })()",
        )
        .await?;
    page.move_mouse(x, y).await?;
    until(&page, "document.querySelectorAll('.crosshair:not([hidden])').length === 4").await?;
    // A held view has the time of the day.
    until(&page, "/^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}$/.test(document.querySelector('.crosshair-label').textContent)")
        .await?;
    until(&page, &format!("{values} !== {newest:?}")).await?;
    picture(&page, "crosshair").await?;
    page.press("p").await?;
    // A quarter from the left of a minute.
    until(&page, "/^-4[45]\\.\\d s$/.test(document.querySelector('.crosshair-label').textContent)").await?;
    page.move_mouse(2.0, 2.0).await?;
    until(&page, "document.querySelectorAll('.crosshair:not([hidden])').length === 0").await?;
    no_errors(&page)
}

test_in_each_browser!(a_paused_page_fits_another_screen);
async fn a_paused_page_fits_another_screen(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    until(&page, &format!("{} < 3", empty_columns("synthetic.01", 200))).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    let width: u32 = page.evaluate("document.querySelector('.plot-canvas').width").await?;
    page.set_viewport(Viewport { width: 700, height: 900, ..Viewport::default() }).await?;
    until(&page, &format!("document.querySelector('.plot-canvas').width !== {width}")).await?;
    until(&page, &format!("{} < 5", empty_columns("synthetic.01", 200))).await?;
    no_errors(&page)
}

test_in_each_browser!(an_address_can_add_panels_that_select_series);
async fn an_address_can_add_panels_that_select_series(engine: Engine) -> Result<()> {
    let selector = "synthetic.0*%2F%22*%201%22";
    let query = format!("?show.{selector}=area,title:Subset,place:1");
    let (_served, _browser, page) = live_feed(engine, &FEW, &query).await?;
    until(&page, "kymograph.stats().panels === 5").await?;
    until(&page, "document.querySelector('.panel-title').textContent === 'Subset'").await?;
    let (series, limit): (u32, String) = page
        .evaluate(
            "[document.querySelector('.panel').querySelectorAll('.legend-entry').length,
              document.querySelector('.panel-limit').textContent]",
        )
        .await?;
    ensure!(series < 8, "{series} series in a panel that selects some of 8");
    ensure!(limit == "3 more groups match and are not shown", "{limit}");
    picture(&page, "query").await?;
    no_errors(&page)
}

test_in_each_browser!(every_control_of_a_menu_is_under_the_pointer);
async fn every_control_of_a_menu_is_under_the_pointer(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &["--source", "host"], "").await?;
    until(&page, "document.querySelectorAll('.panel.is-tile').length >= 5").await?;
    // The first tile is at the left side of the screen.
    for panel in [".is-tile", "[data-group=\"cpu.modes\"]", "[data-group=\"cpu.cores\"]:not(.is-tile)"] {
        page.click(&format!("{panel} .menu-opener")).await?;
        until(&page, "document.querySelectorAll('.menu[open] .menu-act').length === 3").await?;
        let covered: Vec<String> = page
            .evaluate(
                "[...document.querySelectorAll('.menu[open] :is(select, input, button)')].filter((control) => {
                    const { x, y, width, height } = control.getBoundingClientRect();
                    return ![0.1, 0.9].every((part) => control.contains(document.elementFromPoint(x + width * part, y + height / 2)));
                }).map((control) => control.textContent)",
            )
            .await?;
        ensure!(covered.is_empty(), "{panel}: {covered:?}");
        page.press("Escape").await?;
        until(&page, "document.querySelector('.menu[open]') === null").await?;
    }
    no_errors(&page)
}

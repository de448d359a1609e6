//! The default layout: rows, tiles, help, and the sentence on how the machine is.

use anyhow::{Result, ensure};
use browsers::{Engine, Viewport, test_in_each_browser};

use super::plot::drawn_columns;
use super::served::{live_feed, live_page, no_errors, picture, until};

const HOST: [&str; 2] = ["--source", "host"];

test_in_each_browser!(the_page_of_a_machine_has_its_overview_first_and_the_feed_last);
async fn the_page_of_a_machine_has_its_overview_first_and_the_feed_last(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &HOST, "").await?;
    until(&page, "document.querySelectorAll('.panel.is-tile').length >= 5").await?;
    until(&page, "/\\d %/.test(document.querySelector('.is-tile .tile-value').textContent)").await?;
    let titles: Vec<String> =
        page.evaluate("[...document.querySelectorAll('.row-opener')].map((opener) => opener.textContent)").await?;
    ensure!(titles.first().is_some_and(|title| title == "CPU"), "{titles:?}");
    ensure!(titles.last().is_some_and(|title| title == "The feed itself"), "{titles:?}");
    // The first chart is on the first screen.
    until(&page, "document.querySelector('[data-group=\"cpu.modes\"] .plot').getBoundingClientRect().bottom < 720")
        .await?;
    until(&page, &format!("{}.some((isDrawn) => isDrawn)", drawn_columns("[data-group=\"cpu.modes\"]"))).await?;
    picture(&page, "machine").await?;
    no_errors(&page)
}

test_in_each_browser!(a_row_is_opened_by_its_title_and_its_panels_are_then_drawn);
async fn a_row_is_opened_by_its_title_and_its_panels_are_then_drawn(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &HOST, "").await?;
    let feed =
        "[...document.querySelectorAll('.row-opener')].find((opener) => opener.textContent === 'The feed itself')";
    until(&page, &format!("{feed}?.ariaExpanded === 'false'")).await?;
    until(&page, "document.querySelector('[data-group=\"feed.viewers\"]').getBoundingClientRect().height === 0")
        .await?;
    page.evaluate::<()>(&format!("void {feed}.focus()")).await?;
    page.press("Enter").await?;
    until(&page, &format!("{feed}.ariaExpanded === 'true'")).await?;
    page.evaluate::<()>("void document.querySelector('[data-group=\"feed.viewers\"]').scrollIntoView()").await?;
    until(&page, &format!("{}.some((isDrawn) => isDrawn)", drawn_columns("[data-group=\"feed.viewers\"]"))).await?;
    page.press("Enter").await?;
    until(&page, "document.querySelector('[data-group=\"feed.viewers\"]').getBoundingClientRect().height === 0")
        .await?;
    no_errors(&page)
}

test_in_each_browser!(a_panel_of_the_machine_explains_itself_on_demand);
async fn a_panel_of_the_machine_explains_itself_on_demand(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &HOST, "").await?;
    let help = "document.querySelector('.panel:not(.is-tile)[data-group=\"pressure\"] .panel-help')";
    until(&page, &format!("{help}?.hidden === true")).await?;
    page.click(".panel:not(.is-tile)[data-group=\"pressure\"] .panel-help-opener").await?;
    until(&page, &format!("!{help}.hidden && {help}.textContent.includes('Near 0 is normal')")).await?;
    picture(&page, "panel-help").await?;
    page.click(".panel:not(.is-tile)[data-group=\"pressure\"] .panel-help-opener").await?;
    until(&page, &format!("{help}.hidden")).await?;
    no_errors(&page)
}

test_in_each_browser!(one_sentence_says_how_the_machine_is);
async fn one_sentence_says_how_the_machine_is(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &HOST, "").await?;
    // A machine under test may be quiet or not.
    until(&page, "/\\d %/.test(document.querySelector('#verdict').textContent)").await?;
    page.press("p").await?;
    // It keeps its place, so that the charts keep theirs under the pointer.
    until(&page, "/^Now: .*\\d %/.test(document.querySelector('#verdict').textContent)").await?;
    no_errors(&page)
}

test_in_each_browser!(a_narrow_screen_has_one_column_of_charts_and_two_of_tiles);
async fn a_narrow_screen_has_one_column_of_charts_and_two_of_tiles(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &HOST, "").await?;
    until(&page, "document.querySelectorAll('.panel.is-tile').length >= 5").await?;
    page.set_viewport(Viewport { width: 360, height: 800, ..Viewport::default() }).await?;
    let width = |panels: &str| {
        format!(
            "[...document.querySelectorAll('{panels}')].map((panel) => panel.getBoundingClientRect().width).filter((width) => width > 0)"
        )
    };
    until(&page, &format!("{}.every((width) => width > 300)", width(".panel:not(.is-tile)"))).await?;
    until(&page, &format!("{}.every((width) => width < 180)", width(".panel.is-tile"))).await?;
    until(&page, "document.documentElement.scrollWidth <= 360").await?;
    picture(&page, "machine-narrow").await?;
    no_errors(&page)
}

test_in_each_browser!(two_charts_fill_the_width);
async fn two_charts_fill_the_width(engine: Engine) -> Result<()> {
    let two = ["--source", "synthetic:groups=2,series=3,hz=100,prefill=60s"];
    let (_served, _browser, page) = live_feed(engine, &two, "").await?;
    until(&page, "[...document.querySelectorAll('.panel')].reduce((sum, panel) => sum + panel.clientWidth, 0) > innerWidth * 0.9")
        .await?;
    no_errors(&page)
}

/// A layout of two rows, and what it shows.
const LAYOUT: &str = r#"
[[row]]
title = "Mine"

[[row.panel]]
series = "synthetic.02"
kind = "area"
title = "The second"
size = "wide"

[[row]]
title = "Others"
collapsed = true

[[row.panel]]
series = "synthetic.01"
only = ["sine 2"]
"#;

test_in_each_browser!(a_layout_file_of_the_server_is_what_the_page_shows);
async fn a_layout_file_of_the_server_is_what_the_page_shows(engine: Engine) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("layout.toml");
    std::fs::write(&file, LAYOUT)?;
    let few = ["--source", "synthetic:groups=3,series=3,hz=20,prefill=20s,seed=1", "--layout"];
    let arguments = [&few[..], &[file.to_str().expect("UTF-8")]].concat();
    let (served, browser, page) = live_feed(engine, &arguments, "").await?;
    let rows =
        "[...document.querySelectorAll('.row-opener')].map((opener) => opener.textContent + opener.ariaExpanded)";
    until(&page, &format!("{rows}.join() === 'Minetrue,Othersfalse'")).await?;
    let titles = "[...document.querySelectorAll('.panel-title')].map((title) => title.textContent).join()";
    until(&page, &format!("{titles} === 'The second,Synthetic 01'")).await?;
    until(&page, "document.querySelector('.panel.is-wide[data-group=\"synthetic.02\"]') !== null").await?;
    picture(&page, "layout-file").await?;
    // A group that the layout leaves out is found, and gets a panel.
    page.press("/").await?;
    until(&page, "document.querySelector('#finder').open").await?;
    for letter in "synthetic.03".chars() {
        page.press(&letter.to_string()).await?;
    }
    until(&page, "document.querySelector('.finder-name').textContent === 'Synthetic 03'").await?;
    page.press("Enter").await?;
    until(&page, &format!("{titles} === 'Synthetic 03,The second,Synthetic 01'")).await?;
    no_errors(&page)?;
    // The layout of an address has precedence, and one that is not understood is named.
    let lines = "row%09open%09Address%0Apanel%09synthetic.03%09line";
    let other = live_page(&browser, &format!("{}?layout={lines}", served.url)).await?;
    until(&other, &format!("{titles} === 'Synthetic 03' && {rows}.join() === 'Addresstrue'")).await?;
    no_errors(&other)?;
    let wrong = live_page(&browser, &format!("{}?layout=row%09shut", served.url)).await?;
    until(
        &wrong,
        "document.querySelector('#notice').textContent.startsWith('Invalid URL parameter layout: line 1: found')",
    )
    .await?;
    until(&wrong, &format!("{titles} === 'The second,Synthetic 01'")).await?;
    no_errors(&wrong)
}

//! Finding series, panels, actions and spans; showing only series with some labels.

use anyhow::{Result, ensure};
use browsers::{Engine, Page, test_in_each_browser};

use super::served::{live_feed, live_page, no_errors, picture, until};

const RESULTS: &str = "[...document.querySelectorAll('.finder-name')].map((name) => name.textContent)";
const IS_OPEN: &str = "document.querySelector('#finder').open";

async fn type_text(page: &Page, text: &str) -> Result<()> {
    for letter in text.chars() {
        page.press(&letter.to_string()).await?;
    }
    Ok(())
}

test_in_each_browser!(a_series_is_found_by_some_letters_and_its_panel_gets_the_focus);
async fn a_series_is_found_by_some_letters_and_its_panel_gets_the_focus(engine: Engine) -> Result<()> {
    let some = ["--source", "synthetic:groups=12,series=3,hz=20,prefill=20s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &some, "?show.synthetic.11=line,hide:sine 2").await?;
    until(&page, "document.querySelectorAll('.panel').length === 12").await?;
    page.press("/").await?;
    until(&page, &format!("{IS_OPEN} && {RESULTS}.length === 20")).await?;
    ensure!(page.evaluate::<bool>("document.activeElement.id === 'finder-text'").await?, "the field has no focus");
    type_text(&page, "synthetic 11 sine").await?;
    until(&page, &format!("JSON.stringify({RESULTS}) === JSON.stringify(['sine 2'])")).await?;
    picture(&page, "finder").await?;
    page.press("Enter").await?;
    until(&page, &format!("!{IS_OPEN}")).await?;
    until(&page, "document.activeElement.closest('.panel')?.dataset.group === 'synthetic.11'").await?;
    until(&page, "(() => { const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })()").await?;
    // It was hidden, and is shown now.
    until(&page, "document.querySelectorAll('.legend-entry.is-hidden').length === 0").await?;
    until(&page, "!location.search.includes('hide')").await?;
    no_errors(&page)
}

test_in_each_browser!(arrows_choose_a_result_and_actions_and_spans_are_found_too);
async fn arrows_choose_a_result_and_actions_and_spans_are_found_too(engine: Engine) -> Result<()> {
    let some = ["--source", "synthetic:groups=2,series=3,hz=20,prefill=20s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &some, "").await?;
    until(&page, "document.querySelectorAll('.panel').length === 2").await?;
    page.evaluate::<bool>("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true, cancelable: true }))").await?;
    until(&page, IS_OPEN).await?;
    type_text(&page, "show 10 s").await?;
    until(&page, &format!("{RESULTS}[0] === 'Show 10 s'")).await?;
    page.press("Enter").await?;
    until(&page, "new URLSearchParams(location.search).get('window') === '10'").await?;
    page.press("/").await?;
    until(&page, IS_OPEN).await?;
    type_text(&page, "hold").await?;
    until(&page, &format!("{RESULTS}[0].startsWith('Hold the view')")).await?;
    page.press("Enter").await?;
    until(&page, "kymograph.stats().paused").await?;
    page.press("/").await?;
    until(&page, IS_OPEN).await?;
    type_text(&page, "walk").await?;
    until(&page, &format!("{RESULTS}.join() === 'walk 1,walk 1'")).await?;
    let selected = "document.querySelector('.finder-result[aria-selected=true]').id";
    until(&page, &format!("{selected} === 'finder-0'")).await?;
    page.press("ArrowDown").await?;
    until(&page, &format!("{selected} === 'finder-1'")).await?;
    ensure!(
        page.evaluate::<bool>(
            "document.querySelector('#finder-text').getAttribute('aria-activedescendant') === 'finder-1'"
        )
        .await?,
        "`aria-activedescendant` names another result"
    );
    page.press("Enter").await?;
    until(&page, "document.activeElement.closest('.panel')?.dataset.group === 'synthetic.02'").await?;
    page.press("/").await?;
    until(&page, IS_OPEN).await?;
    type_text(&page, "zzzz").await?;
    until(&page, "document.querySelector('#finder-count').textContent === 'Nothing matches'").await?;
    page.press("Escape").await?;
    until(&page, &format!("!{IS_OPEN}")).await?;
    no_errors(&page)
}

test_in_each_browser!(a_series_that_no_chart_draws_gets_a_panel_of_its_own);
async fn a_series_that_no_chart_draws_gets_a_panel_of_its_own(engine: Engine) -> Result<()> {
    let many = ["--source", "synthetic:groups=1,series=400,hz=5,prefill=20s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &many, "").await?;
    until(&page, "/of 400 series/.test(document.querySelector('.panel-limit').textContent)").await?;
    // Every seventh series is one of bursts.
    let mut number = 3;
    // One of these is not among the 256 largest.
    while page.evaluate::<u32>("document.querySelectorAll('.panel').length").await? == 1 {
        ensure!(number < 120, "all bursts are drawn");
        page.press("/").await?;
        until(&page, IS_OPEN).await?;
        type_text(&page, &format!("bursts {number}")).await?;
        until(&page, &format!("{RESULTS}[0] === 'bursts {number}'")).await?;
        page.press("Enter").await?;
        until(&page, &format!("!{IS_OPEN} && document.activeElement.matches('.plot')")).await?;
        number += 7;
    }
    let name = format!("bursts {}", number - 7);
    let own = "document.querySelectorAll('.panel')[0].querySelectorAll('.legend-name')";
    until(&page, &format!("{own}.length === 1 && {own}[0].textContent === '{name}'")).await?;
    ensure!(page.evaluate::<bool>("location.search.includes('show.')").await?, "the panel is not in the address");
    no_errors(&page)
}

test_in_each_browser!(a_filter_by_label_shows_only_its_series_and_is_in_the_address);
async fn a_filter_by_label_shows_only_its_series_and_is_in_the_address(engine: Engine) -> Result<()> {
    let (served, browser, page) = live_feed(engine, &["--source", "host"], "").await?;
    let shown = "[...document.querySelectorAll('.panel:not([hidden])')].map((panel) => panel.dataset.group)";
    until(&page, &format!("{shown}.length > 20")).await?;
    page.press("/").await?;
    until(&page, IS_OPEN).await?;
    type_text(&page, "device=l").await?;
    until(&page, &format!("{RESULTS}[1] === 'device=lo'")).await?;
    page.press("ArrowDown").await?;
    page.press("Enter").await?;
    until(&page, "document.querySelector('#filter-text').textContent === 'device=lo'").await?;
    until(&page, &format!("{shown}.length > 0 && {shown}.every((group) => group.startsWith('network'))")).await?;
    until(
        &page,
        "[...document.querySelectorAll('.panel:not([hidden], .is-tile) .legend')].slice(0, 1).every((legend) => \
         [...legend.querySelectorAll('.legend-name')].every((name) => name.textContent.startsWith('lo')))",
    )
    .await?;
    picture(&page, "filtered").await?;
    let query: String = page.evaluate("location.search").await?;
    ensure!(query.contains("filter=device%3Dlo"), "{query}");
    page.click("#filter-drop").await?;
    until(&page, &format!("{shown}.length > 20 && document.querySelector('#filter-drop').hidden")).await?;
    ensure!(!page.evaluate::<bool>("location.search.includes('filter')").await?, "the filter is still in the address");
    no_errors(&page)?;
    let other = live_page(&browser, &format!("{}{query}", served.url)).await?;
    until(&other, &format!("{shown}.length > 0 && {shown}.every((group) => group.startsWith('network'))")).await?;
    let wrong = live_page(&browser, &format!("{}?filter=device", served.url)).await?;
    until(&wrong, "document.querySelector('#notice').textContent.startsWith('Invalid URL parameter filter: found')")
        .await?;
    until(&wrong, &format!("{shown}.length > 20")).await?;
    no_errors(&other)
}

test_in_each_browser!(a_filter_or_a_layout_without_series_is_explained);
async fn a_filter_or_a_layout_without_series_is_explained(engine: Engine) -> Result<()> {
    let source = ["--source", "synthetic:groups=2,series=2,hz=20,prefill=5s"];
    let (served, browser, page) = live_feed(engine, &source, "?filter=device%3Dnone").await?;
    let title = "document.querySelector('#empty:not([hidden]) #empty-title')?.textContent";
    until(&page, &format!("{title} === 'No series has these labels'")).await?;
    picture(&page, "nothing-matches").await?;
    page.click("#filter-drop").await?;
    until(&page, "document.querySelector('#empty').hidden").await?;
    let page = browser.page(&format!("{}?show.nosuch=area", served.url)).await?;
    until(&page, "document.querySelector('#notice').textContent.includes('nosuch')").await?;
    let page = browser.page(&format!("{}?layout=row%09open%09Mine%0Apanel%09nosuch.group%09line", served.url)).await?;
    until(&page, &format!("{title} === 'No series is in this layout'")).await?;
    no_errors(&page)
}

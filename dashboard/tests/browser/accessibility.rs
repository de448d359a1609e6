//! The rules of axe-core (WCAG 2.2 A and AA, best practices) in each state of the page.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use browsers::{Engine, Page, test_in_each_browser};

use super::served::{built, live_feed, no_errors, picture, until};

/// Where the package keeps axe-core. The package itself is not imported: it needs others.
const FIND_AXE: &str =
    "import importlib.util as u; print(u.find_spec('axe_playwright_python').submodule_search_locations[0])";

/// The violations, each with the elements that have it. The rule `target-size` (24 px) is off by default in axe-core.
const RUN: &str = "axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 4).map(({ target, any, all, none }) =>
        target.join(' ') + ' (' + [...any, ...all, ...none].map(({ message }) => message).join('; ') + ')').join(', ')))";

/// Makes axe-core known to the page.
async fn load_axe(page: &Page) -> Result<()> {
    let python = Command::new(built("KYMOGRAPH_PYTHON")).args(["-c", FIND_AXE]).output()?;
    let folder = String::from_utf8(python.stdout)?;
    let script = std::fs::read_to_string(format!("{}/axe.min.js", folder.trim())).context("axe-core")?;
    page.evaluate::<()>(&format!("{{ {script}; undefined; }}")).await
}

async fn ensure_clean(page: &Page, state: &str) -> Result<()> {
    let violations: Vec<String> = page.evaluate(RUN).await?;
    ensure!(violations.is_empty(), "{state}: {violations:#?}");
    Ok(())
}

test_in_each_browser!(no_state_of_the_page_violates_a_rule_of_axe);
async fn no_state_of_the_page_violates_a_rule_of_axe(engine: Engine) -> Result<()> {
    let (served, _browser, page) = live_feed(engine, &["--source", "host"], "").await?;
    until(&page, "document.querySelectorAll('.panel').length > 20").await?;
    until(&page, "/\\d %/.test(document.querySelector('.is-tile .tile-value').textContent)").await?;
    load_axe(&page).await?;
    ensure_clean(&page, "at the start").await?;

    page.click(".panel:not(.is-tile) .menu-opener").await?;
    until(&page, "document.querySelector('.menu-act') !== null").await?;
    page.click(".panel-help-opener").await?;
    ensure_clean(&page, "with a menu or a help open").await?;
    page.press("Escape").await?;

    page.press("?").await?;
    until(&page, "document.querySelector('#help').open").await?;
    ensure_clean(&page, "with the list of keys").await?;
    page.press("Escape").await?;
    page.press("/").await?;
    until(&page, "document.querySelectorAll('.finder-result').length > 5").await?;
    ensure_clean(&page, "with the finder").await?;
    page.press("Escape").await?;

    page.press("o").await?;
    until(&page, "document.querySelector('#sources-list tr') !== null").await?;
    ensure_clean(&page, "with the sources").await?;
    page.press("Escape").await?;

    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    ensure_clean(&page, "held").await?;

    page.click(".panel:not(.is-tile) .menu-opener").await?;
    page.evaluate::<()>("void [...document.querySelectorAll('.menu-act')].find((button) => button.textContent === 'Show as table').click()")
        .await?;
    until(&page, "document.querySelector('#table').open").await?;
    ensure_clean(&page, "with a table").await?;
    page.press("Escape").await?;

    page.click("#theme").await?;
    ensure_clean(&page, "in the other theme").await?;
    no_errors(&page)?;
    served.kill().await?;
    until(&page, "document.documentElement.dataset.link === 'reconnecting'").await?;
    ensure_clean(&page, "without a link").await?;
    picture(&page, "link-lost").await
}

//! A server with another protocol version than the page.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use browsers::{Engine, test_in_each_browser};

use super::fake_feed::FakeFeed;
use super::served::{browser, live_page, no_exceptions, picture, until};

test_in_each_browser!(a_page_of_another_version_asks_for_a_reload_and_does_not_reconnect);
async fn a_page_of_another_version_asks_for_a_reload_and_does_not_reconnect(engine: Engine) -> Result<()> {
    let feed = FakeFeed::start(0)?;
    let browser = browser(engine).await?;
    let page = live_page(&browser, &feed.url).await?;
    let asked = feed.faults.requests().len();

    feed.faults.has_another_version.store(true, Ordering::Relaxed);
    until(&page, "document.documentElement.dataset.link === 'closed'").await?;
    until(&page, "!document.getElementById('notice').hidden").await?;
    let notice: String = page.evaluate("document.getElementById('notice').textContent").await?;
    let expected = "this page is out of date; reload it (4426): protocol version 2, this side speaks 3";
    ensure!(notice.contains(expected), "{notice}");
    let (retries, samples): (u64, u64) =
        page.evaluate("[kymograph.stats().retries, kymograph.stats().samples]").await?;
    ensure!(retries == 0 && feed.faults.requests().len() == asked, "{retries} retries");
    ensure!(samples > 0, "the data stays on screen");
    picture(&page, "out-of-date").await?;

    // A page with the version of the server.
    feed.faults.has_another_version.store(false, Ordering::Relaxed);
    live_page(&browser, &feed.url).await?;
    no_exceptions(&page)
}

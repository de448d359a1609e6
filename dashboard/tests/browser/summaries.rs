//! Fast groups, which the page is sent in buckets.

use anyhow::{Result, ensure};
use browsers::{Engine, Viewport, test_in_each_browser};

use super::plot::all_empty_columns;
use super::served::{live_feed, no_errors, picture, until};

const FAST: [&str; 2] = ["--source", "synthetic:groups=4,series=4,hz=1000,prefill=30s,seed=1"];

const SUMMARIZED: &str = "kymograph.stats().groupsSummarized";

test_in_each_browser!(fast_groups_are_sent_in_buckets_as_far_as_their_panels_allow);
async fn fast_groups_are_sent_in_buckets_as_far_as_their_panels_allow(engine: Engine) -> Result<()> {
    // Of 20 s, the page would hold 400,000 values as rows.
    let (_served, _browser, page) = live_feed(engine, &FAST, "?window=20").await?;
    until(&page, &format!("{SUMMARIZED} === 4")).await?;
    until(&page, &format!("{} <= 2", all_empty_columns("[data-group=\"synthetic.02\"]"))).await?;
    let held: u64 = page.evaluate("kymograph.stats().bytesHeld").await?;
    ensure!(held < 1 << 20, "{held} bytes");
    picture(&page, "summaries").await?;
    // Tiles need rows.
    page.click("[data-group=\"synthetic.01\"] .menu-opener").await?;
    until(&page, "document.querySelector('[data-group=\"synthetic.01\"] .menu-control') !== null").await?;
    let choose = |kind: &str| {
        format!(
            "(() => {{
                const control = document.querySelector('[data-group=\"synthetic.01\"] .menu-control');
                control.value = '{kind}';
                control.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return true;
            }})()"
        )
    };
    page.evaluate::<bool>(&choose("stats")).await?;
    until(&page, &format!("{SUMMARIZED} === 3")).await?;
    page.evaluate::<bool>(&choose("line")).await?;
    until(&page, &format!("{SUMMARIZED} === 4")).await?;
    // Columns of another length.
    page.set_viewport(Viewport { width: 700, height: 900, ..Viewport::default() }).await?;
    let samples: u64 = page.evaluate("kymograph.stats().samples").await?;
    until(&page, &format!("kymograph.stats().samples > {samples} + 10000 && {SUMMARIZED} > 0")).await?;
    until(&page, &format!("{} <= 2", all_empty_columns("[data-group=\"synthetic.02\"]"))).await?;
    let (gaps, repairs): (u64, u64) = page.evaluate("[kymograph.stats().gaps, kymograph.stats().repairs]").await?;
    ensure!(gaps == 0 && repairs == 0, "{gaps} gaps, {repairs} repairs");
    no_errors(&page)
}

/// A bucket of a chart of 600 columns has more than a hundred rows. The history is as long as the window.
const LONG: [&str; 4] = ["--source", "synthetic:groups=4,series=8,hz=100,prefill=700s,seed=1", "--history", "15m"];

test_in_each_browser!(the_newest_part_of_a_long_window_is_sent_in_buckets_and_joins_the_earlier_part);
async fn the_newest_part_of_a_long_window_is_sent_in_buckets_and_joins_the_earlier_part(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &LONG, "?window=700").await?;
    until(&page, &format!("{SUMMARIZED} === 4")).await?;
    until(&page, &format!("{} <= 2", all_empty_columns("[data-group=\"synthetic.02\"]"))).await?;
    let held: u64 = page.evaluate("kymograph.stats().bytesHeld").await?;
    // Two minutes of rows would be 3 MB.
    ensure!(held < 2 << 20, "{held} bytes");
    picture(&page, "long-window").await?;
    no_errors(&page)
}

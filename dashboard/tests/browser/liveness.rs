//! Loss, lag, staleness and sleep: the page detects them, shows them, and recovers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browsers::{Browser, Engine, Page, test_in_each_browser};
use protocol::Start;
use tokio::process::Command;

use super::fake_feed::FakeFeed;
use super::plot::{all_empty_columns, drawn_columns};
use super::served::{IS_LIVE, browser, live_feed, live_page, no_errors, no_exceptions, picture, until};

/// Longer than the server's timeout for a viewer that reads nothing.
const SLEEP: Duration = Duration::from_secs(15);

const LINK_TEXT: &str = "document.getElementById('link-text').textContent";

/// True if a series is drawn in the last hundredth of the first chart's width.
fn reaches_the_right_edge() -> String {
    format!(
        "((drawn) => drawn.slice(-Math.ceil(drawn.length / 100)).some((isDrawn) => isDrawn))({})",
        drawn_columns(".panel")
    )
}

async fn has_samples(page: &Page, count: usize) -> Result<()> {
    until(page, &format!("kymograph.stats().samples === {count}")).await
}

test_in_each_browser!(lost_samples_are_requested_on_the_same_connection_and_duplicates_drawn_once);
async fn lost_samples_are_requested_on_the_same_connection_and_duplicates_drawn_once(engine: Engine) -> Result<()> {
    let feed = FakeFeed::start(0)?;
    let browser = browser(engine).await?;
    let page = live_page(&browser, &feed.url).await?;
    until(&page, "kymograph.stats().samples > 10 && document.getElementById('repairs-figure').hidden").await?;
    feed.faults.to_repeat.store(2, Ordering::Relaxed);
    until(&page, "kymograph.stats().duplicates === 2").await?;
    // The page requests again only after a heartbeat.
    let messages: u64 = page.evaluate("kymograph.stats().messages").await?;
    until(&page, &format!("kymograph.stats().messages > {}", messages + 25)).await?;
    // One message: a heartbeat between two lost ones would reveal each.
    feed.faults.to_lose.store(1, Ordering::Relaxed);
    until(&page, "kymograph.stats().repairs === 1 && !document.getElementById('repairs-figure').hidden").await?;
    until(&page, &format!("{LINK_TEXT} === 'live, receiving history'")).await?;
    picture(&page, "repaired").await?;
    until(&page, &format!("{LINK_TEXT} === 'live'")).await?;
    feed.faults.is_stopped.store(true, Ordering::Relaxed);
    has_samples(&page, feed.faults.rows()).await?;

    // The last message is lost: only a heartbeat reveals it.
    feed.faults.to_lose.store(1, Ordering::Relaxed);
    feed.faults.is_stopped.store(false, Ordering::Relaxed);
    while feed.faults.to_lose.load(Ordering::Relaxed) > 0 {
        tokio::task::yield_now().await;
    }
    feed.faults.is_stopped.store(true, Ordering::Relaxed);
    until(&page, "kymograph.stats().repairs === 2").await?;
    has_samples(&page, feed.faults.rows()).await?;
    until(&page, "document.getElementById('repairs').textContent === '2'").await?;
    let (retries, gaps): (u64, u64) = page.evaluate("[kymograph.stats().retries, kymograph.stats().gaps]").await?;
    ensure!(retries == 0 && gaps == 0, "{retries} retries, {gaps} gaps");
    let requests = feed.faults.requests();
    ensure!(
        matches!(requests[..], [Start::Window(_), Start::After { .. }, Start::After { .. }]),
        "one request for each loss: {requests:?}"
    );
    no_errors(&page)
}

test_in_each_browser!(a_source_that_stops_is_marked_stale_until_its_next_sample);
async fn a_source_that_stops_is_marked_stale_until_its_next_sample(engine: Engine) -> Result<()> {
    let feed = FakeFeed::start(0)?;
    let browser = browser(engine).await?;
    let page = live_page(&browser, &feed.url).await?;
    until(&page, "document.querySelector('.panel-age').textContent === ''").await?;
    feed.faults.is_stopped.store(true, Ordering::Relaxed);
    until(&page, "/^last sample [0-9]+ s ago$/.test(document.querySelector('.panel-age').textContent)").await?;
    until(&page, "getComputedStyle(document.querySelector('.legend-value')).opacity < 1").await?;
    until(&page, &format!("{LINK_TEXT} === 'live, ' + document.querySelector('.panel-age').textContent")).await?;
    until(&page, "document.documentElement.dataset.sync === 'behind'").await?;
    picture(&page, "stale").await?;

    // A paused page shows the state of the source too.
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    feed.faults.is_stopped.store(false, Ordering::Relaxed);
    until(&page, "document.querySelector('.panel-age').textContent === ''").await?;
    until(&page, &format!("{LINK_TEXT} === 'live'")).await?;
    page.press("p").await?;
    until(&page, "document.querySelectorAll('.panel.is-stale').length === 0").await?;
    until(&page, "document.querySelector('.panel-age').textContent === ''").await?;
    no_errors(&page)
}

test_in_each_browser!(a_group_that_never_had_a_sample_is_marked_and_the_header_is_not_green);
async fn a_group_that_never_had_a_sample_is_marked_and_the_header_is_not_green(engine: Engine) -> Result<()> {
    let feed = FakeFeed::start(0)?;
    feed.faults.is_stopped.store(true, Ordering::Relaxed);
    let browser = browser(engine).await?;
    let page = browser.page(&feed.url).await?;
    until(&page, "document.querySelector('.panel.is-stale .panel-age')?.textContent === 'no sample yet'").await?;
    until(&page, &format!("{LINK_TEXT} === 'live, no sample yet'")).await?;
    let color = "getComputedStyle(document.querySelector('.link-dot')).backgroundColor";
    let without: String = page.evaluate(color).await?;
    picture(&page, "never").await?;
    feed.faults.is_stopped.store(false, Ordering::Relaxed);
    until(&page, &format!("{LINK_TEXT} === 'live'")).await?;
    let with: String = page.evaluate(color).await?;
    ensure!(without != with, "{without} without samples, {with} with samples");
    no_errors(&page)
}

test_in_each_browser!(clocks_an_hour_apart_show_the_true_lag_and_the_newest_samples_at_the_right_edge);
async fn clocks_an_hour_apart_show_the_true_lag_and_the_newest_samples_at_the_right_edge(engine: Engine) -> Result<()> {
    let browser = browser(engine).await?;
    for ahead_us in [3_600_000_000, -3_600_000_000] {
        let feed = FakeFeed::start(ahead_us)?;
        let page = live_page(&browser, &format!("{}?window=10", feed.url)).await?;
        // The true lag is in milliseconds; with a wrong clock it is an hour or missing.
        until(&page, "/^[0-9]+[.][0-9] ms$/.test(document.getElementById('lag').textContent)").await?;
        let lag_ms: f64 = page.evaluate("parseFloat(document.getElementById('lag').textContent)").await?;
        ensure!(lag_ms < 60_000.0, "lag of {lag_ms} ms with a clock {ahead_us} us ahead");
        let worst_ms: f64 = page.evaluate("kymograph.stats().lagMs.p99").await?;
        ensure!(worst_ms < 60_000.0, "lag of {worst_ms} ms with a clock {ahead_us} us ahead");
        until(&page, &reaches_the_right_edge()).await?;
        picture(&page, if ahead_us > 0 { "hour-ahead" } else { "hour-behind" }).await?;

        // A real lag is shown.
        feed.faults.late_us.store(5_000_000, Ordering::Relaxed);
        until(&page, &format!("/^live, [5-9] s behind$/.test({LINK_TEXT})")).await?;
        picture(&page, "behind").await?;
        no_errors(&page)?;
    }
    Ok(())
}

/// All processes of a browser, its main process first.
fn processes(browser: &Browser) -> Result<Vec<u32>> {
    let parent = |process: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The process name before it is in parentheses and may contain spaces.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all: Vec<u32> =
        std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    let mut found = vec![browser.process_id()];
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        found.extend(all.iter().copied().filter(|&child| parent(child) == Some(process)));
        next += 1;
    }
    Ok(found)
}

async fn signal(name: &str, processes: &[u32]) -> Result<()> {
    let ids = processes.iter().map(u32::to_string);
    let done = Command::new("kill").arg(format!("-{name}")).args(ids).status().await?;
    ensure!(done.success(), "kill -{name}: {done}");
    Ok(())
}

test_in_each_browser!(groups_off_screen_are_not_sent_and_come_back_with_their_history);
async fn groups_off_screen_are_not_sent_and_come_back_with_their_history(engine: Engine) -> Result<()> {
    let source = "synthetic:groups=40,series=4,hz=100,prefill=30s,seed=1";
    let (_served, _browser, page) = live_feed(engine, &["--source", source], "?window=20").await?;
    until(&page, "kymograph.stats().panels === 40").await?;
    until(&page, "kymograph.stats().groupsFollowed < 20").await?;
    let followed: u64 = page.evaluate("kymograph.stats().groupsFollowed").await?;
    ensure!(followed >= 2, "those on screen, found {followed}");
    picture(&page, "followed-groups").await?;
    page.evaluate::<bool>("(window.scrollTo(0, document.body.scrollHeight), true)").await?;
    until(&page, &format!("{} <= 2", all_empty_columns(".panel:last-child"))).await?;
    page.evaluate::<bool>("(window.scrollTo(0, 0), true)").await?;
    until(&page, &format!("{} <= 2", all_empty_columns(".panel"))).await?;
    until(&page, &format!("{LINK_TEXT} === 'live'")).await?;
    let (gaps, repairs): (u64, u64) = page.evaluate("[kymograph.stats().gaps, kymograph.stats().repairs]").await?;
    ensure!(gaps == 0 && repairs == 0, "{gaps} gaps, {repairs} repairs");
    no_exceptions(&page)
}

test_in_each_browser!(a_long_window_is_shown_at_once_without_its_rows);
async fn a_long_window_is_shown_at_once_without_its_rows(engine: Engine) -> Result<()> {
    let source = "synthetic:groups=1,series=3,hz=10,prefill=25m,seed=1";
    // This page may begin while the source still fills the history: summaries of the rest follow.
    let (served, browser, page) = live_feed(engine, &["--source", source], "?window=1200").await?;
    until(&page, &format!("{} <= 2", all_empty_columns(".panel"))).await?;
    until(&page, &reaches_the_right_edge()).await?;
    no_exceptions(&page)?;
    // The server's history keeps rows of five minutes, and the page those of two.
    let page = live_page(&browser, &format!("{}?window=1200", served.url)).await?;
    until(&page, &format!("{} <= 2", all_empty_columns(".panel"))).await?;
    let (samples, bytes): (u64, u64) = page.evaluate("[kymograph.stats().samples, kymograph.stats().bytes]").await?;
    ensure!(samples < 3 * 10 * 400, "{samples} samples, of {} in the window", 3 * 10 * 1_200);
    ensure!(bytes < 100_000, "{bytes} bytes");
    picture(&page, "long-window").await?;
    let (gaps, unread): (u64, u64) = page.evaluate("[kymograph.stats().gaps, kymograph.stats().decodeErrors]").await?;
    ensure!(gaps == 0 && unread == 0, "{gaps} gaps, {unread} bad frames");
    no_exceptions(&page)
}

test_in_each_browser!(
    #[ignore = "long: cargo xtask test --long"]
    a_page_that_slept_is_complete_after_it_wakes
);
async fn a_page_that_slept_is_complete_after_it_wakes(engine: Engine) -> Result<()> {
    let (_served, browser, page) =
        live_feed(engine, &["--source", "synthetic:groups=2,series=3,hz=50,prefill=60s,seed=1"], "?window=30").await?;
    until(&page, &format!("{} <= 2", all_empty_columns(".panel"))).await?;
    let before: u64 = page.evaluate("kymograph.stats().samples").await?;
    let asleep = processes(&browser)?;
    ensure!(asleep.len() > 2, "a browser has renderers: {asleep:?}");
    signal("STOP", &asleep).await?;
    tokio::time::sleep(SLEEP).await;
    signal("CONT", &asleep).await?;

    let missed = SLEEP.as_secs() * 50 * 6;
    until(&page, IS_LIVE).await?;
    until(&page, &format!("kymograph.stats().samples >= {}", before + missed)).await.context("the missed samples")?;
    // The sleep is within the window and left no hole.
    until(&page, &format!("{} <= 2", all_empty_columns(".panel"))).await?;
    until(&page, &reaches_the_right_edge()).await?;
    until(&page, &format!("{LINK_TEXT} === 'live'")).await?;
    until(&page, "document.querySelectorAll('.panel.is-stale').length === 0").await?;
    let (gaps, unread): (u64, u64) = page.evaluate("[kymograph.stats().gaps, kymograph.stats().decodeErrors]").await?;
    ensure!(gaps == 0 && unread == 0, "{gaps} gaps, {unread} bad frames");
    picture(&page, "slept").await?;
    no_exceptions(&page)
}

//! What the server says of its sources.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use browsers::{Engine, Viewport, test_in_each_browser};

use super::served::{Served, browser, built, live_feed, no_errors, picture, until};

test_in_each_browser!(the_sources_are_listed_with_what_they_do_not_measure);
async fn the_sources_are_listed_with_what_they_do_not_measure(engine: Engine) -> Result<()> {
    let sources = ["--source", "host", "--source", "synthetic:groups=1,series=1,hz=10"];
    let (served, _browser, page) = live_feed(engine, &sources, "").await?;
    page.press("o").await?;
    until(&page, "document.querySelector('#sources').open").await?;
    let rows = "[...document.querySelectorAll('#sources-list tr')].map((row) => row.textContent)";
    until(&page, &format!("{rows}.some((row) => /^hostrunning\\d+ series; samples are received$/.test(row))")).await?;
    until(&page, &format!("{rows}.some((row) => /^hostcould be measured.*host:idle=true/.test(row))")).await?;
    // It follows the sources while it is open.
    until(&page, &format!("{rows}.includes('syntheticrunning1 series; samples are received')")).await?;
    picture(&page, "sources").await?;
    page.press("Escape").await?;
    until(&page, "!document.querySelector('#sources').open").await?;
    no_errors(&page)?;
    served.kill().await?;
    until(&page, "document.documentElement.dataset.link === 'reconnecting'").await?;
    // Nothing is said to be measured now.
    until(&page, "document.querySelector('#lag').textContent === '–' && document.querySelector('#rate').textContent.startsWith('–')").await?;
    page.press("o").await?;
    until(&page, &format!("{rows}.join().startsWith('serverno answer')")).await?;
    Ok(())
}

test_in_each_browser!(a_page_without_series_says_how_to_get_some_until_they_arrive);
async fn a_page_without_series_says_how_to_get_some_until_they_arrive(engine: Engine) -> Result<()> {
    let served = Served::feed(&["--source", "publish"]).await?;
    let browser = browser(engine).await?;
    let page = browser.page(&served.url).await?;
    let command = "document.querySelector('#empty:not([hidden]) #empty-list')?.textContent.match(/python3 \\S+ (\\S+) --publisher NAME --group GROUP/)?.[1]";
    // The first history may arrive in between.
    until(&page, &format!("(window.foundAddress = {command}) !== undefined")).await?;
    let address: String = page.evaluate("window.foundAddress").await?;
    ensure!(address == served.url.replace("http:", "ws:"), "{address}");
    page.set_viewport(Viewport { width: 320, height: 640, ..Viewport::default() }).await?;
    until(&page, "document.documentElement.scrollWidth <= 320").await?;
    picture(&page, "no-series").await?;

    let mut program = Command::new(built("KYMOGRAPH_PYTHON"))
        .arg(built("KYMOGRAPH_EXAMPLES").join("kymograph_publish.py"))
        .args([&*address, "--publisher", "worker", "--group", "queue"])
        .stdin(Stdio::piped())
        .spawn()?;
    program.stdin.take().context("a pipe")?.write_all(b"waiting 3\n")?;
    until(&page, "document.querySelector('#empty').hidden && document.querySelector('.panel') !== null").await?;
    program.kill()?;
    program.wait()?;
    no_errors(&page)
}

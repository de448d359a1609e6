//! The WebSocket client alone, in a browser against the echo server.

use anyhow::{Context, Result, ensure};
use browsers::{Browser, Engine, Page, test_in_each_browser};
use serde::Deserialize;

use super::served::{Served, browser, no_exceptions, until};

/// An event of a client, from the probe.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    code: Option<u16>,
    reason: Option<String>,
    clean: Option<bool>,
    will_retry_in_millis: Option<f64>,
}

/// A tab with the probe.
async fn probe(browser: &Browser, served: &Served) -> Result<Page> {
    let page = browser.page(&format!("{}index.html", served.url)).await?;
    until(&page, "window.probeReady === true").await?;
    page.evaluate::<bool>("(window.url = (path) => `ws://${location.host}/${path}`, true)").await?;
    Ok(page)
}

async fn open(page: &Page, path: &str) -> Result<()> {
    page.evaluate::<bool>(&format!("(window.probe = new Probe(url('{path}')), true)")).await?;
    until(page, "probe.state() === 'live'").await
}

async fn events_of(page: &Page, kind: &str) -> Result<Vec<Event>> {
    let all: Vec<Event> = page.evaluate("probe.events()").await?;
    Ok(all.into_iter().filter(|event| event.kind == kind).collect())
}

test_in_each_browser!(text_and_binary_messages_are_echoed_unchanged);
async fn text_and_binary_messages_are_echoed_unchanged(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    open(&page, "echo").await?;
    page.evaluate::<bool>("(probe.sendText('Grüße, κύμα ∿'), true)").await?;
    page.evaluate::<bool>("(probe.sendBinary(Uint8Array.from({ length: 256 }, (_, i) => i)), true)").await?;
    page.evaluate::<bool>("(probe.sendBinary(new Uint8Array(65536).fill(7)), true)").await?;
    until(&page, "probe.events().filter((event) => event.type === 'binary').length === 2").await?;
    let texts = events_of(&page, "text").await?;
    ensure!(texts.len() == 1 && texts[0].text.as_deref() == Some("Grüße, κύμα ∿"), "{texts:?}");
    let binaries = events_of(&page, "binary").await?;
    ensure!(binaries[0].bytes.as_deref() == Some(&(0..=255).collect::<Vec<u8>>()[..]));
    ensure!(binaries[1].bytes.as_deref() == Some(vec![7; 65_536].as_slice()));
    Ok(())
}

test_in_each_browser!(a_close_of_either_side_has_code_and_reason);
async fn a_close_of_either_side_has_code_and_reason(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    open(&page, "close?code=4403&reason=enough").await?;
    page.evaluate::<bool>("(probe.sendText('close, please'), true)").await?;
    until(&page, "probe.state() === 'closed'").await?;
    let closed = events_of(&page, "closed").await?.pop().context("a close")?;
    ensure!(closed.code == Some(4403) && closed.reason.as_deref() == Some("enough"), "{closed:?}");
    ensure!(
        closed.clean == Some(true) && closed.will_retry_in_millis.is_none(),
        "4403 forbids reconnecting: {closed:?}"
    );

    open(&page, "echo").await?;
    page.evaluate::<bool>("(probe.close(4000, 'done'), true)").await?;
    until(&page, "probe.state() === 'closed'").await?;
    let closed = events_of(&page, "closed").await?.pop().context("a close")?;
    ensure!(closed.code == Some(4000) && closed.reason.as_deref() == Some("done"), "{closed:?}");
    Ok(())
}

test_in_each_browser!(a_refused_connection_is_an_error_and_is_retried);
async fn a_refused_connection_is_an_error_and_is_retried(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    page.evaluate::<bool>("(window.probe = new Probe(url('refuse')), true)").await?;
    until(&page, "probe.retries() >= 2").await?;
    ensure!(!events_of(&page, "error").await?.is_empty());
    ensure!(events_of(&page, "open").await?.is_empty(), "no open event");
    let closed = events_of(&page, "closed").await?;
    ensure!(
        closed.iter().all(|closed| closed.code == Some(1006) && closed.will_retry_in_millis.is_some()),
        "{closed:?}"
    );
    let refused: bool = page
        .evaluate("(() => { try { probe.sendText('x'); return false; } catch (error) { return true; } })()")
        .await?;
    ensure!(refused, "a send without a connection fails");
    Ok(())
}

test_in_each_browser!(a_cut_connection_reconnects_and_counts_retries);
async fn a_cut_connection_reconnects_and_counts_retries(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    open(&page, "drop").await?;
    let opened = "probe.events().filter((event) => event.type === 'open').length";
    for round in 1..=3 {
        page.evaluate::<bool>("(probe.sendText('cut me off'), true)").await?;
        until(&page, &format!("{opened} === {} && probe.state() === 'live'", round + 1)).await?;
        let retries: u64 = page.evaluate("probe.retries()").await?;
        ensure!(retries == round, "{retries} retries after {round} cuts");
    }
    let closed = events_of(&page, "closed").await?;
    ensure!(closed.len() == 3 && closed.iter().all(|closed| closed.code == Some(1006)), "{closed:?}");
    Ok(())
}

test_in_each_browser!(dropping_the_client_releases_every_closure);
async fn dropping_the_client_releases_every_closure(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    ensure!(page.evaluate::<u64>("liveClosures()").await? == 0);
    open(&page, "echo").await?;
    ensure!(page.evaluate::<u64>("liveClosures()").await? >= 4, "open, message, error, close");
    ensure!(page.evaluate::<u64>("(probe.free(), liveClosures())").await? == 0);
    // Also while it connects, and while it waits to reconnect.
    let at_once: u64 = page.evaluate("(new Probe(url('echo')).free(), liveClosures())").await?;
    ensure!(at_once == 0);
    page.evaluate::<bool>("(window.probe = new Probe(url('refuse')), true)").await?;
    until(&page, "probe.state() === 'reconnecting'").await?;
    ensure!(page.evaluate::<u64>("(probe.free(), liveClosures())").await? == 0);
    Ok(())
}

test_in_each_browser!(a_client_may_be_dropped_from_inside_its_own_events);
async fn a_client_may_be_dropped_from_inside_its_own_events(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::echo().await?, browser(engine).await?);
    let page = probe(&browser, &served).await?;
    for kind in ["state", "open", "text"] {
        page.evaluate::<bool>(&format!("(window.seen = [], dropInside(url('echo'), '{kind}', window.seen), true)"))
            .await?;
        until(&page, &format!("window.seen.some((event) => event.type === '{kind}')")).await?;
        until(&page, "liveClosures() === 0").await?;
    }
    no_exceptions(&page)
}

//! The decoder as Wasm in headless Chromium, compared with JavaScript on the same data.
//!
//! Prints a table, since criterion does not run in a browser. Competitors run in turn; figures are medians.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use benches::effort::Effort;
use browsers::{Browser, Engine, LaunchOptions};
use feed_server::http::page::Page;
use feed_server::http::routes::files;
use feed_server::http::server::serve;
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::listener::Listener;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use xtask::page::{DECODE_PROBE, build_probe};
use xtask::programs::CHROMIUM;
use xtask::setup;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

fn main() -> Result<()> {
    let milliseconds = match Effort::of_bench("browser") {
        Effort::Full => 150,
        Effort::Brief => 2,
    };
    setup::wasm_target()?;
    let browser = CHROMIUM.find_or_install()?;
    let folder = build_probe(&Workspace::find()?, DECODE_PROBE, &Steps::default())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let url = format!("http://{}/", listener.local_addr()?);
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, ConnectionLimiter::default(), files(Page::Folder(folder)), stop));
        let browser = Browser::launch(&LaunchOptions::new(Engine::Chromium, browser)).await?;
        let page = browser.page(&url).await?;
        page.wait_for("window.probeReady", "the probe").await?;
        for shape in page.evaluate::<Vec<Shape>>(&format!("measure({milliseconds})")).await? {
            shape.print().context("a shape has no results")?;
        }
        Ok(())
    })
}

#[derive(Deserialize)]
struct Shape {
    name: String,
    bytes_per_sample: f64,
    samples_per_message: f64,
    results: Vec<Competitor>,
}

#[derive(Deserialize)]
struct Competitor {
    name: String,
    samples_per_second: f64,
}

impl Shape {
    fn print(&self) -> Option<()> {
        let Self { name, bytes_per_sample, samples_per_message, results } = self;
        println!("\n{name}: {samples_per_message} values a message, {bytes_per_sample:.2} bytes each\n");
        println!("| in Chromium | M samples/s | GB/s of f64 | x typed array copied |");
        println!("| --- | --: | --: | --: |");
        let copy = results.first()?.samples_per_second;
        for Competitor { name, samples_per_second } in results {
            let (millions, gigabytes) = (samples_per_second / 1e6, samples_per_second * 8.0 / 1e9);
            println!("| {name} | {millions:.0} | {gigabytes:.2} | {:.2} |", samples_per_second / copy);
        }
        Some(())
    }
}

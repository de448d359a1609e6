//! Legends of groups whose series come and go.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browsers::{Engine, test_in_each_browser};

use super::served::{Served, browser, built, live_page, no_errors, picture, until};

const INTERVAL: Duration = Duration::from_millis(50);

const NAMES: &str =
    "[...document.querySelectorAll('[data-group=\"test:load\"] .legend-name')].map((name) => name.textContent).join()";
const ENDED: &str = "document.querySelectorAll('[data-group=\"test:load\"] .legend-entry.is-ended').length";

/// A publisher of the series `s1` to the number `living`, each with its number as value.
struct Publisher {
    process: Child,
    living: Arc<AtomicU32>,
}

impl Publisher {
    fn start(url: &str, living: u32) -> Result<Self> {
        let mut command = Command::new(built("KYMOGRAPH_PYTHON"));
        command.arg(built("KYMOGRAPH_EXAMPLES").join("kymograph_publish.py")).arg(url.replace("http", "ws"));
        command.args(["--publisher", "test", "--group", "load", "--interval", "0.05"]);
        let mut process = command.stdin(Stdio::piped()).spawn()?;
        let mut lines = process.stdin.take().context("piped")?;
        let living = Arc::new(AtomicU32::new(living));
        let count = Arc::clone(&living);
        std::thread::spawn(move || {
            loop {
                let time = feed_server::clock::now().micros() as f64 / 1e6;
                let row = (1..=count.load(Ordering::Relaxed)).map(|number| format!("s{number} {number} {time}\n"));
                let row: String = row.collect();
                // The publisher has been killed.
                if lines.write_all(row.as_bytes()).and_then(|()| lines.flush()).is_err() {
                    return;
                }
                std::thread::sleep(INTERVAL);
            }
        });
        Ok(Self { process, living })
    }

    fn set_living(&self, living: u32) {
        self.living.store(living, Ordering::Relaxed);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // It may have ended.
        let _done = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// The names of series, as the page joins them.
fn names(numbers: impl Iterator<Item = u32>) -> String {
    let names: Vec<String> = numbers.map(|number| format!("s{number}")).collect();
    format!("'{}'", names.join(","))
}

test_in_each_browser!(a_legend_lists_the_largest_living_series_and_then_those_that_have_ended);
async fn a_legend_lists_the_largest_living_series_and_then_those_that_have_ended(engine: Engine) -> Result<()> {
    let (served, browser) = (Served::feed(&["--source", "publish"]).await?, browser(engine).await?);
    let publisher = Publisher::start(&served.url, 20)?;
    let page = live_page(&browser, &format!("{}?window=5", served.url)).await?;
    until(&page, &format!("{NAMES} === {}", names((9..=20).rev()))).await?;
    let color = "document.querySelector('[data-group=\"test:load\"] .legend-swatch').className";
    let first: String = page.evaluate(color).await?;
    ensure!(first.ends_with("series-4"), "the colour of s20 is that of its place: {first}");

    publisher.set_living(19);
    until(&page, &format!("{NAMES} === {}", names((8..=19).rev()))).await?;

    // All but three end: these are first, and the others leave with the window.
    publisher.set_living(3);
    until(&page, &format!("{NAMES}.startsWith('s3,s2,s1,') && {ENDED} === 9")).await?;
    picture(&page, "ended").await?;
    until(&page, &format!("{NAMES} === {}", names(1..=3))).await?;
    let last: String = page.evaluate(color).await?;
    ensure!(last.ends_with("series-1"), "{last}");
    no_errors(&page)
}

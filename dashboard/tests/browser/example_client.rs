//! The example client in JavaScript, as part of a page.

use anyhow::{Result, ensure};
use browsers::{Engine, test_in_each_browser};

use super::served::{Served, browser, built, no_exceptions, until};

const PAGE: &str = r#"<!doctype html><title>example</title><script type="module" src="example.js"></script>"#;

const SCRIPT: &str = r#"
import { Viewer } from "./kymograph.mjs";
const viewer = new Viewer(`ws://${location.host}/stream`, { window: 2 });
globalThis.seen = { times: [], gaps: [], errors: [], hellos: [], viewer };
viewer.onrow = ({ time, group }) => group === "synthetic.01" && seen.times.push(time);
viewer.ongap = (gap) => seen.gaps.push(gap);
viewer.onerror = (error) => seen.errors.push(String(error));
viewer.onhello = (hello) => seen.hellos.push(hello);
viewer.connect();
"#;

test_in_each_browser!(the_javascript_client_resumes_in_a_page_without_a_hole);
async fn the_javascript_client_resumes_in_a_page_without_a_hole(engine: Engine) -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("index.html"), PAGE)?;
    std::fs::write(folder.path().join("example.js"), SCRIPT)?;
    std::fs::copy(built("KYMOGRAPH_EXAMPLES").join("kymograph.mjs"), folder.path().join("kymograph.mjs"))?;
    let source = ["--source", "synthetic:groups=2,series=3,hz=50,prefill=5s"];
    let served = Served::files(folder.path(), &source).await?;
    let browser = browser(engine).await?;
    let page = browser.page(&served.url).await?;
    until(&page, "globalThis.seen?.viewer.state.phase === 'LIVE' && seen.times.length > 120").await?;
    let revision: u64 = page.evaluate("seen.viewer.state.revision").await?;
    ensure!(revision > 0, "a complete catalog");

    page.evaluate::<()>("void seen.viewer.socket.close()").await?;
    until(&page, "seen.hellos.length === 2 && seen.viewer.state.phase === 'LIVE'").await?;
    let held: usize = page.evaluate("seen.times.length").await?;
    until(&page, &format!("seen.times.length > {held} + 50")).await?;
    let times: Vec<i64> = page.evaluate("seen.times").await?;
    ensure!(times.windows(2).all(|pair| pair[1] - pair[0] == 20_000), "every row once: {times:?}");
    let (gaps, errors, role): (usize, usize, String) =
        page.evaluate("[seen.gaps.length, seen.errors.length, seen.hellos[1].role]").await?;
    ensure!((gaps, errors, role.as_str()) == (0, 0, "View"), "{gaps} gaps, {errors} errors, role {role}");
    no_exceptions(&page)
}

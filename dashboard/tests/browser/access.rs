//! Access tokens.

use anyhow::{Result, ensure};
use chromium::Viewport;
use serde_json::json;

use super::served::{IS_LIVE, Served, browser, no_exceptions, until};

const TOKEN: &str = "a-token-for-the-tests";

#[tokio::test]
async fn the_link_with_a_token_opens_the_page_and_a_page_without_it_names_the_reason() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN)?;
    let file = file.display().to_string();
    let served = Served::feed(&["--source", "synthetic:groups=2", "--token-file", &file]).await?;
    ensure!(!served.url.contains(TOKEN), "a configured token is not printed");
    let browser = browser().await?;

    let page = browser.page(&served.url).await?;
    page.set_viewport(Viewport { width: 400, height: 700, ..Viewport::default() }).await?;
    until(&page, "document.documentElement.dataset.link === 'closed'").await?;
    let notice: String = page.evaluate("document.getElementById('notice').textContent").await?;
    ensure!(notice.contains("token required (4401)"), "{notice}");
    let retries: u64 = page.evaluate("kymograph.stats().retries").await?;
    ensure!(retries == 0, "{retries} retries");
    let fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth").await?;
    ensure!(fits, "the reason is wider than the screen");

    page.navigate(&format!("{}?token={TOKEN}&window=30", served.url)).await?;
    until(&page, IS_LIVE).await?;
    let address: String = page.evaluate("location.search").await?;
    ensure!(address == "?window=30", "{address}");
    let readable: String = page.evaluate("document.cookie").await?;
    ensure!(readable.is_empty(), "a script can read {readable}");

    // The cookie replaces the token in the address.
    page.navigate(&served.url).await?;
    until(&page, IS_LIVE).await?;
    no_exceptions(&page)
}

#[tokio::test]
async fn over_tls_the_link_with_a_token_opens_the_page_and_the_stream_is_encrypted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(path("cert.pem"), identity.cert.pem())?;
    std::fs::write(path("key.pem"), identity.signing_key.serialize_pem())?;
    std::fs::write(path("token"), TOKEN)?;
    let (cert, key, token) = (path("cert.pem"), path("key.pem"), path("token"));
    let arguments = ["--tls-cert", &cert, "--tls-key", &key, "--token-file", &token, "--source", "synthetic:groups=2"];
    let served = Served::feed(&arguments).await?;
    ensure!(served.url.starts_with("https://"), "{}", served.url);
    let browser = browser().await?;
    let page = browser.page("about:blank").await?;
    // The certificate is self-signed.
    page.call("Security.setIgnoreCertificateErrors", json!({ "ignore": true })).await?;
    page.navigate(&format!("{}?token={TOKEN}", served.url)).await?;
    until(&page, IS_LIVE).await?;
    until(&page, "kymograph.stats().samples > 0 && kymograph.stats().commits > 0").await?;
    let scheme: String = page.evaluate("location.protocol").await?;
    ensure!(scheme == "https:", "{scheme}");
    no_exceptions(&page)
}

#[tokio::test]
async fn no_chart_is_black_before_it_is_drawn() -> Result<()> {
    let served = Served::feed(&["--source", "synthetic:groups=12"]).await?;
    let browser = browser().await?;
    let page = browser.page("about:blank").await?;
    // Neither theme uses black: it is the colour of an opaque canvas before it is drawn.
    let watch = "globalThis.blackBoxes = 0;
        const look = () => {
          for (const axes of document.querySelectorAll('.plot-axes')) {
            if (getComputedStyle(axes).visibility === 'hidden') continue;
            const pixel = axes.width && axes.getContext('2d').getImageData(0, 0, 1, 1).data;
            if (!pixel || pixel[0] + pixel[1] + pixel[2] === 0) blackBoxes += 1;
          }
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await?;
    page.navigate(&served.url).await?;
    until(&page, "document.documentElement.dataset.link === 'live' && kymograph.stats().commits > 0").await?;
    let black: u64 = page.evaluate("blackBoxes").await?;
    ensure!(black == 0, "{black} black canvases were shown");
    no_exceptions(&page)
}

//! Access tokens.

use anyhow::{Result, ensure};
use browsers::{Engine, Page, Viewport, test_in_each_browser};
use tempfile::TempDir;

use super::served::{
    IS_LIVE, Served, browser, built, free_port, live_page, no_exceptions, picture, tolerant_browser, until,
};

const TOKEN: &str = "a-token-for-the-tests";

/// A folder with a token file and a state directory, and servers of one port that use it.
struct Place {
    folder: TempDir,
    port: u16,
}

impl Place {
    fn new() -> Result<Self> {
        let place = Self { folder: tempfile::tempdir()?, port: free_port()? };
        std::fs::write(place.path("token"), TOKEN)?;
        Ok(place)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn serve(&self) -> Result<Served> {
        let (token, state) = (self.path("token"), self.path("state"));
        let arguments = ["--source", "synthetic:groups=2", "--token-file", &token, "--state-dir", &state];
        Served::feed_on(self.port, &arguments).await
    }

    /// Ends all sessions by the command for it.
    async fn revoke_all(&self) -> Result<()> {
        let mut command = tokio::process::Command::new(built("KYMOGRAPH_FEED_SERVER"));
        let status = command.args(["sessions", "revoke", "--all", "--state-dir", &self.path("state")]).status().await?;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

const IS_ASKING: &str = "!document.getElementById('sign-in').hidden";

/// Submits a token in the form, as a user who pastes it.
async fn paste(page: &Page, token: &str) -> Result<()> {
    let script = format!(
        "document.getElementById('sign-in-token').value = '{token}';
         document.getElementById('sign-in-button').click(), true"
    );
    ensure!(page.evaluate::<bool>(&script).await?, "not submitted");
    Ok(())
}

async fn text(page: &Page, id: &str) -> Result<String> {
    page.evaluate(&format!("document.getElementById('{id}').textContent")).await
}

test_in_each_browser!(the_link_signs_in_and_its_token_leaves_the_address);
async fn the_link_signs_in_and_its_token_leaves_the_address(engine: Engine) -> Result<()> {
    let place = Place::new()?;
    let served = place.serve().await?;
    ensure!(!served.url.contains(TOKEN), "a configured token is not printed");
    let browser = browser(engine).await?;
    let page = browser.page(&format!("{}?window=30#token={TOKEN}", served.url)).await?;
    until(&page, IS_LIVE).await?;
    let address: String = page.evaluate("location.search + location.hash").await?;
    ensure!(address == "?window=30", "{address}");
    let readable: String = page.evaluate("document.cookie").await?;
    ensure!(readable.is_empty(), "a script can read {readable}");
    let requested = "performance.getEntriesByType('resource').map(entry => entry.name).join(' ')";
    let requested: String = page.evaluate(requested).await?;
    ensure!(!requested.contains(TOKEN) && requested.contains("/sign-in"), "{requested}");
    until(&page, "!document.getElementById('sign-out').hidden").await?;
    page.set_viewport(Viewport { width: 360, height: 640, ..Viewport::default() }).await?;
    let fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth").await?;
    ensure!(fits, "the header is wider than the screen");
    picture(&page, "signed-in-narrow").await?;

    // The session replaces the token, also after a restart of the server.
    page.navigate(&served.url).await?;
    until(&page, IS_LIVE).await?;
    served.kill().await?;
    let served = place.serve().await?;
    until(&page, "kymograph.stats().retries > 0").await?;
    until(&page, IS_LIVE).await?;
    page.navigate(&served.url).await?;
    until(&page, IS_LIVE).await?;
    no_exceptions(&page)
}

test_in_each_browser!(a_page_without_a_session_asks_for_the_token_and_does_not_retry);
async fn a_page_without_a_session_asks_for_the_token_and_does_not_retry(engine: Engine) -> Result<()> {
    let place = Place::new()?;
    let served = place.serve().await?;
    let browser = browser(engine).await?;
    let page = browser.page(&served.url).await?;
    page.set_viewport(Viewport { width: 400, height: 700, ..Viewport::default() }).await?;
    until(&page, IS_ASKING).await?;
    let (title, notice) = (text(&page, "sign-in-title").await?, text(&page, "sign-in-text").await?);
    ensure!(title == "Sign in" && notice.contains("Open the link that the server printed"), "{title}: {notice}");
    let retries: u64 = page.evaluate("kymograph.stats().retries").await?;
    ensure!(retries == 0, "{retries} retries");
    let fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth").await?;
    ensure!(fits, "the form is wider than the screen");
    let is_focused: bool = page.evaluate("document.activeElement.id === 'sign-in-token'").await?;
    ensure!(is_focused, "the field is not focused");
    picture(&page, "sign-in-narrow").await?;

    paste(&page, "another-token-altogether").await?;
    until(&page, "document.getElementById('sign-in-error').textContent.startsWith('Wrong token')").await?;
    picture(&page, "sign-in-wrong-token").await?;
    // A character of a token is not a command of the page.
    let is_paused: bool = page
        .evaluate(
            "document.getElementById('sign-in-token').dispatchEvent(new KeyboardEvent('keydown', { key: 'p', bubbles: true })),
             kymograph.stats().paused",
        )
        .await?;
    ensure!(!is_paused, "the display was paused by a key typed into the field");

    // The link opened in the same tab, which does not load the page again.
    ensure!(
        page.evaluate::<bool>(&format!("globalThis.isSame = true, location.hash = 'token={TOKEN}', true")).await?,
        ""
    );
    until(&page, &format!("{IS_LIVE} && isSame && !({IS_ASKING}) && location.hash === ''")).await?;
    no_exceptions(&page)
}

test_in_each_browser!(a_page_whose_session_was_revoked_says_so_and_signs_in_again_without_a_reload);
async fn a_page_whose_session_was_revoked_says_so_and_signs_in_again_without_a_reload(engine: Engine) -> Result<()> {
    let place = Place::new()?;
    let served = place.serve().await?;
    let browser = browser(engine).await?;
    let page = browser.page(&format!("{}#token={TOKEN}", served.url)).await?;
    until(&page, IS_LIVE).await?;
    until(&page, "kymograph.stats().samples > 0 && (globalThis.isSame = true)").await?;

    let other_tab = live_page(&browser, &served.url).await?;

    place.revoke_all().await?;
    until(&other_tab, IS_ASKING).await?;
    until(&page, IS_ASKING).await?;
    let title = text(&page, "sign-in-title").await?;
    ensure!(title == "Your session has ended", "{title}");
    until(&page, "document.documentElement.dataset.link === 'closed'").await?;
    let link = text(&page, "link-text").await?;
    ensure!(link.starts_with("closed: signed out, last sample "), "{link}");
    picture(&page, "session-ended").await?;
    // The complete link is accepted too.
    paste(&page, &format!("{}#token={TOKEN}", served.url)).await?;
    until(&page, &format!("{IS_LIVE} && !({IS_ASKING}) && isSame")).await?;
    until(&other_tab, &format!("{IS_LIVE} && !({IS_ASKING})")).await?;

    ensure!(page.evaluate::<bool>("document.getElementById('sign-out').click(), true").await?, "");
    until(&page, IS_ASKING).await?;
    let title = text(&page, "sign-in-title").await?;
    ensure!(title == "Sign in", "{title}");
    page.navigate(&served.url).await?;
    until(&page, IS_ASKING).await?;
    no_exceptions(&page)
}

test_in_each_browser!(over_tls_the_link_with_a_token_opens_the_page_and_the_stream_is_encrypted);
async fn over_tls_the_link_with_a_token_opens_the_page_and_the_stream_is_encrypted(engine: Engine) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(path("cert.pem"), identity.cert.pem())?;
    std::fs::write(path("key.pem"), identity.signing_key.serialize_pem())?;
    std::fs::write(path("token"), TOKEN)?;
    let (cert, key, token) = (path("cert.pem"), path("key.pem"), path("token"));
    let arguments = ["--tls-cert", &cert, "--tls-key", &key, "--token-file", &token, "--source", "synthetic:groups=2"];
    let served = Served::feed(&[&arguments[..], &["--state-dir", "none"]].concat()).await?;
    ensure!(served.url.starts_with("https://"), "{}", served.url);
    let browser = tolerant_browser(engine).await?;
    let page = browser.page(&format!("{}#token={TOKEN}", served.url)).await?;
    until(&page, IS_LIVE).await?;
    until(&page, "kymograph.stats().samples > 0 && kymograph.stats().commits > 0").await?;
    let scheme: String = page.evaluate("location.protocol").await?;
    ensure!(scheme == "https:", "{scheme}");
    no_exceptions(&page)
}

test_in_each_browser!(no_chart_is_black_before_it_is_drawn);
async fn no_chart_is_black_before_it_is_drawn(engine: Engine) -> Result<()> {
    let served = Served::feed(&["--source", "synthetic:groups=12"]).await?;
    let browser = browser(engine).await?;
    let page = browser.page("about:blank").await?;
    // Neither theme uses black: it is the colour of an opaque canvas before it is drawn.
    let watch = "globalThis.blackBoxes = 0;
        const look = () => {
          for (const axes of document.querySelectorAll('.plot-canvas')) {
            if (getComputedStyle(axes).visibility === 'hidden') continue;
            const pixel = axes.width && axes.getContext('2d').getImageData(0, 0, 1, 1).data;
            if (!pixel || pixel[0] + pixel[1] + pixel[2] === 0) blackBoxes += 1;
          }
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);";
    page.run_in_new_documents(watch).await?;
    page.navigate(&served.url).await?;
    until(&page, "document.documentElement.dataset.link === 'live' && kymograph.stats().commits > 0").await?;
    let black: u64 = page.evaluate("blackBoxes").await?;
    ensure!(black == 0, "{black} black canvases were shown");
    no_exceptions(&page)
}

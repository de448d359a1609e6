//! The driver against real browsers.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::{Context, Result};
use browsers::{
    Browser, ColorScheme, Device, Engine, LaunchOptions, Level, Page, Viewport, WindowState, test_in_each_browser,
};
use serde_json::{Value, json};
use tokio::time::timeout;

const PAGE: &str = "data:text/html,<title>probe</title><body style='margin:0;height:3000px'><button id=b \
    style='position:absolute;top:2000px;left:40px'>press</button><input id=i><script>\
    addEventListener('mousemove', e => window.at = [e.clientX, e.clientY, e.buttons]);\
    addEventListener('keydown', e => window.down = [e.key, e.code, e.keyCode]);\
    b.onclick = () => window.clicked = (window.clicked || 0) + 1;\
    console.warn('careful', 1, {}); setTimeout(() => { throw new Error('uncaught by the page') });\
    </script>";

async fn open(engine: Engine, url: &str) -> Result<(Browser, Page)> {
    let browser = Browser::launch(&LaunchOptions::from_environment(engine)?).await?;
    let page = browser.page(url).await?;
    page.wait_for("document.readyState === 'complete'", "the page").await?;
    Ok((browser, page))
}

/// The text of an error that must come.
fn reason<T: Debug>(result: Result<T>) -> String {
    format!("{:#}", result.expect_err("it fails"))
}

test_in_each_browser!(evaluate_returns_a_typed_value_or_the_reason);
async fn evaluate_returns_a_typed_value_or_the_reason(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    assert_eq!(page.evaluate::<String>("document.title").await?, "probe");
    assert_eq!(page.evaluate::<Option<u32>>("undefined").await?, None);
    assert_eq!(page.evaluate::<Vec<u32>>("Promise.resolve([1, 2])").await?, [1, 2]);
    let object = "window.of = [true, { text: 'κύμα', none: null, half: -0.5 }]; window.of";
    assert_eq!(page.evaluate::<Value>(object).await?, json!([true, { "text": "κύμα", "none": null, "half": -0.5 }]));
    let thrown = reason(page.evaluate::<()>("null.x").await);
    assert!(thrown.contains("TypeError"), "{thrown}");
    let rejected = reason(page.evaluate::<()>("Promise.reject('no')").await);
    assert!(rejected.ends_with("threw no"), "{rejected}");
    let mistyped = reason(page.evaluate::<u32>("'seven'").await);
    assert!(mistyped.contains("`'seven'` returned \"seven\""), "{mistyped}");
    let not_json = reason(page.evaluate::<f64>("0 / 0").await);
    assert!(not_json.contains("NaN"), "{not_json}");
    Ok(())
}

test_in_each_browser!(waiting_ends_when_the_condition_is_truthy);
async fn waiting_ends_when_the_condition_is_truthy(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    let later = "(window.late ??= (setTimeout(() => window.ready = 'yes', 200), true), window.ready)";
    page.wait_for(later, "a value").await?;
    page.wait_for("document.querySelector('#b') // an element", "an element").await?;
    let never = timeout(Duration::from_millis(300), page.wait_for("window.absent.x", "a value that never comes")).await;
    assert!(never.is_err(), "it throws, so it waits on");
    Ok(())
}

test_in_each_browser!(console_messages_are_kept_from_the_start);
async fn console_messages_are_kept_from_the_start(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    let unreachable = "http://127.0.0.1:65530/none";
    page.evaluate::<()>(&format!("void fetch('{unreachable}').catch(() => {{}})")).await?;
    page.evaluate::<()>("new Promise(resolve => setTimeout(resolve, 200))").await?;
    let console = page.console();
    let said = |level: Level, text: &str| console.iter().any(|said| said.level == level && said.text.contains(text));
    assert!(said(Level::Warning, "careful 1 Object"), "{console:?}");
    assert!(said(Level::Exception, "Error: uncaught by the page"), "{console:?}");
    let failed = console.iter().find(|said| said.url == unreachable);
    assert_eq!(failed.map(|said| said.level), Some(Level::Error), "{console:?}");
    Ok(())
}

test_in_each_browser!(keys_and_mouse_reach_the_page);
async fn keys_and_mouse_reach_the_page(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    page.move_mouse(30.0, 40.0).await?;
    assert_eq!(page.evaluate::<Value>("window.at").await?, json!([30, 40, 0]));
    page.drag((10.0, 10.0), (50.0, 60.0)).await?;
    assert_eq!(page.evaluate::<Value>("window.at").await?, json!([50, 60, 1]));
    page.click("#b").await?;
    assert_eq!(page.evaluate::<Value>("[clicked, scrollY > 0]").await?, json!([1, true]));
    page.press("Escape").await?;
    assert_eq!(page.evaluate::<Value>("window.down").await?, json!(["Escape", "Escape", 27]));
    page.click("#i").await?;
    for key in ["p", "?", " ", "7", "ArrowLeft", "Backspace"] {
        page.press(key).await?;
    }
    assert_eq!(page.evaluate::<String>("i.value").await?, "p?7");
    let missing = reason(page.click("#missing").await);
    assert!(missing.contains("`#missing`"), "{missing}");
    Ok(())
}

test_in_each_browser!(viewport_and_color_scheme_reach_the_page);
async fn viewport_and_color_scheme_reach_the_page(engine: Engine) -> Result<()> {
    let viewport = Viewport { width: 360, height: 640, device_scale_factor: 2.0, device: Device::Desktop };
    let options =
        LaunchOptions { viewport, color_scheme: ColorScheme::Dark, ..LaunchOptions::from_environment(engine)? };
    let browser = Browser::launch(&options).await?;
    let page = browser.page(PAGE).await?;
    let is_dark = "matchMedia('(prefers-color-scheme: dark)').matches";
    let seen = format!("[innerWidth, innerHeight, document.body.clientWidth, devicePixelRatio, {is_dark}]");
    page.wait_for("document.readyState === 'complete'", "the page").await?;
    assert_eq!(page.evaluate::<Value>(&seen).await?, json!([360, 640, 360, 2, true]));
    let wide = Viewport { width: 1_440, height: 900, device_scale_factor: 1.25, device: Device::Desktop };
    page.set_viewport(wide).await?;
    page.set_color_scheme(ColorScheme::Light).await?;
    page.wait_for("innerWidth === 1440", "the wide window").await?;
    assert_eq!(page.evaluate::<Value>(&seen).await?, json!([1440, 900, 1440, 1.25, false]));
    Ok(())
}

#[tokio::test]
async fn chromium_emulates_a_mobile_device_and_firefox_refuses_it() -> Result<()> {
    let phone = Viewport { width: 390, height: 844, device_scale_factor: 3.0, device: Device::Mobile };
    let (_browser, page) = open(Engine::Chromium, PAGE).await?;
    page.set_viewport(phone).await?;
    let seen = "[screen.width, devicePixelRatio, navigator.maxTouchPoints > 0]";
    assert_eq!(page.evaluate::<Value>(seen).await?, json!([390, 3, true]));
    let (_browser, page) = open(Engine::Firefox, PAGE).await?;
    let refused = reason(page.set_viewport(phone).await);
    assert!(refused.contains("Device::Desktop"), "{refused}");
    Ok(())
}

test_in_each_browser!(a_screenshot_has_the_size_of_the_viewport);
async fn a_screenshot_has_the_size_of_the_viewport(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("page.png");
    page.screenshot(&file).await?;
    let png = std::fs::read(file)?;
    assert_eq!(&png[1..4], b"PNG");
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((size(16), size(20)), (1280, 800));
    Ok(())
}

test_in_each_browser!(a_script_runs_before_those_of_each_new_document);
async fn a_script_runs_before_those_of_each_new_document(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, "about:blank").await?;
    page.run_in_new_documents("window.ready = 'early' // without a semicolon").await?;
    for _ in 0..2 {
        page.navigate("data:text/html,<script>window.seen = window.ready</script>").await?;
        page.wait_for("window.seen === 'early'", "the script").await?;
    }
    Ok(())
}

test_in_each_browser!(a_minimized_window_hides_its_page);
async fn a_minimized_window_hides_its_page(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, PAGE).await?;
    page.set_window_state(WindowState::Minimized).await?;
    page.wait_for("document.visibilityState === 'hidden'", "hiding").await?;
    page.set_window_state(WindowState::Normal).await?;
    page.wait_for("document.visibilityState === 'visible'", "showing").await
}

#[tokio::test]
async fn metrics_of_chromium_have_names_and_values() -> Result<()> {
    let (_browser, page) = open(Engine::Chromium, PAGE).await?;
    let metrics = page.chromium()?.metrics().await?;
    assert!(metrics["TaskDuration"] > 0.0 && metrics["JSHeapUsedSize"] > 0.0, "{metrics:?}");
    Ok(())
}

test_in_each_browser!(two_pages_are_both_visible_and_independent);
async fn two_pages_are_both_visible_and_independent(engine: Engine) -> Result<()> {
    let (browser, first) = open(engine, PAGE).await?;
    let second = browser.page("data:text/html,second").await?;
    for page in [&first, &second] {
        let drawn = "new Promise(resolve => requestAnimationFrame(() => resolve(document.visibilityState)))";
        assert_eq!(page.evaluate::<String>(drawn).await?, "visible");
    }
    assert!(second.console().is_empty(), "{:?}", second.console());
    second.close().await?;
    assert_eq!(first.evaluate::<u32>("1 + 1").await?, 2);
    Ok(())
}

test_in_each_browser!(an_address_that_cannot_be_reached_is_an_error);
async fn an_address_that_cannot_be_reached_is_an_error(engine: Engine) -> Result<()> {
    let (_browser, page) = open(engine, "about:blank").await?;
    let refused = reason(page.navigate("http://127.0.0.1:65530/").await);
    assert!(refused.contains("127.0.0.1:65530") && refused.contains("CONNECTION_REFUSED"), "{refused}");
    Ok(())
}

const ENDLESS: &str = "new Promise(() => {})";

test_in_each_browser!(calls_fail_when_the_browser_ends);
async fn calls_fail_when_the_browser_ends(engine: Engine) -> Result<()> {
    let (browser, page) = open(engine, PAGE).await?;
    let (waiting, ()) = tokio::join!(page.evaluate::<()>(ENDLESS), async { drop(browser) });
    let ended = reason(waiting);
    assert!(ended.contains("the browser has ended"), "{ended}");
    assert!(page.evaluate::<()>("1").await.is_err(), "a later call fails too");
    Ok(())
}

/// Firefox reports no crash: a call to a crashed page ends at its deadline.
#[tokio::test]
async fn calls_fail_when_a_page_of_chromium_crashes() -> Result<()> {
    let (browser, page) = open(Engine::Chromium, PAGE).await?;
    let crash = async { page.chromium()?.call("Page.crash", json!({})).await };
    let (waiting, _crash) = tokio::join!(page.evaluate::<()>(ENDLESS), crash);
    let crashed = reason(waiting);
    assert!(crashed.contains("crashed"), "{crashed}");
    browser.page(PAGE).await.context("the browser still runs")?;
    Ok(())
}

test_in_each_browser!(a_browser_that_does_not_start_gives_the_reason);
async fn a_browser_that_does_not_start_gives_the_reason(engine: Engine) -> Result<()> {
    let launch = async |path: &str| Browser::launch(&LaunchOptions::new(engine, path)).await;
    let not_there = reason(launch("/nowhere/browser").await);
    assert!(not_there.contains("/nowhere/browser"), "{not_there}");
    // Any program that ends and rejects the flags.
    let ended = reason(launch("/bin/ls").await);
    assert!(ended.contains("ended at once") && ended.contains("--headless"), "{ended}");
    Ok(())
}

//! The driver against a real browser.

use std::time::Duration;

use chromium::{Browser, ColorScheme, Device, LaunchOptions, Level, Page, Viewport};
use serde_json::{Value, json};
use tokio::time::timeout;

const PAGE: &str = "data:text/html,<title>probe</title><body style='margin:0;height:3000px'><button id=b \
    style='position:absolute;top:2000px;left:40px'>press</button><input id=i><script>\
    addEventListener('mousemove', e => window.at = [e.clientX, e.clientY, e.buttons]);\
    addEventListener('keydown', e => window.down = [e.key, e.code, e.keyCode]);\
    b.onclick = () => window.clicked = (window.clicked || 0) + 1;\
    console.warn('careful', 1, {}); setTimeout(() => { throw new Error('uncaught by the page') });\
    </script>";

fn options() -> LaunchOptions {
    let browser = std::env::var_os("KYMOGRAPH_CHROMIUM");
    LaunchOptions::new(browser.expect("KYMOGRAPH_CHROMIUM names a browser: run these tests by `cargo xtask test`"))
}

async fn open(url: &str) -> (Browser, Page) {
    let browser = Browser::launch(&options()).await.expect("the browser starts");
    let page = browser.page(url).await.expect("the page opens");
    page.wait_for("document.readyState === 'complete'", "the page").await.expect("it loads");
    (browser, page)
}

#[tokio::test]
async fn evaluate_returns_a_typed_value_or_the_reason() {
    let (_browser, page) = open(PAGE).await;
    assert_eq!(page.evaluate::<String>("document.title").await.expect("a title"), "probe");
    assert_eq!(page.evaluate::<Option<u32>>("undefined").await.expect("nothing"), None);
    assert_eq!(page.evaluate::<Vec<u32>>("Promise.resolve([1, 2])").await.expect("a promise is awaited"), [1, 2]);
    let reason = |error: anyhow::Error| format!("{error:#}");
    let thrown = page.evaluate::<()>("null.x").await.map_err(reason).expect_err("it throws");
    assert!(thrown.contains("TypeError"), "{thrown}");
    let rejected = page.evaluate::<()>("Promise.reject('no')").await.map_err(reason).expect_err("it rejects");
    assert!(rejected.ends_with("threw no"), "{rejected}");
    let mistyped = page.evaluate::<u32>("'seven'").await.map_err(reason).expect_err("it is no number");
    assert!(mistyped.contains("`'seven'` returned \"seven\""), "{mistyped}");
    let not_json = page.evaluate::<f64>("0 / 0").await.map_err(reason).expect_err("JSON has no NaN");
    assert!(not_json.contains("NaN"), "{not_json}");
}

#[tokio::test]
async fn waiting_ends_when_the_condition_is_truthy() {
    let (_browser, page) = open(PAGE).await;
    let later = "(window.late ??= (setTimeout(() => window.ready = 'yes', 200), true), window.ready)";
    page.wait_for(later, "a value").await.expect("it comes");
    page.wait_for("document.querySelector('#b') // an element", "an element").await.expect("it is there");
    let never = timeout(Duration::from_millis(300), page.wait_for("window.absent.x", "a value that never comes")).await;
    assert!(never.is_err(), "it throws, so it waits on");
}

#[tokio::test]
async fn console_messages_are_kept_from_the_start() {
    let (_browser, page) = open(PAGE).await;
    page.evaluate::<()>("void fetch('http://127.0.0.1:1/none').catch(() => {})").await.expect("it runs");
    page.evaluate::<()>("new Promise(resolve => setTimeout(resolve, 200))").await.expect("it waits");
    let console = page.console();
    let said = |level: Level, text: &str| console.iter().any(|said| said.level == level && said.text.contains(text));
    assert!(said(Level::Warning, "careful 1 Object"), "{console:?}");
    assert!(said(Level::Exception, "Error: uncaught by the page"), "{console:?}");
    let failed = console.iter().find(|said| said.url == "http://127.0.0.1:1/none");
    assert_eq!(failed.map(|said| said.level), Some(Level::Error), "{console:?}");
}

#[tokio::test]
async fn keys_and_mouse_reach_the_page() {
    let (_browser, page) = open(PAGE).await;
    page.move_mouse(30.0, 40.0).await.expect("moved");
    assert_eq!(page.evaluate::<Value>("window.at").await.expect("moved"), json!([30, 40, 0]));
    page.drag((10.0, 10.0), (50.0, 60.0)).await.expect("dragged");
    assert_eq!(page.evaluate::<Value>("window.at").await.expect("moved"), json!([50, 60, 1]));
    page.click("#b").await.expect("clicked");
    assert_eq!(page.evaluate::<Value>("[clicked, scrollY > 0]").await.expect("clicked"), json!([1, true]));
    page.press("Escape").await.expect("pressed");
    assert_eq!(page.evaluate::<Value>("window.down").await.expect("pressed"), json!(["Escape", "Escape", 27]));
    page.click("#i").await.expect("focused");
    for key in ["p", "?", " ", "7", "ArrowLeft", "Backspace"] {
        page.press(key).await.expect("pressed");
    }
    assert_eq!(page.evaluate::<String>("i.value").await.expect("typed"), "p?7");
    let missing = page.click("#missing").await.expect_err("there is none");
    assert!(missing.to_string().contains("`#missing`"), "{missing:#}");
}

#[tokio::test]
async fn viewport_and_color_scheme_reach_the_page() {
    let viewport = Viewport { width: 640, height: 360, device_scale_factor: 2.0, device: Device::Desktop };
    let options = LaunchOptions { viewport, color_scheme: ColorScheme::Dark, ..options() };
    let browser = Browser::launch(&options).await.expect("the browser starts");
    let page = browser.page(PAGE).await.expect("the page opens");
    let seen = "[innerWidth, innerHeight, devicePixelRatio, matchMedia('(prefers-color-scheme: dark)').matches]";
    assert_eq!(page.evaluate::<Value>(seen).await.expect("seen"), json!([640, 360, 2, true]));
    let phone = Viewport { width: 390, height: 844, device_scale_factor: 3.0, device: Device::Mobile };
    page.set_viewport(phone).await.expect("set");
    page.set_color_scheme(ColorScheme::Light).await.expect("set");
    let seen = "[screen.width, devicePixelRatio, navigator.maxTouchPoints > 0, matchMedia('(prefers-color-scheme: dark)').matches]";
    assert_eq!(page.evaluate::<Value>(seen).await.expect("seen"), json!([390, 3, true, false]));
}

#[tokio::test]
async fn a_screenshot_has_the_size_of_the_viewport() {
    let (_browser, page) = open(PAGE).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.png");
    page.screenshot(&file).await.expect("taken");
    let png = std::fs::read(file).expect("written");
    assert_eq!(&png[1..4], b"PNG");
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((size(16), size(20)), (1280, 800));
}

#[tokio::test]
async fn metrics_have_names_and_values() {
    let (_browser, page) = open(PAGE).await;
    let metrics = page.metrics().await.expect("measured");
    assert!(metrics["TaskDuration"] > 0.0 && metrics["JSHeapUsedSize"] > 0.0, "{metrics:?}");
}

#[tokio::test]
async fn two_pages_are_both_visible_and_independent() {
    let (browser, first) = open(PAGE).await;
    let second = browser.page("data:text/html,second").await.expect("a second page");
    for page in [&first, &second] {
        let drawn = "new Promise(resolve => requestAnimationFrame(() => resolve(document.visibilityState)))";
        assert_eq!(page.evaluate::<String>(drawn).await.expect("it draws"), "visible");
    }
    assert!(second.console().is_empty(), "{:?}", second.console());
    second.close().await.expect("closed");
    assert_eq!(first.evaluate::<u32>("1 + 1").await.expect("still there"), 2);
}

#[tokio::test]
async fn calls_fail_when_the_page_crashes_or_the_browser_ends() {
    let (browser, page) = open(PAGE).await;
    let endless = "new Promise(() => {})";
    let (waiting, _crash) = tokio::join!(page.evaluate::<()>(endless), page.call("Page.crash", json!({})));
    assert!(format!("{:#}", waiting.expect_err("it crashed")).contains("crashed"));
    let page = browser.page(PAGE).await.expect("the browser still runs");
    let (waiting, ()) = tokio::join!(page.evaluate::<()>(endless), async { drop(browser) });
    assert!(format!("{:#}", waiting.expect_err("the browser has ended")).contains("the browser has ended"));
    assert!(page.evaluate::<()>("1").await.is_err(), "a later call fails too");
}

#[tokio::test]
async fn a_browser_that_does_not_start_gives_the_reason() {
    let not_there = Browser::launch(&LaunchOptions::new("/nowhere/chromium")).await.expect_err("there is none");
    assert!(format!("{not_there:#}").contains("/nowhere/chromium"), "{not_there:#}");
    // Any program that ends and rejects the flags.
    let ended = Browser::launch(&LaunchOptions::new("/bin/ls")).await.expect_err("it ends");
    assert!(format!("{ended:#}").contains("ended at once") && format!("{ended:#}").contains("--headless"), "{ended:#}");
}

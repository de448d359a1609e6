//! The view: selecting, zooming, panning, holding, and the history beyond what the page holds.

use anyhow::{Result, ensure};
use browsers::{Engine, Modifier, Page, Position, Viewport, test_in_each_browser};
use serde::Deserialize;

use super::plot::{all_empty_columns, filled, place};
use super::served::{Served, browser, free_port, live_feed, live_page, no_errors, no_exceptions, picture, until};

/// Two charts at 1,000 Hz, with a history of five minutes.
const FAST: [&str; 2] = ["--source", "synthetic:groups=2,series=3,hz=1000,prefill=5m,seed=1"];

const HELD: &str = "kymograph.stats().paused";
const LIVE: &str = "!kymograph.stats().paused";

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
struct View {
    from: f64,
    to: f64,
}

impl View {
    fn span(self) -> f64 {
        self.to - self.from
    }

    fn at(self, fraction: f64) -> f64 {
        self.from + self.span() * fraction
    }
}

async fn view(page: &Page) -> Result<View> {
    page.evaluate("kymograph.stats().view").await
}

async fn drag(page: &Page, modifier: Modifier, from: f64, to: f64) -> Result<()> {
    page.drag_with(modifier, place(page, from, 0.5).await?, place(page, to, 0.5).await?).await
}

fn ensure_near(found: f64, wanted: f64, tolerance: f64, what: &str) -> Result<()> {
    ensure!((found - wanted).abs() <= tolerance, "{what}: {found}, wanted {wanted}");
    Ok(())
}

test_in_each_browser!(a_drag_selects_a_span_and_enter_zooms_to_it);
async fn a_drag_selects_a_span_and_enter_zooms_to_it(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    drag(&page, Modifier::None, 0.75, 0.25).await?;
    until(&page, &format!("{HELD} && document.querySelectorAll('.selection:not([hidden])').length === 2")).await?;
    until(&page, "document.querySelector('#selection-text').textContent === '30 s'").await?;
    picture(&page, "selection").await?;
    let before = view(&page).await?;
    page.press("Enter").await?;
    until(&page, "document.querySelector('#selection').hidden").await?;
    let zoomed = view(&page).await?;
    // A pixel of the plot is a sixth of a second.
    ensure_near(zoomed.from, before.at(0.25), 500.0, "the left edge")?;
    ensure_near(zoomed.to, before.at(0.75), 500.0, "the right edge")?;
    filled(&page).await?;
    page.press("Backspace").await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from === 60000").await?;
    page.press("Backspace").await?;
    until(&page, LIVE).await?;
    no_errors(&page)
}

test_in_each_browser!(a_selection_that_is_dropped_leaves_a_live_view_live);
async fn a_selection_that_is_dropped_leaves_a_live_view_live(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    drag(&page, Modifier::None, 0.25, 0.5).await?;
    until(&page, HELD).await?;
    page.press("Escape").await?;
    until(&page, LIVE).await?;
    page.press("p").await?;
    until(&page, HELD).await?;
    drag(&page, Modifier::None, 0.25, 0.5).await?;
    until(&page, "!document.querySelector('#selection').hidden").await?;
    page.click("#selection-drop").await?;
    until(&page, "document.querySelectorAll('.selection:not([hidden])').length === 0").await?;
    ensure!(page.evaluate::<bool>(HELD).await?, "a view that was held before stays held");
    no_errors(&page)
}

test_in_each_browser!(the_wheel_with_control_zooms_at_the_pointer_and_the_plain_wheel_scrolls_the_page);
async fn the_wheel_with_control_zooms_at_the_pointer_and_the_plain_wheel_scrolls_the_page(
    engine: Engine,
) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &["--source", "synthetic:groups=24,series=3,hz=100"], "").await?;
    filled(&page).await?;
    let at = place(&page, 0.25, 0.5).await?;
    page.wheel(Modifier::Control, at, (0.0, -200.0)).await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from < 40000").await?;
    ensure!(page.evaluate::<bool>(LIVE).await?, "a live view stays live");
    page.press("p").await?;
    until(&page, HELD).await?;
    let before = view(&page).await?;
    page.wheel(Modifier::Control, at, (0.0, -200.0)).await?;
    until(&page, &format!("kymograph.stats().view.to - kymograph.stats().view.from < {}", before.span() * 0.7)).await?;
    let after = view(&page).await?;
    ensure_near(after.at(0.25), before.at(0.25), 200.0, "the time under the pointer")?;
    ensure!(page.evaluate::<f64>("scrollY").await? == 0.0, "the page has scrolled");
    page.wheel(Modifier::None, at, (0.0, 300.0)).await?;
    until(&page, "scrollY > 100").await?;
    ensure!(view(&page).await? == after, "the plain wheel has moved the view");
    no_errors(&page)
}

test_in_each_browser!(a_pan_holds_the_view_and_one_past_the_newest_time_is_live_again);
async fn a_pan_holds_the_view_and_one_past_the_newest_time_is_live_again(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    drag(&page, Modifier::Shift, 0.25, 0.75).await?;
    until(&page, HELD).await?;
    let before = view(&page).await?;
    ensure_near(before.span(), 60_000.0, 1.0, "the span")?;
    // Half a minute earlier than the rings reach: the server has it.
    filled(&page).await?;
    page.wheel(Modifier::Shift, place(&page, 0.5, 0.5).await?, (0.0, -100.0)).await?;
    until(&page, &format!("kymograph.stats().view.to < {}", before.to)).await?;
    drag(&page, Modifier::Shift, 0.05, 0.95).await?;
    ensure!(view(&page).await?.to < before.to - 50_000.0, "the view has not moved to earlier times");
    // The time axis pans too.
    for _ in 0..3 {
        page.drag(place(&page, 0.95, 1.08).await?, place(&page, 0.05, 1.08).await?).await?;
    }
    until(&page, LIVE).await?;
    no_errors(&page)
}

test_in_each_browser!(earlier_times_than_the_page_holds_are_drawn_and_every_sample_where_the_view_is_short);
async fn earlier_times_than_the_page_holds_are_drawn_and_every_sample_where_the_view_is_short(
    engine: Engine,
) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "?window=10").await?;
    filled(&page).await?;
    // Everything: five minutes, of which the page holds ten seconds.
    until(&page, "!document.querySelector('#overview').classList.contains('is-empty')").await?;
    page.press("Home").await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from > 299000").await?;
    filled(&page).await?;
    let whole = view(&page).await?;
    let at = place(&page, 0.5, 0.5).await?;
    while view(&page).await?.span() > 100.0 {
        page.wheel(Modifier::Control, at, (0.0, -200.0)).await?;
        until(&page, "(window.spanBefore !== (window.spanBefore = kymograph.stats().view.to))").await?;
    }
    let short = view(&page).await?;
    ensure_near(short.at(0.5), whole.at(0.5), 2_000.0, "the time under the pointer")?;
    filled(&page).await?;
    // A row every millisecond: of a series that jumps between rows, both ends are drawn. The chart of coarse buckets has few levels.
    until(&page, "/^\\d\\d:\\d\\d:\\d\\d\\.\\d{6} – /.test(document.querySelector('#range').textContent)").await?;
    picture(&page, "milliseconds").await?;
    let held: f64 = page.evaluate("kymograph.stats().bytesHeld").await?;
    ensure!(held < 64e6, "{held} bytes are held");
    no_errors(&page)
}

test_in_each_browser!(keys_move_the_view_but_not_while_a_field_has_the_focus_and_not_when_they_are_switched_off);
async fn keys_move_the_view_but_not_while_a_field_has_the_focus_and_not_when_they_are_switched_off(
    engine: Engine,
) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    let span =
        |millis: u32| format!("Math.abs(kymograph.stats().view.to - kymograph.stats().view.from - {millis}) < 1");
    filled(&page).await?;
    page.press("s").await?;
    until(&page, &span(120_000)).await?;
    page.press("+").await?;
    page.press("w").await?;
    until(&page, &span(30_000)).await?;
    page.press("a").await?;
    until(&page, HELD).await?;
    page.press("0").await?;
    until(&page, LIVE).await?;
    page.press("p").await?;
    until(&page, HELD).await?;
    page.press("End").await?;
    until(&page, LIVE).await?;
    // A key that is held down acts once.
    let repeated = "void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'p', repeat: true, bubbles: true }))";
    page.evaluate::<()>(repeated).await?;
    page.evaluate::<()>("document.querySelector('#span').focus()").await?;
    page.press("p").await?;
    ensure!(page.evaluate::<bool>(LIVE).await?, "a key was taken from a field, or acted when it was repeated");
    page.evaluate::<()>("document.activeElement.blur()").await?;
    page.press("?").await?;
    until(&page, "document.querySelector('#help').open && document.querySelectorAll('.help-keys').length > 15").await?;
    picture(&page, "help").await?;
    page.press("p").await?;
    ensure!(page.evaluate::<bool>(LIVE).await?, "a key of the page acted while a dialog was open");
    page.click("#single-keys").await?;
    until(&page, "location.search.includes('keys=off')").await?;
    page.press("Escape").await?;
    until(&page, "!document.querySelector('#help').open").await?;
    page.press("p").await?;
    ensure!(page.evaluate::<bool>(LIVE).await?, "a letter acted while letters are switched off");
    page.click("#hold").await?;
    until(&page, HELD).await?;
    page.press("End").await?;
    until(&page, LIVE).await?;
    no_errors(&page)
}

test_in_each_browser!(the_address_has_the_view_and_a_reload_shows_the_same);
async fn the_address_has_the_view_and_a_reload_shows_the_same(engine: Engine) -> Result<()> {
    let (served, browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    drag(&page, Modifier::None, 0.3, 0.6).await?;
    page.press("Enter").await?;
    until(&page, "location.search.includes('at=') && location.search.includes('window=')").await?;
    let shown = view(&page).await?;
    let address: String = page.evaluate("location.href").await?;
    let copy = live_page(&browser, &address).await?;
    until(&copy, HELD).await?;
    ensure!(view(&copy).await? == shown, "{:?}, wanted {shown:?}", view(&copy).await?);
    filled(&copy).await?;
    page.press("0").await?;
    until(&page, "!location.search.includes('at=')").await?;
    let wrong = live_page(&browser, &format!("{}?at=noon&window=30", served.url)).await?;
    until(&wrong, "document.querySelector('#notice').textContent.includes('parameter at: found \"noon\"')").await?;
    ensure!(wrong.evaluate::<bool>(LIVE).await?, "a time that cannot be read is no time");
    no_errors(&page)
}

test_in_each_browser!(the_overview_shows_the_whole_history_and_its_window_can_be_dragged);
async fn the_overview_shows_the_whole_history_and_its_window_can_be_dragged(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    until(&page, "!document.querySelector('#overview').classList.contains('is-empty')").await?;
    until(&page, "/: 5(\\.\\d+)? min$/.test(document.querySelector('#overview-start').textContent)").await?;
    let on_strip = |x: f64| {
        format!(
            "(({{ left, top, width, height }}) => [left + width * {x}, top + height / 2])(document.querySelector('#overview').getBoundingClientRect())"
        )
    };
    let strip = async |x: f64| page.evaluate::<Position>(&on_strip(x)).await;
    page.drag(strip(0.2).await?, strip(0.4).await?).await?;
    until(&page, HELD).await?;
    let drawn = view(&page).await?;
    ensure_near(drawn.span(), 60_000.0, 5_000.0, "a fifth of five minutes")?;
    filled(&page).await?;
    // The window, then its left edge by a key.
    page.drag(strip(0.3).await?, strip(0.5).await?).await?;
    until(&page, &format!("kymograph.stats().view.from > {}", drawn.from + 40_000.0)).await?;
    let moved = view(&page).await?;
    ensure_near(moved.span(), drawn.span(), 100.0, "the span of a window that was moved")?;
    page.evaluate::<()>("document.querySelector('#overview-from').focus()").await?;
    page.press("ArrowLeft").await?;
    until(&page, &format!("kymograph.stats().view.from < {}", moved.from - 1_000.0)).await?;
    picture(&page, "overview").await?;
    page.drag(strip(0.5).await?, strip(0.999).await?).await?;
    until(&page, LIVE).await?;
    no_errors(&page)
}

test_in_each_browser!(one_finger_pans_and_two_zoom);
async fn one_finger_pans_and_two_zoom(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    page.touch(&[place(&page, 0.2, 0.5).await?], &[place(&page, 0.7, 0.5).await?]).await?;
    until(&page, HELD).await?;
    let before = view(&page).await?;
    ensure_near(before.span(), 60_000.0, 1.0, "the span")?;
    let fingers = [place(&page, 0.4, 0.4).await?, place(&page, 0.6, 0.4).await?];
    let apart = [place(&page, 0.2, 0.4).await?, place(&page, 0.8, 0.4).await?];
    page.touch(&fingers, &apart).await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from < 30000").await?;
    let after = view(&page).await?;
    ensure_near(after.at(0.5), before.at(0.5), 2_000.0, "the time between the fingers")?;
    no_errors(&page)
}

test_in_each_browser!(only_the_user_moves_a_held_view);
async fn only_the_user_moves_a_held_view(engine: Engine) -> Result<()> {
    let port = free_port()?;
    let served = Served::feed_on(port, &FAST).await?;
    let browser = browser(engine).await?;
    let page = live_page(&browser, &served.url).await?;
    filled(&page).await?;
    drag(&page, Modifier::None, 0.3, 0.6).await?;
    page.press("f").await?;
    let held = view(&page).await?;
    filled(&page).await?;
    let samples: u64 = page.evaluate("kymograph.stats().samples").await?;
    until(&page, &format!("kymograph.stats().samples > {}", samples + 1_000)).await?;
    // Another size of the charts.
    page.set_viewport(Viewport { width: 900, height: 700, ..Viewport::default() }).await?;
    filled(&page).await?;
    served.kill().await?;
    until(&page, "document.documentElement.dataset.link === 'reconnecting'").await?;
    let _again = Served::feed_on(port, &FAST).await?;
    until(&page, "document.documentElement.dataset.link === 'live'").await?;
    until(&page, "kymograph.stats().samples > 1000").await?;
    ensure!(view(&page).await? == held, "{:?}, held was {held:?}", view(&page).await?);
    ensure!(page.evaluate::<bool>(HELD).await?, "the view is live");
    no_exceptions(&page)
}

/// Columns without a series in the first chart.
async fn empty(page: &Page) -> Result<u32> {
    page.evaluate(&all_empty_columns(".panel")).await
}

test_in_each_browser!(a_short_view_of_slow_series_has_the_line_between_the_rows_beside_it);
async fn a_short_view_of_slow_series_has_the_line_between_the_rows_beside_it(engine: Engine) -> Result<()> {
    let slow = ["--history", "3h", "--source", "synthetic:groups=2,series=2,hz=1,prefill=2h,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "").await?;
    until(&page, "!document.querySelector('#overview').classList.contains('is-empty')").await?;
    page.press("Home").await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from > 7000000").await?;
    let at = place(&page, 0.5, 0.5).await?;
    for limit in [60_000.0, 5_000.0, 500.0, 20.0] {
        while view(&page).await?.span() > limit {
            page.wheel(Modifier::Control, at, (0.0, -250.0)).await?;
            until(&page, "(window.before !== (window.before = kymograph.stats().view.to))").await?;
        }
        filled(&page).await?;
    }
    no_errors(&page)
}

test_in_each_browser!(a_slow_series_is_a_whole_line_where_the_server_has_only_summaries);
async fn a_slow_series_is_a_whole_line_where_the_server_has_only_summaries(engine: Engine) -> Result<()> {
    let slow = ["--history", "30s", "--source", "synthetic:groups=2,series=2,hz=0.5,prefill=30m,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "?window=20").await?;
    until(&page, "!document.querySelector('#overview').classList.contains('is-empty')").await?;
    for _ in 0..60 {
        page.press("a").await?;
    }
    until(&page, "document.querySelector('#hold-text').textContent.includes('5')").await?;
    filled(&page).await?;
    no_errors(&page)
}

test_in_each_browser!(a_held_view_gets_the_rows_of_its_times_that_arrive_later);
async fn a_held_view_gets_the_rows_of_its_times_that_arrive_later(engine: Engine) -> Result<()> {
    let slow = ["--source", "synthetic:groups=2,series=2,hz=0.5,prefill=60s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "?window=5").await?;
    // A row each two seconds: the newest is up to 40 % of the width before the right edge.
    until(&page, "kymograph.stats().samples > 100").await?;
    page.press("p").await?;
    until(&page, HELD).await?;
    filled(&page).await?;
    let shown = view(&page).await?;
    until(&page, &format!("Date.now() > {} + 3000", shown.to)).await?;
    ensure!(view(&page).await? == shown, "the view has moved");
    ensure!(empty(&page).await? < 3, "{} columns are empty", empty(&page).await?);
    no_errors(&page)
}

test_in_each_browser!(fingers_on_two_charts_zoom_as_on_one);
async fn fingers_on_two_charts_zoom_as_on_one(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    page.press("p").await?;
    until(&page, HELD).await?;
    let before = view(&page).await?;
    let (first, second) = (place(&page, 0.5, 0.4).await?, place(&page, 1.6, 0.4).await?);
    page.touch(&[first, second], &[(first.0 - 6.0, first.1), (second.0 + 6.0, second.1)]).await?;
    until(&page, &format!("kymograph.stats().view.to - kymograph.stats().view.from < {}", before.span() - 100.0))
        .await?;
    let after = view(&page).await?;
    ensure!(after.span() > before.span() * 0.9, "{} ms, {} before", after.span(), before.span());
    no_errors(&page)
}

test_in_each_browser!(enter_zooms_also_after_a_button_was_used_and_the_wheel_returns_to_the_live_view);
async fn enter_zooms_also_after_a_button_was_used_and_the_wheel_returns_to_the_live_view(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "").await?;
    filled(&page).await?;
    page.click("#times").await?;
    drag(&page, Modifier::None, 0.25, 0.75).await?;
    until(&page, HELD).await?;
    page.press("Enter").await?;
    until(&page, "kymograph.stats().view.to - kymograph.stats().view.from < 40000").await?;
    ensure!(page.evaluate::<bool>("location.search.includes('times=local')").await?, "Enter pressed the button");
    // A menu takes Escape first.
    page.press("p").await?;
    until(&page, LIVE).await?;
    page.press("p").await?;
    until(&page, HELD).await?;
    page.click(".menu-opener").await?;
    until(&page, "document.querySelector('.menu').open").await?;
    page.press("Escape").await?;
    until(&page, "!document.querySelector('.menu').open").await?;
    page.click(".menu-opener").await?;
    until(&page, "document.querySelector('.menu').open").await?;
    page.click(".brand-name").await?;
    until(&page, "!document.querySelector('.menu').open").await?;
    let at = place(&page, 0.5, 0.5).await?;
    for _ in 0..3 {
        page.wheel(Modifier::Shift, at, (0.0, -100.0)).await?;
    }
    for _ in 0..30 {
        page.wheel(Modifier::Shift, at, (0.0, 200.0)).await?;
    }
    until(&page, LIVE).await?;
    no_errors(&page)
}

test_in_each_browser!(a_view_of_a_link_that_lies_in_the_future_ends_now);
async fn a_view_of_a_link_that_lies_in_the_future_ends_now(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FAST, "?at=2099-01-01T00:00:00Z&window=20").await?;
    until(&page, &format!("{HELD} && Math.abs(kymograph.stats().view.to - Date.now()) < 60000")).await?;
    filled(&page).await?;
    no_errors(&page)
}

test_in_each_browser!(a_selected_span_has_statistics_that_can_be_copied);
async fn a_selected_span_has_statistics_that_can_be_copied(engine: Engine) -> Result<()> {
    let slow = ["--source", "synthetic:groups=2,series=3,hz=10,prefill=60s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &slow, "").await?;
    filled(&page).await?;
    drag(&page, Modifier::None, 0.25, 0.75).await?;
    until(&page, "!document.querySelector('#selection').hidden").await?;
    page.click("#selection-statistics").await?;
    until(&page, "document.querySelector('#table').open").await?;
    let heads: Vec<String> = page
        .evaluate("[...document.querySelectorAll('#table-values tr:first-child th')].map((head) => head.textContent)")
        .await?;
    ensure!(heads.len() == 13 && heads[4] == "p50", "{heads:?}");
    // The selection of the text to copy is observed: a headless browser has no clipboard to read.
    page.evaluate::<()>("document.addEventListener('copy', () => window.copied = document.activeElement.value)")
        .await?;
    page.click("#table-copy").await?;
    until(&page, "document.querySelector('#table-copied').textContent === 'Copied'").await?;
    let text: String = page.evaluate("window.copied").await?;
    let first: Vec<f64> =
        text.lines().nth(1).unwrap_or_default().split('\t').skip(1).filter_map(|number| number.parse().ok()).collect();
    let [min, mean, max, p50, _, _, first, last, change, _, count] = first[..] else { anyhow::bail!("{text}") };
    ensure!((last - first - change).abs() < 1e-9, "{text}");
    ensure!(min <= p50 && p50 <= max && min <= mean && mean <= max, "{text}");
    // Half a minute at 10 Hz.
    ensure!((295.0..=305.0).contains(&count), "{text}");
    until(&page, "document.querySelector('#table-note').textContent.startsWith('From every value')").await?;
    picture(&page, "statistics").await?;
    // Half of the values are above the median.
    page.evaluate::<()>(&format!(
        "{{ const level = document.querySelector('#table-level'); level.value = '{p50}'; \
           level.dispatchEvent(new Event('change', {{ bubbles: true }})); undefined; }}"
    ))
    .await?;
    until(&page, "/^1[3-6].* s$/.test(document.querySelector('#table-values tr:nth-child(2)').lastChild.textContent)")
        .await?;
    page.press("Escape").await?;
    until(&page, "!document.querySelector('#table').open").await?;
    no_errors(&page)
}

test_in_each_browser!(a_view_that_moves_over_many_groups_keeps_to_the_limit_of_messages);
async fn a_view_that_moves_over_many_groups_keeps_to_the_limit_of_messages(engine: Engine) -> Result<()> {
    let sources =
        ["--source", "host", "--source", "synthetic:groups=12,series=4,hz=200,prefill=60s", "--history", "20s"];
    let (_served, _browser, page) = live_feed(engine, &sources, "?window=10").await?;
    until(&page, "document.querySelectorAll('.panel').length > 30").await?;
    page.press("p").await?;
    for key in ["a", "s", "a", "s", "w", "a", "w", "w", "w", "d", "d"] {
        page.press(key).await?;
    }
    // The server closes the connection of a page that sends more than 20 messages a second for long.
    let messages: u64 = page.evaluate("kymograph.stats().messages").await?;
    until(&page, &format!("kymograph.stats().messages > {messages} + 300")).await?;
    let retries: u64 = page.evaluate("kymograph.stats().retries").await?;
    ensure!(retries == 0, "{retries} connections were closed");
    no_errors(&page)
}

test_in_each_browser!(tiles_and_transforms_show_earlier_times);
async fn tiles_and_transforms_show_earlier_times(engine: Engine) -> Result<()> {
    let source = ["--source", "synthetic:groups=2,series=3,hz=20,prefill=280s,seed=1"];
    let panels = "?window=30&show.synthetic.01=sum,stats&show.synthetic.02=mean:2s";
    let (served, browser, page) = live_feed(engine, &source, panels).await?;
    let at: String = page.evaluate("new Date(kymograph.stats().view.to - 120_000).toISOString()").await?;
    let earlier = live_page(&browser, &format!("{}{panels}&at={at}", served.url)).await?;
    // The page holds nothing of these times in its rings.
    until(&earlier, "kymograph.stats().paused").await?;
    until(&earlier, "/\\d/.test(document.querySelector('[data-group=\"synthetic.01\"] .tile-value')?.textContent)")
        .await?;
    until(&earlier, &format!("{} <= 2", all_empty_columns("[data-group=\"synthetic.02\"]"))).await?;
    picture(&earlier, "earlier-transforms").await?;
    no_errors(&earlier)
}

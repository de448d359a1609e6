//! Reading values: the line under the pointer, keys in a chart, choices in the legend.

use anyhow::{Context, Result, ensure};
use browsers::{Engine, Modifier, Page, Position, test_in_each_browser};

use super::plot::{filled, place};
use super::served::{live_feed, live_page, no_errors, picture, until};

/// Two charts of three series.
const FEW: [&str; 2] = ["--source", "synthetic:groups=2,series=3,hz=50,prefill=60s,seed=1"];

const HIDDEN: &str = "[...document.querySelectorAll('.panel')].map((panel) => \
                      [...panel.querySelectorAll('.legend-entry.is-hidden')].length).join()";

async fn middle_of(page: &Page, selector: &str) -> Result<Position> {
    page.evaluate(&format!(
        "(() => {{ const box = document.querySelector('{selector}').getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
    ))
    .await
}

test_in_each_browser!(a_click_in_the_legend_hides_a_series_and_with_shift_shows_it_alone);
async fn a_click_in_the_legend_hides_a_series_and_with_shift_shows_it_alone(engine: Engine) -> Result<()> {
    let (served, browser, page) = live_feed(engine, &FEW, "").await?;
    filled(&page).await?;
    page.click(".panel .legend-entry:nth-child(2) .legend-toggle").await?;
    until(&page, &format!("{HIDDEN} === '1,0'")).await?;
    until(&page, "document.querySelectorAll('.legend-toggle[aria-pressed=\"false\"]').length === 1").await?;
    let name: String = page.evaluate("document.querySelector('.is-hidden .legend-name').textContent").await?;
    until(&page, &format!("new URLSearchParams(location.search).get('show.synthetic.01') === 'line,hide:{name}'"))
        .await?;
    picture(&page, "hidden-series").await?;
    let query: String = page.evaluate("location.search").await?;
    let third = middle_of(&page, ".panel .legend-entry:nth-child(3) .legend-toggle").await?;
    page.drag_with(Modifier::Shift, third, third).await?;
    until(&page, &format!("{HIDDEN} === '2,0'")).await?;
    until(&page, "location.search.includes('only:')").await?;
    if engine == Engine::Chromium {
        // Firefox reports two single clicks over WebDriver BiDi.
        page.double_click(third).await?;
    } else {
        page.drag_with(Modifier::Shift, third, third).await?;
    }
    until(&page, &format!("{HIDDEN} === '0,0' && !location.search.includes('only:')")).await?;
    no_errors(&page)?;
    // The address shows the same in another page.
    let other = live_page(&browser, &format!("{}{query}", served.url)).await?;
    until(&other, &format!("{HIDDEN} === '1,0'")).await?;
    no_errors(&other)
}

test_in_each_browser!(the_line_under_the_pointer_stands_out_with_its_name_and_value);
async fn the_line_under_the_pointer_stands_out_with_its_name_and_value(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    filled(&page).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    let read = "[...document.querySelectorAll('.crosshair-reading')].map((reading) => reading.textContent).join('')";
    let mut name_before = String::new();
    for height in [0.02, 0.98] {
        let (x, y) = place(&page, 0.4, height).await?;
        page.move_mouse(x, y).await?;
        let entry = "document.querySelector('.legend-entry.is-read')";
        let name = format!("{entry}?.querySelector('.legend-name').textContent");
        let value = format!("{entry}?.querySelector('.legend-value').textContent");
        until(&page, &format!("{name} !== undefined && {name} !== {name_before:?}")).await?;
        until(&page, &format!("{read} === {name} + '  ' + {value}")).await?;
        until(&page, "document.querySelectorAll('.legend-entry.is-read').length === 1").await?;
        name_before = page.evaluate(&name).await?;
    }
    picture(&page, "nearest-line").await?;
    page.move_mouse(2.0, 2.0).await?;
    until(&page, &format!("{read} === '' && document.querySelector('.legend-entry.is-read') === null")).await?;
    no_errors(&page)
}

test_in_each_browser!(a_chart_is_one_tab_stop_and_keys_read_its_values);
async fn a_chart_is_one_tab_stop_and_keys_read_its_values(engine: Engine) -> Result<()> {
    let (_served, _browser, page) = live_feed(engine, &FEW, "").await?;
    filled(&page).await?;
    page.press("p").await?;
    until(&page, "kymograph.stats().paused").await?;
    page.evaluate::<()>("void document.querySelector('#redo').focus()").await?;
    for stop in 0.. {
        ensure!(stop < 12, "no chart has got the focus");
        page.press("Tab").await?;
        if page.evaluate("document.activeElement.matches('.plot')").await? {
            break;
        }
    }
    let name =
        "document.activeElement.role + document.activeElement.ariaRoleDescription + document.activeElement.ariaLabel";
    ensure!(page.evaluate::<String>(name).await? == "groupchartSynthetic 01", "the chart has another name");
    let text = "document.querySelector('#reading').textContent";
    let read = async |key: &str, before: &str| -> Result<String> {
        page.press(key).await?;
        until(&page, &format!("{text} !== '' && {text} !== {before:?}")).await.context(key.to_owned())?;
        page.evaluate(text).await
    };
    let mut seen = vec![read("End", "").await?];
    for key in ["Home", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"] {
        seen.push(read(key, seen.last().map_or("", String::as_str)).await?);
    }
    // Name, value, time.
    let names: Vec<&str> = seen.iter().filter_map(|text| text.split("  ").next()).collect();
    ensure!(names[2] == names[1] && names[3] != names[2] && names[4] == names[2], "{seen:?}");
    ensure!(seen[1] == seen[5] && seen[2] == seen[4], "the same place reads the same: {seen:?}");
    ensure!(seen[0].matches(':').count() == 2, "the time of day: {}", seen[0]);
    ensure!(page.evaluate::<bool>("kymograph.stats().paused").await?, "keys in a chart do not move the view");
    picture(&page, "keys-in-a-chart").await?;
    // A pointer does not speak.
    page.evaluate::<()>(
        "window.spoken = 0; \
         new MutationObserver(() => window.spoken += 1).observe(document.querySelector('#reading'), { childList: true, characterData: true, subtree: true })",
    )
    .await?;
    page.press("Escape").await?;
    until(&page, &format!("{text} === '' && window.spoken === 1")).await?;
    for x in [0.2, 0.5, 0.8] {
        let (x, y) = place(&page, x, 0.5).await?;
        page.move_mouse(x, y).await?;
        until(&page, "document.querySelector('.legend-entry.is-read') !== null").await?;
    }
    ensure!(page.evaluate::<u32>("window.spoken").await? == 1, "the pointer has changed the spoken text");
    no_errors(&page)
}

test_in_each_browser!(an_open_legend_is_filtered_and_ordered);
async fn an_open_legend_is_filtered_and_ordered(engine: Engine) -> Result<()> {
    let many = ["--source", "synthetic:groups=1,series=30,hz=20,prefill=20s,seed=1"];
    let (_served, _browser, page) = live_feed(engine, &many, "?show.synthetic.01=line,sort:name").await?;
    let names = "[...document.querySelectorAll('.legend-name')].map((name) => name.textContent)";
    page.click(".legend-opener").await?;
    until(&page, &format!("{names}.length === 30")).await?;
    let sorted = format!(
        "JSON.stringify({names}) === JSON.stringify([...{names}].sort(new Intl.Collator('en', {{ numeric: true }}).compare))"
    );
    until(&page, &sorted).await?;
    let some: String = page.evaluate(&format!("{names}[17]")).await?;
    page.evaluate::<()>(&format!("void (document.querySelector('.legend-filter').value = '{some}')")).await?;
    until(&page, &format!("{names}.length < 10 && {names}.every((name) => name.includes('{some}'))")).await?;
    page.evaluate::<()>("void (document.querySelector('.legend-filter').value = '')").await?;
    until(&page, &format!("{names}.length === 30")).await?;
    // A letter in the field is not a key of the page.
    page.evaluate::<()>("void document.querySelector('.legend-filter').focus()").await?;
    for key in ["p", "u", "t"] {
        page.press(key).await?;
    }
    until(&page, "document.querySelector('.legend-filter').value === 'put'").await?;
    ensure!(!page.evaluate::<bool>("kymograph.stats().paused").await?, "a letter held the view");
    ensure!(!page.evaluate::<bool>("location.search.includes('times')").await?, "a letter changed the times");
    no_errors(&page)
}

/// In Chromium only: Firefox on a desktop has no touch.
#[tokio::test(flavor = "multi_thread")]
async fn a_tap_reads_the_values_at_a_time() -> Result<()> {
    let (_served, _browser, page) = live_feed(Engine::Chromium, &FEW, "").await?;
    filled(&page).await?;
    let at = place(&page, 0.4, 0.5).await?;
    page.touch(&[at], &[at]).await?;
    until(&page, "document.querySelector('.legend-entry.is-read') !== null").await?;
    until(&page, "document.querySelectorAll('.crosshair:not([hidden])').length === 2").await?;
    ensure!(!page.evaluate::<bool>("kymograph.stats().paused").await?, "a tap holds the view");
    no_errors(&page)
}

test_in_each_browser!(live_regions_are_silent_while_values_arrive);
async fn live_regions_are_silent_while_values_arrive(engine: Engine) -> Result<()> {
    let (_served, _browser, page) =
        live_feed(engine, &["--source", "synthetic:groups=2,series=3,hz=50,prefill=60s,seed=1"], "").await?;
    filled(&page).await?;
    until(&page, "document.querySelector('#link-said').textContent === 'live'").await?;
    page.evaluate::<()>(
        "{
            window.said = [];
            const watch = new MutationObserver((changes) => window.said.push(...changes.map(({ target }) => target.textContent)));
            for (const region of document.querySelectorAll('[role=status], [role=alert], [aria-live], output'))
                watch.observe(region, { childList: true, characterData: true, subtree: true, attributes: true });
            window.before = kymograph.stats().samples;
            undefined;
        }",
    )
    .await?;
    until(&page, "kymograph.stats().samples > window.before + 1500").await?;
    let said: Vec<String> = page.evaluate("window.said").await?;
    ensure!(said.is_empty(), "{said:?}");
    no_errors(&page)
}

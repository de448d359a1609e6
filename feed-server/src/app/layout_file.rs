//! A layout of the page in a TOML file: rows of panels.
//!
//! ```toml
//! [[row]]
//! title = "Storage"           # without a title, the row is always open, and cannot be collapsed
//! collapsed = false
//!
//! [[row.panel]]
//! series = "disk.io{device=sda}" # a selector (docs/PROTOCOL.md)
//! kind = "area"               # line (default), area, bars, heatmap, sparklines, gauges, stats
//! transform = "rate"          # rate, diff, sum, avg, min, max, buckets, mean:5s, p99:10s ...
//! title = "Disk sda"
//! unit = "By/s"               # in UCUM
//! range = [0, 1e9]            # of the value axis
//! log = false
//! size = "wide"               # normal (default), wide, tile
//! hide = ["sda read"]         # series that the legend shows as hidden; or only = [...]
//! sort = "max"                # of the legend: automatic (default), name, value, max
//! ```
//!
//! The page gets it as lines: `row`, a tab, `open` or `collapsed`, a tab, the title; and after each row its panels: `panel`, a tab, the
//! selector, a tab, the settings as the page's address has them.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use series::{Selector, Transform};
use toml::Spanned;

use crate::app::config::ConfigError;
use crate::app::setting::line_at;
use crate::bounded_file;
use crate::ingest::config::plain;

/// More panels make the page slow.
const MAX_PANELS: usize = 2_000;

const KINDS: [&str; 7] = ["line", "area", "bars", "heatmap", "sparklines", "gauges", "stats"];
const SIZES: [&str; 3] = ["normal", "wide", "tile"];
const ORDERS: [&str; 4] = ["automatic", "name", "value", "max"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "row")]
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: Option<Spanned<String>>,
    #[serde(default = "not_collapsed")]
    collapsed: Spanned<bool>,
    #[serde(default, rename = "panel")]
    panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Panel {
    series: Spanned<String>,
    kind: Option<Spanned<String>>,
    transform: Option<Spanned<String>>,
    title: Option<Spanned<String>>,
    unit: Option<Spanned<String>>,
    range: Option<Spanned<[f64; 2]>>,
    #[serde(default)]
    log: bool,
    size: Option<Spanned<String>>,
    #[serde(default)]
    hide: Vec<Spanned<String>>,
    only: Option<Spanned<Vec<Spanned<String>>>>,
    sort: Option<Spanned<String>>,
}

fn not_collapsed() -> Spanned<bool> {
    Spanned::new(0..0, false)
}

/// A value that is refused, and its byte in the file.
struct Refused {
    at: usize,
    message: String,
}

fn refused<T>(value: &Spanned<T>, message: impl Into<String>) -> Refused {
    Refused { at: value.span().start, message: message.into() }
}

/// Reads a file, as the lines that the page gets.
///
/// # Errors
/// If the file cannot be read or is invalid; the text names the line.
#[expect(clippy::disallowed_methods, reason = "at start")]
pub fn read(path: &Path) -> Result<Arc<str>, ConfigError> {
    let name = path.display().to_string();
    match bounded_file::read_text(path) {
        Ok(text) => parse(&name, &text).map(Into::into),
        Err(error) => Err(ConfigError::Unreadable { path: name, error }),
    }
}

/// The lines for the page of `text`, the contents of the file `path`.
///
/// # Errors
/// If the layout is invalid.
pub fn parse(path: &str, text: &str) -> Result<String, ConfigError> {
    let invalid =
        |at: usize, message: String| ConfigError::Invalid { path: path.to_owned(), line: line_at(text, at), message };
    let file: File = toml::from_str(text)
        .map_err(|error| invalid(error.span().map_or(0, |span| span.start), plain(error.message())))?;
    let panels: usize = file.rows.iter().map(|row| row.panels.len()).sum();
    if !(1..=MAX_PANELS).contains(&panels) {
        return Err(invalid(0, format!("a layout must have 1 to {MAX_PANELS} panels, found {panels}")));
    }
    let mut lines = String::new();
    for row in &file.rows {
        lines += &row.line().map_err(|Refused { at, message }| invalid(at, message))?;
        for panel in &row.panels {
            lines += &panel.line().map_err(|Refused { at, message }| invalid(at, message))?;
        }
    }
    Ok(lines)
}

impl Row {
    fn line(&self) -> Result<String, Refused> {
        let title = self.title.as_ref().map(|title| plain_text("title", title)).transpose()?.unwrap_or_default();
        let is_collapsed = *self.collapsed.get_ref();
        if is_collapsed && title.is_empty() {
            return Err(refused(&self.collapsed, "a row that is collapsed needs a title, by which it is opened"));
        }
        let state = if is_collapsed { "collapsed" } else { "open" };
        Ok(format!("row\t{state}\t{title}\n"))
    }
}

impl Panel {
    fn line(&self) -> Result<String, Refused> {
        let selector: Selector =
            self.series.get_ref().parse().map_err(|error| refused(&self.series, format!("series: {error}")))?;
        let mut words = vec![one_of(self.kind.as_ref(), "kind", &KINDS)?.unwrap_or("line").to_owned()];
        if let Some(transform) = &self.transform {
            let parsed: Transform =
                transform.get_ref().parse().map_err(|error| refused(transform, format!("transform: {error}")))?;
            words.push(parsed.to_string());
        }
        if self.log {
            words.push("log".to_owned());
        }
        if let Some(range) = &self.range {
            let &[low, high] = range.get_ref();
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(refused(
                    range,
                    format!("range must be two numbers, the lower first, found [{low}, {high}]"),
                ));
            }
            words.push(format!("{low}..{high}"));
        }
        for (name, text) in [("unit", &self.unit), ("title", &self.title)] {
            if let Some(text) = text {
                words.push(format!("{name}:{}", escaped(plain_text(name, text)?)));
            }
        }
        match one_of(self.size.as_ref(), "size", &SIZES)? {
            Some("normal") | None => {}
            Some(size) => words.push(size.to_owned()),
        }
        if let (Some(only), false) = (&self.only, self.hide.is_empty()) {
            return Err(refused(only, "a panel has `hide` or `only`, not both"));
        }
        for name in &self.hide {
            words.push(format!("hide:{}", escaped(plain_text("hide", name)?)));
        }
        for name in self.only.iter().flat_map(Spanned::get_ref) {
            words.push(format!("only:{}", escaped(plain_text("only", name)?)));
        }
        match one_of(self.sort.as_ref(), "sort", &ORDERS)? {
            Some("automatic") | None => {}
            Some(order) => words.push(format!("sort:{order}")),
        }
        Ok(format!("panel\t{selector}\t{}\n", words.join(",")))
    }
}

/// A text without characters that would end a line or a field.
fn plain_text<'a>(setting: &str, text: &'a Spanned<String>) -> Result<&'a str, Refused> {
    let found = text.get_ref();
    if found.contains(char::is_control) {
        return Err(refused(text, format!("{setting} must have no control characters, found {found:?}")));
    }
    Ok(found)
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2C")
}

fn one_of<'a>(found: Option<&'a Spanned<String>>, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, Refused> {
    let Some(found) = found else { return Ok(None) };
    let text = found.get_ref().as_str();
    if allowed.contains(&text) {
        return Ok(Some(text));
    }
    Err(refused(found, format!("{name} must be one of {}, found {text:?}", allowed.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse("layout.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn rows_and_panels_become_lines() {
        let text = "[[row]]\ntitle = \"Storage\"\ncollapsed = true\n[[row.panel]]\nseries = \"disk.io{device=sda}\"\nkind = \"area\"\n\
                    transform = \"rate\"\ntitle = \"a, 100 %\"\nunit = \"By/s\"\nrange = [0, 1.5]\nlog = true\nsize = \"wide\"\n\
                    hide = [\"x\", \"y\"]\nsort = \"max\"\n[[row]]\n[[row.panel]]\nseries = \"cpu\"\n";
        let lines = "row\tcollapsed\tStorage\n\
                     panel\tdisk.io{device=sda}\tarea,rate,log,0..1.5,unit:By/s,title:a%2C 100 %25,wide,hide:x,hide:y,sort:max\n\
                     row\topen\t\npanel\tcpu\tline\n";
        assert_eq!(parse("layout.toml", text).expect("valid"), lines);
    }

    #[test]
    fn an_error_names_the_line_what_was_found_and_what_is_allowed() {
        let panel = |lines: &str| refusal(&format!("[[row]]\n[[row.panel]]\nseries = \"cpu\"\n{lines}\n"));
        assert_eq!(
            panel("kind = \"pie\""),
            "layout.toml:4: kind must be one of line, area, bars, heatmap, sparklines, gauges, stats, found \"pie\""
        );
        assert!(panel("widht = 3").starts_with("layout.toml:4: unknown setting `widht`, expected one of `series`, "));
        assert_eq!(
            panel("\nrange = [5, 1]"),
            "layout.toml:5: range must be two numbers, the lower first, found [5, 1]"
        );
        assert!(panel("transform = \"median\"").starts_with("layout.toml:4: transform: unknown transform \"median\""));
        assert_eq!(panel("hide = [\"a\"]\nonly = [\"b\"]"), "layout.toml:5: a panel has `hide` or `only`, not both");
        assert_eq!(panel("title = \"a\\tb\""), "layout.toml:4: title must have no control characters, found \"a\\tb\"");
        assert!(
            refusal("[[row]]\n[[row.panel]]\nseries = \"a b c\"\n").starts_with("layout.toml:3: series: selector, ")
        );
        assert!(
            refusal("[[row]]\n[[row.panel]]\nkind = \"line\"\n").starts_with("layout.toml:2: missing setting `series`")
        );
        assert_eq!(refusal("[[row]]\ntitle = \"x\"\n"), "layout.toml:1: a layout must have 1 to 2000 panels, found 0");
        assert_eq!(
            refusal("[[row]]\ncollapsed = true\n[[row.panel]]\nseries = \"cpu\"\n"),
            "layout.toml:2: a row that is collapsed needs a title, by which it is opened"
        );
        assert!(refusal("row = 1").starts_with("layout.toml:1: "));
    }
}

//! Tables in Markdown, and targets beside measured figures.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A table whose columns, except the first, are right-aligned.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule = format!("| --- |{}\n", " --: |".repeat(head.len() - 1));
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(&head))
}

/// Writes the tables of a part, such as `wall/beside`, to a file of cargo's target folder, from which `summary` copies them into
/// `docs/BENCHMARKS.md`.
///
/// # Errors
/// If the file cannot be written.
pub fn keep(target_folder: &Path, part: &str, tables: &str) -> Result<()> {
    let file = target_folder.join(part).with_extension("md");
    fs::create_dir_all(file.parent().context("the file of the tables has no folder")?)?;
    fs::write(&file, tables).with_context(|| format!("cannot write {}", file.display()))
}

/// Formats about three digits, or `-` if the value is not finite.
pub fn figure(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "-".to_owned(),
        0.0 => "0".to_owned(),
        ..1.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

pub fn times(value: f64) -> String {
    if value.is_finite() { format!("{value:.2} x") } else { "-".to_owned() }
}

/// A target and its measured figure.
#[derive(Clone, Debug)]
pub struct Target {
    pub what: String,
    pub bound: Bound,
    pub measured: f64,
    pub unit: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub fn at_most(limit: f64, unit: &'static str, what: impl Into<String>, measured: f64) -> Self {
        Self { what: what.into(), bound: Bound::AtMost(limit), measured, unit }
    }

    pub fn at_least(limit: f64, unit: &'static str, what: impl Into<String>, measured: f64) -> Self {
        Self { what: what.into(), bound: Bound::AtLeast(limit), measured, unit }
    }

    /// The display's rate, with a tolerance of a display frame at either end of measuring.
    pub fn full_rate(what: impl Into<String>, fps: f64) -> Self {
        Self::at_least(59.5, "fps", what, fps)
    }

    fn verdict(&self) -> String {
        let (met, limit) = match self.bound {
            Bound::AtMost(limit) => (self.measured <= limit, limit),
            Bound::AtLeast(limit) => (self.measured >= limit, limit),
        };
        match met {
            _ if !self.measured.is_finite() => "not measured".to_owned(),
            true => "met".to_owned(),
            false if limit == 0.0 => "missed".to_owned(),
            false => format!("missed by {:.0} %", 100.0 * (self.measured / limit - 1.0).abs()),
        }
    }
}

/// A table of targets; nothing if there are none.
pub fn targets(targets: &[Target]) -> String {
    if targets.is_empty() {
        return String::new();
    }
    let row = |target: &Target| {
        let Target { what, bound, measured, unit } = target;
        let limit = match bound {
            Bound::AtMost(limit) => format!("at most {} {unit}", figure(*limit)),
            Bound::AtLeast(limit) => format!("at least {} {unit}", figure(*limit)),
        };
        vec![what.clone(), limit, format!("{} {unit}", figure(*measured)), target.verdict()]
    };
    table(&["target", "", "measured", ""], &targets.iter().map(row).collect::<Vec<_>>())
}

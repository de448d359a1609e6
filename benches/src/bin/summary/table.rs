//! Markdown tables.

/// A table whose columns, except the first, are right-aligned.
pub(crate) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let mut text = line(head);
    text.push_str("| --- |");
    text.push_str(&" --: |".repeat(head.len() - 1));
    text.push('\n');
    text.extend(rows.iter().map(|row| line(row)));
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

pub(crate) const NOTHING: &str = "-";

/// Formats about three digits.
pub(crate) fn figure(value: Option<f64>) -> String {
    let Some(value) = value else { return NOTHING.into() };
    match value {
        ..1.0 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

pub(crate) fn times(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.into(), |value| format!("{} x", figure(Some(value))))
}

/// Returns `None` if a figure is missing.
pub(crate) fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}

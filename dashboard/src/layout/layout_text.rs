//! The text form of a layout: a line for each row and each panel, with tabs between fields. A server sends it, and an address may have it.
//!
//! ```text
//! row     open|collapsed  TITLE
//! panel   SELECTOR        SETTINGS
//! ```
//! The settings are those of [`PanelSpec::parse`]. A panel belongs to the row before it.

use thiserror::Error;

use super::panel_spec::PanelSpec;
use super::panel_text::ParsePanelError;
use super::rows::{Layout, LayoutRow, RowState};

/// A line is not a row or a panel. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseLayoutError {
    #[error(
        "line {line}: found {found:?}, allowed: row, a tab, open or collapsed, a tab, TITLE; or panel, a tab, SELECTOR, a tab, SETTINGS"
    )]
    Line { line: usize, found: String },
    #[error("line {line}: {error}")]
    Panel { line: usize, error: ParsePanelError },
    #[error("found no panel, allowed: at least one")]
    Empty,
}

impl Layout {
    /// Parses the lines of a layout.
    ///
    /// # Errors
    /// If a line is no row and no panel, or there is no panel; the error names the line.
    pub fn parse(text: &str) -> Result<Self, ParseLayoutError> {
        let mut rows: Vec<LayoutRow> = Vec::new();
        for (place, found) in text.lines().enumerate() {
            let line = place + 1;
            let mut fields = found.splitn(3, '\t');
            match [fields.next(), fields.next(), fields.next()] {
                [Some("row"), Some("open"), title] => {
                    rows.push(LayoutRow::of(title.unwrap_or(""), RowState::Open, vec![]));
                }
                // Without a title, nothing would open it.
                [Some("row"), Some("collapsed"), Some(title)] if !title.is_empty() => {
                    rows.push(LayoutRow::of(title, RowState::Collapsed, vec![]));
                }
                [Some("panel"), Some(selector), Some(settings)] => {
                    let panel = PanelSpec::parse(selector, settings)
                        .map_err(|error| ParseLayoutError::Panel { line, error })?;
                    match rows.last_mut() {
                        Some(row) => row.panels.push(panel),
                        None => rows.push(LayoutRow::of("", RowState::Open, vec![panel])),
                    }
                }
                _ => return Err(ParseLayoutError::Line { line, found: found.to_owned() }),
            }
        }
        if rows.iter().all(|row| row.panels.is_empty()) { Err(ParseLayoutError::Empty) } else { Ok(Self { rows }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Kind;
    use crate::layout::Size;

    #[test]
    fn rows_have_the_panels_after_them() {
        let layout =
            Layout::parse("panel\tcpu\tline\nrow\tcollapsed\tA\tB\npanel\tdisk\tarea,wide\npanel\tnet\tline\n");
        let layout = layout.expect("valid");
        let rows: Vec<_> = layout.rows.iter().map(|row| (row.title.as_str(), row.state, row.panels.len())).collect();
        assert_eq!(rows, [("", RowState::Open, 1), ("A\tB", RowState::Collapsed, 2)]);
        assert_eq!((layout.rows[1].panels[0].kind, layout.rows[1].panels[0].size), (Kind::Area, Size::Wide));
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let error = |text: &str| Layout::parse(text).expect_err("refused").to_string();
        assert!(
            error("row\topen\tA\ntile\tcpu\tline").starts_with("line 2: found \"tile\\tcpu\\tline\", allowed: row")
        );
        assert!(error("row\tcollapsed\t\npanel\tcpu\tline").starts_with("line 1: found"));
        assert!(error("row\tshut\tA").starts_with("line 1: found"));
        assert!(error("panel\tcpu\tpie").starts_with("line 1: found \"pie\", allowed: a kind of chart"));
        assert_eq!(error("row\topen\tA\n"), "found no panel, allowed: at least one");
    }
}

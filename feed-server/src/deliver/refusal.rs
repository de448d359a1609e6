//! The refusal of a request.

use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{RefusalCode, Selection};

use crate::stream::selected_by::SelectedBy;

/// Bytes of the text of a selector. In memory, it takes up to 32 times as many.
pub const MAX_SELECTOR_BYTES: usize = 4 << 10;

#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: RefusalCode,
    /// The reason in words.
    pub text: String,
}

/// Reads the selection of a request. Returns it with its bytes.
///
/// # Errors
/// If it is not a selector, or too long.
pub fn read_selection(selection: Selection<'_>) -> Result<(SelectedBy, usize), Refusal> {
    const { assert!(MAX_SELECTOR_BYTES < MAX_MESSAGE_BYTES, "a longer one can be refused") };
    Ok(match selection {
        Selection::Selector(text) if text.len() > MAX_SELECTOR_BYTES => {
            let found = text.len();
            let text = format!("a selector must have at most {MAX_SELECTOR_BYTES} bytes, found {found}");
            return Err(Refusal { code: RefusalCode::TOO_LARGE, text });
        }
        Selection::Selector(text) => match text.parse() {
            Ok(selector) => (SelectedBy::Selector(selector), text.len()),
            Err(error) => {
                return Err(Refusal { code: RefusalCode::MALFORMED_SELECTOR, text: format!("{error}") });
            }
        },
        Selection::Series(series) => {
            let ids: Vec<_> = series.iter().collect();
            let bytes = size_of_val(ids.as_slice());
            (SelectedBy::Ids(ids), bytes)
        }
        Selection::Groups(groups) => {
            let ids: Vec<_> = groups.iter().collect();
            let bytes = size_of_val(ids.as_slice());
            (SelectedBy::Groups(ids), bytes)
        }
    })
}

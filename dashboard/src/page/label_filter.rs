//! Shows only the series of the page that have some labels, such as `device=sda` or `host=web*,env!=test`.

use series::Selector;
use series::selector::ParseSelectorError;

use crate::chart::Shown;
use crate::store::{Group, selects};

/// A condition on the labels of series: the part of a selector between its braces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LabelFilter {
    text: String,
    selector: Selector,
}

impl LabelFilter {
    /// Parses the part of a selector between its braces.
    ///
    /// # Errors
    /// [`ParseSelectorError`]; its position is that in a selector with the text.
    pub(super) fn parse(text: &str) -> Result<Self, ParseSelectorError> {
        let selector = format!("*{{{text}}}").parse()?;
        Ok(Self { text: text.to_owned(), selector })
    }

    /// The text of a filter for one label.
    pub(super) fn text_of(key: &str, value: &str) -> String {
        let quoted = |text: &str| {
            let is_bare = |c: char| c.is_alphanumeric() || "_.-:".contains(c);
            if !text.is_empty() && text.chars().all(is_bare) {
                return text.to_owned();
            }
            let escaped: String =
                text.chars().flat_map(|c| "\"\\*".contains(c).then_some('\\').into_iter().chain([c])).collect();
            format!("\"{escaped}\"")
        };
        format!("{}={}", quoted(key), quoted(value))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The series of a group that it shows.
    pub(super) fn shown_of(&self, group: &Group) -> Shown {
        let places = (0..group.series().len()).filter(|&place| selects(&self.selector, group, place));
        Shown::only(places.map(|place| group.series()[place].name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_quoted_where_a_selector_needs_it() {
        for (key, value, text) in [("device", "sda", "device=sda"), ("path", "/a \"b\"*", "path=\"/a \\\"b\\\"\\*\"")] {
            assert_eq!(LabelFilter::text_of(key, value), text);
            let selector = LabelFilter::parse(text).expect("well formed").selector;
            assert!(selector.matches("any", "name", [(key, value)]), "{text}");
            assert!(!selector.matches("any", "name", [(key, "other")]), "{text}");
        }
        assert!(LabelFilter::parse("sda").is_err() && LabelFilter::parse("a=b}").is_err());
    }
}

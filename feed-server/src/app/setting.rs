//! A setting whose value is refused, and its line in the file.

use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Refuses the value of a setting. The text names the setting, the value found, and the values allowed.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Refusal {
    pub place: Place,
    pub message: String,
}

/// A setting at the top level of the configuration, or an item of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub setting: &'static str,
    pub item: Option<usize>,
}

impl Place {
    pub const fn of(setting: &'static str) -> Self {
        Self { setting, item: None }
    }

    pub const fn item(setting: &'static str, item: usize) -> Self {
        Self { setting, item: Some(item) }
    }

    pub fn refused(self, message: impl Into<String>) -> Refusal {
        Refusal { place: self, message: message.into() }
    }

    /// The line of this setting, counted from 1; `None` if `text` does not have it.
    pub fn line(self, text: &str) -> Option<usize> {
        let table = DeTable::parse(text).ok()?;
        let (key, value) = table.get_ref().iter().find(|(key, _)| key.get_ref() == self.setting)?;
        let item = match (value.get_ref(), self.item) {
            (DeValue::Array(list), Some(item)) => list.get(item).map(Spanned::span),
            _ => None,
        };
        Some(line_at(text, item.unwrap_or_else(|| key.span()).start))
    }
}

/// The line of a byte, counted from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    1 + text[..text.floor_char_boundary(byte)].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_setting_and_of_an_item_is_found() {
        let text = "listen = \"a\"\n\nhosts = [\n  \"a\",\n  \"b\",\n]\n[[source]]\nkind = 1\n[[source]]\nkind = 2\n";
        assert_eq!(Place::of("listen").line(text), Some(1));
        assert_eq!(Place::of("hosts").line(text), Some(3));
        assert_eq!(Place::item("hosts", 1).line(text), Some(5));
        assert_eq!(Place::item("source", 1).line(text), Some(9));
        assert_eq!(Place::of("history").line(text), None);
    }
}

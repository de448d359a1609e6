//! Which series of a group the user shows and hides.

use crate::store::sorted;

/// A choice among the series of a group, by name. The names are in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    #[default]
    All,
    /// All but these. The list is not empty.
    Except(Vec<String>),
    Only(Vec<String>),
}

impl Shown {
    /// Those with these names.
    pub fn only(names: impl Iterator<Item = String>) -> Self {
        let mut names = sorted(names.collect());
        names.dedup();
        Self::Only(names)
    }

    /// All but those with these names.
    pub fn except(names: impl Iterator<Item = String>) -> Self {
        match Self::only(names) {
            Self::Only(names) if !names.is_empty() => Self::Except(names),
            _ => Self::All,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        match self {
            Self::All => true,
            Self::Except(hidden) => !is_in(hidden),
            Self::Only(shown) => is_in(shown),
        }
    }

    /// Those that both show.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one.clone(),
            (Self::Only(names), other) | (other, Self::Only(names)) => {
                Self::Only(names.iter().filter(|name| other.has(name)).cloned().collect())
            }
            (Self::Except(one), Self::Except(other)) => Self::except(one.iter().chain(other).cloned()),
        }
    }

    /// Hides a series that is shown, or shows one that is hidden.
    pub fn toggle(&mut self, name: &str) {
        match self {
            Self::All => *self = Self::Except(vec![name.to_owned()]),
            Self::Except(names) | Self::Only(names) => match names.binary_search_by(|known| known.as_str().cmp(name)) {
                Ok(place) => drop(names.remove(place)),
                Err(place) => names.insert(place, name.to_owned()),
            },
        }
        if matches!(self, Self::Except(names) if names.is_empty()) {
            *self = Self::All;
        }
    }

    /// Shows one series alone, or all again if it is alone.
    pub fn show_alone(&mut self, name: &str) {
        let alone = Self::Only(vec![name.to_owned()]);
        *self = if *self == alone { Self::All } else { alone };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_hidden_and_shown_again() {
        let mut shown = Shown::All;
        shown.toggle("a");
        shown.toggle("b");
        assert_eq!((shown.has("a"), shown.has("b"), shown.has("c")), (false, false, true));
        shown.toggle("a");
        shown.toggle("b");
        assert_eq!(shown, Shown::All);
    }

    #[test]
    fn one_series_is_shown_alone_others_are_added_and_all_come_back() {
        let mut shown = Shown::Except(vec!["a".to_owned()]);
        shown.show_alone("a");
        assert_eq!((shown.has("a"), shown.has("b")), (true, false));
        shown.toggle("b");
        assert_eq!((shown.has("a"), shown.has("b"), shown.has("c")), (true, true, false));
        shown.toggle("b");
        shown.show_alone("a");
        assert_eq!(shown, Shown::All);
    }

    #[test]
    fn all_series_may_be_hidden() {
        let mut shown = Shown::Only(vec!["a".to_owned()]);
        shown.toggle("a");
        assert_eq!((shown.has("a"), &shown), (false, &Shown::Only(Vec::new())));
    }

    #[test]
    fn two_choices_together_show_the_series_that_both_show() {
        let names = ["a", "b", "c", "d"];
        let of = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let choices = [
            Shown::All,
            Shown::only(of(&["c", "a", "c"]).into_iter()),
            Shown::except(of(&["b", "a"]).into_iter()),
            Shown::except(std::iter::empty()),
            Shown::Only(Vec::new()),
        ];
        for one in &choices {
            for other in &choices {
                for name in names {
                    assert_eq!(
                        one.and(other).has(name),
                        one.has(name) && other.has(name),
                        "{name}: {one:?}, {other:?}"
                    );
                }
            }
        }
        assert_eq!(choices[3], Shown::All);
    }
}

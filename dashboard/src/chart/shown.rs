//! Which series of its group a chart shows, as the user has chosen.

/// A choice among the series of a group, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    #[default]
    All,
    /// All but these. The list is not empty.
    Except(Vec<String>),
    Only(Vec<String>),
}

impl Shown {
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Except(hidden) => !hidden.iter().any(|hidden| hidden == name),
            Self::Only(shown) => shown.iter().any(|shown| shown == name),
        }
    }

    /// Hides a series that is shown, or shows one that is hidden.
    pub fn toggle(&mut self, name: &str) {
        match self {
            Self::All => *self = Self::Except(vec![name.to_owned()]),
            Self::Except(names) | Self::Only(names) => match names.iter().position(|known| known == name) {
                Some(place) => drop(names.remove(place)),
                None => names.push(name.to_owned()),
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
}

//! The labels that all series of a sender have with the same value, such as its external labels: names for display leave them out.

use std::collections::HashMap;

/// More names of labels are not followed.
const MAX_NAMES: usize = 1_000;
/// Longer values are always shown.
const MAX_BYTES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct ConstantLabels(HashMap<String, Values>);

#[derive(Debug)]
enum Values {
    /// All series so far have this one.
    One(String),
    Several,
}

impl ConstantLabels {
    /// Takes the labels of a series. Returns true if a label that had one value now has several: names that left it out are too short.
    pub(super) fn take(&mut self, labels: &[(String, String)]) -> bool {
        let mut has_changed = false;
        let has_room = self.0.len() < MAX_NAMES;
        for (name, value) in labels {
            match self.0.get_mut(name) {
                Some(Values::One(one)) if one == value => {}
                Some(values @ Values::One(_)) => {
                    *values = Values::Several;
                    has_changed = true;
                }
                None if has_room && value.len() <= MAX_BYTES => {
                    self.0.insert(name.clone(), Values::One(value.clone()));
                }
                Some(Values::Several) | None => {}
            }
        }
        has_changed
    }

    /// The values of the labels that tell series from each other.
    pub(super) fn shown(&self, labels: &[(String, String)]) -> String {
        let is_shown = |name: &String| !matches!(self.0.get(name), Some(Values::One(_)));
        let shown = labels.iter().filter(|(name, _)| is_shown(name));
        shown.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_left_out_as_long_as_it_has_one_value() {
        let labels = |texts: &[(&str, &str)]| -> Vec<(String, String)> {
            texts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let mut constant = ConstantLabels::default();
        let idle = labels(&[("instance", "a:1"), ("mode", "idle")]);
        assert!(!constant.take(&idle));
        assert_eq!(constant.shown(&idle), "");
        let user = labels(&[("instance", "a:1"), ("mode", "user")]);
        assert!(constant.take(&user), "the name of the first is too short now");
        assert_eq!((constant.shown(&idle), constant.shown(&user)), ("idle".to_owned(), "user".to_owned()));
        assert!(!constant.take(&user));
        assert!(constant.take(&labels(&[("instance", "b:1")])));
        assert_eq!(constant.shown(&idle), "a:1 idle");
    }
}

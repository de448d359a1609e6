//! The parts of a selector, and their matching.

use std::fmt;

use super::pattern::{Pattern, is_equal};

/// A set of series; see the [module](super) for text form and meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// At least one term; a series that matches any of them is selected.
    pub(super) terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) group: Pattern,
    pub(super) name: Option<Pattern>,
    pub(super) matchers: Vec<LabelMatcher>,
    pub(super) other_labels: OtherLabels,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LabelMatcher {
    pub(super) key: String,
    pub(super) operator: Operator,
    pub(super) value: Pattern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
}

/// Labels that no `=` matcher names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherLabels {
    Allowed,
    /// The label list begins with `only`.
    Refused,
}

impl Selector {
    /// The number of patterns that are compared with a series at most.
    pub fn size(&self) -> usize {
        self.terms.iter().map(|term| 2 + term.matchers.len()).sum()
    }

    /// Selects every series of the group with this name.
    pub fn group(name: &str) -> Self {
        Self::of(Term {
            group: Pattern::literal(name),
            name: None,
            matchers: Vec::new(),
            other_labels: OtherLabels::Allowed,
        })
    }

    /// Selects the series of a group with exactly these labels, in any order. If group and labels keep the limits of
    /// the protocol, the text form keeps those of selectors.
    pub fn exact<'a>(group: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let equal = |(key, value): (&str, &str)| LabelMatcher {
            key: key.to_owned(),
            operator: Operator::Equal,
            value: Pattern::literal(value),
        };
        Self::of(Term {
            group: Pattern::literal(group),
            name: None,
            matchers: labels.into_iter().map(equal).collect(),
            other_labels: OtherLabels::Refused,
        })
    }

    /// The name of the group whose every series is selected, and no other series: the inverse of [`group`](Self::group).
    pub fn whole_group(&self) -> Option<&str> {
        match self.terms.as_slice() {
            [Term { group, name: None, matchers, other_labels: OtherLabels::Allowed }] if matchers.is_empty() => {
                group.as_literal()
            }
            _ => None,
        }
    }

    fn of(term: Term) -> Self {
        Self { terms: vec![term] }
    }

    /// Returns true if the selector could match a series of this group. If false, its series need not be matched.
    pub fn matches_group(&self, group: &str) -> bool {
        self.terms.iter().any(|term| term.group.matches(group))
    }

    /// Returns true if the selector matches the series with this group, display name and labels.
    ///
    /// Hot: once for each series whenever a catalog or a selector changes. Watched by the bench `selector`.
    pub fn matches<'a, L>(&self, group: &str, name: &str, labels: L) -> bool
    where
        L: IntoIterator<Item = (&'a str, &'a str), IntoIter: Clone>,
    {
        let labels = labels.into_iter();
        self.terms.iter().any(|term| term.matches(group, name, &labels))
    }
}

impl Term {
    fn matches<'a>(
        &self,
        group: &str,
        name: &str,
        labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    ) -> bool {
        let labels = || labels.clone();
        self.group.matches(group)
            && self.name.as_ref().is_none_or(|pattern| pattern.matches(name))
            && self.matchers.iter().all(|matcher| match matcher.operator {
                Operator::Equal => labels().any(|label| matcher.covers(label)),
                Operator::NotEqual => !labels().any(|label| matcher.covers(label)),
            })
            && (self.other_labels == OtherLabels::Allowed || labels().all(|label| self.names(label)))
    }

    fn names(&self, label: (&str, &str)) -> bool {
        self.matchers.iter().any(|matcher| matcher.operator == Operator::Equal && matcher.covers(label))
    }
}

impl LabelMatcher {
    fn covers(&self, (key, value): (&str, &str)) -> bool {
        is_equal(self.key.as_bytes(), key.as_bytes()) && self.value.matches(value)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.group)?;
        if let Some(name) = &self.name {
            write!(f, "/{name}")?;
        }
        let mut opening = "{";
        for LabelMatcher { key, operator, value } in &self.matchers {
            let operator = match operator {
                Operator::Equal => "=",
                Operator::NotEqual => "!=",
            };
            write!(f, "{opening}{}{operator}{value}", Pattern::literal(key))?;
            opening = ",";
        }
        if self.other_labels == OtherLabels::Refused {
            write!(f, "{opening}only")?;
            opening = ",";
        }
        if opening == "," { f.write_str("}") } else { Ok(()) }
    }
}

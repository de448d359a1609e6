//! Rules on labels, as [Prometheus](https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config) has them.

use std::collections::BTreeMap;

use regex::Regex;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The labels of a target or a series, by name.
pub(super) type Labels = BTreeMap<String, String>;

/// A larger compiled expression is refused.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// A regular expression that must match a whole text.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    written: String,
    compiled: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Pattern {
    pub(super) fn new(written: &str) -> Result<Self, String> {
        let whole = regex::RegexBuilder::new(&format!("^(?s:{written})$")).size_limit(MAX_COMPILED_BYTES).build();
        let refused = |error: regex::Error| {
            // Only the last line has the reason.
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("regex must be a regular expression, found {written:?}: {reason}")
        };
        Ok(Self { written: written.to_owned(), compiled: whole.map_err(refused)? })
    }

    fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// The template with the parts of `text` that match; `None` if it does not match.
    fn expand(&self, text: &str, template: &str) -> Option<String> {
        let captures = self.compiled.captures(text)?;
        let mut expanded = String::new();
        captures.expand(template, &mut expanded);
        Some(expanded)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    /// Keeps what matches.
    Keep(Source),
    /// Drops what matches.
    Drop(Source),
    /// Sets the label `target`, or removes it if its new value is empty.
    Replace { source: Source, target: String, replacement: String },
    /// Removes the labels whose names match.
    LabelDrop(Pattern),
    /// Removes the labels whose names do not match.
    LabelKeep(Pattern),
    /// Copies the labels whose names match to other names.
    LabelMap { names: Pattern, replacement: String },
}

/// The values of some labels, and the pattern that they are compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source {
    labels: Vec<String>,
    separator: String,
    pattern: Pattern,
}

impl Source {
    /// What matches a pattern by its metric name.
    pub(super) fn metric_name(pattern: Pattern) -> Self {
        Self { labels: vec![METRIC_NAME.to_owned()], separator: ";".to_owned(), pattern }
    }

    fn value(&self, labels: &Labels) -> String {
        let values: Vec<&str> = self.labels.iter().map(|name| labels.get(name).map_or("", String::as_str)).collect();
        values.join(&self.separator)
    }

    fn is_match(&self, labels: &Labels) -> bool {
        self.pattern.is_match(&self.value(labels))
    }
}

/// The label that stands for the name of a metric.
pub(super) const METRIC_NAME: &str = "__name__";

/// Applies rules in their order. Returns false if the labels are dropped.
pub(super) fn apply(rules: &[Rule], labels: &mut Labels) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

impl Rule {
    fn apply(&self, labels: &mut Labels) -> bool {
        match self {
            Self::Keep(source) => return source.is_match(labels),
            Self::Drop(source) => return !source.is_match(labels),
            Self::Replace { source, target, replacement } => {
                let value = source.value(labels);
                let expanded = source.pattern.expand(&value, replacement).zip(source.pattern.expand(&value, target));
                match expanded {
                    Some((value, target)) if value.is_empty() => drop(labels.remove(&target)),
                    Some((value, target)) => drop(labels.insert(target, value)),
                    None => {}
                }
            }
            Self::LabelDrop(names) => labels.retain(|name, _| !names.is_match(name)),
            Self::LabelKeep(names) => labels.retain(|name, _| names.is_match(name)),
            Self::LabelMap { names, replacement } => {
                let copies: Vec<(String, String)> = labels
                    .iter()
                    .filter_map(|(name, value)| Some((names.expand(name, replacement)?, value.clone())))
                    .collect();
                labels.extend(copies);
            }
        }
        true
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Keep,
    Drop,
    #[default]
    Replace,
    LabelDrop,
    LabelKeep,
    LabelMap,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    source_labels: Vec<String>,
    separator: Option<String>,
    regex: Option<Pattern>,
    target_label: Option<String>,
    replacement: Option<String>,
    #[serde(default)]
    action: Action,
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { source_labels, separator, regex, target_label, replacement, action } = written;
        if action != Action::Replace && target_label.is_some() {
            return Err("target_label is for the action replace only".to_owned());
        }
        if !matches!(action, Action::Replace | Action::LabelMap) && replacement.is_some() {
            return Err("replacement is for the actions replace and labelmap only".to_owned());
        }
        let is_of_names = matches!(action, Action::LabelDrop | Action::LabelKeep | Action::LabelMap);
        if is_of_names && !source_labels.is_empty() {
            return Err("labeldrop, labelkeep and labelmap take no source_labels".to_owned());
        }
        if matches!(action, Action::Keep | Action::Drop) && (source_labels.is_empty() || regex.is_none()) {
            return Err("the actions keep and drop need source_labels and regex".to_owned());
        }
        if is_of_names && regex.is_none() {
            return Err("labeldrop, labelkeep and labelmap need regex".to_owned());
        }
        let pattern = regex.map_or_else(|| Pattern::new("(.*)"), Ok)?;
        let replacement = replacement.unwrap_or_else(|| "$1".to_owned());
        if is_of_names {
            return Ok(match action {
                Action::LabelDrop => Self::LabelDrop(pattern),
                Action::LabelKeep => Self::LabelKeep(pattern),
                _ => Self::LabelMap { names: pattern, replacement },
            });
        }
        let separator = separator.unwrap_or_else(|| ";".to_owned());
        let source = Source { labels: source_labels, separator, pattern };
        Ok(match action {
            Action::Keep => Self::Keep(source),
            Action::Drop => Self::Drop(source),
            _ => {
                let target = target_label.ok_or("the action replace needs target_label")?;
                Self::Replace { source, target, replacement }
            }
        })
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<Vec<Rule>, String> {
        #[derive(Deserialize)]
        struct File {
            rule: Vec<Rule>,
        }
        toml::from_str::<File>(text).map(|file| file.rule).map_err(|error| error.message().to_owned())
    }

    /// The labels after the rules, as `a=1 b=2`; `None` if they are dropped.
    fn applied(rule: &str, labels: &[(&str, &str)]) -> Option<String> {
        let rules = rules(&format!("[[rule]]\n{rule}")).expect(rule);
        let mut labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let is_kept = apply(&rules, &mut labels);
        let words: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        is_kept.then(|| words.join(" "))
    }

    const LABELS: [(&str, &str); 3] = [("__name__", "http_total"), ("code", "200"), ("path", "/a")];

    #[test]
    fn keep_and_drop_compare_the_whole_value() {
        let rule = |action, regex| {
            format!("action = \"{action}\"\nsource_labels = [\"__name__\", \"code\"]\nregex = \"{regex}\"")
        };
        let all = Some("__name__=http_total code=200 path=/a".to_owned());
        assert_eq!(applied(&rule("keep", "http_.*;2.."), &LABELS), all);
        assert_eq!(
            applied(&rule("keep", "http_.*"), &LABELS[..1]),
            Some("__name__=http_total".to_owned()),
            "a missing label is empty"
        );
        assert_eq!(applied(&rule("keep", "http"), &LABELS), None);
        assert_eq!(applied(&rule("drop", "ttp.*"), &LABELS), all);
        assert_eq!(applied(&rule("drop", ".*;200"), &LABELS), None);
    }

    #[test]
    fn replace_sets_or_removes_a_label() {
        let rule = |rest: &str| format!("source_labels = [\"path\"]\nregex = \"/(.)\"\n{rest}");
        let labels = &LABELS[1..];
        assert_eq!(
            applied(&rule("target_label = \"part_$1\"\nreplacement = \"${1}b\""), labels).as_deref(),
            Some("code=200 part_a=ab path=/a")
        );
        assert_eq!(applied(&rule("target_label = \"path\"\nreplacement = \"\""), labels).as_deref(), Some("code=200"));
        assert_eq!(
            applied("target_label = \"x\"\nreplacement = \"y\"", &LABELS[1..2]).as_deref(),
            Some("code=200 x=y")
        );
        let other = "source_labels = [\"code\"]\nregex = \"5..\"\ntarget_label = \"x\"";
        assert_eq!(applied(other, labels).as_deref(), Some("code=200 path=/a"));
    }

    #[test]
    fn names_of_labels_are_dropped_kept_and_mapped() {
        let labels = &LABELS[1..];
        assert_eq!(applied("action = \"labeldrop\"\nregex = \"co.*\"", labels).as_deref(), Some("path=/a"));
        assert_eq!(applied("action = \"labelkeep\"\nregex = \"co.*\"", labels).as_deref(), Some("code=200"));
        assert_eq!(
            applied("action = \"labelmap\"\nregex = \"(c)ode\"\nreplacement = \"${1}_x\"", labels).as_deref(),
            Some("c_x=200 code=200 path=/a")
        );
    }

    #[test]
    fn wrong_rules_are_refused() {
        for (rule, expected) in [
            (
                "regex = \"(\"\nsource_labels = [\"a\"]\ntarget_label = \"b\"",
                "regex must be a regular expression, found \"(\": ",
            ),
            ("action = \"keep\"\nregex = \"a\"", "the actions keep and drop need source_labels and regex"),
            (
                "action = \"labeldrop\"\nregex = \"a\"\nsource_labels = [\"a\"]",
                "labeldrop, labelkeep and labelmap take no source_labels",
            ),
            ("action = \"labeldrop\"", "labeldrop, labelkeep and labelmap need regex"),
            ("source_labels = [\"a\"]", "the action replace needs target_label"),
            (
                "action = \"drop\"\nsource_labels = [\"a\"]\nregex = \"b\"\ntarget_label = \"c\"",
                "target_label is for the action",
            ),
            ("action = \"hashmod\"", "unknown variant `hashmod`, expected one of `keep`"),
            ("regexp = \"a\"", "unknown field `regexp`"),
        ] {
            let error = rules(&format!("[[rule]]\n{rule}")).expect_err(rule);
            assert!(error.contains(expected), "{rule}: {error}");
        }
        let huge = format!("[[rule]]\naction = \"labeldrop\"\nregex = \"{}\"", "(a{1000}){1000}");
        assert!(rules(&huge).is_err_and(|error| error.contains("size limit")));
    }
}

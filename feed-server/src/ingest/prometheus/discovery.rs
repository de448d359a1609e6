//! The targets of a source: those of its configuration and of files, after the rules.

use std::collections::{HashMap, HashSet};

use super::relabel::Labels;
use super::target::{Target, TargetDefaults};
use super::target_url::WrittenTarget;

/// Further targets of a source are left out.
pub(super) const MAX_TARGETS: usize = 1_000;

/// A target as it is written, with its labels.
pub(super) type Listed = (WrittenTarget, Labels);

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Discovered {
    /// Each once.
    pub(super) targets: Vec<Target>,
    /// What is left out, and why.
    pub(super) left_out: Vec<String>,
}

/// Applies the rules. Of two targets with the same labels, the first stays: their series could not be told apart.
pub(super) fn discover<'l>(
    defaults: &TargetDefaults,
    own: &Labels,
    listed: impl IntoIterator<Item = &'l Listed>,
) -> Discovered {
    let mut found = Discovered::default();
    let (mut known, mut by_labels) = (HashSet::new(), HashMap::<Labels, String>::new());
    let (mut listed_count, mut beyond, mut unusable, mut alike) = (0_usize, 0_usize, None, None);
    for (written, labels) in listed {
        listed_count += 1;
        if found.targets.len() >= MAX_TARGETS {
            beyond += 1;
            continue;
        }
        let mut all = own.clone();
        all.extend(labels.clone());
        let target = match defaults.target(written, &all) {
            Ok(Some(target)) => target,
            Ok(None) => continue,
            Err(error) => {
                unusable.get_or_insert_with(|| format!("target {}: {error}", written.authority));
                continue;
            }
        };
        if !known.insert(target.clone()) {
            continue;
        }
        if let Some(first) = by_labels.get(&target.labels) {
            alike.get_or_insert_with(|| {
                format!("{} is not asked: it has the same labels as {first}. Give it another `instance`", target.url)
            });
            continue;
        }
        by_labels.insert(target.labels.clone(), target.url.to_string());
        found.targets.push(target);
    }
    found.left_out.extend(unusable);
    found.left_out.extend(alike);
    if beyond > 0 {
        found.left_out.push(format!(
            "{beyond} targets are not asked: a source has at most {MAX_TARGETS}. Divide them among sources"
        ));
    }
    if found.targets.is_empty() {
        let why = if listed_count == 0 {
            "none is listed".to_owned()
        } else {
            format!("`relabel` leaves none of {listed_count}")
        };
        found.left_out.push(format!("there are no targets: {why}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::prometheus::target_url::Scheme;

    fn found(listed: &[(&str, &[(&str, &str)])]) -> (Vec<String>, Vec<String>) {
        let (job, path) = ("j".to_owned(), "/metrics".to_owned());
        let defaults = TargetDefaults { job, scheme: Scheme::Http, path, parameters: Vec::new(), rules: Vec::new() };
        let listed: Vec<Listed> = listed
            .iter()
            .map(|(target, labels)| {
                let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                (WrittenTarget::parse(target).expect("valid"), labels)
            })
            .collect();
        let found = discover(&defaults, &Labels::new(), &listed);
        (found.targets.iter().map(|target| target.url.to_string()).collect(), found.left_out)
    }

    #[test]
    fn each_target_is_asked_once_and_those_that_look_alike_are_named() {
        let alike: &[(&str, &str)] = &[("instance", "same")];
        let (targets, left_out) = found(&[("a:1", &[]), ("a:1", &[]), ("b:1", alike), ("c:1", alike)]);
        assert_eq!(targets, ["http://a:1/metrics", "http://b:1/metrics"]);
        assert_eq!(
            left_out,
            [
                "http://c:1/metrics is not asked: it has the same labels as http://b:1/metrics. Give it another `instance`"
            ]
        );
        let broken: &[(&str, &str)] = &[("__address__", "bad host")];
        let (targets, left_out) = found(&[("a:1", broken)]);
        assert_eq!(targets, Vec::<String>::new());
        assert!(
            left_out[0].starts_with("target a:1: ")
                && left_out[1] == "there are no targets: `relabel` leaves none of 1"
        );
        assert_eq!(found(&[]).1, ["there are no targets: none is listed"]);
    }

    #[test]
    fn a_source_has_a_limit_on_targets() {
        let names: Vec<String> = (0..MAX_TARGETS + 5).map(|number| format!("t{number}:1")).collect();
        let listed: Vec<(&str, &[(&str, &str)])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
        let (targets, left_out) = found(&listed);
        assert_eq!(
            (targets.len(), left_out),
            (
                MAX_TARGETS,
                vec!["5 targets are not asked: a source has at most 1000. Divide them among sources".to_owned()]
            )
        );
    }
}

//! Circles among files that import each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::Import;

/// Circles of imports: each is a list in which every import leads to the file of the next, and the last to the first.
/// Short circles come first, no import is part of two, and without all these imports no circle is left.
pub(super) fn circles(imports: &BTreeSet<Import>) -> Vec<Vec<Import>> {
    let mut arrows: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
    for import in imports {
        arrows.entry(&import.from).or_default().entry(&import.to).or_insert(import);
    }
    let files: Vec<&str> = arrows.keys().copied().collect();
    let mut found: Vec<Vec<Import>> = Vec::new();
    while let Some(circle) = files.iter().filter_map(|file| shortest_circle(&arrows, file)).min_by_key(Vec::len) {
        for import in &circle {
            if let Some(targets) = arrows.get_mut(import.from.as_str()) {
                targets.remove(import.to.as_str());
            }
        }
        found.push(circle);
    }
    found
}

/// The shortest way from a file back to itself.
fn shortest_circle(arrows: &BTreeMap<&str, BTreeMap<&str, &Import>>, start: &str) -> Option<Vec<Import>> {
    let mut reached_by: BTreeMap<&str, &Import> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for (to, import) in arrows.get(file).into_iter().flatten() {
            if *to == start {
                let mut circle = vec![(*import).clone()];
                while circle[0].from != start {
                    circle.insert(0, reached_by[circle[0].from.as_str()].clone());
                }
                return Some(circle);
            }
            if !reached_by.contains_key(to) {
                reached_by.insert(to, import);
                queue.push_back(to);
            }
        }
    }
    None
}

//! The rules that imports must obey.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};

use super::circles::circles;
use super::modules::{Foreign, Import, Modules, parse};
use super::rooms::{ASSEMBLY, CrateRules};

/// An import that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The path from the repository's root.
    pub file: String,
    pub line: usize,
    pub found: String,
    pub allowed: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, found, allowed } = self;
        write!(formatter, "{file}:{line}: found {found}; allowed: {allowed}")
    }
}

/// Checks the files of one crate, given as (path below the crate's sources, text).
///
/// # Errors
/// If a file does not consist of Rust tokens.
pub fn violations(rules: &CrateRules, files: &[(String, String)]) -> Result<Vec<Violation>> {
    let sources = parse(files).with_context(|| format!("cannot read the imports of {}", rules.sources))?;
    let (mut imports, foreign) = Modules::new(&sources).imports();
    imports.retain(|import| ![&import.from, &import.to].iter().any(|file| ASSEMBLY.contains(&file.as_str())));
    // Of several imports between two files the first is reported.
    let mut arrows = BTreeSet::new();
    imports.retain(|import| arrows.insert((import.from.clone(), import.to.clone())));
    let mut found = unknown_rooms(rules, sources.keys().copied());
    found.extend(imports.iter().filter_map(|import| against_order(rules, import)));
    found.extend(circles(&imports).iter().map(|circle| circular(rules, circle)));
    found.extend(foreign.iter().filter_map(|import| forbidden(rules, import)));
    found.sort();
    found.dedup();
    Ok(found)
}

fn violation(rules: &CrateRules, file: &str, line: usize, found: String, allowed: String) -> Violation {
    Violation { file: format!("{}/{file}", rules.sources), line, found, allowed }
}

/// The room of a file; `None` for a leaf.
fn room(file: &str) -> Option<&str> {
    file.split_once('/').map(|(room, _)| room)
}

fn unknown_rooms<'a>(rules: &CrateRules, files: impl Iterator<Item = &'a str>) -> Vec<Violation> {
    let mut known: BTreeSet<&str> = rules.rooms.iter().copied().collect();
    if known.is_empty() {
        return Vec::new();
    }
    let allowed = format!("the rooms {}; add a new one to xtask/src/imports/rooms.rs", rules.rooms.join(", "));
    let first_of_room = files.filter(|file| room(file).is_some_and(|room| known.insert(room)));
    first_of_room
        .map(|file| {
            let found = format!("the room {}, which is not in the table of rooms", room(file).unwrap_or_default());
            violation(rules, file, 1, found, allowed.clone())
        })
        .collect()
}

fn against_order(rules: &CrateRules, import: &Import) -> Option<Violation> {
    let place = |room: &str| rules.rooms.iter().position(|known| *known == room);
    let to = place(room(&import.to)?)?;
    let allowed = match room(&import.from) {
        None => "only other leaves (files directly in src/), since this file is a leaf".to_owned(),
        Some(from) => {
            let own = place(from)?;
            if to <= own {
                return None;
            }
            format!("leaves and {}", rules.rooms[..=own].join(", "))
        }
    };
    let found = format!("{} ({})", import.path, import.to);
    Some(violation(rules, &import.from, import.line, found, allowed))
}

fn circular(rules: &CrateRules, circle: &[Import]) -> Violation {
    let steps =
        circle.iter().map(|import| format!("{}:{} imports {} ({})", import.from, import.line, import.path, import.to));
    let found = format!("a circle of {} files: {}", circle.len(), steps.collect::<Vec<_>>().join(", "));
    let allowed = "imports in one direction; move what both need into a file of its own".to_owned();
    violation(rules, &circle[0].from, circle[0].line, found, allowed)
}

fn forbidden(rules: &CrateRules, import: &Foreign) -> Option<Violation> {
    let path = import.segments.join("::");
    let is_below =
        |name: &&&str| path == **name || path.strip_prefix(**name).is_some_and(|rest| rest.starts_with("::"));
    let allowed = if let Some(name) = rules.forbidden.iter().find(is_below) {
        format!("everything except {name}, which {} must not import", rules.sources)
    } else {
        let (name, items) = rules.restricted.iter().find(|(name, _)| import.segments[0] == *name)?;
        let mut named = import.segments.iter().skip(1).map(String::as_str);
        if named.any(|segment| items.contains(&segment)) {
            return None;
        }
        format!("of {name} only {}", items.join(", "))
    };
    Some(violation(rules, &import.from, import.line, path, allowed))
}

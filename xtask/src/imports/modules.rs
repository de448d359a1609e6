//! The files of one crate as modules, and the file to which a path leads.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::source::{Binding, NamedPath, Reach, Segments, Source, Use};

/// Re-exports that lead to re-exports: a longer chain counts as a circle.
const MAX_REEXPORTS: usize = 16;

/// One import: a file names something that another file defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    pub(super) line: usize,
    /// As the file writes it.
    pub(super) path: String,
    pub(super) to: String,
}

/// A path into another crate, such as `std::net::TcpStream`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) from: String,
    pub(super) line: usize,
    pub(super) segments: Segments,
}

/// The target of a path.
enum Place {
    Module(Segments),
    /// Something that this module's file defines.
    Item(Segments),
    Foreign(Segments),
    /// Not declared in these files, such as an enum's variant.
    Unknown,
}

/// A module of the crate: a file, or an inline module of one.
struct Module<'a> {
    file: &'a str,
    source: &'a Source,
    /// Path inside the file: empty for the file itself.
    inline: Segments,
}

pub(super) struct Modules<'a> {
    modules: BTreeMap<Segments, Module<'a>>,
}

/// Reads files, given by their paths below the crate's sources.
///
/// # Errors
/// If a file does not consist of Rust tokens.
pub(super) fn parse<'a>(files: &'a [(String, String)]) -> Result<BTreeMap<&'a str, Source>> {
    let parsed =
        files.iter().map(|(path, text)| Ok((path.as_str(), Source::parse(text).with_context(|| path.clone())?)));
    let mut sources: BTreeMap<&'a str, Source> = parsed.collect::<Result<_>>()?;
    let test_only: Vec<String> = sources.iter().flat_map(|(path, source)| test_files(path, source)).collect();
    sources.retain(|path, _| {
        let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
        !test_only.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")))
    });
    Ok(sources)
}

/// The stems of files that a file declares under `#[cfg(test)]`.
fn test_files(path: &str, source: &Source) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let below = |folder: &str, name: &str| {
        if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
    };
    let stems = source.test_modules.iter().map(|module| match &module.path {
        Some(file) => below(folder, file.trim_end_matches(".rs")),
        None => match module_path(path).last() {
            Some(own) if !path.ends_with("/mod.rs") => below(&below(folder, own), &module.name),
            _ => below(folder, &module.name),
        },
    });
    stems.collect()
}

/// `link/mod.rs` is the module `link`, `link/client.rs` the module `link::client`.
fn module_path(file: &str) -> Segments {
    let stem = file.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    match stem {
        "lib" | "main" => Segments::new(),
        _ => stem.split('/').map(str::to_owned).collect(),
    }
}

impl<'a> Modules<'a> {
    pub(super) fn new(sources: &'a BTreeMap<&'a str, Source>) -> Self {
        let mut modules = BTreeMap::new();
        for (file, source) in sources {
            // The library's root takes precedence: a binary beside it names the library as a foreign crate.
            if *file == "main.rs" && sources.contains_key("lib.rs") {
                continue;
            }
            let own = module_path(file);
            for inline in &source.inline_modules {
                modules.insert([own.clone(), inline.clone()].concat(), Module { file, source, inline: inline.clone() });
            }
            modules.insert(own, Module { file, source, inline: Segments::new() });
        }
        Self { modules }
    }

    /// Every import between two files, and every path into another crate.
    pub(super) fn imports(&self) -> (BTreeSet<Import>, Vec<Foreign>) {
        let (mut imports, mut foreign) = (BTreeSet::new(), Vec::new());
        for (path, module) in &self.modules {
            if !module.inline.is_empty() {
                continue;
            }
            let named = module.source.paths.iter().map(Mention::of_path);
            let used = module.source.uses.iter().map(|used| Mention::of_use(used, module.source));
            for Mention { scope, segments, line, weight } in used.chain(named) {
                let base = [path.clone(), scope.to_vec()].concat();
                let from = module.file.to_owned();
                let to = match self.resolve(&base, segments, MAX_REEXPORTS) {
                    Place::Item(to) => to,
                    Place::Module(to) if weight == Weight::AllOfModule => to,
                    Place::Foreign(segments) => {
                        foreign.push(Foreign { from, line, segments });
                        continue;
                    }
                    // An imported module alone is no import: the paths through it are read too.
                    Place::Module(_) | Place::Unknown => continue,
                };
                let to = self.modules[&to].file.to_owned();
                if weight != Weight::Passed && to != from {
                    imports.insert(Import { from, line, path: segments.join("::"), to });
                }
            }
        }
        (imports, foreign)
    }

    fn resolve(&self, base: &[String], segments: &[String], depth: usize) -> Place {
        let Some((first, rest)) = segments.split_first() else { return Place::Module(base.to_vec()) };
        match first.as_str() {
            "crate" => self.descend(&[], rest, depth),
            "self" => self.descend(base, rest, depth),
            "super" => match base.split_last() {
                Some((_, parent)) => self.resolve_super(parent, rest, depth),
                None => Place::Unknown,
            },
            "Self" => Place::Unknown,
            _ => match self.descend(base, segments, depth) {
                Place::Unknown => Place::Foreign(segments.to_vec()),
                // An item or an enum of the same file.
                place => place,
            },
        }
    }

    fn resolve_super(&self, parent: &[String], rest: &[String], depth: usize) -> Place {
        match rest.split_first() {
            Some((first, rest)) if first == "super" => match parent.split_last() {
                Some((_, grandparent)) => self.resolve_super(grandparent, rest, depth),
                None => Place::Unknown,
            },
            _ => self.descend(parent, rest, depth),
        }
    }

    /// Follows names from a module downwards, through its re-exports and `use` declarations.
    fn descend(&self, base: &[String], segments: &[String], depth: usize) -> Place {
        let Some(module) = self.modules.get(base) else { return Place::Unknown };
        let Some((first, rest)) = segments.split_first() else { return Place::Module(base.to_vec()) };
        let child = [base, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return match self.descend(&child, rest, depth) {
                // Declared by a macro, which this check cannot read: count it for the module's file.
                Place::Unknown => Place::Item(child),
                place => place,
            };
        }
        if module.source.items.contains(&(module.inline.clone(), first.clone())) {
            return Place::Item(base.to_vec());
        }
        if depth == 0 {
            return Place::Unknown;
        }
        let in_scope = |used: &&Use| used.scope == module.inline;
        for used in module.source.uses.iter().filter(in_scope) {
            let continued = match &used.binding {
                Binding::Name(name) if name == first => [&used.segments, rest].concat(),
                Binding::Name(_) => continue,
                Binding::Glob => [&used.segments, segments].concat(),
            };
            // The first segment of `use x::x` is not the name that it binds.
            if used.segments.len() == 1 && used.segments[0] == *first {
                return Place::Foreign(continued);
            }
            match self.resolve(base, &continued, depth - 1) {
                Place::Unknown => {}
                Place::Foreign(_) if used.binding == Binding::Glob => {}
                place => return place,
            }
        }
        Place::Unknown
    }
}

/// A path that a file names, in `use` or elsewhere.
struct Mention<'a> {
    scope: &'a [String],
    segments: &'a [String],
    line: usize,
    weight: Weight,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Imported,
    AllOfModule,
    /// A facade's uses, and a re-export that its own file does not use: no import between files.
    Passed,
}

impl<'a> Mention<'a> {
    fn of_path(named: &'a NamedPath) -> Self {
        let NamedPath { scope, segments, line } = named;
        Self { scope, segments, line: *line, weight: Weight::Imported }
    }

    fn of_use(used: &'a Use, source: &Source) -> Self {
        let Use { scope, segments, line, .. } = used;
        let weight = match &used.binding {
            _ if source.is_facade() => Weight::Passed,
            Binding::Name(name) if used.reach == Reach::Private || source.mentions(name) => Weight::Imported,
            Binding::Glob if used.reach == Reach::Private => Weight::AllOfModule,
            Binding::Name(_) | Binding::Glob => Weight::Passed,
        };
        Self { scope, segments, line: *line, weight }
    }
}

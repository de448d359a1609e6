//! The types and units that another program has stated.

use std::collections::HashMap;

use super::metric::unit_of;
use crate::ingest::exposition::MetricType;
use crate::ingest::exposition::metric_type::Shown;

/// Ends of the names of samples, which are not part of the names of their metrics.
const SUFFIXES: [&str; 8] = ["_total", "_bucket", "_count", "_sum", "_created", "_info", "_gcount", "_gsum"];

/// Beyond so many names, all are forgotten: names that come and go must not fill the memory.
const MAX_TYPES: usize = 20_000;
/// Types of longer names, and longer units, are not kept.
const MAX_BYTES: usize = 512;

#[derive(Debug, Default)]
pub struct KnownTypes(HashMap<String, Known>);

#[derive(Debug, Default)]
struct Known {
    of: Option<MetricType>,
    unit: Option<String>,
    /// The number of the last answer that stated the type, and the unit.
    stated_in: [u64; 2],
}

/// What a line says about a metric.
#[derive(Clone, Copy, Debug)]
pub enum Described<'t> {
    Type(&'t str, MetricType),
    Unit(&'t str, &'t str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The same was known.
    None,
    /// Nothing was known.
    New,
    /// Another was known.
    Other,
}

impl KnownTypes {
    /// Takes a statement of the answer with this number. If an answer states several, the first stays.
    ///
    /// Hot: once per metric of each answer.
    pub fn take(&mut self, described: Described<'_>, answer: u64) -> Change {
        let (Described::Type(name, _) | Described::Unit(name, _)) = described;
        if name.len() > MAX_BYTES || matches!(described, Described::Unit(_, unit) if unit.len() > MAX_BYTES) {
            return Change::None;
        }
        if !self.0.contains_key(name) {
            if self.0.len() >= MAX_TYPES {
                self.0.clear();
            }
            self.0.insert(name.to_owned(), Known::default());
        }
        let Some(known) = self.0.get_mut(name) else { return Change::None };
        let what = usize::from(matches!(described, Described::Unit(..)));
        if std::mem::replace(&mut known.stated_in[what], answer) == answer {
            return Change::None;
        }
        let before = match described {
            Described::Type(_, of) if known.of == Some(of) => return Change::None,
            Described::Type(_, of) => known.of.replace(of).is_some(),
            Described::Unit(_, unit) if known.unit.as_deref() == Some(unit) => return Change::None,
            Described::Unit(_, unit) => known.unit.replace(unit.to_owned()).is_some(),
        };
        if before { Change::Other } else { Change::New }
    }

    /// The names of the samples that a metric may have.
    pub fn names_of(metric: &str) -> impl Iterator<Item = String> {
        [""].iter().chain(&SUFFIXES).map(move |suffix| format!("{metric}{suffix}"))
    }

    /// Returns true if a type of the samples with this name has been stated.
    pub fn has_type(&self, name: &str) -> bool {
        let bases = SUFFIXES.iter().filter_map(|suffix| name.strip_suffix(suffix));
        bases.chain([name]).any(|base| self.0.get(base).is_some_and(|known| known.of.is_some()))
    }

    /// The role of the samples with a name, and their unit.
    pub fn described(&self, name: &str) -> (Shown, &'static str) {
        let parts = SUFFIXES.iter().filter_map(|suffix| Some((name.strip_suffix(suffix)?, *suffix)));
        let known = |(base, suffix)| Some((self.0.get(base)?, suffix));
        let mut of_base = parts.clone().filter_map(known);
        // Some programs expose the time at which a counter began as a gauge of its own.
        let is_created = parts.clone().any(|(base, suffix)| {
            let is_counter = |name: &str| {
                let of = self.0.get(name).and_then(|described| described.of);
                matches!(of, Some(MetricType::Counter | MetricType::Histogram | MetricType::Summary))
            };
            suffix == "_created" && (is_counter(base) || is_counter(&format!("{base}_total")))
        });
        let of_name = self.0.get(name).map(|described| (described, ""));
        let found = of_name.or_else(|| of_base.next());
        let unit = unit_of(name, found.and_then(|(described, _)| described.unit.as_deref()));
        let role = match found.and_then(|(described, suffix)| Some((described.of?, suffix))) {
            _ if is_created => Shown::Created,
            None | Some((MetricType::Unknown, _)) => MetricType::role_by_name(name),
            Some((of, suffix)) => of.role(suffix),
        };
        (role, unit)
    }
}

//! Where the samples of a target go, and how they are named.

use protocol::Timestamp;

use super::relabel::{Labels, Rule};
use super::target::{INSTANCE, JOB};
use crate::ingest::context::Registrar;
use crate::ingest::known_metrics::{KnownSeries, OpenRows};

/// How the samples of a source are named.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) rules: Vec<Rule>,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: bool,
}

/// Where the samples of a source go.
pub(super) struct Sink<'s> {
    pub(super) known: &'s mut KnownSeries,
    pub(super) rows: &'s mut OpenRows,
    pub(super) registrar: &'s Registrar,
    pub(super) naming: &'s Naming,
    /// Those of the target.
    pub(super) labels: &'s Labels,
    /// There are several targets: the names of series tell them apart.
    pub(super) shows_instance: bool,
    pub(super) now: Timestamp,
}

impl Sink<'_> {
    /// The values of all labels, except the job of the target and, of a single target, its instance.
    pub(super) fn shown_name(&self, labels: &Labels) -> String {
        let is_of_target = |name: &str, value: &String| self.labels.get(name) == Some(value);
        let is_hidden = |name: &str, value: &String| {
            (name == JOB || name == INSTANCE && !self.shows_instance) && is_of_target(name, value)
        };
        let shown = labels.iter().filter(|(name, value)| !is_hidden(name, value));
        shown.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Adds the labels of the target. A label of the sample with the same name is kept (`honor_labels`) or renamed.
    pub(super) fn add_target_labels(&self, labels: &mut Labels) {
        for (name, value) in self.labels {
            if let Some(of_sample) = labels.get(name).cloned() {
                if self.naming.honor_labels {
                    continue;
                }
                let mut exported = format!("exported_{name}");
                while labels.contains_key(&exported) || self.labels.contains_key(&exported) {
                    exported.insert_str(0, "exported_");
                }
                labels.insert(exported, of_sample);
            }
            labels.insert(name.clone(), value.clone());
        }
    }
}

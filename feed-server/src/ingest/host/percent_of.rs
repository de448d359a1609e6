//! What the CPU time of processes is stated in percent of.

use serde::Deserializer;

use crate::ingest::settings;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PercentOf {
    /// One core: a process with four busy threads takes 400 %. The values agree with those of the cores.
    #[default]
    Core,
    /// All cores that are online.
    Machine,
}

impl PercentOf {
    /// The title of the group.
    pub(super) const fn cpu_title(self) -> &'static str {
        match self {
            Self::Core => "Busiest processes, CPU (of one core)",
            Self::Machine => "Busiest processes, CPU (of the machine)",
        }
    }

    /// A percentage of one core is divided by this.
    pub(super) fn divisor(self, cores: u64) -> f64 {
        match self {
            Self::Core => 1.0,
            Self::Machine => cores.max(1) as f64,
        }
    }
}

/// Reads the setting `processes`.
///
/// # Errors
/// If the value is neither `core` nor `machine`.
pub(super) fn setting<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PercentOf, D::Error> {
    settings::choice(deserializer, "processes", &[("core", PercentOf::Core), ("machine", PercentOf::Machine)])
}

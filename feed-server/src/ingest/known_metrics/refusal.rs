//! The reason why a series is refused.

use protocol::limits::MAX_LABELS;
use thiserror::Error;

use super::metric::Metric;
use crate::ingest::registry::RegisterError;

#[derive(Debug, Error)]
pub(super) enum Refusal {
    #[error(
        "series {series} is left out: `series` of this source allows {limit}, with those that ended in the last 10 minutes. Raise it, or remove \
         labels that change. Further ones are counted"
    )]
    Series { series: String, limit: usize },
    #[error(
        "series {series} is left out: a series must have at most {MAX_LABELS} labels, found {found}. Remove some; further ones are counted"
    )]
    Labels { series: String, found: usize },
    #[error(
        "metric {metric} is left out: a source has at most {limit} metrics. Drop those that you do not need. Further ones are counted"
    )]
    Groups { metric: String, limit: usize },
    #[error(transparent)]
    Register(#[from] RegisterError),
}

/// A series as Prometheus writes it.
pub(super) fn described(metric: &Metric<'_>, labels: &[(String, String)]) -> String {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{}{{{}}}", metric.name, labels.join(","))
}

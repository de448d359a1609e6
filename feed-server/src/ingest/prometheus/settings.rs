//! The settings of the source.

use std::path::PathBuf;
use std::time::Duration;

use protocol::Interval;
use serde::Deserialize;

use super::relabel::{Labels, Pattern, Rule, Source as Compared};
use super::target::TargetDefaults;
use super::target_url::{Scheme, WrittenTarget};
use super::written;

/// Prometheus' default.
const LONGEST_DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of the interval: a target that does not answer must not delay the next request to the others.
const DEFAULT_PART: f64 = 0.9;

/// Asks programs for their metrics.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusSettings {
    /// The label `job`, and the beginning of the names of groups.
    #[serde(default = "written::default_job", deserialize_with = "written::job")]
    pub(super) job: String,
    #[serde(default, deserialize_with = "written::targets")]
    pub(super) targets: Vec<WrittenTarget>,
    #[serde(default, deserialize_with = "written::paths")]
    pub(super) target_files: Vec<PathBuf>,
    /// Of all targets.
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default, deserialize_with = "written::scheme")]
    pub(super) scheme: Scheme,
    #[serde(default = "written::default_path", deserialize_with = "written::path")]
    pub(super) path: String,
    #[serde(default, deserialize_with = "written::parameters")]
    pub(super) params: Vec<(String, Vec<String>)>,
    /// From one request to the next.
    #[serde(default = "written::default_interval", deserialize_with = "written::interval")]
    pub(super) interval: Duration,
    #[serde(default, deserialize_with = "written::timeout")]
    pub(super) timeout: Option<Duration>,
    /// A label of a sample that is also a label of its target: true keeps that of the sample.
    #[serde(default, deserialize_with = "written::honor_labels")]
    pub(super) honor_labels: bool,
    /// False: samples have the time of the request, although they state their own.
    #[serde(default = "written::yes", deserialize_with = "written::honor_timestamps")]
    pub(super) honor_timestamps: bool,
    /// The names of the metrics that are kept.
    #[serde(default, deserialize_with = "written::keep")]
    keep: Option<Pattern>,
    /// The names of the metrics that are dropped.
    #[serde(default, deserialize_with = "written::drop")]
    drop: Option<Pattern>,
    /// A limit on living series.
    #[serde(default = "written::default_series", deserialize_with = "written::series")]
    pub(super) series: usize,
    /// An answer with more samples is refused.
    #[serde(default, deserialize_with = "written::samples")]
    pub(super) samples: Option<usize>,
    /// An answer with more bytes, unpacked, is refused.
    #[serde(default = "written::default_body_bytes", deserialize_with = "written::body_bytes")]
    pub(super) body_bytes: usize,
    /// A sample with a time of its own may be older than the newest of its metric by this.
    #[serde(default = "written::default_merge", deserialize_with = "written::merge")]
    merge: Duration,
    /// Rules on targets.
    #[serde(default)]
    relabel: Vec<Rule>,
    /// Rules on samples.
    #[serde(default)]
    metric_relabel: Vec<Rule>,
    #[serde(default)]
    pub(super) bearer_token_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) basic_auth: Option<BasicAuth>,
    #[serde(default)]
    pub(super) tls: TlsTrust,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasicAuth {
    pub(super) username: String,
    pub(super) password_file: PathBuf,
}

/// The certificates that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsTrust {
    /// Authorities, in PEM, in place of those of the system.
    pub(super) ca: Option<PathBuf>,
    /// False: any certificate is accepted.
    #[serde(deserialize_with = "written::verify")]
    pub(super) verify: bool,
}

impl Default for TlsTrust {
    fn default() -> Self {
        Self { ca: None, verify: true }
    }
}

impl PrometheusSettings {
    pub(super) fn timeout(&self) -> Duration {
        let most = self.interval.mul_f64(DEFAULT_PART).min(LONGEST_DEFAULT_TIMEOUT);
        self.timeout.unwrap_or(most)
    }

    pub(super) fn row_interval(&self) -> Interval {
        interval_of(self.interval)
    }

    pub(super) fn merge_window(&self) -> Interval {
        interval_of(self.merge.max(self.timeout()))
    }

    pub(super) fn target_defaults(&self) -> TargetDefaults {
        TargetDefaults {
            job: self.job.clone(),
            scheme: self.scheme,
            path: self.path.clone(),
            parameters: self.params.clone(),
            rules: self.relabel.clone(),
        }
    }

    /// The rules on samples, with those on their names.
    pub(super) fn sample_rules(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        rules.extend(self.keep.clone().map(|names| Rule::Keep(Compared::metric_name(names))));
        rules.extend(self.drop.clone().map(|names| Rule::Drop(Compared::metric_name(names))));
        rules.extend(self.metric_relabel.iter().cloned());
        rules
    }
}

fn interval_of(duration: Duration) -> Interval {
    Interval::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

//! The values of settings as they are written in a table or a SPEC.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::relabel::Pattern;
use super::target_url::{SCHEMES, Scheme, WrittenTarget};
use crate::duration;
use crate::ingest::settings::{self, Texts};

const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_hours(24);
const MAX_MERGE: Duration = Duration::from_mins(5);
const MAX_SERIES: usize = 1_000_000;
const MAX_SAMPLES: usize = 100_000_000;
const MAX_BODY_BYTES: usize = 256 << 20;

pub(super) fn default_job() -> String {
    "prometheus".to_owned()
}

pub(super) fn job<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    settings::name(deserializer, "job")
}

pub(super) fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WrittenTarget>, D::Error> {
    let written = settings::texts(deserializer, "targets")?;
    written.iter().map(|text| WrittenTarget::parse(text).map_err(D::Error::custom)).collect()
}

pub(super) fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    Ok(settings::texts(deserializer, "target_files")?.into_iter().map(PathBuf::from).collect())
}

pub(super) fn scheme<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scheme, D::Error> {
    settings::choice(deserializer, "scheme", &SCHEMES)
}

pub(super) fn default_path() -> String {
    "/metrics".to_owned()
}

pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = settings::text(deserializer, "path")?;
    if path.starts_with('/') && !path.contains(['?', '#', ' ']) {
        return Ok(path);
    }
    Err(D::Error::custom(format!("path must begin with a slash and have no query, found {path}")))
}

pub(super) fn parameters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Vec<String>)>, D::Error> {
    let written = BTreeMap::<String, Texts>::deserialize(deserializer)
        .map_err(|_| D::Error::custom("params must be a table of texts or lists of texts"))?;
    Ok(written.into_iter().map(|(name, values)| (name, values.into_vec())).collect())
}

pub(super) const fn default_interval() -> Duration {
    Duration::from_secs(1)
}

pub(super) fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    at_least(deserializer, "interval", SHORTEST_INTERVAL)
}

pub(super) fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    at_least(deserializer, "timeout", SHORTEST_TIMEOUT).map(Some)
}

fn at_least<'de, D: Deserializer<'de>>(deserializer: D, setting: &str, least: Duration) -> Result<Duration, D::Error> {
    let found = settings::text(deserializer, setting)?;
    duration::parse(&found).ok().filter(|duration| (least..=LONGEST).contains(duration)).ok_or_else(|| {
        let (least, most) = (duration::format(least), duration::format(LONGEST));
        D::Error::custom(format!(
            "{setting} must be a duration from {least} to {most}, such as 100ms or 1s, found {found}"
        ))
    })
}

pub(super) fn honor_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    settings::flag(deserializer, "honor_labels")
}

pub(super) fn honor_timestamps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    settings::flag(deserializer, "honor_timestamps")
}

pub(super) fn verify<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    settings::flag(deserializer, "tls.verify")
}

pub(super) const fn yes() -> bool {
    true
}

pub(super) const fn default_series() -> usize {
    10_000
}

pub(super) fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "series", &(1..=MAX_SERIES))
}

pub(super) fn samples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    settings::whole_number(deserializer, "samples", &(1..=MAX_SAMPLES)).map(Some)
}

pub(super) const fn default_body_bytes() -> usize {
    16 << 20
}

pub(super) fn body_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "body_bytes", &(1_024..=MAX_BODY_BYTES))
}

pub(super) const fn default_merge() -> Duration {
    Duration::from_secs(30)
}

pub(super) fn merge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "merge", MAX_MERGE)
}

pub(super) fn keep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    pattern(deserializer, "keep")
}

pub(super) fn drop<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    pattern(deserializer, "drop")
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<Option<Pattern>, D::Error> {
    let text = settings::text(deserializer, setting)?;
    Pattern::new(&text).map(Some).map_err(|error| D::Error::custom(error.replacen("regex", setting, 1)))
}

//! Parsers for the settings of sources.
//!
//! A source's settings are a serde struct beside the source, with `#[serde(default, deny_unknown_fields)]`. Texts,
//! numbers and durations are read by the functions here: they accept a number or its text, since the command line has only
//! texts, check the range, and name the setting in their errors.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use crate::duration;
use crate::ingest::source::Source;
use crate::telemetry::Telemetry;

/// Above 10 kHz a row lasts less than the jitter of the clock.
const MAX_HZ: f64 = 10_000.0;

/// A longer name of a source leaves no room for that of a group.
pub const LONGEST_NAME: usize = 64;

/// The settings of one source. They construct the source.
pub trait SourceSettings {
    fn source(&self, telemetry: &Telemetry) -> Box<dyn Source>;

    /// The name of the source; that of its kind if it is empty.
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    /// Checks settings that depend on each other.
    ///
    /// # Errors
    /// What is wrong, in one line.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// The number of series that the source always has.
    fn known_series(&self) -> usize {
        0
    }
}

/// Reads `hz`, in rows a second.
///
/// # Errors
/// If the value is not a number or out of range.
pub fn hz<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    hz_up_to(deserializer, MAX_HZ)
}

/// Reads `hz` of a source that cannot measure more often than `max`.
///
/// # Errors
/// If the value is not a number or out of range.
pub fn hz_up_to<'de, D: Deserializer<'de>>(deserializer: D, max: f64) -> Result<f64, D::Error> {
    let found = shown::<D::Error>(Value::deserialize(deserializer)?, "hz")?;
    match found.parse::<f64>() {
        Ok(hz) if hz > 0.0 && hz <= max => Ok(hz),
        _ => Err(D::Error::custom(format!("hz must be above 0 and at most {max}, found {found}"))),
    }
}

/// Reads `true` or `false`.
///
/// # Errors
/// If the value is neither.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<bool, D::Error> {
    let found = shown::<D::Error>(Value::deserialize(deserializer)?, setting)?;
    found.parse().map_err(|_| D::Error::custom(format!("{setting} must be true or false, found {found}")))
}

/// Reads one of a few names.
///
/// # Errors
/// If the value is none of them.
pub fn choice<'de, D, T, const N: usize>(
    deserializer: D,
    setting: &str,
    choices: &[(&'static str, T); N],
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Copy,
{
    let found = shown::<D::Error>(Value::deserialize(deserializer)?, setting)?;
    choices.iter().find(|(name, _)| *name == found).map(|(_, choice)| *choice).ok_or_else(|| {
        let names = choices.each_ref().map(|(name, _)| *name).join(" or ");
        D::Error::custom(format!("{setting} must be {names}, found {found}"))
    })
}

/// Reads a whole number.
///
/// # Errors
/// If the value is not a whole number or out of range.
pub fn whole_number<'de, D, T>(deserializer: D, setting: &str, range: &RangeInclusive<T>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr + PartialOrd + fmt::Display,
{
    let found = shown::<D::Error>(Value::deserialize(deserializer)?, setting)?;
    found.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (min, max) = (range.start(), range.end());
        D::Error::custom(format!("{setting} must be a whole number from {min} to {max}, found {found}"))
    })
}

/// Reads a duration from zero to `max`.
///
/// # Errors
/// If the value is not a duration or too long.
pub fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
    setting: &str,
    max: Duration,
) -> Result<Duration, D::Error> {
    let found = shown::<D::Error>(Value::deserialize(deserializer)?, setting)?;
    duration::parse(&found).ok().filter(|duration| *duration <= max).ok_or_else(|| {
        let max = duration::format(max);
        D::Error::custom(format!("{setting} must be a duration from 0s to {max}, such as 60s or 5m, found {found}"))
    })
}

/// Reads a text, or a number as its text.
///
/// # Errors
/// If it is neither, or empty.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        value @ (Value::String(_) | Value::Integer(_) | Value::Float(_)) => shown(value, setting),
        other => Err(D::Error::custom(format!("{setting} must be a text, found {other}"))),
    }
}

/// Reads an address and a port above 0.
///
/// # Errors
/// If it is none.
pub fn socket_address<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<SocketAddr, D::Error> {
    let found = text(deserializer, setting)?;
    let refused = |_| format!("{setting} must be an address and a port, such as 127.0.0.1:9001, found {found}");
    let address: SocketAddr = found.parse().map_err(refused).map_err(D::Error::custom)?;
    if address.port() == 0 {
        return Err(D::Error::custom(format!("{setting} must have a port above 0, found {found}")));
    }
    Ok(address)
}

/// A text, or a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// Reads a text, or a list of texts.
///
/// # Errors
/// If it is neither.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<Vec<String>, D::Error> {
    let texts = Texts::deserialize(deserializer).map(Texts::into_vec);
    texts.map_err(|_| D::Error::custom(format!("{setting} must be a text or a list of texts")))
}

/// Reads the name of a source, which begins the names of its groups.
///
/// # Errors
/// If it is too long, or needs quotes in a selector.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D, setting: &str) -> Result<String, D::Error> {
    let name = text(deserializer, setting)?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.len() <= LONGEST_NAME && name.chars().all(is_plain) {
        return Ok(name);
    }
    let allowed = format!("at most {LONGEST_NAME} bytes of letters, digits, _ - and .");
    Err(D::Error::custom(format!("{setting} must have {allowed}, found {name:?}")))
}

/// Any value as its text, for the error that names the value found.
fn shown<E: Error>(value: Value, setting: &str) -> Result<String, E> {
    match value {
        Value::String(text) if text.is_empty() => Err(E::custom(format!("{setting} must not be empty"))),
        Value::String(text) => Ok(text),
        // A float with a decimal point: 3.0 is not a whole number.
        other => Ok(other.to_string()),
    }
}

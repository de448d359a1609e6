//! Times and lengths of time in microseconds.

use std::fmt;
use std::ops::{Add, Sub};

use bincode::{Decode, Encode};

/// A time: microseconds since the Unix epoch, by the clock of the process that took it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest time that the type represents.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time that the type represents.
    pub const MAX: Self = Self(i64::MAX);

    /// Creates a time from microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Microseconds from `earlier` to this time; negative if `earlier` is later.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time from `earlier` to this time; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Interval {
        let micros = self.micros_since(earlier);
        Interval(if micros < 0 { 0 } else { micros.unsigned_abs() })
    }
}

impl Add<Interval> for Timestamp {
    type Output = Self;
    fn add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add_unsigned(interval.0))
    }
}

impl Sub<Interval> for Timestamp {
    type Output = Self;
    fn sub(self, interval: Interval) -> Self {
        Self(self.0.saturating_sub_unsigned(interval.0))
    }
}

/// A length of time in microseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Interval(u64);

impl Interval {
    /// Zero microseconds, the shortest interval.
    pub const ZERO: Self = Self(0);

    /// Creates an interval from microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Creates an interval from milliseconds. Saturates.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Creates an interval from seconds. Saturates.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Length in whole microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Length in fractional seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros if micros % 1_000_000 == 0 => write!(f, "{}s", micros / 1_000_000),
            micros if micros % 1_000 == 0 => write!(f, "{}ms", micros / 1_000),
            micros => write!(f, "{micros}us"),
        }
    }
}

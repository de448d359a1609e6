//! `[[summaries]]`: the tiers of summaries that are kept for longer than the samples.

use std::time::Duration;

use protocol::Interval;
use serde::Deserialize;

use crate::app::setting::{Place, Refusal};
use crate::duration;
use crate::stream::summaries::tier::TierBounds;

const MAX_TIERS: usize = 8;
const MIN_STEP: Duration = Duration::from_millis(10);
const MAX_STEP: Duration = Duration::from_hours(24);
const MAX_KEEP: Duration = Duration::from_hours(24 * 366);
const MIN_BYTES: usize = 1 << 16;
const MAX_BYTES: usize = 1 << 40;

/// A tier: first, last, min, max, sum and count of each series in buckets of one step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryTier {
    /// The length of a bucket.
    #[serde(deserialize_with = "duration::deserialize")]
    pub step: Duration,
    /// A bound on the age of buckets.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep: Duration,
    /// A bound on their memory, beside `history_bytes`.
    pub bytes: usize,
}

impl SummaryTier {
    /// The tiers of a configuration that names none.
    pub fn defaults() -> Vec<Self> {
        let tier =
            |step, hours| Self { step: Duration::from_secs(step), keep: Duration::from_hours(hours), bytes: 32 << 20 };
        vec![tier(1, 2), tier(10, 24), tier(60, 7 * 24)]
    }

    pub fn bounds(&self) -> TierBounds {
        let interval =
            |duration: Duration| Interval::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        TierBounds { step: interval(self.step), keep: interval(self.keep), bytes: self.bytes }
    }
}

/// Checks the ranges of all tiers, and that each step is a multiple of the one before.
///
/// # Errors
/// [`Refusal`] of the first invalid tier.
pub fn check(tiers: &[SummaryTier]) -> Result<(), Refusal> {
    if tiers.len() > MAX_TIERS {
        let message = format!("at most {MAX_TIERS} tiers of summaries are allowed, found {}", tiers.len());
        return Err(Place::item("summaries", MAX_TIERS).refused(message));
    }
    for (item, tier) in tiers.iter().enumerate() {
        let refused = |message: String| Err(Place::item("summaries", item).refused(message));
        let SummaryTier { step, keep, bytes } = *tier;
        if !(MIN_STEP..=MAX_STEP).contains(&step) {
            return refused(format!("step must be from 10ms to 24h, found {}", duration::format(step)));
        }
        if keep < step || keep > MAX_KEEP {
            let (step, found) = (duration::format(step), duration::format(keep));
            return refused(format!("keep must be from its step, {step}, to 8784h, found {found}"));
        }
        if !(MIN_BYTES..=MAX_BYTES).contains(&bytes) {
            return refused(format!("bytes must be from {MIN_BYTES} to {MAX_BYTES}, found {bytes}"));
        }
        let Some(before) = item.checked_sub(1).map(|before| tiers[before].step) else { continue };
        if step <= before || !step.as_millis().is_multiple_of(before.as_millis()) {
            let (before, found) = (duration::format(before), duration::format(step));
            return refused(format!("each step must be a multiple of the one before, {before}, found {found}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config::Config;

    fn tier(step: &str, keep: &str, bytes: usize) -> String {
        format!("[[summaries]]\nstep = \"{step}\"\nkeep = \"{keep}\"\nbytes = {bytes}\n")
    }

    #[test]
    fn tiers_are_read_and_none_is_possible() {
        let config = Config::parse("feed.toml", &(tier("100ms", "10m", 1 << 20) + &tier("1s", "2h", 1 << 20)));
        let steps: Vec<Duration> = config.expect("valid").summaries.iter().map(|tier| tier.step).collect();
        assert_eq!(steps, [Duration::from_millis(100), Duration::from_secs(1)]);
        assert_eq!(Config::parse("feed.toml", "summaries = []\n").expect("valid").summaries, []);
        assert_eq!(Config::parse("feed.toml", "").expect("valid").summaries, SummaryTier::defaults());
        check(&SummaryTier::defaults()).expect("valid");
    }

    #[test]
    fn an_invalid_tier_is_refused_with_its_line() {
        let refusal = |text: &str| Config::parse("feed.toml", text).expect_err("must be refused").to_string();
        let mebibyte = 1 << 20;
        assert_eq!(refusal(&tier("1ms", "1h", mebibyte)), "feed.toml:1: step must be from 10ms to 24h, found 1ms");
        let second = tier("1s", "1h", mebibyte);
        assert_eq!(
            refusal(&(second.clone() + &tier("1500ms", "1h", mebibyte))),
            "feed.toml:5: each step must be a multiple of the one before, 1s, found 1500ms"
        );
        assert!(refusal(&(second.clone() + &second)).ends_with("found 1s"));
        assert_eq!(
            refusal(&tier("10s", "1s", mebibyte)),
            "feed.toml:1: keep must be from its step, 10s, to 8784h, found 1s"
        );
        assert_eq!(refusal(&tier("1s", "1h", 5)), "feed.toml:1: bytes must be from 65536 to 1099511627776, found 5");
        let many: String = (0..9).map(|power| tier(&format!("{}s", 1 << power), "24h", mebibyte)).collect();
        assert_eq!(refusal(&many), "feed.toml:33: at most 8 tiers of summaries are allowed, found 9");
        assert_eq!(refusal("[[summaries]]\nstep = \"1s\"\n"), "feed.toml:1: missing setting `keep`");
    }
}

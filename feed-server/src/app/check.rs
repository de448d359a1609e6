//! The values that settings may have, and the combinations that exclude each other.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::app::config::Config;
use crate::app::host_name;
use crate::app::setting::{Place, Refusal};
use crate::app::summary_tier;
use crate::app::token_file;
use crate::duration;

const MIN_HISTORY: Duration = Duration::from_secs(1);
const MAX_HISTORY: Duration = Duration::from_hours(24);
const CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;
const SERIES: RangeInclusive<u64> = 1..=1_000_000;
/// From one row of all series of the default limit, to more memory than a machine has.
const HISTORY_BYTES: RangeInclusive<u64> = 1 << 20..=1 << 40;
/// From one longest message, to a minute of the fastest feed that a browser can take.
const RECENT_BYTES: RangeInclusive<u64> = 1 << 16..=1 << 34;
/// Each source has threads of its own.
const MAX_SOURCES: usize = 256;

impl Config {
    /// Checks the ranges and combinations of settings.
    ///
    /// # Errors
    /// [`Refusal`] of the first invalid setting.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(MIN_HISTORY..=MAX_HISTORY).contains(&self.history) {
            let found = duration::format(self.history);
            return Err(Place::of("history").refused(format!("history must be from 1s to 24h, found {found}")));
        }
        if self.no_auth && (self.token_file.is_some() || !self.tokens.is_empty()) {
            let message = "no_auth excludes token_file and [[token]]: remove one of them";
            return Err(Place::of("no_auth").refused(message));
        }
        token_file::check(&self.tokens, self.token_file.as_deref())
            .map_err(|message| Place::of("token").refused(message))?;
        for (name, found, allowed) in [
            ("connections", self.connections, CONNECTIONS),
            ("connections_per_address", self.connections_per_address, CONNECTIONS),
            ("series", self.series, SERIES),
            ("history_bytes", self.history_bytes, HISTORY_BYTES),
            ("recent_bytes", self.recent_bytes, RECENT_BYTES),
        ] {
            if !allowed.contains(&(found as u64)) {
                let (min, max) = (allowed.start(), allowed.end());
                return Err(Place::of(name).refused(format!("{name} must be from {min} to {max}, found {found}")));
            }
        }
        for (item, name) in self.hosts.iter().enumerate() {
            let refused = |error| Place::item("hosts", item).refused(format!("the host name {name:?} {error}"));
            host_name::check(name).map_err(refused)?;
        }
        summary_tier::check(&self.summaries)?;
        self.check_sources()
    }

    fn check_sources(&self) -> Result<(), Refusal> {
        let found = self.sources.len();
        if found == 0 {
            return Err(Place::of("source").refused("at least one source is needed, such as `host`, found none"));
        }
        if found > MAX_SOURCES {
            let message = format!("at most {MAX_SOURCES} sources are allowed, found {found}: remove some");
            return Err(Place::item("source", MAX_SOURCES).refused(message));
        }
        for (item, source) in self.sources.iter().enumerate() {
            let refused = |message| format!("source {} (`{}`): {message}", item + 1, source.kind());
            source.settings().check().map_err(|message| Place::item("source", item).refused(refused(message)))?;
            let mut earlier = self.sources[..item].iter();
            if let Some(first) =
                earlier.position(|other| other == source || other.kind() == source.kind() && source.is_single())
            {
                let (first, second, kind) = (first + 1, item + 1, source.kind());
                let message = format!("sources {first} and {second} (`{kind}`) measure the same: remove one of them");
                return Err(Place::item("source", item).refused(message));
            }
        }
        let series: usize = self.sources.iter().map(|source| source.settings().known_series()).sum();
        if series > self.series {
            let limit = self.series;
            return Err(Place::of("source").refused(format!(
                "the sources must have at most {limit} series together, found {series}: raise `series` or remove some"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Config::parse("feed.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn limits_of_zero_and_absurd_limits_are_refused_with_the_values_allowed() {
        for (setting, min, max) in [
            ("connections", 1, 1_000_000),
            ("connections_per_address", 1, 1_000_000),
            ("series", 1, 1_000_000),
            ("history_bytes", 1_048_576, 1_099_511_627_776_u64),
            ("recent_bytes", 65_536, 17_179_869_184),
        ] {
            for found in [0, min - 1, max + 1, i64::MAX as u64] {
                let expected = format!("feed.toml:2: {setting} must be from {min} to {max}, found {found}");
                assert_eq!(refusal(&format!("\n{setting} = {found}\n")), expected);
            }
            for found in [min, max] {
                let text = format!("{setting} = {found}\n");
                Config::parse("feed.toml", &text).expect(&text);
            }
        }
    }

    #[test]
    fn a_host_that_no_browser_sends_is_refused_with_its_line() {
        let text = "hosts = [\n  \"metrics.example\",\n  \"https://metrics.example\",\n]\n";
        assert_eq!(
            refusal(text),
            "feed.toml:3: the host name \"https://metrics.example\" has the scheme `https`: write the name alone, \
             `metrics.example`"
        );
    }

    #[test]
    fn sources_that_measure_the_same_are_refused() {
        let text =
            "[[source]]\nkind = \"host\"\n[[source]]\nkind = \"synthetic\"\n[[source]]\nkind = \"host\"\nhz = 1\n";
        let error = "feed.toml:5: sources 1 and 3 (`host`) measure the same: remove one of them";
        assert_eq!(refusal(text), error);
        let equal = "[[source]]\nkind = \"synthetic\"\nseed = 7\n".repeat(2);
        assert_eq!(refusal(&equal), "feed.toml:4: sources 1 and 2 (`synthetic`) measure the same: remove one of them");
        let other = equal.replacen('7', "8", 1);
        Config::parse("feed.toml", &other).expect("another seed gives other data");
    }

    #[test]
    fn more_sources_than_allowed_are_refused() {
        let sources = |count: usize| {
            let source = |seed| format!("[[source]]\nkind = \"synthetic\"\ngroups = 1\nseed = {seed}\n");
            (0..count).map(source).collect::<String>()
        };
        Config::parse("feed.toml", &sources(256)).expect("valid");
        assert_eq!(
            refusal(&sources(10_000)),
            "feed.toml:1025: at most 256 sources are allowed, found 10000: remove some"
        );
        assert_eq!(refusal("source = []\n"), "feed.toml:1: at least one source is needed, such as `host`, found none");
    }
}

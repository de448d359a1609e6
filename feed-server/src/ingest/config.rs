//! The kind and settings of a source: a `[[source]]` table of the configuration, or a SPEC of the command line.
//!
//! Both are parsed by the same code. `synthetic:groups=12,series=8` becomes the table
//! `{ kind = "synthetic", groups = "12", series = "8" }`; a key with dots, `a.b=c`, a nested table. A value of a
//! SPEC cannot contain a comma. What follows `exec:` is a command; a part of `prometheus:` that is no setting is a target.

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;
use toml::{Table, Value};

use crate::ingest::host::HostSettings;
use crate::ingest::lines::{ExecSettings, StdinSettings, UdpSettings};
use crate::ingest::prometheus::PrometheusSettings;
use crate::ingest::publish::PublishSettings;
use crate::ingest::remote_write::RemoteWriteSettings;
use crate::ingest::settings::SourceSettings;
use crate::ingest::statsd::StatsdSettings;
use crate::ingest::synthetic::SyntheticSettings;

/// The kind whose SPEC is a command.
const EXEC: &str = "exec";

/// The kind whose SPEC has targets, beside settings.
const PROMETHEUS: &str = "prometheus";
const TARGETS: &str = "targets";
const TARGETS_FIRST: &str = ": targets come first, and a value cannot contain a comma";
const QUERY_IN_ADDRESS: &str = ": an address with a query begins with http://";

/// The list of all kinds of sources.
macro_rules! kinds {
    ($($variant:ident($settings:ty) = $kind:literal),+ $(,)?) => {
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(tag = "kind", remote = "Self")]
        #[expect(clippy::large_enum_variant, reason = "a configuration has few sources")]
        pub enum SourceConfig {
            $(#[serde(rename = $kind)] $variant($settings)),+
        }

        impl SourceConfig {
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind),+
                }
            }

            pub const fn settings(&self) -> &dyn SourceSettings {
                match self {
                    $(Self::$variant(settings) => settings),+
                }
            }
        }
    };
}

kinds! {
    Exec(ExecSettings) = "exec",
    Host(HostSettings) = "host",
    Prometheus(PrometheusSettings) = "prometheus",
    Publish(PublishSettings) = "publish",
    RemoteWrite(RemoteWriteSettings) = "remote_write",
    Statsd(StatsdSettings) = "statsd",
    Stdin(StdinSettings) = "stdin",
    Synthetic(SyntheticSettings) = "synthetic",
    Udp(UdpSettings) = "udp",
}

impl SourceConfig {
    /// The name of the source: its own, or that of its kind.
    pub fn name(&self) -> String {
        Some(self.settings().name()).filter(|name| !name.is_empty()).unwrap_or(self.kind().into()).into_owned()
    }

    /// True if a second source of this kind would measure or receive the same, whatever its settings.
    pub const fn is_single(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Publish(_) | Self::RemoteWrite(_) | Self::Stdin(_))
    }
}

impl SourceConfig {
    pub const fn publish(&self) -> Option<&PublishSettings> {
        match self {
            Self::Publish(settings) => Some(settings),
            _ => None,
        }
    }
}

/// Accepts tables only: a tagged enum of serde also accepts a list whose first item is the kind.
impl<'de> Deserialize<'de> for SourceConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceTable;

        impl<'de> Visitor<'de> for SourceTable {
            type Value = SourceConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with the setting `kind`")
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<SourceConfig, A::Error> {
                // The derived function, whose errors get the line of this table.
                SourceConfig::deserialize(MapAccessDeserializer::new(table))
            }
        }

        deserializer.deserialize_map(SourceTable)
    }
}

/// The reason why a SPEC is invalid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SpecError {
    #[error("settings must have the form key=value, found `{0}`{1}")]
    NotASetting(String, &'static str),
    #[error("`{0}` is both a value and a table: use one of the two")]
    ValueAndTable(String),
    #[error("`kind` is not a setting: write the kind before the colon, such as host:hz=10")]
    KindTwice,
    #[error("{0}")]
    Invalid(String),
}

impl FromStr for SourceConfig {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        let (kind, settings) = spec.split_once(':').unwrap_or((spec, ""));
        let mut table = Table::new();
        if kind == EXEC {
            // A command may have any sign.
            table.insert("command".to_owned(), settings.into());
            return from_table(kind, table);
        }
        let mut targets = Vec::new();
        for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
            let is_address = setting.contains("://") && !setting.split("://").next().unwrap_or("").contains('=');
            if kind == PROMETHEUS && table.is_empty() && (is_address || !setting.contains('=')) {
                targets.push(Value::from(setting));
                continue;
            }
            let not_a_setting = || {
                let hint = if kind == PROMETHEUS { TARGETS_FIRST } else { "" };
                SpecError::NotASetting(setting.to_owned(), hint)
            };
            let (key, value) = setting.split_once('=').ok_or_else(not_a_setting)?;
            if kind == PROMETHEUS && key.contains(['/', ':']) {
                return Err(SpecError::NotASetting(setting.to_owned(), QUERY_IN_ADDRESS));
            }
            if let Some(replaced) = insert(&mut table, key, value.into())? {
                // A value that a later one replaces must be valid too.
                let mut alone = Table::new();
                insert(&mut alone, key, replaced)?;
                from_table(kind, alone)?;
            }
        }
        if !targets.is_empty() {
            let listed = table.remove(TARGETS);
            targets.extend(listed);
            table.insert(TARGETS.to_owned(), targets.into());
        }
        from_table(kind, table)
    }
}

fn from_table(kind: &str, mut table: Table) -> Result<SourceConfig, SpecError> {
    if table.insert("kind".to_owned(), kind.into()).is_some() {
        return Err(SpecError::KindTwice);
    }
    SourceConfig::deserialize(table).map_err(|error| SpecError::Invalid(plain(error.message())))
}

/// Inserts a value under a key that may name nested tables, and returns the value that it replaces.
fn insert(table: &mut Table, key: &str, value: Value) -> Result<Option<Value>, SpecError> {
    let clash = || SpecError::ValueAndTable(key.to_owned());
    match key.split_once('.') {
        Some((outer, inner)) => {
            let nested = table.entry(outer).or_insert_with(|| Table::new().into());
            insert(nested.as_table_mut().ok_or_else(clash)?, inner, value)
        }
        None => match table.insert(key.to_owned(), value) {
            Some(Value::Table(_)) => Err(clash()),
            replaced => Ok(replaced),
        },
    }
}

/// A phrase of serde, and the words of a configuration for it.
const WORDS: [(&str, &str); 12] = [
    ("unknown variant", "unknown value"),
    ("unknown field", "unknown setting"),
    ("missing field", "missing setting"),
    ("duplicate field", "duplicate setting"),
    ("invalid type: map", "invalid type: table"),
    ("expected a sequence", "expected a list (a list of tables: `[[name]]`)"),
    ("expected path string", "expected a text"),
    ("expected socket address", "expected an address and a port, such as \"127.0.0.1:9000\""),
    ("variant identifier", "the name of a kind"),
    ("expected internally tagged enum SourceConfig", "expected a table with `kind`"),
    ("invalid socket address syntax", "expected an address and a port, such as \"127.0.0.1:9000\""),
    ("expected usize", "expected a whole number, 0 or above"),
];

/// A message of serde in the words of a configuration, on one line.
pub fn plain(message: &str) -> String {
    let message = message.trim_end().replace('\n', " ");
    let message = WORDS.iter().fold(message, |message, (serde, words)| message.replace(serde, words));
    // A nested table is a struct, whose name means nothing to the reader.
    match message.split_once("expected struct ") {
        Some((found, _)) => format!("{found}expected a table"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ingest::host::PercentOf;

    fn refusal(spec: &str) -> String {
        spec.parse::<SourceConfig>().expect_err("must be refused").to_string()
    }

    fn from_toml(table: &str) -> Result<SourceConfig, toml::de::Error> {
        toml::from_str(table)
    }

    fn synthetic(settings: SyntheticSettings) -> SourceConfig {
        SourceConfig::Synthetic(settings)
    }

    #[test]
    fn settings_missing_in_a_spec_have_their_default() {
        let host = |hz| Ok(SourceConfig::Host(HostSettings { hz, ..HostSettings::default() }));
        assert_eq!("host".parse(), host(10.0));
        assert_eq!("host:".parse(), host(10.0));
        assert_eq!("host:,hz=2.5,".parse(), host(2.5));
        assert_eq!("host:hz=1,hz=2".parse(), host(2.0), "the last one stays");
        let settings = SyntheticSettings { groups: 3, prefill: Duration::from_secs(2), ..SyntheticSettings::default() };
        assert_eq!("synthetic:groups=3,prefill=2s".parse(), Ok(synthetic(settings)));
    }

    #[test]
    fn the_cpu_time_of_processes_is_in_percent_of_a_core_or_of_the_machine() {
        let host = |processes| SourceConfig::Host(HostSettings { processes, ..HostSettings::default() });
        assert_eq!("host".parse(), Ok(host(PercentOf::Core)));
        assert_eq!("host:processes=core".parse(), Ok(host(PercentOf::Core)));
        assert_eq!("host:processes=machine".parse(), Ok(host(PercentOf::Machine)));
        let table = from_toml("kind = \"host\"\nprocesses = \"machine\"");
        assert_eq!(table.expect("valid"), host(PercentOf::Machine));
    }

    #[test]
    fn a_table_and_a_spec_give_equal_settings() {
        let spec = "synthetic:groups=3,series=2,hz=0.5,prefill=90s,seed=7";
        let same = [
            "groups = 3\nseries = 2\nhz = 0.5\nprefill = \"90s\"\nseed = 7",
            "groups = \"3\"\nseries = \"2\"\nhz = \"0.5\"\nprefill = \"90s\"\nseed = \"7\"",
            "groups = 0x3\nseries = 2\nhz = 5e-1\nprefill = \"90000ms\"\nseed = 7",
        ];
        for table in same {
            let table = from_toml(&format!("kind = \"synthetic\"\n{table}")).expect("valid");
            assert_eq!(spec.parse(), Ok(table));
        }
        assert_eq!(from_toml("kind = \"host\"\nhz = 10").expect("valid"), "host".parse().expect("valid"));
    }

    #[test]
    fn all_forms_of_numbers_are_accepted() {
        let of = |spec: &str| spec.parse::<SourceConfig>();
        assert_eq!(of("synthetic:groups=+3"), of("synthetic:groups=3"));
        assert_eq!(of("host:hz=1e1"), of("host:hz=10"));
        let seed = SyntheticSettings { seed: u64::MAX, ..SyntheticSettings::default() };
        assert_eq!(of("synthetic:seed=18446744073709551615"), Ok(synthetic(seed.clone())));
        let table = from_toml("kind = \"synthetic\"\nseed = \"18446744073709551615\"");
        assert_eq!(table.expect("valid"), synthetic(seed));
        for spec in ["host:hz=1e-300", "host:hz=1000", "synthetic:prefill=24h", "synthetic:groups=10000,series=2048"] {
            of(spec).expect(spec);
        }
    }

    #[test]
    fn a_refused_spec_names_the_value_found_and_the_value_allowed() {
        assert!(refusal("hots").starts_with("unknown value `hots`, expected "));
        assert_eq!(refusal("host:hz=0"), "hz must be above 0 and at most 1000, found 0");
        assert_eq!(refusal("host:hz=NaN"), "hz must be above 0 and at most 1000, found NaN");
        assert_eq!(refusal("host:hz="), "hz must not be empty");
        assert_eq!(refusal("host:hz.x=1"), "hz must be above 0 and at most 1000, found { x = \"1\" }");
        assert_eq!(refusal("host:rate=1"), "unknown setting `rate`, expected one of `hz`, `idle`, `processes`");
        assert_eq!(refusal("host:idle=yes"), "idle must be true or false, found yes");
        assert_eq!(refusal("host:processes=cores"), "processes must be core or machine, found cores");
        assert_eq!(refusal("host:processes="), "processes must not be empty");
        assert_eq!(refusal("host:hz"), "settings must have the form key=value, found `hz`");
        assert_eq!(refusal("synthetic:groups=0"), "groups must be a whole number from 1 to 10000, found 0");
        assert_eq!(
            refusal("synthetic:prefill=60"),
            "prefill must be a duration from 0s to 24h, such as 60s or 5m, found 60"
        );
    }

    #[test]
    fn invalid_settings_are_refused() {
        let specs = [
            "",
            ":",
            "Host",
            "host:hz=",
            "host:hz=inf",
            "host:hz=-1",
            "host:hz=1001",
            "host:hz= 1",
            "host:hz=1=2",
            "host:hz=1_0",
            "host:processes=Core",
            "host:processes.x=core",
            "host:groups=1",
            "host:hz.x=1",
            "host:hz=1,hz.x=1",
            "host:hz=0,hz=1",
            "synthetic:seed=x,seed=1",
            "host:kind.x=1",
            "host:kind=host",
            "synthetic:groups=1e3",
            "synthetic:groups=3.0",
            "synthetic:groups=10001",
            "synthetic:series=0",
            "synthetic:series=2049",
            "synthetic:seed=-1",
            "synthetic:seed=18446744073709551616",
            "synthetic:prefill=25h",
            "synthetic:prefill=-1s",
        ];
        for spec in specs {
            assert!(spec.parse::<SourceConfig>().is_err(), "{spec}");
        }
        let tables = [
            "hz = 10",
            "kind = \"hots\"",
            "kind = 1",
            "kind = \"host\"\nhz = true",
            "kind = \"host\"\nhz = [1]",
            "kind = \"host\"\nhz = inf",
            "kind = \"host\"\nhz = { x = 1 }",
            "kind = \"host\"\nname = 1",
            "kind = \"host\"\nprocesses = 1",
            "kind = \"host\"\nprocesses = [\"core\"]",
            "kind = \"synthetic\"\ngroups = 3.0",
            "kind = \"synthetic\"\ngroups = -1",
            "kind = \"synthetic\"\nprefill = 60",
            "kind = \"synthetic\"\nseed = -1",
            // TOML's whole numbers end at 2^63.
            "kind = \"synthetic\"\nseed = 18446744073709551615",
            "kind = \"synthetic\"\nprefill = 07:32:00",
        ];
        for table in tables {
            assert!(from_toml(table).is_err(), "{table}");
        }
    }

    #[test]
    fn a_key_with_dots_is_a_nested_table() {
        let mut table = Table::new();
        for (key, value) in [("a.b.c", "1"), ("a.b.d", "2"), ("e", "3")] {
            insert(&mut table, key, value.into()).expect("no clash");
        }
        assert_eq!(table, toml::from_str("e = \"3\"\n[a.b]\nc = \"1\"\nd = \"2\"").expect("valid"));
        assert_eq!(insert(&mut table, "e.f", "4".into()), Err(SpecError::ValueAndTable("e.f".to_owned())));
        assert_eq!(insert(&mut table, "a", "4".into()), Err(SpecError::ValueAndTable("a".to_owned())));
    }
}

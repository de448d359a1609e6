//! The settings of the sources that read lines.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::Interval;
use serde::{Deserialize, Deserializer};

use super::exec::Exec;
use super::line_settings::{FORMATS, Format, LineSettings};
use super::stdin::Stdin;
use super::udp::Udp;
use crate::ingest::blocking::Blocking;
use crate::ingest::settings::{self, SourceSettings};
use crate::ingest::source::Source;
use crate::telemetry::Telemetry;

const MAX_SERIES: usize = 100_000;
const MAX_MERGE: Duration = Duration::from_mins(5);
const LONGEST_INTERVAL: Duration = Duration::from_hours(24);

/// Programs that start the one that gives a source its name, and the ends of the names of scripts.
const STARTERS: [&str; 9] = ["python", "perl", "ruby", "node", "bash", "sudo", "stdbuf", "nice", "env"];
const SCRIPTS: [&str; 5] = [".py", ".sh", ".pl", ".rb", ".js"];

/// The settings of one source: its own, and those of lines.
macro_rules! line_settings {
    ($(#[$doc:meta])* $settings:ident { $($(#[$of_field:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $settings {
            $($(#[$of_field])* $field: $type,)*
            #[serde(default, deserialize_with = "name")]
            name: Option<String>,
            #[serde(default, deserialize_with = "format")]
            format: Format,
            #[serde(default, deserialize_with = "interval")]
            interval: Option<Interval>,
            #[serde(default = "default_series", deserialize_with = "series")]
            series: usize,
            #[serde(default, deserialize_with = "merge")]
            merge: Interval,
        }

        impl $settings {
            fn lines(&self) -> LineSettings {
                let (format, interval, series, merge) = (self.format, self.interval, self.series, self.merge);
                LineSettings { name: self.name().into_owned(), format, interval, series, merge }
            }
        }
    };
}

line_settings! {
    /// Reads the output of a command, which is started again when it ends.
    ExecSettings {
        #[serde(deserialize_with = "command")]
        command: String,
    }
}

line_settings! {
    /// Reads the standard input of the server.
    StdinSettings {}
}

line_settings! {
    /// Reads datagrams of lines.
    UdpSettings {
        #[serde(deserialize_with = "listen")]
        listen: SocketAddr,
    }
}

const fn default_series() -> usize {
    1_000
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    settings::name(deserializer, "name").map(Some)
}

fn format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
    settings::choice(deserializer, "format", &FORMATS)
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Interval>, D::Error> {
    settings::duration(deserializer, "interval", LONGEST_INTERVAL).map(|duration| Some(interval_of(duration)))
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "series", &(1..=MAX_SERIES))
}

fn merge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Interval, D::Error> {
    settings::duration(deserializer, "merge", MAX_MERGE).map(interval_of)
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let command = settings::text(deserializer, "command")?;
    if command.trim().is_empty() {
        return Err(serde::de::Error::custom("command must not be empty"));
    }
    Ok(command)
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    settings::socket_address(deserializer, "listen")
}

fn interval_of(duration: Duration) -> Interval {
    Interval::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

impl SourceSettings for ExecSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("exec", Exec { command: self.command.clone(), lines: self.lines() }))
    }

    /// The name of the program, without its path and the end of a script.
    fn name(&self) -> std::borrow::Cow<'_, str> {
        if let Some(name) = &self.name {
            return name.into();
        }
        let words = self.command.split_whitespace().filter(|word| !word.contains('=') && !word.starts_with('-'));
        let mut programs = words.map(|word| word.rsplit('/').next().unwrap_or(word));
        let is_starter =
            |program: &&str| STARTERS.contains(&program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
        let program = programs.find(|program| !is_starter(program));
        let program = program.unwrap_or("exec");
        let program = SCRIPTS.iter().find_map(|end| program.strip_suffix(end)).unwrap_or(program);
        let plain: String = program.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).collect();
        let end = plain.floor_char_boundary(settings::LONGEST_NAME);
        if plain.is_empty() { "exec".into() } else { plain[..end].to_owned().into() }
    }
}

impl SourceSettings for StdinSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("stdin", Stdin { lines: self.lines() }))
    }

    fn name(&self) -> std::borrow::Cow<'_, str> {
        self.name.as_deref().unwrap_or("stdin").into()
    }
}

impl SourceSettings for UdpSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("udp", Udp { listen: self.listen, lines: self.lines() }))
    }

    fn name(&self) -> std::borrow::Cow<'_, str> {
        self.name.as_deref().unwrap_or("udp").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::config::SourceConfig;

    fn parsed(spec: &str) -> Result<SourceConfig, String> {
        spec.parse::<SourceConfig>().map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_is_all_that_follows_the_kind_and_gives_the_source_its_name() {
        let name = |spec: &str| parsed(spec).map(|config| config.settings().name().into_owned());
        assert_eq!(name("exec:vmstat -n 1,2").as_deref(), Ok("vmstat"));
        assert_eq!(name("exec:LANG=C /usr/bin/iostat -x 1").as_deref(), Ok("iostat"));
        assert_eq!(name("exec:'my tool' 1").as_deref(), Ok("my"));
        assert_eq!(name("exec:stdbuf -oL python3.11 -u lab/probe.py --fast").as_deref(), Ok("probe"));
        assert_eq!(name("exec:node_exporter --x").as_deref(), Ok("node_exporter"));
        assert_eq!(name("exec:((1))").as_deref(), Ok("1"));
        assert_eq!(name("exec:$(x=1)").as_deref(), Ok("exec"));
        assert_eq!(name("udp:listen=127.0.0.1:9001,name=lab").as_deref(), Ok("lab"));
        let Ok(SourceConfig::Exec(settings)) = parsed("exec:echo a=1, b=2") else { panic!("exec") };
        assert_eq!((&*settings.command, settings.series, settings.format), ("echo a=1, b=2", 1_000, Format::Auto));
    }

    #[test]
    fn wrong_settings_are_refused_with_the_values_allowed() {
        for (spec, refusal) in [
            ("exec:", "command must not be empty"),
            ("exec", "command must not be empty"),
            ("exec: ", "command must not be empty"),
            ("udp:listen=127.0.0.1:0", "listen must have a port above 0, found 127.0.0.1:0"),
            ("udp", "missing setting `listen`"),
            ("udp:listen=9001", "listen must be an address and a port, such as 127.0.0.1:9001, found 9001"),
            ("stdin:format=xml", "format must be auto or columns or json or words, found xml"),
            ("stdin:series=0", "series must be a whole number from 1 to 100000, found 0"),
            ("stdin:name=a b", "name must have at most 64 bytes of letters, digits, _ - and ., found \"a b\""),
            (
                "stdin:command=x",
                "unknown setting `command`, expected one of `name`, `format`, `interval`, `series`, `merge`",
            ),
        ] {
            assert_eq!(parsed(spec), Err(refusal.to_owned()), "{spec}");
        }
    }
}

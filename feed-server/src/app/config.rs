//! Configuration: what the command line says, over what a TOML file says, over the defaults.
//!
//! ```toml
//! listen = "127.0.0.1:9000"   # from elsewhere too: "0.0.0.0:9000"; viewers then need a token
//! hosts = ["metrics.example"] # names of this server, besides addresses and localhost
//! token_file = "/etc/kymograph/token"
//! tls = { cert = "/etc/kymograph/cert.pem", key = "/etc/kymograph/key.pem" }
//! no_auth = false             # true: whoever reaches the port may watch
//! connections = 1024          # at most so many at once
//! connections_per_address = 32 # and from one address, or one /64 network of IPv6; this machine's own are not counted
//! series = 100000             # at most so many in all
//! history = "5m"              # how far back
//! history_bytes = 268435456   # and at most so much memory
//! recent_bytes = 16777216     # encoded frames for viewers that are a little late
//!
//! [[source]]
//! kind = "host"
//! hz = 10
//!
//! [[source]]
//! kind = "synthetic"
//! groups = 12
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::duration;
use crate::ingest::HostSettings;
use crate::ingest::config::{self, SourceConfig};
use crate::net::connection_limiter::Limits;
use crate::stream::catalog::DEFAULT_MAX_SERIES;

const MIN_HISTORY: Duration = Duration::from_secs(1);
const MAX_HISTORY: Duration = Duration::from_hours(24);
const MAX_CONNECTIONS: usize = 1_000_000;

/// Everything the server is told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Names that this server goes by, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// A file with the token that viewers need. Without one, a server that others can reach makes its own at each start.
    pub token_file: Option<PathBuf>,
    /// Whether those who can reach the port need no token, wherever it listens.
    pub no_auth: bool,
    /// What to show to those who connect, where TLS is spoken.
    pub tls: Option<TlsFiles>,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address, or from one /64 network of IPv6. This machine's own are not counted.
    pub connections_per_address: usize,
    /// Series in all; a source leaves out what goes beyond.
    pub series: usize,
    /// How far back the history reaches.
    #[serde(deserialize_with = "duration::deserialize")]
    pub history: Duration,
    /// Bytes of samples that the history may hold.
    pub history_bytes: usize,
    /// Bytes of recent frames that are kept for viewers that are a little late: two seconds of the fastest feed that a
    /// browser can take.
    pub recent_bytes: usize,
    /// Where samples come from.
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
    /// A folder to serve the page from, in place of the one built in.
    pub www: Option<PathBuf>,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000),
            hosts: Vec::new(),
            token_file: None,
            no_auth: false,
            tls: None,
            connections: Limits::default().connections,
            connections_per_address: Limits::default().per_address,
            series: DEFAULT_MAX_SERIES,
            history: Duration::from_mins(5),
            history_bytes: 256 << 20,
            recent_bytes: 16 << 20,
            sources: vec![SourceConfig::Host(HostSettings::default())],
            www: None,
        }
    }
}

/// Why a configuration is refused. The text names file and line where there is one.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The file is no valid configuration.
    #[error("{path}:{line}: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What was found and what is expected.
        message: String,
    },
    /// A value that no line is to blame for.
    #[error("{0}")]
    Value(String),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => Err(ConfigError::Unreadable { path: name, error }),
        }
    }

    /// Reads the text of the file `path`.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.get(..start).unwrap_or_default().matches('\n').count();
            ConfigError::Invalid { path: path.to_owned(), line, message: config::plain(error.message()) }
        })?;
        config.check().map_err(|error| ConfigError::Value(format!("{path}: {error}")))?;
        Ok(config)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// [`ConfigError::Value`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(MIN_HISTORY..=MAX_HISTORY).contains(&self.history) {
            let found = duration::format(self.history);
            return Err(ConfigError::Value(format!("history = {found}: expected from 1s to 24h")));
        }
        if self.no_auth && self.token_file.is_some() {
            return Err(ConfigError::Value("no_auth with a token_file: expected one of the two".to_owned()));
        }
        for (name, connections) in
            [("connections", self.connections), ("connections_per_address", self.connections_per_address)]
        {
            if !(1..=MAX_CONNECTIONS).contains(&connections) {
                return Err(ConfigError::Value(format!(
                    "{name} = {connections}: expected from 1 to {MAX_CONNECTIONS}"
                )));
            }
        }
        if self.sources.is_empty() {
            return Err(ConfigError::Value("no source: expected at least one, such as `host`".to_owned()));
        }
        let series: usize = self.sources.iter().map(|source| source.settings().known_series()).sum();
        if series > self.series {
            let most = self.series;
            return Err(ConfigError::Value(format!(
                "the sources have {series} series: expected at most {most} (`series`)"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::SyntheticSettings;

    fn refusal(text: &str) -> String {
        Config::parse("feed.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("feed.toml", "").expect("valid"), Config::default());
    }

    #[test]
    fn a_file_says_the_same_as_the_command_line() {
        let text = "listen = \"[::1]:80\"\nhistory = \"90s\"\n[[source]]\nkind = \"host\"\nhz = 2\n\
                    [[source]]\nkind = \"synthetic\"\nprefill = \"5s\"\n";
        let config = Config::parse("feed.toml", text).expect("valid");
        let synthetic = SyntheticSettings { prefill: Duration::from_secs(5), ..SyntheticSettings::default() };
        assert_eq!(config.sources, [SourceConfig::Host(HostSettings { hz: 2.0 }), SourceConfig::Synthetic(synthetic)]);
        assert_eq!((config.listen.port(), config.history), (80, Duration::from_secs(90)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_what_is_expected() {
        assert_eq!(
            refusal("listen = \"127.0.0.1:9000\"\nhistroy = \"5m\"\n"),
            "feed.toml:2: unknown field `histroy`, expected one of `listen`, `hosts`, `token_file`, `no_auth`, `tls`, `connections`, `connections_per_address`, `series`, `history`, `history_bytes`, `recent_bytes`, `source`, `www`"
        );
        assert_eq!(
            refusal("\n\n[[source]]\nkind = \"host\"\nhz = 0\n"),
            "feed.toml:3: `hz=0`: expected rows a second, above 0 and at most 10000"
        );
        assert_eq!(
            refusal("history = \"5\"\n"),
            "feed.toml:1: `5` is not a duration: expected a number and a unit, such as `250ms`, `60s`, `5m` or `24h`"
        );
        assert_eq!(refusal("history = \"48h\"\n"), "feed.toml: history = 48h: expected from 1s to 24h");
        assert_eq!(
            refusal("series = 10\n[[source]]\nkind = \"synthetic\"\ngroups = 3\nseries = 4\n"),
            "feed.toml: the sources have 12 series: expected at most 10 (`series`)"
        );
        assert_eq!(refusal("\ntls = { cert = \"cert.pem\" }\n"), "feed.toml:2: missing field `key`");
        assert_eq!(refusal("connections = 0\n"), "feed.toml: connections = 0: expected from 1 to 1000000");
        assert!(refusal("listen = \"localhost\"\n").starts_with("feed.toml:1: "));
        assert!(refusal("listen = \n").starts_with("feed.toml:1: "));
        assert!(
            Config::read(Path::new("/no/such/file")).expect_err("refused").to_string().starts_with("/no/such/file: ")
        );
    }
}

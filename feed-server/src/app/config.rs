//! The configuration: the command line overrides a TOML file, which overrides the defaults.
//!
//! ```toml
//! listen = "127.0.0.1:9000"   # "0.0.0.0:9000": reachable from other machines; viewers then need a token
//! hosts = ["metrics.example"] # names of this server, besides addresses and localhost
//! token_file = "/etc/kymograph/token" # its role is view
//! state_dir = "/var/lib/kymograph" # generated token and browser sessions; "none": in memory until the server ends
//! tls = { cert = "/etc/kymograph/cert.pem", key = "/etc/kymograph/key.pem" }
//! no_auth = false             # true: no token needed, from any machine
//! trusted_proxies = ["127.0.0.1", "10.1.0.0/16"] # reverse proxies whose X-Forwarded headers are believed; a token is then needed
//! base_path = "/kymograph"    # the path below which a proxy shows this server, if the proxy does not strip it
//! connections = 1024          # limit; an eighth is reserved for peers that have signed in, if a token is needed
//! connections_per_address = 32 # limit for one address, or one /64 network of IPv6, except this machine's
//! series = 100000             # limit, over all sources
//! history = "5m"              # bound by age
//! history_bytes = 268435456   # bound by memory, recent_bytes included
//! recent_bytes = 16777216     # bound on encoded frames for viewers that are a little late, at most a quarter of history_bytes
//! log_format = "text"         # "json": an object in each line
//! www = "target/dist"         # a folder with the page, in place of the embedded one
//! layout = "layout.toml"      # rows and panels of the page (app/layout_file.rs), in place of its default layout
//!
//! [[token]]                   # a further token
//! name = "ops"                # in `feed-server sessions list`
//! file = "/etc/kymograph/ops-token"
//! role = "edit"               # "view", "edit" (includes view) or "publish" (does not)
//!
//! [[summaries]]               # first, last, min, max, sum and count of each series, kept for longer than the samples; `summaries = []`: none
//! step = "1s"                 # buckets; each step a multiple of the one before
//! keep = "2h"                 # bound by age
//! bytes = 33554432            # bound by memory, beside history_bytes
//!
//! [[source]]
//! kind = "host"
//! hz = 10
//! processes = "core"          # CPU time of processes in percent of one core; "machine": of all cores that are online
//!
//! [[source]]
//! kind = "synthetic"
//! groups = 12
//!
//! [[source]]
//! kind = "publish"            # rows that other programs send to /v1/publish
//! merge = "0s"                # a row may be older than the newest of its group by this, up to 5m
//! publishers = 64             # limit on publishers
//! series = 10000              # limit on the series of one publisher
//!
//! [[source]]
//! kind = "exec"               # lines of the output of a command; also "stdin", and "udp" with listen = "127.0.0.1:9001"
//! command = "vmstat 1"
//! name = "vmstat"             # begins the names of its groups; by default the name of the program
//! format = "auto"             # "columns", "json", "words"
//! interval = "1s"             # the intended time from row to row; estimated by default
//! series = 1000               # limit on its series
//! merge = "0s"                # a row with a time of its own may be older than the newest of its group by this, up to 5m
//!
//! [[source]]
//! kind = "prometheus"         # asks programs for their metrics; docs/guide/prometheus.md has all settings
//! job = "node"
//! targets = ["127.0.0.1:9100"]
//! interval = "1s"
//!
//! [[source]]
//! kind = "remote_write"       # metrics that Prometheus sends to /api/v1/write
//! series = 50000              # limit on its series
//! drop_labels = ["replica"]   # labels that are removed
//!
//! [[source]]
//! kind = "statsd"             # datagrams of StatsD clients; also socket = "/run/kymograph/dsd.socket"
//! listen = "127.0.0.1:8125"
//! series = 10000              # limit on its series
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::app::log::LogFormat;
use crate::app::setting::{Refusal, line_at};
use crate::app::summary_tier::SummaryTier;
use crate::app::token_file::TokenFile;
use crate::bounded_file::{self, ReadError};
use crate::duration;
use crate::http::base_path::BasePath;
use crate::ingest::HostSettings;
use crate::ingest::config::{self, SourceConfig};
use crate::net::connection_limiter::ConnectionLimits;
use crate::net::trusted_proxies::TrustedProxy;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub listen: SocketAddr,
    /// Names of this server, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// A file with the token that viewers need. Without any token, a server that is reachable from other machines generates
    /// one and keeps it in the state directory.
    pub token_file: Option<PathBuf>,
    /// Further tokens, each with its role.
    #[serde(rename = "token")]
    pub tokens: Vec<TokenFile>,
    /// A folder for the generated token and the browser sessions; `none` keeps them in memory.
    pub state_dir: Option<PathBuf>,
    /// No token is needed, whatever the address.
    pub no_auth: bool,
    pub tls: Option<TlsFiles>,
    /// Reverse proxies whose reports about clients are believed. Others can reach them, so viewers need a token.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// The path below which a proxy shows this server, if the proxy does not strip it.
    pub base_path: BasePath,
    /// A limit on connections.
    pub connections: usize,
    /// A limit on connections from one address, or from one /64 network of IPv6. Connections from this machine do not count.
    pub connections_per_address: usize,
    /// A limit over all sources. Sources leave out the series beyond it.
    pub series: usize,
    /// A bound on the age of samples.
    #[serde(deserialize_with = "duration::deserialize")]
    pub history: Duration,
    /// A bound on the memory of the history and the recent frames. The process takes up to a fifth more, for what the
    /// allocator cannot use, and 16 MiB for everything else; above 5,000 series 900 bytes for each.
    pub history_bytes: usize,
    /// A bound on the recent frames kept for viewers that are a little late: two seconds of the fastest feed that a
    /// browser can take. At most a quarter of `history_bytes`, in which it counts.
    pub recent_bytes: usize,
    /// Tiers of summaries, from the finest to the coarsest. Their memory is beside `history_bytes`.
    pub summaries: Vec<SummaryTier>,
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
    /// A folder with the page, in place of the embedded one.
    pub www: Option<PathBuf>,
    /// A file with the rows and panels of the page, in place of its default layout.
    pub layout: Option<PathBuf>,
    pub log_format: LogFormat,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate, then its chain.
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000),
            hosts: Vec::new(),
            token_file: None,
            tokens: Vec::new(),
            state_dir: None,
            no_auth: false,
            tls: None,
            trusted_proxies: Vec::new(),
            base_path: BasePath::default(),
            connections: ConnectionLimits::default().connections,
            connections_per_address: ConnectionLimits::default().per_address,
            series: protocol::limits::MAX_SERIES,
            history: Duration::from_mins(5),
            history_bytes: 256 << 20,
            recent_bytes: 16 << 20,
            summaries: SummaryTier::defaults(),
            sources: vec![SourceConfig::Host(HostSettings::default())],
            www: None,
            layout: None,
            log_format: LogFormat::default(),
        }
    }
}

/// The reason why a configuration is invalid. The text names the file and, if known, the line.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {error}")]
    Unreadable { path: String, error: ReadError },
    #[error("{path}:{line}: {message}")]
    Invalid { path: String, line: usize, message: String },
    /// A value of the command line, or one that depends on another.
    #[error("{0}")]
    Value(String),
}

impl From<Refusal> for ConfigError {
    fn from(refusal: Refusal) -> Self {
        Self::Value(refusal.message)
    }
}

impl Config {
    /// # Errors
    /// If the file cannot be read or is invalid.
    #[expect(clippy::disallowed_methods, reason = "at start")]
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        match bounded_file::read_text(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => Err(ConfigError::Unreadable { path: name, error }),
        }
    }

    /// Reads `text`, the contents of the file `path`.
    ///
    /// # Errors
    /// If the configuration is invalid.
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = line_at(text, error.span().map_or(0, |span| span.start));
            ConfigError::Invalid { path: path.to_owned(), line, message: config::plain(error.message()) }
        })?;
        config.check().map_err(|Refusal { place, message }| match place.line(text) {
            Some(line) => ConfigError::Invalid { path: path.to_owned(), line, message },
            None => ConfigError::Value(format!("{path}: {message}")),
        })?;
        Ok(config)
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
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Config::parse("feed.toml", "").expect("valid"), Config::default());
    }

    #[test]
    fn a_file_configures_sources_and_limits() {
        let text = "listen = \"[::1]:80\"\nhistory = \"90s\"\n[[source]]\nkind = \"host\"\nhz = 2\n\
                    [[source]]\nkind = \"synthetic\"\nprefill = \"5s\"\n";
        let config = Config::parse("feed.toml", text).expect("valid");
        let synthetic = SyntheticSettings { prefill: Duration::from_secs(5), ..SyntheticSettings::default() };
        assert_eq!(
            config.sources,
            [
                SourceConfig::Host(HostSettings { hz: 2.0, ..HostSettings::default() }),
                SourceConfig::Synthetic(synthetic)
            ]
        );
        assert_eq!((config.listen.port(), config.history), (80, Duration::from_secs(90)));
    }

    #[test]
    fn an_error_names_the_line_the_value_found_and_the_value_allowed() {
        let unknown = refusal("listen = \"127.0.0.1:9000\"\nhistroy = \"5m\"\n");
        assert!(unknown.starts_with("feed.toml:2: unknown setting `histroy`, expected one of `listen`, "), "{unknown}");
        assert_eq!(
            refusal("\n\n[[source]]\nkind = \"host\"\nhz = 0\n"),
            "feed.toml:3: hz must be above 0 and at most 1000, found 0"
        );
        assert_eq!(
            refusal("history = \"5\"\n"),
            "feed.toml:1: a duration must be a whole number and a unit, such as 250ms, 60s, 5m or 24h, found `5`"
        );
        assert_eq!(
            refusal("[[source]]\nkind = \"host\"\nhz = [1]\n"),
            "feed.toml:1: hz must be above 0 and at most 1000, found [1]"
        );
        assert!(refusal("[[source]]\nkind = 1\n").ends_with("expected the name of a kind"));
        assert_eq!(
            refusal("[[source]]\nkind = \"host\"\n[[source]]\nkind = \"synthetic\"\nseed = -1\n"),
            "feed.toml:3: seed must be a whole number from 0 to 18446744073709551615, found -1"
        );
        assert_eq!(refusal("history = \"48h\"\n"), "feed.toml:1: history must be from 1s to 24h, found 48h");
        assert_eq!(
            refusal("series = 10\n[[source]]\nkind = \"synthetic\"\ngroups = 3\nseries = 4\n"),
            "feed.toml:2: the sources must have at most 10 series together, found 12: raise `series` or remove some"
        );
        assert_eq!(refusal("\ntls = { cert = \"cert.pem\" }\n"), "feed.toml:2: missing setting `key`");
        assert_eq!(refusal("connections = 0\n"), "feed.toml:1: connections must be from 1 to 1000000, found 0");
        let token = |name: &str, role: &str| format!("[[token]]\nfile = \"t\"\nname = \"{name}\"\nrole = \"{role}\"\n");
        assert_eq!(
            refusal(&token("ops", "admin")),
            "feed.toml:4: unknown value `admin`, expected one of `view`, `edit`, `publish`"
        );
        assert_eq!(
            refusal(&token("ops", "publish")),
            "feed.toml:1: one token must have the role view or edit, found only publish: nobody could open the page"
        );
        assert_eq!(
            refusal(&(token("ops", "edit") + &token("ops", "publish"))),
            "feed.toml:1: each token must have its own name, found ops twice"
        );
        assert!(refusal(&token("a b", "edit")).ends_with("found \"a b\""));
        assert_eq!(
            refusal("[source]\nkind = \"host\"\n"),
            "feed.toml:1: invalid type: table, expected a list (a list of tables: `[[name]]`)"
        );
        assert_eq!(
            refusal("\ntrusted_proxies = [\"127.0.0.1\", \"nginx\"]\n"),
            "feed.toml:2: a trusted proxy must be an address or a network, such as 127.0.0.1 or 10.1.0.0/16, found \"nginx\""
        );
        assert_eq!(refusal("tls = 1\n"), "feed.toml:1: invalid type: integer `1`, expected a table");
        assert_eq!(
            refusal("history_bytes = -1\n"),
            "feed.toml:1: invalid value: integer `-1`, expected a whole number, 0 or above"
        );
        assert!(refusal("[[source]]\nkind = \"host\"\n[[source]]\nhz = 1\n").starts_with("feed.toml:3: "));
        assert!(refusal("source = [[\"host\", 5]]\n").starts_with("feed.toml:1: "));
        assert!(refusal("listen = \"localhost\"\n").starts_with("feed.toml:1: "));
        assert!(refusal("listen = \n").starts_with("feed.toml:1: "));
        assert!(
            Config::read(Path::new("/no/such/file"))
                .expect_err("refused")
                .to_string()
                .starts_with("cannot read /no/such/file: ")
        );
    }
}

//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app::config::{Config, ConfigError, TlsFiles};
use crate::app::log::LogFormat;
use crate::app::sessions::SessionsArgs;
use crate::app::source_report::SourcesArgs;
use crate::duration;

/// Streams this machine's metrics to browsers at the rate of measurement.
#[derive(Debug, Parser)]
#[command(name = "feed-server", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the page and the stream.
    Serve(Box<ServeArgs>),
    /// Check a configuration file and report the first error.
    CheckConfig { file: PathBuf },
    /// Print the free space of a file system. The host source starts this for file systems that may block a process.
    #[command(hide = true)]
    ReadSpace { point: PathBuf },
    /// List or revoke browser sessions.
    Sessions(SessionsArgs),
    /// Print the state of each source of a running server.
    Sources(SourcesArgs),
}

/// Settings of `serve`. Each overrides the configuration file.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// The configuration file, in TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:9000]. Port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A name of this server, besides addresses and `localhost`; may be given several times.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// A file with the token that viewers need: 16 to 256 letters, digits, `-`, `_`, `.`, `~`. Its role is view
    /// [default: a generated token, kept in the state directory, if other machines can connect].
    #[arg(long, value_name = "FILE", conflicts_with = "no_auth")]
    pub token_file: Option<PathBuf>,
    /// The folder for the generated token and the browser sessions; `none`: in memory until the server ends
    /// [default: `$STATE_DIRECTORY`, `$XDG_STATE_HOME/kymograph` or `~/.local/state/kymograph`; none for port 0].
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Require no token, whatever the address.
    #[arg(long)]
    pub no_auth: bool,
    /// Use TLS, with this certificate and its chain (PEM). Read again at SIGHUP.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A reverse proxy, by address or network, whose X-Forwarded headers are believed; may be given several times. A token is
    /// then needed.
    #[arg(long = "trusted-proxy", value_name = "ADDRESS/NET")]
    pub trusted_proxies: Vec<String>,
    /// The path below which a reverse proxy shows this server, such as /kymograph, if the proxy does not strip it.
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<String>,
    /// Limit on connections [default: 1024].
    #[arg(long, value_name = "COUNT")]
    pub connections: Option<usize>,
    /// A source; may be given several times [default: host]. Examples: `host:hz=10`; `exec:vmstat 1`, for lines of a command; `stdin` and
    /// `udp:listen=127.0.0.1:9001`, for lines from elsewhere; `prometheus:127.0.0.1:9100`, for metrics that a program exposes; `remote_write`, for
    /// what Prometheus sends; `statsd:listen=127.0.0.1:8125`; `publish`, for rows that other programs send;
    /// `synthetic:groups=12,series=8,hz=100,prefill=60s,seed=1`, for generated data.
    #[arg(long = "source", value_name = "SPEC")]
    pub sources: Vec<String>,
    /// Age of the oldest samples in the history, 1s to 24h [default: 5m].
    #[arg(long, value_name = "DURATION")]
    pub history: Option<String>,
    /// Serve the page from this folder in place of the embedded one.
    #[arg(long, value_name = "FOLDER")]
    pub www: Option<PathBuf>,
    /// Rows and panels of the page, from a TOML file, in place of its default layout.
    #[arg(long, value_name = "FILE")]
    pub layout: Option<PathBuf>,
    /// Format of the log on standard error [default: text].
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Open the page in the default browser.
    #[arg(long)]
    pub open: bool,
}

impl ServeArgs {
    /// Merges the settings: an option overrides the file, the file overrides the default.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(listen) = &self.listen {
            let wrong = |_| format!("--listen must be an address and a port, such as 127.0.0.1:9000, found {listen}");
            config.listen = listen.parse().map_err(wrong).map_err(ConfigError::Value)?;
        }
        if !self.hosts.is_empty() {
            config.hosts.clone_from(&self.hosts);
        }
        if let Some(file) = &self.token_file {
            (config.token_file, config.no_auth) = (Some(file.clone()), false);
        }
        if self.no_auth {
            (config.token_file, config.no_auth) = (None, true);
            config.tokens.clear();
        }
        if let Some(state_dir) = &self.state_dir {
            config.state_dir = Some(state_dir.clone());
        }
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            config.tls = Some(TlsFiles { cert: cert.clone(), key: key.clone() });
        }
        if !self.trusted_proxies.is_empty() {
            let wrong = |error| ConfigError::Value(format!("--trusted-proxy: {error}"));
            let proxies = self.trusted_proxies.iter().map(|text| text.parse().map_err(wrong));
            config.trusted_proxies = proxies.collect::<Result<_, _>>()?;
        }
        if let Some(path) = &self.base_path {
            config.base_path = path.parse().map_err(|error| ConfigError::Value(format!("--base-path: {error}")))?;
        }
        if let Some(connections) = self.connections {
            config.connections = connections;
        }
        if let Some(history) = &self.history {
            let wrong = |error| format!("--history {history}: {error}");
            config.history = duration::parse(history).map_err(wrong).map_err(ConfigError::Value)?;
        }
        if !self.sources.is_empty() {
            let sources = self
                .sources
                .iter()
                .map(|spec| spec.parse().map_err(|error| ConfigError::Value(format!("--source {spec}: {error}"))));
            config.sources = sources.collect::<Result<_, _>>()?;
        }
        if let Some(www) = &self.www {
            config.www = Some(www.clone());
        }
        if let Some(layout) = &self.layout {
            config.layout = Some(layout.clone());
        }
        if let Some(format) = self.log_format {
            config.log_format = format;
        }
        config.check()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn an_error_names_the_option_the_value_found_and_the_value_allowed() {
        let refusal = |args: ServeArgs| args.config().expect_err("must be refused").to_string();
        let sources = vec!["hots".to_owned()];
        assert!(
            refusal(ServeArgs { sources, ..ServeArgs::default() })
                .starts_with("--source hots: unknown value `hots`, expected ")
        );
        assert_eq!(
            refusal(ServeArgs { listen: Some("9000".into()), ..ServeArgs::default() }),
            "--listen must be an address and a port, such as 127.0.0.1:9000, found 9000"
        );
        assert_eq!(
            refusal(ServeArgs { trusted_proxies: vec!["nginx".into()], ..ServeArgs::default() }),
            "--trusted-proxy: a trusted proxy must be an address or a network, such as 127.0.0.1 or 10.1.0.0/16, found \"nginx\""
        );
        assert!(
            refusal(ServeArgs { base_path: Some("kymograph".into()), ..ServeArgs::default() })
                .starts_with("--base-path: base_path must begin with a slash")
        );
        assert!(refusal(ServeArgs { history: Some("0s".into()), ..ServeArgs::default() }).contains("from 1s to 24h"));
    }
}

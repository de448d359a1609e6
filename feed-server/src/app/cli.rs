//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app::config::{Config, ConfigError, TlsFiles};
use crate::duration;

/// Streams this machine's metrics to any browser, at the rate they are measured.
#[derive(Debug, Parser)]
#[command(name = "feed-server", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the page and the stream.
    Serve(Box<ServeArgs>),
    /// Check a configuration file and say what is wrong with it.
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
}

/// Settings of `serve`. Each wins over the configuration file.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:9000]. Port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A name that this server goes by, besides addresses and `localhost`; may be given several times.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// A file with the token that viewers need, 16 to 256 letters and digits [default: a new token at each start when others
    /// than this machine can connect].
    #[arg(long, value_name = "FILE", conflicts_with = "no_auth")]
    pub token_file: Option<PathBuf>,
    /// Let everybody who reaches the port watch, without a token.
    #[arg(long)]
    pub no_auth: bool,
    /// Speak TLS, with this certificate and those that vouch for it (PEM). Read again at SIGHUP.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Connections at once [default: 1024].
    #[arg(long, value_name = "COUNT")]
    pub connections: Option<usize>,
    /// A source; may be given several times [default: host]. `host:hz=10`, or
    /// `synthetic:groups=12,series=8,hz=100,prefill=60s,seed=1`.
    #[arg(long = "source", value_name = "SPEC")]
    pub sources: Vec<String>,
    /// How far back the history reaches [default: 5m].
    #[arg(long, value_name = "DURATION")]
    pub history: Option<String>,
    /// Serve the page from this folder in place of the one built in.
    #[arg(long, value_name = "FOLDER")]
    pub www: Option<PathBuf>,
    /// Open the page in the default browser.
    #[arg(long)]
    pub open: bool,
}

impl ServeArgs {
    /// The whole configuration: these settings, over the file's, over the defaults.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(listen) = &self.listen {
            let wrong = |_| format!("--listen {listen}: expected an address and a port, such as 127.0.0.1:9000");
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
        }
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            config.tls = Some(TlsFiles { cert: cert.clone(), key: key.clone() });
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
        config.check()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_setting_is_named_in_one_line() {
        let refusal = |args: ServeArgs| args.config().expect_err("must be refused").to_string();
        let sources = vec!["hots".to_owned()];
        assert_eq!(
            refusal(ServeArgs { sources, ..ServeArgs::default() }),
            "--source hots: unknown source `hots`: expected `host` or `synthetic`"
        );
        assert_eq!(
            refusal(ServeArgs { listen: Some("9000".into()), ..ServeArgs::default() }),
            "--listen 9000: expected an address and a port, such as 127.0.0.1:9000"
        );
        assert!(refusal(ServeArgs { history: Some("0s".into()), ..ServeArgs::default() }).contains("from 1s to 24h"));
    }
}

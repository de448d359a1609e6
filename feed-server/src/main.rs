//! The `feed-server` binary: reads the command line and runs the server until Ctrl-C or SIGTERM.

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use feed_server::app::cli::{Cli, Command, ServeArgs};
use feed_server::app::config::Config;
use feed_server::app::server::Server;
#[cfg(unix)]
use feed_server::net::tls::Tls;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("KYMOGRAPH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A log that cannot be written must not end the server.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    log.with_ansi(has_colours()).init();
    let done = match Cli::parse().command {
        Command::Serve(args) => serve(&args),
        Command::CheckConfig { file } => Config::read(&file).map_err(Into::into).map(|config| {
            println!("{}: {} source(s), listening on {}", file.display(), config.sources.len(), config.listen);
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("feed-server: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Escape codes are for terminals only, and not for those whose user sets `NO_COLOR` (no-color.org).
fn has_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[tokio::main]
async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let server = Server::bind(args.config()?)?;
    let url = server.link();
    let stop = CancellationToken::new();
    let signals = Signals::new().context("cannot listen for signals")?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        signals.wait().await;
        stopping.cancel();
    });
    #[cfg(unix)]
    if let Some(tls) = server.tls() {
        renew_on_sighup(std::sync::Arc::clone(tls)).context("cannot listen for signals")?;
    }
    // The page is served even if standard output is closed.
    let _closed = writeln!(std::io::stdout(), "Kymograph is live at {url}");
    if args.open {
        open_browser(&url);
    }
    server.run(stop).await;
    Ok(())
}

/// Ctrl-C, and SIGTERM on Unix.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wait(mut self) {
        tokio::select! {
            _interrupted = tokio::signal::ctrl_c() => {}
            _terminated = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        let _interrupted = tokio::signal::ctrl_c().await;
    }
}

/// Reads the certificate's files again at SIGHUP, which tools that renew certificates send.
#[cfg(unix)]
fn renew_on_sighup(tls: std::sync::Arc<Tls>) -> std::io::Result<()> {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.renew() {
                Ok(()) => tracing::info!("certificate renewed"),
                Err(error) => tracing::error!(%error, "certificate not renewed; the previous one stays in use"),
            }
        }
    });
    Ok(())
}

fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    if let Err(error) = std::process::Command::new(program).arg(url).spawn() {
        tracing::warn!(%error, program, "cannot open a browser");
    }
}

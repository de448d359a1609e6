//! The `feed-server` binary: reads the command line, runs the server, ends on Ctrl-C or SIGTERM.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use feed_server::app::cli::{Cli, Command, ServeArgs};
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use feed_server::app::shutdown::shutdown;
#[cfg(unix)]
use feed_server::net::tls::Tls;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("KYMOGRAPH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A log that cannot be written must not end what it tells of.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false).init();
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

#[tokio::main]
async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let server = Server::bind(args.config()?)?;
    let url = server.link();
    let (stop, stopped) = shutdown();
    let signals = Signals::new().context("cannot listen for signals")?;
    tokio::spawn(async move {
        signals.wait().await;
        stop.stop();
    });
    #[cfg(unix)]
    if let Some(tls) = server.tls() {
        renew_at_hangup(std::sync::Arc::clone(tls)).context("cannot listen for signals")?;
    }
    // Where that cannot be written, it is served all the same.
    let _unsaid = writeln!(std::io::stdout(), "Kymograph is live at {url}");
    if args.open {
        open_browser(&url);
    }
    server.run(stopped).await?;
    Ok(())
}

/// Ctrl-C, and SIGTERM where there is such a thing.
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

/// Shows the certificate's files as they are now whenever SIGHUP comes, as tools that renew certificates send it.
#[cfg(unix)]
fn renew_at_hangup(tls: std::sync::Arc<Tls>) -> std::io::Result<()> {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.renew() {
                Ok(()) => tracing::info!("certificate renewed"),
                Err(error) => tracing::error!(%error, "certificate not renewed: the one before is shown on"),
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

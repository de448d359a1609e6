//! The `feed-server` binary: reads the command line and runs the server until a signal ends it.

#![expect(clippy::disallowed_methods, reason = "on the main thread")]

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use feed_server::app::cli::{Cli, Command, ServeArgs};
use feed_server::app::config::Config;
use feed_server::app::log::{self, Log};
use feed_server::app::run::{self, End, Ended};
use feed_server::app::server::{Server, check_files};
use feed_server::app::signals;
use feed_server::ingest::SpaceReading;
use feed_server::net::descriptors;
use feed_server::telemetry::Telemetry;

/// The exit code if a command cannot be carried out, or a server does not start.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    signals::set_mask();
    let done = match Cli::parse().command {
        Command::Serve(args) => return serve(&args),
        Command::Sessions(args) => args.run(std::io::stdout()).map_err(Into::into),
        Command::Sources(args) => args.run(std::io::stdout()).map_err(Into::into),
        Command::CheckConfig { file } => check_config(&file),
        Command::ReadSpace { point } => {
            // The server may have ended meanwhile.
            let _closed = writeln!(std::io::stdout(), "{}", SpaceReading::of(&point));
            Ok(())
        }
    };
    done.map_or_else(|error| refuse(&error), |()| ExitCode::SUCCESS)
}

/// Checks a configuration and the files that it names.
fn check_config(file: &Path) -> anyhow::Result<()> {
    let config = Config::read(file)?;
    let log = start_log(&config, &Telemetry::default())?;
    let checked = check_files(&config).with_context(|| file.display().to_string());
    // The warnings come before the result.
    log.finish(None);
    checked?;
    let (name, sources) = (file.display(), config.sources.len());
    writeln!(std::io::stdout(), "{name}: {sources} source(s), listening on {}", config.listen)
        .context("cannot write to standard output")
}

/// Until the log is started, errors are written directly: nothing is served that they could delay.
fn serve(args: &ServeArgs) -> ExitCode {
    let telemetry = Telemetry::default();
    let (config, log) = match start(args, &telemetry) {
        Ok(started) => started,
        Err(error) => return refuse(&error),
    };
    let ended = run(config, telemetry, args.open);
    let (code, end_by) = match ended {
        Ok(End { ended: Ended::InOrder, process_ends_by }) => (ExitCode::SUCCESS, process_ends_by),
        Ok(End { ended: Ended::NotInOrder, process_ends_by }) => (ExitCode::FAILURE, process_ends_by),
        Err(error) => {
            log.fatal(&error);
            (ExitCode::from(REFUSED), None)
        }
    };
    log.finish(end_by);
    code
}

fn start(args: &ServeArgs, telemetry: &Telemetry) -> anyhow::Result<(Config, Log)> {
    let config = args.config()?;
    let log = start_log(&config, telemetry)?;
    Ok((config, log))
}

fn start_log(config: &Config, telemetry: &Telemetry) -> anyhow::Result<Log> {
    let list = std::env::var_os(log::LEVELS_VARIABLE).unwrap_or_default();
    let levels = log::levels(&list.to_string_lossy())?;
    let log = Log::start(config.log_format, levels, telemetry.log_lines_dropped.clone());
    log.context("cannot start the thread that writes the log: raise `ulimit -u`")
}

fn run(config: Config, telemetry: Telemetry, open: bool) -> anyhow::Result<End> {
    descriptors::check()?;
    let runtime = run::runtime().context("cannot start the server's threads")?;
    log::log_panics();
    let bound = {
        let _in_runtime = runtime.enter();
        Server::bind(config)
    };
    let server = match bound {
        Ok(server) => server.with_telemetry(telemetry),
        Err(error) => {
            runtime.shutdown_background();
            return Err(error.into());
        }
    };
    let to_open = open.then(|| server.to_open());
    run::until_signal(runtime, server, to_open).context("cannot receive signals")
}

fn refuse(error: &anyhow::Error) -> ExitCode {
    // Standard error may be closed.
    let _closed = writeln!(std::io::stderr(), "{}", log::fatal_line(error));
    ExitCode::from(REFUSED)
}

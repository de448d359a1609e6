//! Our server in a process of its own, with the settings that `feed-server serve` has by default.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::exposition;
use benches::http_client::HttpClient;
use benches::task_time::{TaskTime, ThreadTimes};
use feed_server::app::config::Config;
use feed_server::app::run;
use feed_server::app::server::Server;
use tokio_util::sync::CancellationToken;

use crate::calls::process_cpu_time;
use crate::figures::{Cost, Figures, MIB, Share};

/// The argument that makes this program a server. Its value is a source.
pub(crate) const SERVE: &str = "--serve";

/// A server process. Dropping it kills the process.
pub(crate) struct OurServer {
    process: Child,
    pub(crate) address: SocketAddr,
}

/// The counts of a server at one time.
struct Reading {
    at: Instant,
    cpu: Duration,
    threads: ThreadTimes,
    metrics: String,
    metrics_at: Instant,
}

impl OurServer {
    /// Starts a server in the network of this thread.
    pub(crate) fn start(source: &str) -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        let mut process =
            command.args([SERVE, source]).stdout(Stdio::piped()).spawn().context("cannot start a server")?;
        let stdout = process.stdout.take().context("the server's stdout is not piped")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().parse().with_context(|| format!("the server did not start with {source}"))?;
        Ok(Self { process, address })
    }

    /// Measures for `time`, after `warm_up`, without a viewer.
    pub(crate) fn measure(&self, warm_up: Duration, time: Duration) -> Result<Figures> {
        sleep(warm_up);
        let before = self.reading()?;
        sleep(time);
        let after = self.reading()?;
        let seconds = (after.at - before.at).as_secs_f64();
        let percent = |time: Duration| 100.0 * time.as_secs_f64() / seconds;
        let value = |reading: &Reading, name: &str| {
            exposition::value(&reading.metrics, name).with_context(|| format!("/metrics has no {name}"))
        };
        let samples = |reading: &Reading| value(reading, "kymograph_samples_total");
        let times = after.threads.since(&before.threads);
        let share = |time: TaskTime| Share {
            cpu_percent: percent(time.running),
            waiting_percent: percent(time.waiting),
            runs_per_second: time.runs as f64 / seconds,
        };
        let threads = times.into_iter().map(|(name, time)| (name.to_owned(), share(time))).collect();
        let kept =
            value(&after, "kymograph_history_bytes")? + exposition::sum(&after.metrics, "kymograph_summaries_bytes");
        let cost = Cost {
            cpu_percent: percent(after.cpu.saturating_sub(before.cpu)),
            samples_per_second: (samples(&after)? - samples(&before)?)
                / (after.metrics_at - before.metrics_at).as_secs_f64(),
            series: value(&after, "kymograph_series")?,
            memory_mib: value(&after, "process_resident_memory_bytes")? / MIB,
        };
        Ok(Figures { cost, threads, kept_mib: kept / MIB })
    }

    /// The CPU times are read last, so that those of two readings include one answer of `/metrics`, not two.
    fn reading(&self) -> Result<Reading> {
        let metrics_at = Instant::now();
        let metrics = HttpClient::connect(self.address)?.get("/metrics")?.to_owned();
        let id = self.process.id();
        let (threads, cpu) = (ThreadTimes::read(id)?, process_cpu_time(id)?);
        Ok(Reading { at: Instant::now(), cpu, threads, metrics, metrics_at })
    }
}

impl Drop for OurServer {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Runs the server process: prints its address and serves until killed.
pub(crate) fn serve(source: &str) -> Result<()> {
    let runtime = run::runtime()?;
    let _in_runtime = runtime.enter();
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(Config { listen, sources: vec![source.parse()?], ..Config::default() })?;
    println!("{}", server.address());
    runtime.block_on(server.run(CancellationToken::new())).context("cannot start the server's threads")
}

//! Prometheus's `node_exporter` with the collectors that measure what our source measures, and a client that scrapes it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::exposition;
use benches::http_client::HttpClient;

use crate::figures::Cost;
use crate::program::Program;

const READY_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

const COLLECTORS: [&str; 9] =
    ["cpu", "meminfo", "vmstat", "diskstats", "filesystem", "netdev", "netstat", "pressure", "stat"];

pub(crate) struct NodeExporter {
    program: Program,
    address: SocketAddr,
}

impl NodeExporter {
    /// Starts the program at `path`, and waits until it listens.
    pub(crate) fn start(path: &Path) -> Result<Self> {
        // The port is free again when the listener is dropped.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(path);
        command.args(["--collector.disable-defaults", "--web.disable-exporter-metrics", "--log.level=error"]);
        command.arg(format!("--web.listen-address={address}"));
        command.args(COLLECTORS.map(|name| format!("--collector.{name}")));
        let exporter = Self { program: Program::start(&mut command)?, address };
        let started = Instant::now();
        while let Err(error) = HttpClient::connect(address) {
            if started.elapsed() > READY_WITHIN {
                return Err(error).context("node_exporter does not answer");
            }
            sleep(POLL);
        }
        Ok(exporter)
    }

    /// Scrapes `hz` times a second on one connection. Scrapes that are late are not made up for.
    pub(crate) fn measure(&self, hz: u32, warm_up: Duration, time: Duration) -> Result<Cost> {
        let mut client = HttpClient::connect(self.address)?;
        let interval = Duration::from_secs(1) / hz;
        let scrape_for = |client: &mut HttpClient, time: Duration| {
            let (started, mut samples, mut series) = (Instant::now(), 0, 0);
            let mut due = started;
            while due < started + time {
                sleep(due.saturating_duration_since(Instant::now()));
                series = exposition::count(client.get("/metrics")?);
                samples += series;
                due = (due + interval).max(Instant::now());
            }
            sleep((started + time).saturating_duration_since(Instant::now()));
            anyhow::Ok((samples as f64 / started.elapsed().as_secs_f64(), series as f64))
        };
        scrape_for(&mut client, warm_up)?;
        let before = self.program.cpu_time()?;
        let (samples_per_second, series) = scrape_for(&mut client, time)?;
        let cpu_percent = before.percent_until(&self.program.cpu_time()?);
        Ok(Cost { cpu_percent, samples_per_second, series, memory_mib: self.program.memory_mib()? })
    }
}

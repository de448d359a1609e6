//! The process that sends.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use xtask::workspace::in_path;

use crate::variants::Variant;

/// Names the variant to a sender.
const VARIABLE: &str = "KYMOGRAPH_FAN_OUT";

/// The variant that this process is to be.
pub(crate) fn asked_for() -> Option<Variant> {
    let name = std::env::var(VARIABLE).ok()?;
    Variant::ALL.into_iter().find(|variant| variant.name() == name)
}

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) bytes: usize,
    /// Messages in a tick.
    pub(crate) burst: usize,
    pub(crate) milliseconds: u64,
}

/// What it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) deliveries_per_second: f64,
    pub(crate) user_us: f64,
    pub(crate) kernel_us: f64,
}

/// A process that sends in one of the ways, on a processor of its own.
pub(crate) struct Sender {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Sender {
    pub(crate) fn start(variant: Variant, node: Option<&Path>) -> Result<Self> {
        let mut program = match (variant, node) {
            (Variant::NodeWs, Some(folder)) => vec!["node".into(), folder.join("server.js").into_os_string()],
            _ => vec![std::env::current_exe()?.into_os_string()],
        };
        // Where it cannot be pinned, all share all processors, and figures are rougher.
        if in_path("taskset").is_some() {
            program.splice(0..0, ["taskset".into(), "-c".into(), "0".into()]);
        }
        let mut process = Command::new(&program[0])
            .args(&program[1..])
            .env(VARIABLE, variant.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a sender")?;
        let orders = process.stdin.take().context("its input is piped")?;
        let mut answers = BufReader::new(process.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("expected an address, found {line:?}"))?;
        Ok(Self { process, orders, answers, address })
    }

    /// Sends for a while to all viewers that are connected.
    pub(crate) fn send(&mut self, load: Load) -> Result<Cost> {
        writeln!(self.orders, "{} {} {}", load.bytes, load.burst, load.milliseconds)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let figures: Vec<f64> = line.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
        let [deliveries, seconds, user, kernel] = figures[..] else { anyhow::bail!("four figures, found {line:?}") };
        Ok(Cost {
            deliveries_per_second: deliveries / seconds,
            user_us: user * 1e6 / deliveries,
            kernel_us: kernel * 1e6 / deliveries,
        })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
    }
}

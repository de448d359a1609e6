//! The sending process.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use xtask::workspace::in_path;

use crate::variants::Variant;

/// Environment variable with the name of the sender's variant.
const VARIABLE: &str = "KYMOGRAPH_FAN_OUT";

/// The variant to run in this process, if it is a sender.
pub(crate) fn requested_variant() -> Option<Variant> {
    let name = std::env::var(VARIABLE).ok()?;
    Variant::ALL.into_iter().find(|variant| variant.name() == name)
}

/// Size and number of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) bytes: usize,
    pub(crate) burst: usize,
    pub(crate) milliseconds: u64,
}

/// Measured rate, and CPU time per delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) deliveries_per_second: f64,
    pub(crate) user_us: f64,
    pub(crate) kernel_us: f64,
}

/// A sending process with its own processor.
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
        // Without taskset, sender and viewers share all processors, and figures vary more.
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
        let orders = process.stdin.take().context("the sender's stdin is not piped")?;
        let mut answers = BufReader::new(process.stdout.take().context("the sender's stdout is not piped")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("expected an address, found {line:?}"))?;
        Ok(Self { process, orders, answers, address })
    }

    /// Sends to all connected viewers.
    pub(crate) fn send(&mut self, load: Load) -> Result<Cost> {
        writeln!(self.orders, "{} {} {}", load.bytes, load.burst, load.milliseconds)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let figures: Vec<f64> = line.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
        let [deliveries, seconds, user, kernel] = figures[..] else {
            anyhow::bail!("expected four figures, found {line:?}")
        };
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

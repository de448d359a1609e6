//! A network of its own with many interfaces, in which a case runs. Requires root, and `ip`.
//!
//! The interfaces are of the kind `dummy`, or pairs of the kind `veth` if the kernel lacks the first.

use std::fs;
use std::io::Write;
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::calls::enter_new_network;

/// The kernel gives an interface its address after it has looked for the same one nearby.
const ADDRESSES_WITHIN: Duration = Duration::from_millis(2_500);
/// Each interface that is in use sends a datagram every so often, and its pair receives it.
const TRAFFIC_EVERY: Duration = Duration::from_millis(100);
const DATAGRAM: [u8; 100] = [b'x'; 100];
/// The port `discard`.
const PORT: u16 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Dummy,
    Veth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Up, with traffic.
    Used,
    /// Never up: all counters are zero.
    Down,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dummy => "dummy",
            Self::Veth => "veth",
        }
    }

    /// The kind of which this machine can make interfaces with traffic. The error says why there is none.
    pub(crate) fn of_machine() -> Result<Self> {
        let mut refusals = Vec::new();
        for kind in [Self::Dummy, Self::Veth] {
            match with_interfaces(kind, 2, State::Used, || Ok(())) {
                Ok(()) => return Ok(kind),
                Err(error) => refusals.push(format!("{}: {error:#}", kind.name())),
            }
        }
        bail!("no interfaces can be made ({})", refusals.join("; "))
    }

    /// Adds interfaces. A pair is made for every second one.
    fn commands(self, interfaces: std::ops::Range<usize>) -> String {
        let command = |number: usize| match self {
            Self::Dummy => format!("link add bench{number} type dummy\n"),
            Self::Veth if number.is_multiple_of(2) => {
                format!("link add bench{number} type veth peer name bench{}\n", number + 1)
            }
            Self::Veth => String::new(),
        };
        interfaces.map(command).collect()
    }
}

/// Calls `inside` in a network with `count` interfaces, besides the loopback.
pub(crate) fn with_interfaces<T: Send>(
    kind: Kind,
    count: usize,
    state: State,
    inside: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    in_new_network(|| {
        let mut commands = format!("link set lo up\n{}", kind.commands(0..count));
        if state == State::Used {
            commands.extend((0..count).map(|number| format!("link set bench{number} up\n")));
        }
        ip(&commands)?;
        if state == State::Down {
            return inside();
        }
        sleep(ADDRESSES_WITHIN);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let sending = scope.spawn(|| send_until(&is_over));
            let result = inside();
            is_over.store(true, Ordering::Relaxed);
            sending.join().map_err(|_| anyhow!("the sender panicked"))??;
            result
        })
    })
}

/// Calls `inside` on a thread with a network of its own, which also its threads and processes have.
fn in_new_network<T: Send>(inside: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter_new_network()?;
            inside()
        });
        thread.join().map_err(|_| anyhow!("the thread in the network namespace panicked"))?
    })
}

fn ip(commands: &str) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut ip = command.spawn().context("cannot start ip: install the package iproute2")?;
    ip.stdin.take().context("the input of ip is not piped")?.write_all(commands.as_bytes())?;
    let output = ip.wait_with_output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip: {}", error.lines().next().unwrap_or_default());
    Ok(())
}

/// Sends on each interface that has an address.
fn send_until(is_over: &AtomicBool) -> Result<()> {
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).context("traffic needs IPv6")?;
    let everyone = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    let interfaces = fs::read_to_string("/proc/thread-self/net/if_inet6").context("traffic needs IPv6")?;
    let interfaces: Vec<u32> = interfaces.lines().filter_map(index_of_link_local).collect();
    ensure!(!interfaces.is_empty(), "no interface has an address: {ADDRESSES_WITHIN:?} is too short");
    let mut due = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        for &interface in &interfaces {
            // The queue of an interface may be full.
            let _not_sent = socket.send_to(&DATAGRAM, SocketAddrV6::new(everyone, PORT, 0, interface));
        }
        due += TRAFFIC_EVERY;
        sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// The number of the interface, if the address of a line of `if_inet6` is for its own link only.
fn index_of_link_local(line: &str) -> Option<u32> {
    let mut fields = line.split_whitespace();
    let (address, index) = (fields.next()?, fields.next()?);
    address.starts_with("fe80").then(|| u32::from_str_radix(index, 16).ok())?
}

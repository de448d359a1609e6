//! The memory and the sockets that the kernel holds for TCP connections.

use serde::Serialize;

/// The states of sockets that are no connections, as in `/proc/net/tcp`.
const TIME_WAIT: &str = "06";
const LISTEN: &str = "0A";
const PAGE_BYTES: u64 = 4_096;

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Kernel {
    /// Memory of all TCP sockets of this machine, in both directions.
    pub tcp_mib: f64,
    /// Sockets of the server, also those that it has closed.
    pub sockets: usize,
    /// Bytes that the server's sockets hold for peers that have not acknowledged them.
    pub unread_mib: f64,
}

impl Kernel {
    /// Reads `/proc/net`. `port` is the server's.
    pub fn read(port: u16) -> Self {
        let mut kernel = Self { tcp_mib: mib(tcp_pages().unwrap_or_default() * PAGE_BYTES), ..Self::default() };
        let mut unread = 0;
        for row in std::fs::read_to_string("/proc/net/tcp").unwrap_or_default().lines().skip(1) {
            let columns: Vec<&str> = row.split_whitespace().collect();
            let [_, local, _, state, queues, ..] = columns[..] else { continue };
            if state == TIME_WAIT || state == LISTEN || !local.ends_with(&format!(":{port:04X}")) {
                continue;
            }
            kernel.sockets += 1;
            let sending = queues.split(':').next().unwrap_or_default();
            unread += u64::from_str_radix(sending, 16).unwrap_or_default();
        }
        kernel.unread_mib = mib(unread);
        kernel
    }
}

fn tcp_pages() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/net/sockstat").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    line.split_whitespace().skip_while(|&word| word != "mem").nth(1)?.parse().ok()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

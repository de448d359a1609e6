//! The source `udp`: datagrams of lines.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use protocol::Interval;
use socket2::SockRef;

use super::intake::{Intake, LOOK_EVERY, READ_BYTES, ROW_OPEN};
use super::line_settings::LineSettings;
use crate::clock;
use crate::ingest::blocking::{BlockingContext, BlockingSource};
use crate::ingest::source::SourceError;

/// The kernel keeps so many bytes of datagrams that are not read yet, if it is allowed to.
const BUFFER_BYTES: usize = 4 << 20;
/// The kernel's count of lost datagrams is read this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Udp {
    pub(super) listen: SocketAddr,
    pub(super) lines: LineSettings,
}

impl BlockingSource for Udp {
    fn merge_window(&self) -> Interval {
        self.lines.merge
    }

    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        let listen = self.listen;
        let cannot =
            |what: &str, error: std::io::Error| SourceError::Other(format!("cannot {what} {listen}: {error}").into());
        let socket = UdpSocket::bind(listen).map_err(|error| cannot("listen on", error))?;
        // The kernel may allow less.
        let _smaller = SockRef::from(&socket).set_recv_buffer_size(BUFFER_BYTES);
        context.registrar.health().listening();
        let mut intake = Intake::new(context, self.lines);
        let (mut bytes, mut wait) = (vec![0; READ_BYTES], Duration::ZERO);
        let (mut lost, mut counted_at) = (0, Instant::now());
        loop {
            // The time is past: this call only checks whether the server stops.
            context.wait_until(Instant::now())?;
            let next_wait = if intake.is_open() { ROW_OPEN } else { LOOK_EVERY };
            if wait != next_wait {
                wait = next_wait;
                socket.set_read_timeout(Some(wait)).map_err(|error| cannot("set a timeout on", error))?;
            }
            match socket.recv(&mut bytes) {
                Ok(read) => {
                    let now = clock::now();
                    intake.push(&bytes[..read], now)?;
                    intake.finish(now)?;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    intake.close(clock::now())?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot("read", error)),
            }
            if counted_at.elapsed() >= COUNT_EVERY {
                counted_at = Instant::now();
                let found = lost_datagrams(&socket).unwrap_or(lost);
                let more = found.saturating_sub(std::mem::replace(&mut lost, found));
                if more > 0 {
                    context.registrar.health().refused(more);
                    let reason = "datagrams were dropped by the kernel: they arrived faster than they were read";
                    context.registrar.report(&reason);
                }
            }
        }
    }
}

/// The datagrams for this socket that the kernel has dropped, on Linux: the last column of `/proc/net/udp`, in the line of its port.
#[expect(clippy::disallowed_methods, reason = "on the thread of the source")]
fn lost_datagrams(socket: &UdpSocket) -> Option<u64> {
    let address = socket.local_addr().ok()?;
    let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    let port = format!(":{:04X}", address.port());
    let text = std::fs::read_to_string(table).ok()?;
    let of_port = |line: &&str| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&port));
    text.lines().find(of_port)?.split_whitespace().last()?.parse().ok()
}

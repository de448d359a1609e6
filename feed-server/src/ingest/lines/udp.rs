//! The source `udp`: datagrams of lines.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use protocol::Interval;

use super::intake::{Intake, LOOK_EVERY, ROW_OPEN};
use super::line_settings::LineSettings;
use crate::clock;
use crate::ingest::blocking::{BlockingContext, BlockingSource};
use crate::ingest::datagrams::{DatagramAddress, Datagrams, MAX_BYTES};
use crate::ingest::source::SourceError;

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
        let mut datagrams =
            Datagrams::bind(&DatagramAddress::Udp(listen)).map_err(|error| cannot("listen on", error))?;
        context.registrar.health().listening();
        let mut intake = Intake::new(context, self.lines);
        let mut bytes = vec![0; MAX_BYTES];
        let mut counted_at = Instant::now();
        loop {
            // The time is past: this call only checks whether the server stops.
            context.wait_until(Instant::now())?;
            let wait = if intake.is_open() { ROW_OPEN } else { LOOK_EVERY };
            match datagrams.receive(&mut bytes, wait).map_err(|error| cannot("read", error))? {
                Some(length) => {
                    let now = clock::now();
                    intake.push(&bytes[..length], now)?;
                    intake.finish(now)?;
                }
                None => intake.close(clock::now())?,
            }
            if counted_at.elapsed() >= COUNT_EVERY {
                counted_at = Instant::now();
                datagrams.report_lost(&context.registrar);
            }
        }
    }
}

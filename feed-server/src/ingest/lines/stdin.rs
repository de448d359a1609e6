//! The source `stdin`: the standard input of the server.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::Interval;

use super::intake::{Intake, LOOK_EVERY, READ_BYTES, ROW_OPEN};
use super::line_settings::LineSettings;
use crate::clock;
use crate::ingest::blocking::{BlockingContext, BlockingSource};
use crate::ingest::source::SourceError;

#[derive(Debug)]
pub(super) struct Stdin {
    pub(super) lines: LineSettings,
}

impl BlockingSource for Stdin {
    fn merge_window(&self) -> Interval {
        self.lines.merge
    }

    /// Reads to the end of the input.
    #[expect(clippy::disallowed_methods, reason = "on the thread of the source")]
    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        let input = io::stdin().as_fd().try_clone_to_owned().map_err(other)?;
        let mut intake = Intake::new(context, self.lines);
        let (mut input, mut bytes) = (File::from(input), vec![0; READ_BYTES]);
        loop {
            // The time is past: this call only checks whether the server stops.
            context.wait_until(Instant::now())?;
            let wait = if intake.is_open() { ROW_OPEN } else { LOOK_EVERY };
            if !is_ready(&input, wait).map_err(other)? {
                intake.close(clock::now())?;
                continue;
            }
            match input.read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => intake.push(&bytes[..read], clock::now())?,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(other(error)),
            }
        }
        intake.finish(clock::now())?;
        intake.close(clock::now())?;
        Ok(())
    }
}

fn is_ready(input: &File, wait: Duration) -> io::Result<bool> {
    let mut polled = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    match poll(&mut polled, PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn other(error: io::Error) -> SourceError {
    SourceError::Other(error.into())
}

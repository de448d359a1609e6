//! A command that runs, with its output on a pseudo-terminal: most programs keep the lines for a pipe back until they have several
//! kilobytes, and write each line for a terminal.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;

/// A command that starts meanwhile would inherit the terminal of another one, whose end would then not be noticed.
static STARTS: Mutex<()> = Mutex::new(());

/// Programs that fit their lines to a terminal do not cut them.
const TERMINAL: Winsize = Winsize { ws_row: 1_000, ws_col: 4_000, ws_xpixel: 0, ws_ypixel: 0 };

/// A command that does not end on SIGTERM is killed after this time.
const ENDS_WITHIN: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    output: File,
    errors: Option<ChildStderr>,
}

/// What has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// So many bytes of the output.
    Output(usize),
    /// So many bytes of the error output.
    Errors(usize),
    Nothing,
    /// The output has ended.
    End,
}

impl Process {
    /// Starts a command by the shell, in a group of processes of its own.
    #[expect(clippy::disallowed_methods, reason = "on the thread of the source")]
    pub(super) fn start(command: &str) -> io::Result<Self> {
        let _alone = STARTS.lock();
        let terminal = openpty(&TERMINAL, None)?;
        for side in [&terminal.master, &terminal.slave] {
            fcntl(side, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let mut child = Command::new("/bin/sh")
            .args(["-c", command])
            // Plain numbers with a decimal point, and no colours.
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .env("S_COLORS", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::from(terminal.slave))
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let errors = child.stderr.take();
        Ok(Self { child, output: File::from(terminal.master), errors })
    }

    /// Waits for bytes, and reads some.
    pub(super) fn read(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<Arrived> {
        let mut polled = vec![PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
        polled.extend(self.errors.as_ref().map(|errors| PollFd::new(errors.as_fd(), PollFlags::POLLIN)));
        match poll(&mut polled, PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(Arrived::Nothing),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let has = |polled: &PollFd<'_>| polled.any().unwrap_or(true);
        let (has_output, has_errors) = (has(&polled[0]), polled.get(1).is_some_and(has));
        if has_errors && let Some(errors) = &mut self.errors {
            match errors.read(bytes)? {
                0 => self.errors = None,
                read => return Ok(Arrived::Errors(read)),
            }
        }
        if !has_output {
            return Ok(Arrived::Nothing);
        }
        match self.output.read(bytes) {
            // Linux reports the end of a terminal as an error.
            Ok(0) => Ok(Arrived::End),
            Err(error) if error.raw_os_error() == Some(nix::libc::EIO) => Ok(Arrived::End),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Arrived::Nothing),
            read => read.map(Arrived::Output),
        }
    }

    /// Ends the command and the processes that it has started, and returns its status; `None` if it did not end.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        let group = Pid::from_raw(i32::try_from(self.child.id()).ok()?);
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            let deadline = Instant::now() + ENDS_WITHIN;
            let _gone = killpg(group, signal);
            while Instant::now() < deadline {
                if let Ok(Some(status)) = self.child.try_wait() {
                    // What it has started may still run.
                    let _gone = killpg(group, Signal::SIGKILL);
                    return Some(status);
                }
                pause(LOOK_EVERY);
            }
        }
        None
    }

    /// The status of a command whose output has ended: waits a moment for it.
    pub(super) fn status(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + LOOK_EVERY * 10;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            pause(LOOK_EVERY);
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

#[expect(clippy::disallowed_methods, reason = "on the thread of the source")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

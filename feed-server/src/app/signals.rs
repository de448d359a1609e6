//! The signals that end the server, that make it read its certificate again, and that it ignores.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

/// The name of the thread that receives signals.
pub const THREAD: &str = "signals";

const HANDLED: [i32; 7] = [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ];

/// The effect of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signalled {
    /// The server ends in order. A second signal of this kind ends the process at once, whatever its threads do.
    End(&'static str),
    /// SIGHUP: the certificate is read again, if there is one.
    Renew,
    /// SIGHUP when the terminal in which the process was started is closed.
    TerminalClosed,
    /// Nothing.
    Ignored(&'static str),
}

/// Receives signals from now on, on a thread of its own, and sends their effects to `events`.
///
/// # Errors
/// If the system accepts no handler, or has no descriptor or thread for it.
pub fn listen<E: From<Signalled> + Send + 'static>(events: Sender<E>) -> io::Result<()> {
    let is_ending = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGQUIT] {
        // The order matters: the first signal sets the flag after it was checked. The exit code is that of a shell.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&is_ending))?;
        flag::register(signal, Arc::clone(&is_ending))?;
    }
    let had_terminal = has_terminal();
    let mut signals = Signals::new(HANDLED)?;
    let receive = move || {
        for signal in signals.forever() {
            let asked = match signal {
                // Sent at a write beyond the limit of a file's size, as of the log: the write fails, and that is enough.
                SIGXFSZ => continue,
                SIGHUP if had_terminal && !has_terminal() => Signalled::TerminalClosed,
                SIGHUP => Signalled::Renew,
                SIGUSR1 | SIGUSR2 => Signalled::Ignored(name(signal)),
                _ => Signalled::End(name(signal)),
            };
            if events.send(E::from(asked)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name(THREAD.to_owned()).spawn(receive)?;
    Ok(())
}

/// Sets which signals this thread and those that it starts receive. Called before other threads are started.
///
/// A process inherits the signals that its parent blocks: those that [`listen`] handles are unblocked, or the server could
/// not be ended in order. SIGTTOU is blocked: for a write to a terminal whose user has set `stty tostop`, the system would
/// suspend the whole process.
pub fn set_mask() {
    let handled = HANDLED.into_iter().filter_map(|signal| Signal::try_from(signal).ok());
    // Both fail for invalid arguments only.
    let _unblocked = handled.collect::<SigSet>().thread_unblock();
    let _blocked = SigSet::from(Signal::SIGTTOU).thread_block();
}

/// Returns true for a process that was started in a terminal which is still open.
#[expect(clippy::disallowed_methods, reason = "reads and writes nothing")]
fn has_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

fn name(signal: i32) -> &'static str {
    signal_name(signal).unwrap_or("a signal")
}

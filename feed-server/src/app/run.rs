//! Runs a server until a signal ends it, and ends the process within a bound.
//!
//! ```text
//! thread "signals" --+
//!                    +--> this thread: stops the server, waits for a limited time, names what did not end
//! tasks of a server -+
//! ```
//! This thread calls nothing that can block: it ends the process also if every worker of the runtime hangs.

#![expect(clippy::disallowed_methods, reason = "on the main thread, and on threads for one call")]

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::app::server::{Server, ToOpen};
use crate::app::signals::{self, Signalled};
use crate::app::{browser, left_threads, log};
use crate::blocking_thread::BlockingThread;
use crate::net::tls::Tls;

/// Limit for the end of a server. Above all limits of its parts: its sources have 4.25 s, and after them the hub 0.3 s.
const END_WITHIN: Duration = Duration::from_millis(4_600);

/// Threads besides the workers of the runtime: for the hub, signals, the link, the page's files, and a few sources. Without these the
/// server would run and measure nothing.
const FURTHER_THREADS: usize = 8;

/// Time for the runtime's threads and others to end after the server has.
const THREADS_END_WITHIN: Duration = Duration::from_millis(100);

/// The process ends this long after the first signal. The rest of the 5 s is for the system.
const PROCESS_ENDS_WITHIN: Duration = Duration::from_millis(4_950);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    InOrder,
    /// A task panicked or did not end in time.
    NotInOrder,
}

/// The end of a server, and the time at which its process must end; `None` without a signal.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub ended: Ended,
    pub process_ends_by: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Signalled(Signalled),
    Ended(Ended),
}

impl From<Signalled> for Event {
    fn from(signalled: Signalled) -> Self {
        Self::Signalled(signalled)
    }
}

/// Starts the runtime.
///
/// # Errors
/// If the system has too few threads or descriptors.
pub fn runtime() -> io::Result<Runtime> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    check_threads(workers + FURTHER_THREADS)?;
    Builder::new_multi_thread().worker_threads(workers).enable_io().enable_time().thread_name("worker").build()
}

/// Starts and ends this many threads. If tokio gets one worker and not the next, it waits without a limit.
fn check_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let closed = gate.lock();
    thread::scope(|scope| {
        // All at the same time: each waits until the gate is opened at the end of this function.
        let _opened_at_end = closed;
        for number in 1..=count {
            let started = thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()));
            let refused =
                |error| format!("the system starts {} of {count} threads ({error}): raise `ulimit -u`", number - 1);
            started.map_err(|error| io::Error::new(error.kind(), refused(error)))?;
        }
        Ok(())
    })
}

/// Serves until a signal ends the server, or it ends by itself. `to_open` is opened in a browser.
///
/// # Errors
/// If the system has too few threads or descriptors to receive signals.
pub fn until_signal(runtime: Runtime, server: Server, to_open: Option<io::Result<ToOpen>>) -> io::Result<End> {
    let (events, happened) = channel();
    signals::listen::<Event>(events.clone())?;
    let to_open = to_open.and_then(|target| {
        target.inspect_err(|error| tracing::warn!(error = error.to_string(), "cannot open the page")).ok()
    });
    announce(server.link(), to_open.as_ref().map(ToOpen::argument));
    let stop = CancellationToken::new();
    let certificate = server.tls().map(|tls| (Arc::clone(tls), BlockingThread::new("certificate")));
    let running = AssertUnwindSafe(server.run(stop.clone())).catch_unwind();
    runtime.spawn(async move {
        let ended = if matches!(running.await, Ok(Ok(()))) { Ended::InOrder } else { Ended::NotInOrder };
        let _main_has_ended = events.send(Event::Ended(ended));
    });
    let renew = certificate.map(|(tls, thread)| move || renew(&tls, &thread));
    let (ended, signalled) = supervise(&happened, &stop, END_WITHIN, renew.as_ref().map(|renew| renew as &dyn Fn()));
    // Its thread ends if no call hangs.
    drop(renew);
    // Deletes the file with the link.
    drop(to_open);
    let left = leave(runtime);
    if !left.is_empty() {
        tracing::warn!(threads = left.join(", "), "threads that did not end are left behind");
    }
    Ok(End { ended, process_ends_by: signalled.map(|at| at + PROCESS_ENDS_WITHIN) })
}

/// Ends the runtime and waits for all threads, for a limited time. Returns the names of those that did not end.
fn leave(runtime: Runtime) -> Vec<String> {
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    left_threads::after(THREADS_END_WITHIN, &[log::THREAD, signals::THREAD])
}

/// Handles events until the server has ended, or has not ended within `end_within` of the first signal. Also returns the time
/// of that signal.
fn supervise(
    happened: &Receiver<Event>,
    stop: &CancellationToken,
    end_within: Duration,
    renew: Option<&dyn Fn()>,
) -> (Ended, Option<Instant>) {
    let mut signalled: Option<Instant> = None;
    loop {
        let event = match signalled {
            Some(at) => happened.recv_timeout((at + end_within).saturating_duration_since(Instant::now())),
            None => happened.recv().map_err(Into::into),
        };
        match event {
            Ok(Event::Signalled(signal)) => match (signal, renew) {
                (Signalled::End(signal), _) => end(signal, stop, &mut signalled),
                (Signalled::Renew | Signalled::TerminalClosed, Some(renew)) => renew(),
                (Signalled::Renew, None) => {
                    tracing::info!(
                        signal = "SIGHUP",
                        "signal ignored: without TLS there is no certificate to read again"
                    );
                }
                (Signalled::TerminalClosed, None) => end("SIGHUP: the terminal was closed", stop, &mut signalled),
                (Signalled::Ignored(signal), _) => tracing::info!(signal, "signal ignored"),
            },
            Ok(Event::Ended(ended)) => return (ended, signalled),
            Err(RecvTimeoutError::Timeout) => {
                tracing::error!(?end_within, "tasks of the server did not end in time and are left behind");
                return (Ended::NotInOrder, signalled);
            }
            Err(RecvTimeoutError::Disconnected) => return (Ended::NotInOrder, signalled),
        }
    }
}

fn end(signal: &str, stop: &CancellationToken, signalled: &mut Option<Instant>) {
    tracing::info!(signal, "the server ends; a second signal ends it at once");
    stop.cancel();
    signalled.get_or_insert_with(Instant::now);
}

/// Reads the certificate's files again, as tools that renew certificates ask for with SIGHUP.
fn renew(tls: &Arc<Tls>, thread: &BlockingThread) {
    let tls = Arc::clone(tls);
    let started = thread.start(move || match tls.renew() {
        Ok(()) => tracing::info!("certificate renewed"),
        Err(error) => {
            tracing::error!(error = error.to_string(), "certificate not renewed; the previous one stays in use");
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "certificate not renewed; the previous one stays in use");
    }
}

/// Prints the link, and opens the page, on a thread: standard output may be a pipe that no process reads.
fn announce(link: String, to_open: Option<OsString>) {
    let announced = thread::Builder::new().name("link".to_owned()).spawn(move || {
        // The page is served even if standard output is closed.
        let _closed = writeln!(io::stdout(), "Kymograph is live at {link}");
        if let Some(target) = to_open {
            browser::open(target);
        }
    });
    if let Err(error) = announced {
        // Without the link, which may contain a token.
        tracing::error!(%error, "cannot print the link: the system starts no further thread");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Sends these signals to a server, which ends by itself unless SIGTERM is among them. Returns how it ended, whether it was
    /// stopped, and how often its certificate was renewed.
    fn outcome(signals: &[Signalled], has_certificate: bool) -> (Ended, bool, usize) {
        let (events, happened) = channel();
        for signal in signals {
            events.send(Event::Signalled(*signal)).expect("open");
        }
        if !signals.contains(&Signalled::End("SIGTERM")) {
            events.send(Event::Ended(Ended::InOrder)).expect("open");
        }
        let (stop, renewals) = (CancellationToken::new(), Cell::new(0));
        let renew = || renewals.set(renewals.get() + 1);
        let renew = has_certificate.then_some(&renew as &dyn Fn());
        let (ended, signalled) = supervise(&happened, &stop, Duration::from_millis(1), renew);
        assert_eq!(signalled.is_some(), stop.is_cancelled());
        (ended, stop.is_cancelled(), renewals.get())
    }

    #[test]
    fn a_server_that_does_not_end_is_left_behind_after_the_limit() {
        assert_eq!(outcome(&[Signalled::End("SIGTERM")], false), (Ended::NotInOrder, true, 0));
    }

    #[test]
    fn workers_that_hang_are_named_and_left_behind() {
        let runtime = runtime().expect("starts");
        let workers = runtime.metrics().num_workers();
        let (begun, begins) = channel();
        let (release, released) = channel::<()>();
        let released = Arc::new(Mutex::new(released));
        for _ in 0..workers {
            let (begun, released) = (begun.clone(), Arc::clone(&released));
            runtime.spawn(async move {
                begun.send(()).expect("the test waits");
                // The first waits for the test, the others for the first.
                let _test_has_ended = released.lock().recv();
            });
        }
        for _ in 0..workers {
            begins.recv().expect("each worker hangs");
        }
        let left = leave(runtime);
        assert_eq!(left.iter().filter(|name| *name == "worker").count(), workers, "{left:?}");
        drop(release);
    }

    #[test]
    fn sighup_renews_the_certificate_or_ends_a_server_without_one_whose_terminal_was_closed() {
        for signal in [Signalled::Renew, Signalled::TerminalClosed] {
            assert_eq!(outcome(&[signal, signal], true), (Ended::InOrder, false, 2));
        }
        assert_eq!(outcome(&[Signalled::Renew, Signalled::Ignored("SIGUSR1")], false), (Ended::InOrder, false, 0));
        assert_eq!(outcome(&[Signalled::TerminalClosed], false), (Ended::InOrder, true, 0));
    }
}

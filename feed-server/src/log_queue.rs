//! Lines for an output that may stop accepting them, such as a pipe that no process reads.
//!
//! Any thread adds lines, and never waits. One thread writes them: it alone waits for the output, without a limit. Lines
//! for which there is no room are dropped and counted, and a line in their place states how many.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::counter::Counter;

/// A bound on the bytes that wait. As many again may be with the thread that writes: together 1 MiB, some 6,000 lines.
const BOUND_BYTES: usize = 512 << 10;

/// Wait before an output that is set not to block is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Cheap to clone: all clones are one queue.
#[derive(Clone, Debug)]
pub struct LogQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
    /// All lines dropped since the start.
    dropped: Counter,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Lines dropped after those that wait.
    dropped: u64,
    is_writing: bool,
}

impl LogQueue {
    /// Starts the thread `name`, which writes to `output`. `notice` makes the line about a number of dropped lines.
    ///
    /// # Errors
    /// If the system starts no further thread.
    pub fn start(
        name: &str,
        output: impl Write + Send + 'static,
        notice: impl Fn(u64) -> String + Send + 'static,
        dropped: Counter,
    ) -> io::Result<Self> {
        let shared = Shared { state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new(), dropped };
        let this = Self(Arc::new(shared));
        let mut writer = Writer { shared: Arc::clone(&this.0), output, notice, dropped: 0, is_within_line: false };
        thread::Builder::new().name(name.to_owned()).spawn(move || writer.run())?;
        Ok(this)
    }

    /// Adds a line, which ends with a line feed, or counts it as dropped. Never waits for the output.
    pub fn push(&self, line: &[u8]) {
        let mut state = self.0.state.lock();
        // Lines after a dropped one are dropped too, so that the count stands where the lines are missing.
        if state.dropped > 0 || state.waiting.len() + line.len() > BOUND_BYTES {
            state.dropped += 1;
            self.0.dropped.inc();
        } else {
            state.waiting.extend_from_slice(line);
        }
        drop(state);
        self.0.filled.notify_one();
    }

    /// Waits until all lines are written, at most for `within`. Returns false if they are not.
    pub fn flush(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut state = self.0.state.lock();
        while state.is_writing || state.has_work() {
            if self.0.emptied.wait_until(&mut state, until).timed_out() {
                return false;
            }
        }
        true
    }
}

/// Takes the bytes of each call as one line: the formatter of the log writes each line at once.
impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    const fn has_work(&self) -> bool {
        !self.waiting.is_empty() || self.dropped > 0
    }
}

/// The part of the queue that waits for the output.
struct Writer<W, N> {
    shared: Arc<Shared>,
    output: W,
    notice: N,
    /// Dropped lines that no notice has stated yet.
    dropped: u64,
    /// The output failed within a line.
    is_within_line: bool,
}

impl<W: Write, N: Fn(u64) -> String> Writer<W, N> {
    fn run(&mut self) {
        loop {
            let (lines, dropped) = self.take();
            self.write_notice();
            if let Err(lost) = self.write(&lines) {
                self.shared.dropped.inc_by(lost);
                self.dropped += lost;
            }
            self.dropped += dropped;
            self.write_notice();
        }
    }

    /// Waits for lines.
    fn take(&self) -> (Vec<u8>, u64) {
        let mut state = self.shared.state.lock();
        state.is_writing = false;
        while !state.has_work() {
            self.shared.emptied.notify_all();
            self.shared.filled.wait(&mut state);
        }
        state.is_writing = true;
        (std::mem::take(&mut state.waiting), std::mem::take(&mut state.dropped))
    }

    fn write_notice(&mut self) {
        if self.dropped > 0 {
            let line_end = if self.is_within_line { "\n" } else { "" };
            let notice = format!("{line_end}{}", (self.notice)(self.dropped));
            if self.write(notice.as_bytes()).is_ok() {
                self.dropped = 0;
            }
        }
    }

    /// Writes lines, for as long as it takes. If the output fails, returns the number of lines that are lost.
    #[expect(clippy::disallowed_methods, reason = "on the thread that writes")]
    fn write(&mut self, lines: &[u8]) -> Result<(), u64> {
        let mut rest = lines;
        while !rest.is_empty() {
            match self.output.write(rest) {
                Ok(0) => return Err(line_count(rest)),
                Ok(count) => {
                    self.is_within_line = rest[count - 1] != b'\n';
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(_) => return Err(line_count(rest)),
            }
        }
        Ok(())
    }
}

fn line_count(lines: &[u8]) -> u64 {
    lines.split(|byte| *byte == b'\n').skip(1).count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const TEST_DEADLINE: Duration = Duration::from_mins(1);

    /// An output that accepts a write for each permit, and then fails or waits.
    struct Output {
        permits: mpsc::Receiver<io::Result<()>>,
        written: mpsc::Sender<String>,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(|_| io::Error::other("the test has ended"))??;
            let _test_ended = self.written.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Stage {
        queue: LogQueue,
        dropped: Counter,
        permits: mpsc::Sender<io::Result<()>>,
        written: mpsc::Receiver<String>,
    }

    impl Stage {
        fn new() -> Self {
            let ((permits, permitted), (write, written)) = (mpsc::channel(), mpsc::channel());
            let dropped = Counter::default();
            let output = Output { permits: permitted, written: write };
            let notice = |dropped| format!("{dropped} dropped\n");
            let queue = LogQueue::start("test log", output, notice, dropped.clone()).expect("a thread");
            Self { queue, dropped, permits, written }
        }

        fn allow(&self, result: io::Result<()>) {
            self.permits.send(result).expect("the thread runs");
        }

        fn next(&self) -> String {
            self.written.recv_timeout(TEST_DEADLINE).expect("a write")
        }

        /// Waits until the thread holds the lines so far.
        fn until_taken(&self) {
            while !self.queue.0.state.lock().waiting.is_empty() {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn lines_beyond_the_bound_are_dropped_and_counted_where_they_are_missing() {
        let stage = Stage::new();
        stage.queue.push(b"first\n");
        stage.until_taken();
        let line = format!("{}\n", "x".repeat(1_023));
        for _ in 0..600 {
            stage.queue.push(line.as_bytes());
        }
        // It would fit, but would stand before the count of those that are missing before it.
        stage.queue.push(b"late\n");
        assert_eq!(stage.dropped.get(), 600 - 512 + 1);
        assert!(!stage.queue.flush(Duration::from_millis(1)), "nothing is written yet");
        stage.allow(Ok(()));
        assert_eq!(stage.next(), "first\n");
        stage.allow(Ok(()));
        assert_eq!(stage.next(), line.repeat(512));
        stage.allow(Ok(()));
        assert_eq!(stage.next(), "89 dropped\n");
        stage.queue.push(b"after\n");
        stage.allow(Ok(()));
        assert_eq!(stage.next(), "after\n");
        assert!(stage.queue.flush(TEST_DEADLINE));
    }

    #[test]
    fn lines_that_the_output_refuses_are_counted_and_stated_when_it_accepts_again() {
        let stage = Stage::new();
        let full = || Err(io::Error::from(ErrorKind::StorageFull));
        stage.allow(full());
        // The notice.
        stage.allow(full());
        stage.queue.push(b"one\n");
        assert!(stage.queue.flush(TEST_DEADLINE), "what cannot be written does not wait");
        assert_eq!(stage.dropped.get(), 1);
        for _ in 0..2 {
            stage.allow(Err(io::Error::from(ErrorKind::WouldBlock)));
            stage.allow(Ok(()));
        }
        stage.queue.push(b"two\n");
        assert_eq!(stage.next(), "1 dropped\n");
        assert_eq!(stage.next(), "two\n");
        assert_eq!(stage.dropped.get(), 1);
    }
}

//! The threads of this process that still run when it ends.

#![expect(clippy::disallowed_methods, reason = "on the main thread, when the server has ended")]

use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(5);

/// The names of the threads that have not ended after `within`, except the main thread and `expected`. Linux keeps 15
/// characters of a name. Empty on systems without `/proc`.
pub(super) fn after(within: Duration, expected: &[&str]) -> Vec<String> {
    let until = Instant::now() + within;
    loop {
        let left = now(expected);
        if left.is_empty() || Instant::now() >= until {
            return left;
        }
        thread::sleep(PAUSE);
    }
}

fn now(expected: &[&str]) -> Vec<String> {
    let main_thread = std::process::id().to_string();
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let names = threads.flatten().filter(|thread| *thread.file_name() != *main_thread).filter_map(|thread| {
        // Fails for a thread that has ended since.
        let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        Some(name.trim_end().to_owned())
    });
    names.filter(|name| !expected.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_thread_that_hangs_is_named_until_it_ends() {
        let (release, released) = channel::<()>();
        let (begun, begins) = channel();
        let hangs = move || {
            begun.send(()).expect("the test waits");
            released.recv()
        };
        let thread = thread::Builder::new().name("left for a test".to_owned()).spawn(hangs).expect("a thread");
        begins.recv().expect("begins");
        let is_named = || now(&[]).iter().any(|name| name == "left for a test");
        assert!(is_named());
        assert!(!now(&["left for a test"]).iter().any(|name| name == "left for a test"));
        drop(release);
        let _ended = thread.join();
        while is_named() {
            thread::yield_now();
        }
    }
}

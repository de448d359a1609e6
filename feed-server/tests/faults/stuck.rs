//! A file system whose server is lost. It is mounted for this test's processes only, which needs root; the tests of
//! `ingest/deadline_reader.rs` and `ingest/host/disk_space.rs` show the same without.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;

use super::machine;
use super::process::Process;

#[tokio::test]
async fn a_file_system_that_does_not_answer_stops_nothing_else_and_does_not_delay_the_end() {
    if !geteuid().is_root() {
        println!("not run: only root can mount a file system");
        return;
    }
    let _machine = machine().await;
    let folder = tempfile::tempdir().expect("temporary folder");
    let point = folder.path().to_owned();
    // The mounts of this thread, and of the processes that it starts, are their own.
    let start = thread::spawn(move || {
        let silent = SilentFileSystem::mount(&point);
        (Process::start(&["--source", "host:hz=10"]), silent)
    });
    let (mut server, silent) = start.join().expect("mounts and starts");
    let part = format!("disk space of {}", folder.path().display());

    server.until_metric("kymograph_source_stuck_readers{source=\"host\"}", |stuck| stuck >= 1.0).await;
    let report = server.get("/readyz?source=host").await;
    assert!(report.contains(&format!("\"stuck\":[{{\"part\":\"{part}\",\"unanswered_ms\":")), "{report}");
    assert!(report.contains("\"ready\":true"), "{report}");
    let report: serde_json::Value = serde_json::from_str(&server.get("/readyz").await).expect("JSON");
    // Without the file system, all groups of this machine: more than the three that come before disks.
    assert!(report["groups"].as_u64() >= Some(10), "{report}");
    let rows = server.metric("kymograph_rows_total").await.expect("a number");
    server.until_metric("kymograph_rows_total", |now| now > rows + 200.0).await;

    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    let mut end = tokio::task::spawn_blocking(move || server.wait());
    let in_time = tokio::time::timeout(Duration::from_secs(5), &mut end).await;
    println!("a server with a stuck reader ended within {:.1} s", began.elapsed().as_secs_f64());
    // Otherwise a server that waits for it could not even be killed.
    drop(silent);
    assert!(in_time.expect("ends within 5 s").expect("waits").success());
}

/// A file system that accepts its mount, and takes each request without an answer: no signal ends a thread that waits for
/// it. The mount is seen by the thread that made it and its child processes only.
struct SilentFileSystem {
    is_over: Arc<AtomicBool>,
    takes_requests: Option<JoinHandle<()>>,
}

impl SilentFileSystem {
    fn mount(point: &Path) -> Self {
        unshare(CloneFlags::CLONE_NEWNS).expect("root may mount (CAP_SYS_ADMIN)");
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("root may mount (CAP_SYS_ADMIN)");
        let mut fuse = File::options();
        let fuse = fuse.read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open("/dev/fuse");
        let mut fuse = fuse.expect("the kernel has FUSE");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", fuse.as_raw_fd());
        mount(Some("/dev/silent"), point, Some("fuse"), MsFlags::empty(), Some(options.as_str()))
            .expect("root may mount (CAP_SYS_ADMIN)");

        let request = until_request(&mut fuse, || false).expect("the kernel begins");
        // Length, opcode, number of the request: FUSE_INIT is 26.
        assert_eq!(request[4..8], 26_u32.to_ne_bytes());
        let init: [u32; 16] = [7, 31, 0, 0, 0, 4_096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let (length, no_error) = (16 + size_of_val(&init) as u32, 0_u32);
        let mut answer = [length, no_error].map(u32::to_ne_bytes).concat();
        answer.extend(&request[8..16]);
        answer.extend(init.iter().flat_map(|field| field.to_ne_bytes()));
        fuse.write_all(&answer).expect("the kernel accepts");

        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let takes_requests = thread::spawn(move || {
            while until_request(&mut fuse, || ends.load(Ordering::Relaxed)).is_some() {}
            // Closing the device ends all requests with an error.
        });
        Self { is_over, takes_requests: Some(takes_requests) }
    }
}

impl Drop for SilentFileSystem {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _panicked = self.takes_requests.take().map(JoinHandle::join);
    }
}

/// The next request of the kernel; `None` if it is over before.
fn until_request(fuse: &mut File, is_over: impl Fn() -> bool) -> Option<Vec<u8>> {
    let mut request = vec![0; 1 << 16];
    while !is_over() {
        match fuse.read(&mut request) {
            Ok(length) => {
                request.truncate(length);
                return Some(request);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(10)),
            Err(error) => panic!("{error}"),
        }
    }
    None
}

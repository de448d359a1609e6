//! A file system whose server is lost. It is mounted for this test's processes only, which needs root; the tests of
//! `ingest/deadline_reader.rs` and `ingest/host/disk_space.rs` show the same without.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

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
    let start = std::thread::spawn(move || {
        let fuse = mount_silent(&point);
        (Process::start(&["--source", "host:hz=10"]), fuse)
    });
    let (mut server, _fuse) = start.join().expect("mounts and starts");
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
    let status = tokio::task::spawn_blocking(move || server.wait()).await.expect("waits");
    println!("a server with a stuck reader ended within {:.1} s", began.elapsed().as_secs_f64());
    assert!(status.success() && began.elapsed() < Duration::from_secs(5), "{status}, {:?}", began.elapsed());
}

/// Mounts a file system at `point` that accepts its mount and answers no request. The mount is seen by this thread and
/// its child processes only, and ends with them.
fn mount_silent(point: &Path) -> File {
    unshare(CloneFlags::CLONE_NEWNS).expect("root may");
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).expect("root may");
    let mut fuse = File::options().read(true).write(true).open("/dev/fuse").expect("the kernel has FUSE");
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", fuse.as_raw_fd());
    mount(Some("/dev/silent"), point, Some("fuse"), MsFlags::empty(), Some(options.as_str())).expect("root may");
    // FUSE_INIT: a header of 40 bytes, whose fields are length, opcode and, at 8, the number of the request.
    let mut request = vec![0; 8_192];
    let length = fuse.read(&mut request).expect("the kernel asks first");
    assert!(length >= 40 && request[4..8] == 26_u32.to_ne_bytes(), "FUSE_INIT");
    let mut answer = Vec::new();
    let init: [u32; 16] = [7, 31, 0, 0, 0, 4_096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    answer.extend((16 + size_of_val(&init) as u32).to_ne_bytes());
    answer.extend(0_u32.to_ne_bytes());
    answer.extend(&request[8..16]);
    answer.extend(init.iter().flat_map(|field| field.to_ne_bytes()));
    fuse.write_all(&answer).expect("the kernel accepts");
    fuse
}

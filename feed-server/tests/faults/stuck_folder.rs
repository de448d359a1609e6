//! Files of the page on a file system that does not answer.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, pipe};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::follow::Connection;
use super::machine;
use super::process::Process;

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=2,series=2,hz=50,prefill=2s,seed=7"];

/// A page in a folder. Its `assets` are a FUSE mount whose file server never answers.
struct StuckPage {
    folder: TempDir,
    mount: PathBuf,
    _file_server: File,
}

impl StuckPage {
    /// `None` for users that may not mount.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mount = folder.path().join("assets");
        fs::create_dir(&mount).expect("created");
        fs::write(folder.path().join("index.html"), "page").expect("written");
        let device = File::options().read(true).write(true).open("/dev/fuse").ok()?;
        let mut command = Command::new("mount");
        command.args(["-i", "-t", "fuse", "-o", "fd=0,rootmode=40000,user_id=0,group_id=0", "stuck"]).arg(&mount);
        let mounted = command.stdin(device.try_clone().expect("clones")).stderr(Stdio::null()).status();
        mounted.ok().filter(|status| status.success())?;
        Some(Self { folder, mount, _file_server: device })
    }
}

impl Drop for StuckPage {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.mount).status();
    }
}

#[tokio::test]
async fn a_folder_that_does_not_answer_delays_only_its_own_files_and_not_the_end() {
    let _machine = machine().await;
    let Some(page) = StuckPage::new() else { return println!("skipped: this user cannot mount") };
    let (log, stderr) = pipe().expect("a pipe");
    let mut arguments = SOURCE.to_vec();
    arguments.extend(["--www", page.folder.path().to_str().expect("UTF-8")]);
    let server = Process::start_with(&arguments, |command| {
        command.stderr(stderr);
    });
    assert_eq!(server.get("/").await, "page");
    let (mut viewer, mut connection) = Connection::live(server.address).await;
    // More than one for each worker of the runtime, and more than may wait.
    let address = server.address;
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        requests.spawn(async move { super::process::get(address, "/assets/a.js").await });
    }
    let rows = viewer.held.len() + 100;
    while viewer.held.len() < rows {
        connection.next(&mut viewer).await.expect("the connection continues");
    }
    assert_eq!(server.get("/healthz").await, "ok\n");
    for answer in requests.join_all().await {
        assert!(answer.starts_with("the folder of the page does not answer: "), "{answer}");
    }
    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    let status = server.ended().await;
    assert!(status.success() && began.elapsed() < Duration::from_secs(5), "{status}, {:?}", began.elapsed());
    let named = "threads that did not end are left behind threads=\"page files\"";
    assert!(BufReader::new(log).lines().any(|line| line.expect("reads").ends_with(named)));
}

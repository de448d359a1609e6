//! Files of the page, and certificates, on a file system that does not answer.

use std::fs::{self, File};
use std::io::{PipeReader, pipe};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rcgen::CertifiedKey;
use tokio::task::JoinSet;

use super::follow::Connection;
use super::machine;
use super::process::{Process, get};

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=2,series=2,hz=50,prefill=2s,seed=7"];

/// A FUSE mount whose file server never answers.
struct StuckMount {
    path: PathBuf,
    _file_server: File,
}

impl StuckMount {
    /// Mounts over an existing folder. `None` for users that may not mount.
    fn over(path: PathBuf) -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/fuse").ok()?;
        let mut command = Command::new("mount");
        command.args(["-i", "-t", "fuse", "-o", "fd=0,rootmode=40000,user_id=0,group_id=0", "stuck"]).arg(&path);
        let mounted = command.stdin(device.try_clone().expect("clones")).stderr(Stdio::null()).status();
        mounted.ok().filter(ExitStatus::success)?;
        Some(Self { path, _file_server: device })
    }
}

impl Drop for StuckMount {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// A server with these arguments, and its log.
fn logged(arguments: &[&str]) -> (Process, PipeReader) {
    let (log, stderr) = pipe().expect("a pipe");
    let server = Process::start_with(arguments, |command| {
        command.stderr(stderr);
    });
    (server, log)
}

/// Ends the server. It names the thread that it leaves behind.
async fn ends_without(thread: &str, server: Process, log: PipeReader) {
    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    let status = server.ended().await;
    assert!(status.success() && began.elapsed() < Duration::from_secs(5), "{status}, {:?}", began.elapsed());
    let named = format!("threads that did not end are left behind threads={thread:?}");
    let said = std::io::read_to_string(log).expect("UTF-8");
    assert!(said.lines().any(|line| line.ends_with(&named)), "{said}");
}

#[tokio::test]
async fn a_folder_that_does_not_answer_delays_only_its_own_files_and_not_the_end() {
    let _machine = machine().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("assets")).expect("created");
    fs::write(folder.path().join("index.html"), "page").expect("written");
    let Some(_stuck) = StuckMount::over(folder.path().join("assets")) else {
        return println!("skipped: this user cannot mount");
    };
    let (server, log) = logged(&[&SOURCE[..], &["--www", folder.path().to_str().expect("UTF-8")]].concat());
    assert_eq!(server.get("/").await, "page");
    let (mut viewer, mut connection) = Connection::live(server.address).await;
    // More than one for each worker of the runtime, and more than may wait.
    let address = server.address;
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        requests.spawn(async move { get(address, "/assets/a.js").await });
    }
    let rows = viewer.held.len() + 100;
    while viewer.held.len() < rows {
        connection.next(&mut viewer).await.expect("the connection continues");
    }
    assert_eq!(server.get("/healthz").await, "ok\n");
    for answer in requests.join_all().await {
        assert!(answer.starts_with("the folder of the page does not answer: "), "{answer}");
    }
    drop(connection);
    ends_without("page files", server, log).await;
}

#[tokio::test]
async fn certificates_that_cannot_be_read_again_delay_nobody_and_not_the_end() {
    let _machine = machine().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let CertifiedKey { cert: certificate, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("makes one");
    fs::write(&cert, certificate.pem()).expect("written");
    fs::write(&key, signing_key.serialize_pem()).expect("written");
    let files = ["--tls-cert", cert.to_str().expect("UTF-8"), "--tls-key", key.to_str().expect("UTF-8")];
    let (server, log) = logged(&[&SOURCE[..], &files].concat());
    let Some(_stuck) = StuckMount::over(folder.path().to_owned()) else {
        return println!("skipped: this user cannot mount");
    };
    for _ in 0..10 {
        server.signal(Signal::SIGHUP);
        // A request without TLS is answered, if anything is.
        assert!(server.get("/").await.starts_with("this port accepts TLS only"));
    }
    ends_without("certificate", server, log).await;
}

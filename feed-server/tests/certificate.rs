//! Certificates and keys that need an operator: expired, exposed, encrypted, unsupported.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use feed_server::net::identity::IdentityFiles;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");

/// Writes a certificate that ends on the first day of a year, and its key, with this mode.
fn write(folder: &TempDir, end: i32, mode: u32) -> IdentityFiles {
    let files = IdentityFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.not_after = date_time_ymd(end, 1, 1);
    let key = KeyPair::generate().expect("a key");
    fs::write(&files.certificate, params.self_signed(&key).expect("makes one").pem()).expect("writes");
    fs::write(&files.key, key.serialize_pem()).expect("writes");
    fs::set_permissions(&files.key, Permissions::from_mode(mode)).expect("sets the mode");
    files
}

fn serve(files: &IdentityFiles) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feed-server"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--source", "synthetic:groups=1,prefill=0s"]);
    command.arg("--tls-cert").arg(&files.certificate).arg("--tls-key").arg(&files.key);
    command.stdin(Stdio::null());
    command
}

/// A server and its log.
struct Logged {
    process: Child,
    log: PathBuf,
}

impl Logged {
    /// Returns when the server has printed its link.
    fn start(files: &IdentityFiles) -> Self {
        let log = files.key.with_file_name("log");
        let stderr = fs::File::create(&log).expect("a file");
        let mut process = serve(files).stdout(Stdio::piped()).stderr(stderr).spawn().expect("starts");
        let mut link = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut link).expect("prints its link");
        Self { process, log }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("reads")
    }

    /// Waits until the log contains a text.
    fn until_said(&self, text: &str) {
        let start = SystemTime::now();
        while !self.said().contains(text) {
            assert!(start.elapsed().unwrap_or_default() < Duration::from_mins(1), "{text}: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
    }
}

#[test]
fn an_expired_certificate_and_a_key_that_others_can_read_are_warned_about_at_start_and_at_sighup() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write(&folder, 2_100, 0o600);
    let server = Logged::start(&files);
    let expired = "the certificate expired ";
    let exposed = "other users can read the key (mode 0644): set its mode to 0600 file=";
    assert!(!server.said().contains("cert.pem") && !server.said().contains("key.pem"), "{}", server.said());
    write(&folder, 2_020, 0o644);
    kill(Pid::from_raw(server.process.id() as i32), Signal::SIGHUP).expect("is there");
    server.until_said(exposed);
    server.until_said(expired);
    drop(server);
    // The log is written by a thread of its own, perhaps after the link.
    let server = Logged::start(&files);
    server.until_said(exposed);
    server.until_said(expired);
}

/// Runs a server that is expected to end.
fn refusal(key: &Path) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let files = IdentityFiles { key: key.to_owned(), ..write(&folder, 2_100, 0o600) };
    let Output { status, stderr, .. } = serve(&files).output().expect("starts");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(2), "{said}");
    assert_eq!(said.matches(&key.display().to_string()).count(), 1, "once: {said}");
    said
}

#[test]
fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
    for name in ["encrypted_pkcs8.pem", "encrypted_openssl.pem"] {
        let said = refusal(&Path::new(KEYS).join(name));
        let expected = "the key is encrypted: decrypt it with `openssl pkey -in KEY -out NEW_FILE`";
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_unsupported_key_is_refused_with_the_kinds_that_are_supported() {
    for (name, found) in
        [("p521_sec1.pem", "P-521"), ("p521_pkcs8.pem", "P-521"), ("rsa_1024.pem", "this kind or length")]
    {
        let said = refusal(&Path::new(KEYS).join(name));
        let expected = format!(
            "{name}: a key of {found} is not supported: use P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits"
        );
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn devices_and_long_files_are_no_certificates() {
    let said = refusal(Path::new("/dev/zero"));
    assert!(said.contains("/dev/zero: expected a file or a pipe, found a device"), "{said}");
}

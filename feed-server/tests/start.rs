//! Starts with few resources, and settings of the log.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Output, Stdio};

use crate::process::Process;

const SERVER: &str = env!("CARGO_BIN_EXE_feed-server");
const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--source", "synthetic:groups=1,prefill=0s"];

/// Expects an error of one line, and returns it.
fn refusal(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().expect("starts");
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("feed-server: "), "{stderr}");
    stderr
}

#[test]
fn a_server_with_too_few_descriptors_does_not_start_and_says_how_many_it_needs() {
    for descriptors in [6, 8, 16, 31] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""), SERVER]).args(SERVE);
        let expected = format!("the process may open {descriptors} file descriptors, and needs at least 32");
        assert!(refusal(&mut shell).contains(&expected));
    }
}

#[test]
fn a_server_with_too_few_threads_does_not_start_and_says_so() {
    // The limit does not apply to root: the server runs as a user without other processes.
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("is ours");
    let copy = folder.path().join("feed-server");
    fs::copy(SERVER, &copy).expect("copied");
    let is_root = fs::metadata(folder.path()).expect("is there").uid() == 0;
    // No thread but the first; none of the runtime; one of its workers and not the next.
    for threads in if is_root { 1..=3 } else { 1..=1 } {
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=61234", "--clear-groups", "prlimit"]);
            command
        } else {
            Command::new("prlimit")
        };
        command.arg(format!("--nproc={threads}")).arg(&copy).args(SERVE);
        assert!(refusal(&mut command).contains("raise `ulimit -u`"));
    }
}

#[test]
fn wrong_levels_and_formats_of_the_log_are_refused_at_start() {
    let not_text = OsStr::from_bytes(b"\xff");
    for levels in ["nonsense[", "inof", "feed_server=loud"].map(OsStr::new).into_iter().chain([not_text]) {
        let error = refusal(Command::new(SERVER).args(SERVE).env("KYMOGRAPH_LOG", levels));
        assert!(error.contains("KYMOGRAPH_LOG must be a level (off, error, warn, info, debug, trace)"), "{error}");
        assert!(error.ends_with(&format!("found `{}`\n", levels.to_string_lossy())), "{error}");
    }
    let wrong = Command::new(SERVER).args(SERVE).args(["--log-format", "xml"]).output().expect("starts");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("[possible values: text, json]"));
}

#[test]
fn a_full_standard_output_is_an_error_of_check_config() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new(SERVER);
    command.arg("check-config").arg(file.path());
    command.stdout(File::options().write(true).open("/dev/full").expect("opens"));
    let Output { status, stderr, .. } = command.output().expect("starts");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(2), "{stderr}");
    // Warnings about the configuration may come before.
    let error = "feed-server: cannot write to standard output: No space left on device (os error 28)";
    assert_eq!(stderr.lines().last(), Some(error), "{stderr}");
}

#[test]
fn the_log_is_text_without_escape_codes_or_json_as_the_command_line_or_the_file_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("feed.toml");
    fs::write(&file, "log_format = \"json\"\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    for (arguments, is_json) in [(&[][..], false), (&["--log-format", "json"], true), (&["--config", file], true)] {
        let (log, stderr) = std::io::pipe().expect("a pipe");
        let server = Process::start_with(arguments, |command| {
            command.stderr(stderr);
        });
        let mut stream = std::net::TcpStream::connect(server.address).expect("connects");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").expect("writes");
        stream.read_to_end(&mut Vec::new()).expect("answers");
        let mut lines = BufReader::new(log).lines().map(|line| line.expect("UTF-8"));
        let line = lines.find(|line| line.contains("request refused")).expect("is logged");
        assert!(!line.contains('\x1b'), "{line}");
        let object: Option<serde_json::Value> = serde_json::from_str(&line).ok();
        assert_eq!(object.is_some(), is_json, "{line}");
        if let Some(object) = object {
            let fields = (&object["level"], &object["message"], &object["path"]);
            assert_eq!(fields, (&"INFO".into(), &"request refused".into(), &"/".into()));
        }
    }
}

#[test]
fn an_error_that_ends_the_start_is_json_if_the_log_is() {
    let mut command = Command::new(SERVER);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--www", "/no/such/folder"]);
    let output = command.output().expect("starts");
    assert_eq!(output.status.code(), Some(2));
    let object: serde_json::Value = serde_json::from_slice(&output.stderr).expect("a JSON object");
    assert_eq!(object["level"], "ERROR");
    assert!(object["message"].as_str().expect("a text").contains("/no/such/folder has no index.html"));
}

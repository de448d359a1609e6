//! The state directory, and what other users of the machine can read: files, arguments of processes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::page_session::PageSession;
use crate::place::{Place, SOURCE, TOKEN, free_address, request};
use crate::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[tokio::test]
async fn only_the_owner_can_read_the_files_of_the_state_directory() {
    use std::os::unix::fs::PermissionsExt;
    fn visit(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
        for entry in fs::read_dir(folder).expect("reads") {
            let path = entry.expect("an entry").path();
            let metadata = fs::metadata(&path).expect("is there");
            found.push((path.clone(), metadata.permissions().mode() & 0o777));
            if metadata.is_dir() {
                visit(&path, found);
            }
        }
    }
    let place = Place::new();
    let served = place.served().await;
    let session = PageSession::open(&served, TOKEN).await;
    let mut found = Vec::new();
    visit(&place.path("state"), &mut found);
    assert_eq!(found.len(), 5, "port, lock, server, sessions, a session: {found:?}");
    let (_, cookie) = session.cookie.split_once('=').expect("a pair");
    for (path, mode) in found {
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{path:?}");
        let text = fs::read_to_string(&path).unwrap_or_default();
        for secret in [cookie, session.key.as_str(), TOKEN] {
            assert!(!text.contains(secret), "{path:?} contains a secret");
        }
    }
}

#[test]
fn a_state_directory_in_use_or_not_writable_is_refused_at_start() {
    let (place, address) = (Place::new(), free_address());
    let _running = place.serve(address, &[]);
    let other_address = format!("127.0.0.2:{}", address.port());
    fs::write(place.path("file"), "").expect("writes");
    let port = address.port();
    for (listen, state, expected) in [
        (other_address.as_str(), "state", format!("/state/{port} is in use by another server: stop that one, or ")),
        ("127.0.0.1:0", "file", "/file: not a directory: set --state-dir to a folder that this user can".to_owned()),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_feed-server"))
            .args([
                "serve",
                "--listen",
                listen,
                "--state-dir",
                &place.text(state),
                "--token-file",
                &place.text("token"),
            ])
            .output()
            .expect("starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("feed-server: ")).collect();
        assert_eq!((output.status.code(), errors.len()), (Some(2), 1), "{said}");
        assert!(errors[0].contains(&expected), "{said}");
    }
}

#[test]
fn a_server_that_needs_no_token_creates_no_state() {
    let place = Place::new();
    let server = Process::start(&[&["--state-dir", &place.text("state")], &SOURCE[..]].concat());
    assert!(!place.path("state").exists());
    assert!(request(server.address, "POST", "/sign-in", "").starts_with("HTTP/1.1 204"));
}

#[test]
fn a_token_file_that_others_can_read_is_warned_about_at_start() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    for (mode, warns) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(place.path("token"), fs::Permissions::from_mode(mode)).expect("sets");
        let log = fs::File::create(place.path("log")).expect("creates");
        let mut command = Command::new(env!("CARGO_BIN_EXE_feed-server"));
        let command = command.args(["serve", "--listen", "127.0.0.1:0", "--token-file", &place.text("token")]);
        let mut child = command.args(SOURCE).stdout(Stdio::piped()).stderr(log).spawn().expect("starts");
        let mut link = [0; 1];
        child.stdout.take().expect("piped").read_exact(&mut link).expect("prints its link");
        // Not at once: the last lines of the log are written at the end.
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("is there");
        child.wait().expect("ended");
        let said = fs::read_to_string(place.path("log")).expect("reads");
        assert_eq!(
            said.contains("other users can read the token file: set its mode to 0600"),
            warns,
            "{mode:o}: {said}"
        );
    }
}

#[test]
fn open_passes_no_token_to_the_browsers_command_line() {
    use std::os::unix::fs::PermissionsExt;
    let (place, address) = (Place::new(), free_address());
    // In place of the browser.
    let script = "#!/bin/sh\necho \"$@\" > \"$FOLDER/arguments\"\ncat \"$1\" > \"$FOLDER/page.new\"\n\
                  stat -c %a \"$1\" > \"$FOLDER/mode\"\nmv \"$FOLDER/page.new\" \"$FOLDER/page\"\n";
    fs::write(place.path("xdg-open"), script).expect("writes");
    fs::set_permissions(place.path("xdg-open"), fs::Permissions::from_mode(0o755)).expect("sets");
    let path = format!("{}:{}", place.folder().display(), std::env::var("PATH").unwrap_or_default());
    let mut server = Command::new(env!("CARGO_BIN_EXE_feed-server"))
        .args(["serve", "--open", "--listen", &address.to_string(), "--state-dir", &place.text("state")])
        .args(["--token-file", &place.text("token")])
        .args(SOURCE)
        .env("PATH", path)
        .env("FOLDER", place.folder())
        .env("XDG_RUNTIME_DIR", place.folder())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    while !place.path("page").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let arguments = fs::read_to_string(place.path("arguments")).expect("reads");
    let page = fs::read_to_string(place.path("page")).expect("reads");
    let mode = fs::read_to_string(place.path("mode")).expect("reads");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(server.id() as i32), Signal::SIGTERM).expect("is there");
    server.wait().expect("ended");
    assert!(!arguments.contains(TOKEN), "{arguments}");
    assert!(page.contains(&format!("url=http://{address}/#token={TOKEN}\"")), "{page}");
    assert_eq!(mode.trim(), "600");
    assert!(!Path::new(arguments.trim()).exists(), "it is deleted when the server ends");
}

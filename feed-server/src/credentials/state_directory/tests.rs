use super::*;

#[test]
fn the_default_is_that_of_systemd_then_xdg_then_the_home() {
    let root = |set: &[(&str, &str)]| {
        root_of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))).ok()
    };
    let home = ("HOME", "/home/a");
    let path = |path: &str| Some(PathBuf::from(path));
    assert_eq!(root(&[home]), path("/home/a/.local/state/kymograph"));
    assert_eq!(root(&[home, ("XDG_STATE_HOME", "/xdg")]), path("/xdg/kymograph"));
    assert_eq!(root(&[home, ("XDG_STATE_HOME", "relative")]), path("/home/a/.local/state/kymograph"));
    let systemd = ("STATE_DIRECTORY", "/var/lib/kymograph:/var/lib/other");
    assert_eq!(root(&[home, ("XDG_STATE_HOME", "/xdg"), systemd]), path("/var/lib/kymograph"));
    assert_eq!(root(&[]), None);
}

#[cfg(unix)]
#[test]
fn folders_have_mode_0700_and_files_0600() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().expect("a folder");
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let wide = root.path().join("9001");
    fs::create_dir(&wide).expect("creates");
    fs::set_permissions(&wide, fs::Permissions::from_mode(0o755)).expect("sets");
    for port in [9_000, 9_001] {
        let directory = StateDirectory::open(root.path(), port).expect("opens");
        directory.write("token", "secret").expect("writes");
        directory.write("token", "another").expect("replaces");
        assert_eq!(directory.read("token").expect("reads").as_deref(), Some("another"));
        assert_eq!(directory.read("none").expect("reads"), None);
        for folder in ["", "sessions"] {
            assert_eq!(mode(&directory.path(folder)), 0o700, "{port} {folder}");
        }
        for file in ["lock", "token"] {
            assert_eq!(mode(&directory.path(file)), 0o600, "{port} {file}");
        }
        assert!(!directory.path(".token.new").exists());
    }
}

#[test]
fn a_directory_in_use_by_another_server_is_refused_until_that_has_ended() {
    let root = tempfile::tempdir().expect("a folder");
    let first = StateDirectory::open(root.path(), 9_000).expect("opens");
    let refused = StateDirectory::open(root.path(), 9_000).expect_err("in use").to_string();
    assert!(refused.ends_with("is in use by another server: stop that one, or set another --state-dir"), "{refused}");
    StateDirectory::open(root.path(), 9_001).expect("another port");
    drop(first);
    StateDirectory::open(root.path(), 9_000).expect("opens again");
}

#[test]
fn a_folder_that_cannot_be_created_is_named_with_the_way_out() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = StateDirectory::open(file.path(), 9_000).expect_err("not a folder").to_string();
    assert!(error.contains(&file.path().display().to_string()) && error.contains("`none`"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_in_place_of_the_folder_is_refused() {
    let (root, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    std::os::unix::fs::symlink(elsewhere.path(), root.path().join("9000")).expect("links");
    assert!(StateDirectory::open(root.path(), 9_000).is_err());
}

#[cfg(unix)]
#[test]
fn a_root_that_others_can_write_to_is_refused_also_behind_a_symbolic_link() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().expect("a folder");
    let (root, link) = (place.path().join("root"), place.path().join("link"));
    StateDirectory::open(&place.path().join(".local/state/kymograph"), 9_000).expect("is created where it is missing");
    fs::create_dir(&root).expect("creates");
    std::os::unix::fs::symlink(&root, &link).expect("links");
    for (mode, is_allowed) in
        [(0o700, true), (0o755, true), (0o1777, true), (0o775, false), (0o757, false), (0o777, false)]
    {
        fs::set_permissions(&root, fs::Permissions::from_mode(mode)).expect("sets");
        for path in [&root, &link] {
            let opened = StateDirectory::open(path, 9_000).map(drop).map_err(|error| error.to_string());
            assert_eq!(opened.is_ok(), is_allowed, "{mode:o}: {opened:?}");
            let error = opened.err().unwrap_or_default();
            assert_eq!(error.contains(&format!("mode {mode:04o}")), !is_allowed, "{error}");
            assert_eq!(error.contains(&format!("`chmod go-w {}`", root.display())), !is_allowed, "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_root_of_another_user_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let other = nix::unistd::Uid::from_raw(nix::unistd::geteuid().as_raw() + 4_242);
    // Only the superuser can give a folder away.
    if nix::unistd::chown(root.path(), Some(other), None).is_ok() {
        let error = StateDirectory::open(root.path(), 9_000).expect_err("refused").to_string();
        assert!(error.contains(&format!("belongs to user {other}, expected user ")), "{error}");
        assert!(!root.path().join("9000").exists(), "nothing is created in it");
    }
}

/// Without the check this test waits for ever: it fails after 5 s.
#[cfg(unix)]
#[test]
fn pipes_in_place_of_files_are_refused_and_nothing_waits_for_them() {
    use std::sync::mpsc::channel;
    use std::time::Duration;
    let root = tempfile::tempdir().expect("a folder");
    let pipe = |name: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    };
    let id = "0123456789abcdef";
    for name in ["9000/lock", "9001/server", "9001/token", &format!("9001/sessions/{id}")] {
        pipe(name);
    }
    let (path, (done, finished)) = (root.path().to_owned(), channel());
    std::thread::spawn(move || {
        let lock = StateDirectory::open(&path, 9_000).map(drop).map_err(|error| error.to_string());
        let directory = StateDirectory::open(&path, 9_001).expect("opens");
        let read = ["server", "token"].map(|name| directory.read(name).map_err(|error| error.to_string()));
        let files = crate::credentials::session_files::SessionFiles::of(&directory.path(""));
        let sessions = files.sessions().expect("reads").len();
        let recorded = files.record_use(id.parse().expect("an id"), 1).is_ok();
        done.send((lock, read, sessions, recorded)).expect("is awaited");
    });
    let (lock, read, sessions, recorded) = finished.recv_timeout(Duration::from_secs(5)).expect("does not wait");
    assert!(lock.as_ref().is_err_and(|error| error.contains("expected a regular file")), "{lock:?}");
    for read in read {
        assert!(read.as_ref().is_err_and(|error| error.contains("expected a regular file")), "{read:?}");
    }
    assert_eq!((sessions, recorded), (0, false));
}

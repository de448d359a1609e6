//! The folder in which a server keeps what must survive its restart: the generated token and the browser sessions.
//!
//! ```text
//! STATE/PORT/lock            held by the running server
//! STATE/PORT/server          the random part of the cookie's name
//! STATE/PORT/token           the generated token
//! STATE/PORT/sessions/ID     one file for each browser session; deleting it ends the session
//! ```
//!
//! Folders have mode 0700, files 0600. A file is replaced as a whole: written under another name, synchronised, renamed.

#![expect(clippy::disallowed_methods, reason = "at start, and on the thread of the browser sessions")]

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// No file of a state directory is longer. A longer one is not read to its end.
const MAX_FILE_BYTES: u64 = 16 << 10;

/// The reason why a state directory cannot be used.
#[derive(Debug, Error)]
pub enum StateDirectoryError {
    #[error(
        "no folder for browser sessions: set --state-dir DIR, or `--state-dir none` to keep them in memory until \
         the server ends"
    )]
    NoDefault,
    #[error(
        "cannot use the state directory {path}: {error}: set --state-dir to a folder that this user can write, or to \
         `none` to keep sessions in memory until the server ends"
    )]
    Unusable { path: String, error: io::Error },
    #[error(
        "the state directory {path} belongs to user {owner}, expected user {user}{}: give it to that user, or set another \
         --state-dir",
        if *or_root { " or 0 (root)" } else { "" }
    )]
    ForeignOwner { path: String, owner: u32, user: u32, or_root: bool },
    #[error(
        "other users can replace the folders of browser sessions in the state directory {path}: found mode {mode:04o}, \
         allowed is one that only its owner can write to, such as 0755, or with the sticky bit: `chmod go-w {path}`, or set \
         another --state-dir"
    )]
    WritableByOthers { path: String, mode: u32 },
    #[error("the state directory {path} is in use by another server: stop that one, or set another --state-dir")]
    InUse { path: String },
}

/// The state directory of one listening port, locked for as long as this lives.
#[derive(Debug)]
pub struct StateDirectory {
    folder: PathBuf,
    _lock: File,
}

impl StateDirectory {
    /// `$STATE_DIRECTORY` (of systemd), `$XDG_STATE_HOME/kymograph`, or `~/.local/state/kymograph`.
    ///
    /// # Errors
    /// [`StateDirectoryError::NoDefault`] if none of the variables is set to an absolute path.
    pub fn default_root() -> Result<PathBuf, StateDirectoryError> {
        root_of(|name| std::env::var_os(name).map(PathBuf::from))
    }

    /// Creates the folder of `port` below `root` where it is missing, and locks it.
    ///
    /// # Errors
    /// [`StateDirectoryError`], in one line.
    pub fn open(root: &Path, port: u16) -> Result<Self, StateDirectoryError> {
        let root = checked_root(root)?;
        let folder = root.join(port.to_string());
        let unusable = |error| StateDirectoryError::Unusable { path: folder.display().to_string(), error };
        create_folder(&folder).map_err(unusable)?;
        secure_folder(&folder)?;
        let lock = regular(private_file().create(true).truncate(false), &folder.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateDirectoryError::InUse { path: folder.display().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        create_folder(&folder.join("sessions")).map_err(unusable)?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a file; `None` if there is none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Option<String>> {
        match read_file(&self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a file. After a crash it holds the old text or the new one.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        write_file(&self.path(name), text)
    }
}

/// The folders of all ports below `root`, with their ports.
///
/// # Errors
/// If `root` cannot be read. A missing folder has no ports.
pub fn port_folders(root: &Path) -> io::Result<Vec<(u16, PathBuf)>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut ports = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(port) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            ports.push((port, entry.path()));
        }
    }
    ports.sort_unstable();
    Ok(ports)
}

/// Returns true if users other than the owner may read the file.
///
/// # Errors
/// If the file's mode cannot be read.
#[cfg(unix)]
pub fn is_readable_by_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub fn is_readable_by_others(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}

/// The text of a file of a state directory, up to a limit.
pub(super) fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    regular(OpenOptions::new().read(true), path)?.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file without waiting, and refuses what is not a regular file: opening a pipe otherwise waits until its other end
/// is opened.
pub(super) fn regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, nix::fcntl::OFlag::O_NONBLOCK.bits());
    let refused = || {
        let path = path.display();
        io::Error::other(format!("expected a regular file at {path}, found a folder, pipe or device: delete it"))
    };
    // Checked before it is opened too: opening a device may have effects, and a pipe without a reader has an error of its own.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(refused());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused()) }
}

pub(super) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(ErrorKind::InvalidFilename.into());
    };
    let new = folder.join(format!(".{name}.new"));
    // Left by a crash, if it is there. `create_new` does not follow a link that was put in its place.
    let _none = fs::remove_file(&new);
    let mut file = private_file().create_new(true).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        let _none = fs::remove_file(&new);
        return Err(error);
    }
    // The new name is on the disk only after this. Elsewhere a folder cannot be opened.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn root_of(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, StateDirectoryError> {
    // Several folders are separated by colons (systemd.exec(5)).
    let systemd = variable("STATE_DIRECTORY").and_then(|folders| std::env::split_paths(&folders).next());
    let xdg = || variable("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("kymograph"));
    let home = || variable("HOME").map(|path| path.join(".local/state/kymograph"));
    let root = systemd.filter(|path| path.is_absolute()).or_else(xdg).or_else(home);
    root.filter(|path| path.is_absolute()).ok_or(StateDirectoryError::NoDefault)
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates the root where it is missing, and refuses one in which another user can replace the folder of a port. Returns it
/// without symbolic links: its target is what was checked.
///
/// Other users may read it: the folder of a port, below it, is private. The folders above it are not checked.
fn checked_root(root: &Path) -> Result<PathBuf, StateDirectoryError> {
    let unusable = |error| StateDirectoryError::Unusable { path: root.display().to_string(), error };
    create_folder(root).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => unusable(ErrorKind::NotADirectory.into()),
        _ => unusable(error),
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let root = fs::canonicalize(root).map_err(unusable)?;
        let found = fs::metadata(&root).map_err(unusable)?;
        let path = || root.display().to_string();
        let (owner, user, mode) = (found.uid(), nix::unistd::geteuid().as_raw(), found.permissions().mode() & 0o7777);
        if owner != user && owner != 0 {
            return Err(StateDirectoryError::ForeignOwner { path: path(), owner, user, or_root: true });
        }
        // With the sticky bit, as in /tmp, users rename and delete only what is their own.
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(StateDirectoryError::WritableByOthers { path: path(), mode });
        }
        Ok(root)
    }
    #[cfg(not(unix))]
    Ok(root.to_owned())
}

/// Removes the permissions of others, and refuses a folder that another user prepared.
#[cfg(unix)]
fn secure_folder(folder: &Path) -> Result<(), StateDirectoryError> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let path = || folder.display().to_string();
    let unusable = |error| StateDirectoryError::Unusable { path: path(), error };
    // Not the target of a symbolic link.
    let found = fs::symlink_metadata(folder).map_err(unusable)?;
    if !found.is_dir() {
        return Err(unusable(ErrorKind::NotADirectory.into()));
    }
    let user = nix::unistd::geteuid().as_raw();
    if found.uid() != user {
        return Err(StateDirectoryError::ForeignOwner { path: path(), owner: found.uid(), user, or_root: false });
    }
    if found.permissions().mode() & 0o077 != 0 {
        tracing::warn!(?folder, "other users could use the state directory; its mode is now 0700");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(unusable)?;
    }
    Ok(())
}

#[cfg(not(unix))]
const fn secure_folder(_folder: &Path) -> Result<(), StateDirectoryError> {
    Ok(())
}

#[cfg(test)]
mod tests {
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
        assert!(
            refused.ends_with("is in use by another server: stop that one, or set another --state-dir"),
            "{refused}"
        );
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
        StateDirectory::open(&place.path().join(".local/state/kymograph"), 9_000)
            .expect("is created where it is missing");
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
}

//! The folder of the generated token and the browser sessions, which survive a restart of the server.
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
        // With the sticky bit, as in /tmp, users can rename and delete their own files only.
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
mod tests;

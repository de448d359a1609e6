//! Opens the page in the default browser.
//!
//! Other users of the machine can read the arguments of every process, so a link with a token is not passed as one: the
//! browser gets the name of a file that only this user can read, which redirects to the link.

#![expect(
    clippy::disallowed_methods,
    reason = "at start, on the threads for the link, and on the main thread at the end, for a limited time"
)]

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::credentials::secret::Secret;

/// A browser has read the file by then.
const FILE_LIFETIME: Duration = Duration::from_mins(1);

/// Time to delete the file at the end of the server.
const DELETE_DEADLINE: Duration = Duration::from_millis(100);

/// A file that redirects to a link. Deleted after a minute, or when this is dropped.
#[derive(Debug)]
pub struct LinkFile {
    path: PathBuf,
    dropped: Option<SyncSender<()>>,
    deleted: Receiver<()>,
}

impl LinkFile {
    /// Writes the file into `folder`, readable for this user only.
    ///
    /// # Errors
    /// If the file cannot be written, or the system has no room for a thread.
    pub fn write(folder: &Path, link: &str) -> io::Result<Self> {
        let path = folder.join(format!("kymograph-{}.html", &Secret::random().reveal()[..16]));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(redirect(link).as_bytes())?;
        let (dropped, is_dropped) = sync_channel(0);
        let (done, deleted) = sync_channel(1);
        let file = path.clone();
        thread::Builder::new().name("link-file".to_owned()).spawn(move || {
            let _dropped_or_old = is_dropped.recv_timeout(FILE_LIFETIME);
            let _gone = std::fs::remove_file(&file);
            let _nobody_waits = done.send(());
        })?;
        Ok(Self { path, dropped: Some(dropped), deleted })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LinkFile {
    fn drop(&mut self) {
        self.dropped = None;
        if self.deleted.recv_timeout(DELETE_DEADLINE).is_err() {
            tracing::warn!(file = ?self.path, "the file with the link was not deleted: its disk does not answer");
        }
    }
}

/// Starts the default browser with an address or a file.
pub fn open(target: impl AsRef<std::ffi::OsStr>) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    if let Err(error) = Command::new(program).arg(target).spawn() {
        tracing::warn!(%error, program, "cannot open a browser");
    }
}

fn redirect(link: &str) -> String {
    let link = link.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<title>Kymograph</title>\n<a href=\"{link}\">Kymograph</a>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_redirects_is_private_and_is_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = LinkFile::write(folder.path(), "http://a\"b/#token=x").expect("writes");
        let path = file.path().to_owned();
        let text = std::fs::read_to_string(&path).expect("reads");
        assert!(text.contains("content=\"0; url=http://a&quot;b/#token=x\""), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
        }
        drop(file);
        assert!(!path.exists());
    }
}

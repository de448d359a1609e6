//! The files of browser sessions: one for each, named by its id. Deleting a file revokes its session, so the command that
//! revokes and the running server never write the same file.

#![expect(clippy::disallowed_methods, reason = "at start, and on the thread of the browser sessions")]

use std::collections::HashSet;
use std::fs::{self, FileTimes, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::secret::SessionId;
use super::session_table::BrowserSession;
use super::state_directory::{read_file, regular, write_file};

/// The folder `sessions` of one port.
#[derive(Clone, Debug)]
pub struct SessionFiles {
    folder: PathBuf,
}

impl SessionFiles {
    /// `port_folder` is the state directory of a port.
    pub fn of(port_folder: &Path) -> Self {
        Self { folder: port_folder.join("sessions") }
    }

    /// The ids of all files. Others, such as those left by a crash, are skipped.
    ///
    /// # Errors
    /// If the folder cannot be read. A missing folder has no files.
    pub fn ids(&self) -> io::Result<HashSet<SessionId>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashSet::new()),
            Err(error) => return Err(error),
        };
        let id = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).transpose()
        };
        entries.filter_map(id).collect()
    }

    /// The sessions of all files, the most recently used first. A file that holds no session is left out.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn sessions(&self) -> io::Result<Vec<BrowserSession>> {
        let mut sessions = Vec::new();
        for id in self.ids()? {
            match self.session(id) {
                Ok(session) => sessions.push(session),
                // Revoked in between.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(file = ?self.path(id), error = error.to_string(), "not a session; it is ignored");
                }
            }
        }
        sessions.sort_unstable_by_key(|session| std::cmp::Reverse((session.last_used_s, session.id())));
        Ok(sessions)
    }

    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, session: &BrowserSession) -> io::Result<()> {
        let text = serde_json::to_string(session)?;
        write_file(&self.path(session.id()), &text)?;
        self.record_use(session.id(), session.last_used_s)
    }

    /// Records the time of the last use. Never creates a file: a session that was revoked stays revoked.
    ///
    /// # Errors
    /// If the file is gone or its time cannot be set.
    pub fn record_use(&self, id: SessionId, used_s: u64) -> io::Result<()> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(used_s);
        regular(OpenOptions::new().write(true), &self.path(id))?.set_times(FileTimes::new().set_modified(time))
    }

    /// Deletes the file of a session. Returns false if there is none.
    ///
    /// # Errors
    /// If the file cannot be deleted.
    pub fn remove(&self, id: SessionId) -> io::Result<bool> {
        match fs::remove_file(self.path(id)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn session(&self, id: SessionId) -> io::Result<BrowserSession> {
        let path = self.path(id);
        let mut session: BrowserSession = serde_json::from_str(&read_file(&path)?)?;
        if session.id() != id {
            return Err(io::Error::new(ErrorKind::InvalidData, "the name is not the id of the session in it"));
        }
        let used = fs::metadata(&path)?.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        session.last_used_s = used.as_secs().max(session.created_s);
        Ok(session)
    }

    fn path(&self, id: SessionId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::role::Role;
    use crate::credentials::secret::{Digest, Secret};

    fn session(now_s: u64) -> BrowserSession {
        let cookie = Digest::of(Secret::random().reveal().as_bytes());
        BrowserSession {
            token: cookie.salted(b"token"),
            cookie,
            key: Digest::of(b"key"),
            token_name: "ops".to_owned(),
            role: Role::Edit,
            created_s: now_s,
            client: "curl/8".to_owned(),
            address: "[::1]:1".to_owned(),
            last_used_s: now_s + 5,
        }
    }

    fn files() -> (tempfile::TempDir, SessionFiles) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("sessions")).expect("creates");
        let files = SessionFiles::of(folder.path());
        (folder, files)
    }

    #[test]
    fn sessions_are_read_as_they_were_written_the_most_recently_used_first() {
        let (_folder, files) = files();
        let (old, new) = (session(1_000), session(2_000));
        files.write(&old).expect("writes");
        files.write(&new).expect("writes");
        assert_eq!(files.sessions().expect("reads"), [new.clone(), old.clone()]);
        files.record_use(old.id(), 3_000).expect("records");
        let read = files.sessions().expect("reads");
        assert_eq!(read, [BrowserSession { last_used_s: 3_000, ..old.clone() }, new]);
        assert!(files.remove(old.id()).expect("removes"));
        assert!(!files.remove(old.id()).expect("is gone"));
        assert_eq!(files.ids().expect("reads").len(), 1);
    }

    #[test]
    fn recording_a_use_does_not_bring_a_revoked_session_back() {
        let (_folder, files) = files();
        let session = session(1_000);
        files.write(&session).expect("writes");
        files.remove(session.id()).expect("removes");
        files.record_use(session.id(), 2_000).expect_err("gone");
        assert_eq!(files.ids().expect("reads"), HashSet::new());
    }

    #[test]
    fn files_that_hold_no_session_are_left_out() {
        let (folder, files) = files();
        let session = session(1_000);
        files.write(&session).expect("writes");
        let sessions = folder.path().join("sessions");
        let text = fs::read_to_string(sessions.join(session.id().to_string())).expect("reads");
        for (name, text) in [
            ("0123456789abcdef", text.as_str()),
            ("0123456789abcde0", "{}"),
            ("0123456789abcde1", ""),
            (".0123456789abcde2.new", "half"),
            ("notes.txt", "x"),
        ] {
            fs::write(sessions.join(name), text).expect("writes");
        }
        fs::create_dir(sessions.join("0123456789abcde3")).expect("creates");
        assert_eq!(files.sessions().expect("reads"), [session]);
    }
}

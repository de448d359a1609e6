//! Keeps the browser sessions: in memory for the requests, in files for the next start. A thread of its own reads and
//! writes the files, so that no request waits for a disk longer than 2 s.

#![expect(clippy::disallowed_methods, reason = "on the thread of the browser sessions")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::secret::SessionId;
use super::session_files::SessionFiles;
use super::session_table::{MAX_SESSIONS, SessionTable};
use super::state_directory::StateDirectory;
use super::tokens::Tokens;
use crate::clock;

/// The files are compared with the table this often: a revocation is noticed within two of these.
const TURN: Duration = Duration::from_secs(1);

/// A sign-in waits this long for its file. After it, the session is valid but may not survive a restart.
const SAVE_DEADLINE: Duration = Duration::from_secs(2);

/// The thread must end within this time when the server stops.
const END_DEADLINE: Duration = Duration::from_secs(1);

/// Requests for a turn that may wait; a further one does not wait for its turn.
const QUEUE: usize = 64;

#[derive(Debug)]
enum Request {
    /// Do a turn now and report its end.
    Turn(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// Passes requests to the thread of a [`SessionKeeper`].
#[derive(Clone, Debug)]
pub struct KeeperHandle(SyncSender<Request>);

/// The thread's part, before it starts.
#[derive(Debug)]
pub struct SessionKeeper {
    table: Arc<Mutex<SessionTable>>,
    /// `None` keeps the sessions in memory only.
    directory: Option<StateDirectory>,
    requests: Receiver<Request>,
}

impl SessionKeeper {
    /// Reads the sessions of `directory` that were opened with one of `tokens`. The thread starts with [`Self::start`].
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open(
        directory: Option<StateDirectory>,
        tokens: &Tokens,
        table: Arc<Mutex<SessionTable>>,
    ) -> std::io::Result<(Self, KeeperHandle)> {
        if let Some(directory) = &directory {
            let files = SessionFiles::of(&directory.path(""));
            let now_s = clock::now_s();
            for (number, mut session) in files.sessions()?.into_iter().enumerate() {
                let token = tokens.named_by(|token| session.token.is(&session.cookie.salted(token)));
                match token {
                    Some(token) if number < MAX_SESSIONS && !session.is_expired(now_s) => {
                        session.role = token.role;
                        table.lock().restore(session);
                    }
                    // Tried again in each turn, which logs the failure.
                    _ if files.remove(session.id()).is_err() => table.lock().ended_before(session.id()),
                    _ => {}
                }
            }
        }
        let (requests, received) = sync_channel(QUEUE);
        Ok((Self { table, directory, requests: received }, KeeperHandle(requests)))
    }

    /// Starts the thread. It ends at [`KeeperHandle::stop`], or when every handle was dropped.
    ///
    /// # Errors
    /// If the system has no room for a thread.
    pub fn start(self) -> std::io::Result<()> {
        thread::Builder::new().name("browser-sessions".to_owned()).spawn(move || self.run()).map(drop)
    }

    fn run(self) {
        let files = self.directory.as_ref().map(|directory| SessionFiles::of(&directory.path("")));
        let mut report = FailureReport::default();
        let mut due = Instant::now() + TURN;
        loop {
            let waiting = match self.requests.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Request::Turn(waiting)) => Some(waiting),
                Ok(Request::Stop(waiting)) => {
                    self.record_all_uses(files.as_ref());
                    // The lock is free before the end is reported: the next server may start.
                    drop(self.directory);
                    let _left = waiting.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let turned = self.turn(files.as_ref(), &mut report);
            report.update(turned);
            due = Instant::now() + TURN;
            if let Some(waiting) = waiting {
                let _left = waiting.send(());
            }
        }
    }

    /// Brings files and table into agreement. What fails is tried again in the next turn.
    fn turn(&self, files: Option<&SessionFiles>, report: &mut FailureReport) -> std::io::Result<()> {
        self.table.lock().expire(clock::now_s());
        let Some(files) = files else { return Ok(()) };
        let revoked = self.find_revoked(files);
        self.delete_ended(files, report);
        let written = self.write_new(files);
        let due = self.table.lock().due_uses();
        for (id, used_s) in due {
            // Fails for a session that was just revoked.
            if files.record_use(id, used_s).is_ok() {
                self.table.lock().recorded(id, used_s);
            }
        }
        revoked.and(written)
    }

    fn find_revoked(&self, files: &SessionFiles) -> std::io::Result<()> {
        let ids = files.ids()?;
        let revoked = self.table.lock().end_without_file(&ids);
        if revoked > 0 {
            tracing::info!(sessions = revoked, "browser sessions revoked");
        }
        Ok(())
    }

    /// Files that cannot be deleted stay in the table, where [`Credentials::end_session`](super::Credentials::end_session)
    /// looks for its own.
    fn delete_ended(&self, files: &SessionFiles, report: &mut FailureReport) {
        let ended = self.table.lock().files_to_delete();
        for id in ended {
            let result = files.remove(id);
            report.deletion(id, result.as_ref().err());
            if result.is_ok() {
                self.table.lock().deleted(id);
            }
        }
    }

    fn write_new(&self, files: &SessionFiles) -> std::io::Result<()> {
        let new = self.table.lock().without_file();
        for session in new {
            files.write(&session)?;
            self.table.lock().recorded(session.id(), session.last_used_s);
        }
        Ok(())
    }

    fn record_all_uses(&self, files: Option<&SessionFiles>) {
        let uses = self.table.lock().unrecorded_uses(0);
        for (id, used_s) in uses {
            let _revoked = files.map(|files| files.record_use(id, used_s));
        }
    }
}

impl KeeperHandle {
    /// Waits until the files agree with the table, for a limited time.
    pub async fn turn(&self) {
        let (done, turned) = oneshot::channel();
        let asked = self.0.try_send(Request::Turn(done)).is_ok();
        if !asked || timeout(SAVE_DEADLINE, turned).await.is_err() {
            tracing::warn!(
                "the files of browser sessions were not brought up to date within 2 s: at the next start a new session may \
                 be missing, and one that has ended may be back"
            );
        }
    }

    /// Ends the thread. If the disk does not answer, it is left behind.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        let asked = self.0.try_send(Request::Stop(done)).is_ok();
        if !asked || timeout(END_DEADLINE, stopped).await.is_err() {
            tracing::warn!(
                "the thread browser-sessions did not end within 1 s and is left behind: its disk does not answer"
            );
        }
    }
}

/// Logs the first failure of several in a row, and the first for each file that cannot be deleted.
#[derive(Debug, Default)]
struct FailureReport {
    is_failing: bool,
    undeleted: HashSet<SessionId>,
}

impl FailureReport {
    fn deletion(&mut self, id: SessionId, error: Option<&std::io::Error>) {
        match error {
            Some(error) if self.undeleted.insert(id) => {
                tracing::error!(
                    session = %id, %error,
                    "the file of a browser session that has ended cannot be deleted: the session returns when the server \
                     restarts, unless it has expired; delete the file sessions/{id} in the state directory"
                );
            }
            None if self.undeleted.remove(&id) => {
                tracing::info!(session = %id, "the file of a browser session that has ended is deleted");
            }
            _ => {}
        }
    }

    fn update(&mut self, result: std::io::Result<()>) {
        match result {
            Err(error) if !self.is_failing => {
                tracing::error!(%error, "browser sessions cannot be saved: they may end with this server, and may not end when they are revoked");
                self.is_failing = true;
            }
            Ok(()) if self.is_failing => {
                tracing::info!("browser sessions are saved again");
                self.is_failing = false;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without the limits this test does not end.
    #[tokio::test]
    async fn a_disk_that_hangs_delays_neither_sign_in_nor_end_beyond_their_limits() {
        // A thread that never answers, with room for one request.
        let (requests, _held) = sync_channel(1);
        let handle = KeeperHandle(requests);
        handle.turn().await;
        // The queue is full.
        handle.turn().await;
        let (requests, _held) = sync_channel(1);
        KeeperHandle(requests).stop().await;
    }
}

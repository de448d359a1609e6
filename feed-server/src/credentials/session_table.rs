//! The browser sessions of a server, with their times of sign-in, last use and expiry.
//!
//! A state machine without clock and files: times are arguments, [`SessionKeeper`](super::session_keeper::SessionKeeper) reads and
//! writes the files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::role::Role;
use super::secret::{Digest, SECRET_CHARS, SessionId};

/// More sessions than a team has browsers. Above it the session that was unused for the longest time is ended.
pub const MAX_SESSIONS: usize = 1_000;

/// A session ends this long after its sign-in: a stolen one must expire.
pub const LIFETIME_S: u64 = 30 * 24 * 3_600;

/// A session that is not used for this long ends earlier.
pub const IDLE_S: u64 = 7 * 24 * 3_600;

/// A clock may be set back by this much, as by the first correction from the network, and end no session.
const CLOCK_ERROR_S: u64 = 5 * 60;

/// The kept time of the last use may be this old: one write to the disk for each request would cost too much.
const USE_RECORDED_EVERY_S: u64 = 3_600;

/// One browser that has signed in. No secret can be derived from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// Of the half that the cookie holds.
    pub cookie: Digest,
    /// Of the half that the page holds.
    pub key: Digest,
    /// Of the token that was exchanged, salted with `cookie`: when the token changes, its sessions end.
    pub token: Digest,
    pub token_name: String,
    pub role: Role,
    /// Seconds since the Unix epoch.
    pub created_s: u64,
    pub client: String,
    pub address: String,
    /// Kept as the time of modification of the file.
    #[serde(skip)]
    pub last_used_s: u64,
}

impl BrowserSession {
    pub fn id(&self) -> SessionId {
        self.cookie.id()
    }

    /// A session of the future has expired too: it was opened or used by a wrong clock, so its age is unknown. Counting from
    /// now instead would renew it at each start.
    pub const fn is_expired(&self, now_s: u64) -> bool {
        let latest_s = now_s.saturating_add(CLOCK_ERROR_S);
        self.created_s > latest_s
            || self.last_used_s > latest_s
            || now_s >= self.created_s.saturating_add(LIFETIME_S)
            || now_s >= self.last_used_s.saturating_add(IDLE_S)
    }
}

/// A session in use by a request or a stream, which has to end with it.
#[derive(Clone, Debug)]
pub struct SessionUse {
    pub id: SessionId,
    pub role: Role,
    /// Cancelled when the session is revoked, expires, or signs out.
    pub ended: CancellationToken,
    /// Counts the uses.
    _in_use: Arc<()>,
}

/// Every session is in use, so that none can be ended in favour of a new one.
#[derive(Debug)]
pub struct Full;

#[derive(Debug, Default)]
pub struct SessionTable {
    entries: HashMap<SessionId, Entry>,
    /// Sessions that have ended and whose files are still there.
    ended: Vec<SessionId>,
}

#[derive(Debug)]
struct Entry {
    session: BrowserSession,
    /// The recorded time of the last use; `None` while the session has no file.
    recorded_s: Option<u64>,
    ended: CancellationToken,
    in_use: Arc<()>,
}

impl SessionTable {
    /// Adds a session that was read from its file.
    pub fn restore(&mut self, session: BrowserSession) {
        let recorded_s = Some(session.last_used_s);
        self.add(session, recorded_s);
    }

    /// Adds a new session, without a file. If the table is full, the session that was unused for the longest time ends.
    ///
    /// # Errors
    /// [`Full`] if all sessions are in use.
    pub fn open(&mut self, session: BrowserSession) -> Result<(), Full> {
        if self.entries.len() >= MAX_SESSIONS {
            let unused = self.entries.iter().filter(|(_, entry)| !entry.is_in_use());
            let oldest = unused.min_by_key(|(_, entry)| entry.session.last_used_s).map(|(id, _)| *id);
            self.end(oldest.ok_or(Full)?);
        }
        self.add(session, None);
        Ok(())
    }

    /// The session to which both halves belong.
    pub fn find(&mut self, cookie: &[u8], key: &[u8], now_s: u64) -> Option<SessionUse> {
        if cookie.len() != SECRET_CHARS || key.len() != SECRET_CHARS {
            return None;
        }
        let (cookie, key) = (Digest::of(cookie), Digest::of(key));
        let entry = self.entries.get_mut(&cookie.id())?;
        let session = &mut entry.session;
        if !session.cookie.is(&cookie) || !session.key.is(&key) || session.is_expired(now_s) {
            return None;
        }
        session.last_used_s = session.last_used_s.max(now_s);
        let (ended, in_use) = (entry.ended.clone(), Arc::clone(&entry.in_use));
        Some(SessionUse { id: cookie.id(), role: session.role, ended, _in_use: in_use })
    }

    /// Ends a session and its streams.
    pub fn end(&mut self, id: SessionId) {
        if let Some(entry) = self.entries.remove(&id) {
            entry.ended.cancel();
            if entry.recorded_s.is_some() {
                self.ended.push(id);
            }
        }
    }

    /// Adds the file of a session that had ended before this start and whose deletion failed.
    pub fn ended_before(&mut self, id: SessionId) {
        self.ended.push(id);
    }

    /// Ends the sessions that have expired. An open stream is a use.
    pub fn expire(&mut self, now_s: u64) {
        for entry in self.entries.values_mut().filter(|entry| entry.is_in_use()) {
            entry.session.last_used_s = entry.session.last_used_s.max(now_s);
        }
        let expired = self.entries.iter().filter(|(_, entry)| entry.session.is_expired(now_s));
        for id in expired.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end(id);
        }
    }

    /// Ends the sessions whose files are gone: they were revoked. Returns their number.
    pub fn end_without_file(&mut self, files: &HashSet<SessionId>) -> usize {
        let gone = self.entries.iter().filter(|(id, entry)| entry.recorded_s.is_some() && !files.contains(id));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        for &id in &gone {
            self.end(id);
        }
        gone.len()
    }

    /// Sessions without a file, which have to be written.
    pub fn without_file(&self) -> Vec<BrowserSession> {
        let unsaved = self.entries.values().filter(|entry| entry.recorded_s.is_none());
        unsaved.map(|entry| entry.session.clone()).collect()
    }

    /// Sessions whose recorded time of use is older than `age_s`, with the time to record.
    pub fn unrecorded_uses(&self, age_s: u64) -> Vec<(SessionId, u64)> {
        let stale = |entry: &Entry| {
            let used_s = entry.session.last_used_s;
            entry.recorded_s.is_some_and(|recorded_s| used_s.saturating_sub(recorded_s) > age_s)
        };
        self.entries
            .iter()
            .filter(|(_, entry)| stale(entry))
            .map(|(id, entry)| (*id, entry.session.last_used_s))
            .collect()
    }

    /// The uses that are due to be recorded while the server runs.
    pub fn due_uses(&self) -> Vec<(SessionId, u64)> {
        self.unrecorded_uses(USE_RECORDED_EVERY_S)
    }

    /// The file of a session exists, with this time of use. The file of a session that has ended meanwhile has to be deleted.
    pub fn recorded(&mut self, id: SessionId, used_s: u64) {
        match self.entries.get_mut(&id) {
            Some(entry) => entry.recorded_s = Some(used_s),
            None => self.ended.push(id),
        }
    }

    /// The sessions whose files have to be deleted.
    pub fn files_to_delete(&self) -> Vec<SessionId> {
        self.ended.clone()
    }

    /// The file of a session is gone.
    pub fn deleted(&mut self, id: SessionId) {
        self.ended.retain(|&ended| ended != id);
    }

    fn add(&mut self, session: BrowserSession, recorded_s: Option<u64>) {
        let entry = Entry { recorded_s, ended: CancellationToken::new(), in_use: Arc::default(), session };
        self.entries.insert(entry.session.id(), entry);
    }
}

impl Entry {
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.in_use) > 1
    }
}

#[cfg(test)]
mod tests;

//! Credentials: tokens, the browser sessions for which pages exchange them (*sessions* in this folder), and the roles of both.
//!
//! A page sends its token once. It gets a session of two halves: a cookie, which no script can read, and a key, which the
//! page keeps in the storage of its web origin. Browsers send a cookie to every port of its host, and a script can read the
//! key: so each half alone is refused. Programs send the token with each request.
//!
//! | file | subject |
//! | --- | --- |
//! | [`role`], [`token`], [`tokens`] | what a token is and allows |
//! | [`secret`] | random secrets, digests, ids of sessions |
//! | [`session_table`] | sessions: their lifetime, limit and end |
//! | [`session_files`], [`state_directory`] | files that survive a restart |
//! | [`session_keeper`] | the thread that keeps table and files in agreement |
//! | [`client_name`] | a short name of the program that signed in |

pub mod client_name;
pub mod role;
pub mod secret;
pub mod session_files;
pub mod session_keeper;
pub mod session_table;
pub mod state_directory;
pub mod token;
pub mod tokens;

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::RngExt;
use rand::distr::Alphanumeric;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::rate_limiter::RateLimiter;
use role::Role;
use secret::{Digest, Secret, SessionId};
use session_keeper::{KeeperHandle, SessionKeeper};
use session_table::{BrowserSession, SessionTable, SessionUse};
use state_directory::StateDirectory;
use tokens::{NamedToken, Tokens};

/// The file of the state directory with the server's id.
const SERVER_FILE: &str = "server";

const SERVER_ID_CHARS: usize = 8;

/// The role and the browser session of a request, in the request's extensions.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub role: Role,
    /// The browser session; `None` for programs, and for everyone if the server needs no token.
    pub session: Option<SessionUse>,
}

impl Viewer {
    /// Cancelled when the viewer's session has ended. Never cancelled without a session.
    pub fn ended(&self) -> CancellationToken {
        self.session.as_ref().map(|session| session.ended.clone()).unwrap_or_default()
    }
}

/// Both halves of a new session, for the response to the sign-in.
#[derive(Debug)]
pub struct NewSession {
    pub cookie: Secret,
    pub key: Secret,
    pub role: Role,
}

/// The reason why a right token opened no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    #[error("too many browsers sign in: the limit is 20 a second; try again")]
    TooOften,
    #[error("all {} sessions are in use: end one with `feed-server sessions revoke`", session_table::MAX_SESSIONS)]
    Full,
}

/// A session has ended, and its file is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "signed out, but the file of browser session {id} could not be deleted: the session returns when the server restarts; \
     ask the operator to delete sessions/{id} in the state directory"
)]
pub struct NotDeleted {
    pub id: SessionId,
}

/// How long the sessions of a server are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionLifetime {
    /// Until the server ends.
    Server,
    /// Beyond a restart.
    Kept,
}

/// The tokens and sessions of a server.
#[derive(Clone, Debug)]
pub struct Credentials {
    tokens: Arc<Tokens>,
    table: Arc<Mutex<SessionTable>>,
    keeper: Option<KeeperHandle>,
    /// Distinguishes the cookies of servers that use the same port of a host, one after the other or behind proxies.
    server_id: Arc<str>,
    lifetime: SessionLifetime,
    /// Holders of a token only: a wrong token costs no more than any request.
    open_limit: Arc<Mutex<RateLimiter>>,
}

impl Credentials {
    /// Credentials whose sessions are lost when they are dropped.
    pub fn in_memory(tokens: Tokens) -> Self {
        Self {
            tokens: Arc::new(tokens),
            table: Arc::default(),
            keeper: None,
            server_id: new_server_id().into(),
            lifetime: SessionLifetime::Server,
            open_limit: Arc::new(Mutex::new(RateLimiter::of_messages(Instant::now()))),
        }
    }

    /// Credentials whose sessions are kept in `directory`, if there is one. They are checked and saved by the thread that the
    /// returned keeper starts.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn kept(tokens: Tokens, directory: Option<StateDirectory>) -> io::Result<(Self, SessionKeeper)> {
        let mut this = Self::in_memory(tokens);
        if let Some(directory) = &directory {
            this.lifetime = SessionLifetime::Kept;
            match directory.read(SERVER_FILE)?.filter(|id| is_server_id(id)) {
                Some(id) => this.server_id = id.into(),
                None => directory.write(SERVER_FILE, &this.server_id)?,
            }
        }
        let (keeper, handle) = SessionKeeper::open(directory, &this.tokens, Arc::clone(&this.table))?;
        this.keeper = Some(handle);
        Ok((this, keeper))
    }

    /// A random text that is part of the cookie's name.
    pub fn server_id(&self) -> &str {
        &self.server_id
    }

    pub const fn lifetime(&self) -> SessionLifetime {
        self.lifetime
    }

    /// The token that equals `candidate`.
    pub fn token(&self, candidate: &[u8]) -> Option<&NamedToken> {
        self.tokens.find(candidate)
    }

    /// The session to which both halves belong.
    pub fn session(&self, cookie: &[u8], key: &[u8]) -> Option<SessionUse> {
        self.table.lock().find(cookie, key, clock::now_s())
    }

    /// Opens a session for the holder of `token`. It is saved when this returns, if the disk answers.
    ///
    /// # Errors
    /// [`NotOpened`], with the limit.
    pub async fn open_session(
        &self,
        token: &NamedToken,
        client: String,
        address: String,
    ) -> Result<NewSession, NotOpened> {
        if !self.open_limit.lock().take(1, Instant::now()) {
            return Err(NotOpened::TooOften);
        }
        let new = NewSession { cookie: Secret::random(), key: Secret::random(), role: token.role };
        let cookie = Digest::of(new.cookie.reveal().as_bytes());
        let now_s = clock::now_s();
        let session = BrowserSession {
            cookie,
            key: Digest::of(new.key.reveal().as_bytes()),
            token: cookie.salted(token.token.reveal().as_bytes()),
            token_name: token.name.clone(),
            role: token.role,
            created_s: now_s,
            client,
            address,
            last_used_s: now_s,
        };
        let (id, address, client) = (session.id(), session.address.clone(), session.client.clone());
        self.table.lock().open(session).map_err(|_| NotOpened::Full)?;
        // The client's name has only printable characters, and the rate is limited.
        tracing::info!(session = %id, token = token.name, address, client, "a browser signed in");
        self.keep().await;
        Ok(new)
    }

    /// Ends a session and its streams.
    ///
    /// # Errors
    /// [`NotDeleted`] if its file is still there. The session has ended, and deleting the file is tried again each second.
    pub async fn end_session(&self, session: &SessionUse) -> Result<(), NotDeleted> {
        self.table.lock().end(session.id);
        self.keep().await;
        let is_kept =
            self.lifetime == SessionLifetime::Kept && self.table.lock().files_to_delete().contains(&session.id);
        if is_kept { Err(NotDeleted { id: session.id }) } else { Ok(()) }
    }

    /// Ends the thread that keeps the sessions.
    pub async fn stop(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.stop().await;
        }
    }

    async fn keep(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.turn().await;
        }
    }
}

fn new_server_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(SERVER_ID_CHARS).map(char::from).collect()
}

fn is_server_id(text: &str) -> bool {
    text.len() == SERVER_ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

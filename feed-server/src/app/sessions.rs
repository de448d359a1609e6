//! The command `feed-server sessions`: lists and revokes browser sessions in the state directory. A running server
//! compares its own with the directory and ends those that are gone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use thiserror::Error;

use crate::clock;
use crate::credentials::secret::{InvalidSessionId, SessionId};
use crate::credentials::session_files::SessionFiles;
use crate::credentials::state_directory::{StateDirectory, StateDirectoryError, port_folders};

#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub action: SessionsAction,
    /// The state directory of the server [default: as for `serve`, for the same user and environment].
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Only browser sessions of the server on this port.
    #[arg(long, value_name = "PORT", global = true)]
    pub port: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub enum SessionsAction {
    /// List the browsers that are signed in.
    List,
    /// End browser sessions. A running server closes their streams within 2 s.
    Revoke {
        /// Ids that `list` shows.
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// End all browser sessions.
        #[arg(long)]
        all: bool,
    },
}

/// The reason why browser sessions were not listed or revoked.
#[derive(Debug, Error)]
pub enum SessionsError {
    #[error(transparent)]
    NoDirectory(#[from] StateDirectoryError),
    #[error("cannot use the state directory {path}: {error}")]
    Unusable { path: String, error: io::Error },
    #[error("session {id} is not revoked: its file in {path} cannot be deleted: {error}: delete it by hand")]
    NotRevoked { id: SessionId, path: String, error: io::Error },
    #[error(transparent)]
    InvalidId(#[from] InvalidSessionId),
    #[error("no session {id} in {path}: `feed-server sessions list` shows the ids")]
    Unknown { id: SessionId, path: String },
}

impl SessionsArgs {
    /// Runs the command and writes its result to `output`. A closed output is no error.
    ///
    /// # Errors
    /// [`SessionsError`], in one line.
    pub fn run(&self, mut output: impl Write) -> Result<(), SessionsError> {
        let root = match &self.state_dir {
            Some(root) => root.clone(),
            None => StateDirectory::default_root()?,
        };
        let unusable = |error| SessionsError::Unusable { path: root.display().to_string(), error };
        let not_revoked = |id, error| SessionsError::NotRevoked { id, path: root.display().to_string(), error };
        let mut ports = port_folders(&root).map_err(unusable)?;
        ports.retain(|(port, _)| self.port.is_none_or(|wanted| wanted == *port));
        let ports: Vec<_> = ports.iter().map(|(port, folder)| (*port, SessionFiles::of(folder))).collect();
        let text = match &self.action {
            SessionsAction::List => list(&ports, &root).map_err(unusable)?,
            SessionsAction::Revoke { all: true, .. } => {
                let (mut revoked, mut failed) = (0, None);
                for (_, files) in &ports {
                    for id in files.ids().map_err(unusable)? {
                        match files.remove(id) {
                            Ok(was_there) => revoked += usize::from(was_there),
                            // The others are revoked nevertheless.
                            Err(error) => failed = Some(not_revoked(id, error)),
                        }
                    }
                }
                if let Some(failed) = failed {
                    return Err(failed);
                }
                format!("{revoked} sessions revoked\n")
            }
            SessionsAction::Revoke { ids, .. } => {
                let ids = ids.iter().map(|id| id.parse()).collect::<Result<Vec<SessionId>, _>>()?;
                for &id in &ids {
                    let mut is_known = false;
                    for (_, files) in &ports {
                        is_known |= files.remove(id).map_err(|error| not_revoked(id, error))?;
                    }
                    if !is_known {
                        return Err(SessionsError::Unknown { id, path: root.display().to_string() });
                    }
                }
                format!("{} sessions revoked\n", ids.len())
            }
        };
        let _closed = output.write_all(text.as_bytes());
        Ok(())
    }
}

fn list(ports: &[(u16, SessionFiles)], root: &Path) -> io::Result<String> {
    let now_s = clock::now_s();
    let mut rows = vec![["ID", "PORT", "ROLE", "TOKEN", "SIGNED IN", "LAST USED", "FROM", "CLIENT"].map(str::to_owned)];
    for (port, files) in ports {
        for session in files.sessions()?.into_iter().filter(|session| !session.is_expired(now_s)) {
            rows.push([
                session.id().to_string(),
                port.to_string(),
                session.role.to_string(),
                session.token_name,
                age(now_s.saturating_sub(session.created_s)),
                age(now_s.saturating_sub(session.last_used_s)),
                session.address,
                session.client,
            ]);
        }
    }
    if rows.len() == 1 {
        return Ok(format!("no sessions in {}\n", root.display()));
    }
    let widths: [usize; 8] = std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    Ok(rows.iter().map(line).collect())
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

//! The credentials that a configuration asks for: reads token files, opens the state directory, generates a token.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::app::config::Config;
use crate::credentials::Credentials;
use crate::credentials::role::Role;
use crate::credentials::session_keeper::SessionKeeper;
use crate::credentials::state_directory::{StateDirectory, StateDirectoryError, is_readable_by_others};
use crate::credentials::token::{Token, TokenError};
use crate::credentials::tokens::{NamedToken, Tokens};

/// The value of `state_dir` that keeps everything in memory.
pub(super) const NO_STATE: &str = "none";

/// The file of the state directory with the generated token.
const TOKEN_FILE: &str = "token";

/// The reason why a server has no credentials.
#[derive(Debug, Error)]
pub enum CredentialsError {
    #[error("token_file {path}: {error}")]
    Token { path: String, error: TokenError },
    #[error("the token {name} has the same secret as another token: its role would be ambiguous; give each its own")]
    RepeatedToken { name: String },
    #[error("the generated token in {path} is damaged: {error}: delete the file, and the server generates a new one")]
    KeptToken { path: String, error: TokenError },
    #[error("cannot use {path} in the state directory: {error}")]
    StateFile { path: String, error: io::Error },
    #[error(transparent)]
    StateDirectory(#[from] StateDirectoryError),
}

/// The credentials of a server that needs a token.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) credentials: Credentials,
    pub(super) keeper: SessionKeeper,
    /// The token for `--open`: the first that a page can use.
    pub(super) page_token: Option<Token>,
    pub(super) origin: TokenOrigin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenOrigin {
    /// The server made it, so it prints it.
    Generated,
    Configured,
}

/// Reads the configured tokens, and warns about files that others can read.
pub(super) fn read_tokens(config: &Config) -> Result<Vec<NamedToken>, CredentialsError> {
    let mut tokens = Vec::new();
    if let Some(file) = &config.token_file {
        tokens.push(read_token(file, "token_file", Role::View)?);
    }
    for token in &config.tokens {
        tokens.push(read_token(&token.file, &token.name, token.role)?);
    }
    match Tokens::new(tokens.clone()).repeated() {
        Some(name) => Err(CredentialsError::RepeatedToken { name: name.to_owned() }),
        None => Ok(tokens),
    }
}

/// Opens the state directory of `port` and completes the tokens. `None` if the server needs no token: then nothing is created.
pub(super) fn prepare(
    config: &Config,
    mut tokens: Vec<NamedToken>,
    port: u16,
) -> Result<Option<Prepared>, CredentialsError> {
    // Through a proxy others can connect.
    let is_local = config.listen.ip().is_loopback() && config.trusted_proxies.is_empty();
    if tokens.is_empty() && (config.no_auth || is_local) {
        return Ok(None);
    }
    let directory = state_directory(config, port)?;
    let origin = if tokens.is_empty() { TokenOrigin::Generated } else { TokenOrigin::Configured };
    if origin == TokenOrigin::Generated {
        let token = match &directory {
            Some(directory) => kept_token(directory)?,
            None => Token::random(),
        };
        tokens.push(NamedToken { name: "generated".to_owned(), role: Role::View, token });
    }
    let page_token = tokens.iter().find(|token| token.role.includes(Role::View)).map(|token| token.token.clone());
    let path = directory.as_ref().map(|directory| directory.path("").display().to_string()).unwrap_or_default();
    let (credentials, keeper) = Credentials::kept(Tokens::new(tokens), directory)
        .map_err(|error| CredentialsError::StateFile { path, error })?;
    Ok(Some(Prepared { credentials, keeper, page_token, origin }))
}

fn state_directory(config: &Config, port: u16) -> Result<Option<StateDirectory>, CredentialsError> {
    let root = match &config.state_dir {
        Some(none) if none == Path::new(NO_STATE) => return Ok(None),
        Some(root) => root.clone(),
        // The next start gets another port, whose pages have another web origin.
        None if config.listen.port() == 0 => return Ok(None),
        None => StateDirectory::default_root()?,
    };
    Ok(Some(StateDirectory::open(&root, port)?))
}

/// The token of an earlier start, or a new one.
fn kept_token(directory: &StateDirectory) -> Result<Token, CredentialsError> {
    let path = directory.path(TOKEN_FILE);
    let failed = |error| CredentialsError::StateFile { path: path.display().to_string(), error };
    if let Some(text) = directory.read(TOKEN_FILE).map_err(failed)? {
        let damaged = |error| CredentialsError::KeptToken { path: path.display().to_string(), error };
        return text.trim().parse().map_err(damaged);
    }
    let token = Token::random();
    directory.write(TOKEN_FILE, token.reveal()).map_err(failed)?;
    Ok(token)
}

fn read_token(file: &Path, name: &str, role: Role) -> Result<NamedToken, CredentialsError> {
    let refused = |error| CredentialsError::Token { path: file.display().to_string(), error };
    let token = Token::read(file).map_err(refused)?;
    if is_readable_by_others(file).unwrap_or(false) {
        tracing::warn!(?file, "other users can read the token file: set its mode to 0600");
    }
    Ok(NamedToken { name: name.to_owned(), role, token })
}

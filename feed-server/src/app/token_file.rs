//! The table `[[token]]` of a configuration.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::credentials::role::Role;

/// Each request compares its token with all of them.
const MAX_TOKENS: usize = 64;

const MAX_NAME_CHARS: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// Shown in the list of sessions.
    pub name: String,
    pub file: PathBuf,
    #[serde(default)]
    pub role: Role,
}

/// Checks all tables together. `viewers` is the file of a further token, with the role view.
pub(super) fn check(tokens: &[TokenFile], viewers: Option<&Path>) -> Result<(), String> {
    if tokens.len() > MAX_TOKENS {
        return Err(format!("at most {MAX_TOKENS} tokens are allowed, found {}: remove some", tokens.len()));
    }
    for (number, TokenFile { name, .. }) in tokens.iter().enumerate() {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if !(1..=MAX_NAME_CHARS).contains(&name.len()) || !name.chars().all(is_plain) {
            return Err(format!(
                "name of a token must have 1 to {MAX_NAME_CHARS} letters, digits, `-`, `_`, `.`, found {name:?}"
            ));
        }
        if tokens[..number].iter().any(|earlier| earlier.name == *name) {
            return Err(format!("each token must have its own name, found {name} twice"));
        }
    }
    let can_view = tokens.iter().any(|token| token.role.includes(Role::View));
    if viewers.is_none() && !tokens.is_empty() && !can_view {
        return Err(
            "one token must have the role view or edit, found only publish: nobody could open the page".to_owned()
        );
    }
    Ok(())
}

//! The token that viewers need.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use rand::RngExt;
use rand::distr::Alphanumeric;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::bounded_file::{self, ReadError};

/// Characters of a random token: 190 bits.
const RANDOM_CHARS: usize = 32;

/// Characters of a token. Shorter tokens can be guessed; longer ones make headers too long.
const CHARS: std::ops::RangeInclusive<usize> = 16..=256;

/// The secret that viewers need. `Debug` hides it, so that it is not logged by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// The reason why a token is invalid. The text never contains the token.
#[derive(Debug, Error)]
pub enum TokenError {
    #[error("a token must have from 16 to 256 characters, found {found}")]
    Length { found: usize },
    /// A character that would have to be escaped in an address or a cookie. `number` counts from 1.
    #[error("a token must consist of letters, digits, `-`, `_`, `.` and `~`, found {found:?} as character {number}")]
    Character { found: char, number: usize },
    #[error("{0}")]
    Unreadable(#[from] ReadError),
}

impl Token {
    /// A new token from the system's random generator.
    pub fn random() -> Self {
        Self(rand::rng().sample_iter(Alphanumeric).take(RANDOM_CHARS).map(char::from).collect())
    }

    /// Reads the token from a file and removes white space around it.
    ///
    /// # Errors
    /// If the file cannot be read or holds no valid token.
    #[expect(clippy::disallowed_methods, reason = "at start")]
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        bounded_file::read_text(path)?.trim().parse()
    }

    /// Compares in constant time.
    pub fn is(&self, candidate: &[u8]) -> bool {
        Self::are_equal(self.0.as_bytes(), candidate)
    }

    pub(super) fn are_equal(token: &[u8], candidate: &[u8]) -> bool {
        token.ct_eq(candidate).into()
    }

    /// The secret, for the link.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let found = text.chars().count();
        if !CHARS.contains(&found) {
            return Err(TokenError::Length { found });
        }
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.~".contains(character);
        match text.chars().enumerate().find(|(_, character)| !plain(*character)) {
            Some((before, found)) => Err(TokenError::Character { found, number: before + 1 }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_complete_token_matches() {
        let token: Token = "abcdefghijklmnop".parse().expect("valid");
        assert!(token.is(b"abcdefghijklmnop"));
        for wrong in ["", "abcdefghijklmno", "abcdefghijklmnoP", "abcdefghijklmnopq", &"a".repeat(1 << 20)] {
            assert!(!token.is(wrong.as_bytes()), "{} characters", wrong.len());
        }
    }

    #[test]
    fn random_tokens_are_valid_and_differ() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one, other);
        assert_eq!(one.reveal().parse::<Token>().expect("valid"), one);
    }

    #[test]
    fn neither_debug_nor_errors_contain_the_token() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.reveal()));
        let error = "0123456789abcde\n0".parse::<Token>().expect_err("refused").to_string();
        assert_eq!(
            error,
            "a token must consist of letters, digits, `-`, `_`, `.` and `~`, found '\\n' as character 16"
        );
        assert!(
            "short".parse::<Token>().expect_err("refused").to_string().contains("from 16 to 256 characters, found 5")
        );
    }
}

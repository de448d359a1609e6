//! The secret that lets a viewer in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use rand::RngExt;
use rand::distr::Alphanumeric;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Characters of a token made here: 190 bits.
const MADE_CHARS: usize = 32;

/// Fewer characters can be guessed; more make headers too long.
const CHARS: std::ops::RangeInclusive<usize> = 16..=256;

/// The secret that lets a viewer in. It is never printed by accident: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a token is refused. The text never holds it.
#[derive(Debug, Error)]
pub enum TokenError {
    /// Too short or too long.
    #[error("a token of {found} characters: expected from 16 to 256")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// A character that would have to be escaped in an address or a cookie.
    #[error("a token may have letters, digits, `-`, `_`, `.` and `~` only: found {found:?} as character {place}")]
    Character {
        /// The character.
        found: char,
        /// Which one, counted from 1.
        place: usize,
    },
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(#[from] std::io::Error),
}

impl Token {
    /// A new one, from the system's source of randomness.
    pub fn random() -> Self {
        Self(rand::rng().sample_iter(Alphanumeric).take(MADE_CHARS).map(char::from).collect())
    }

    /// The one that a file holds, white space around it aside.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        std::fs::read_to_string(path)?.trim().parse()
    }

    /// Whether `candidate` is it, in a time that does not tell how much of it is right.
    pub fn is(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }

    /// For the one link and the one cookie that carry it.
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
            Some((before, found)) => Err(TokenError::Character { found, place: before + 1 }),
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
    fn only_the_whole_token_is_the_token() {
        let token: Token = "abcdefghijklmnop".parse().expect("valid");
        assert!(token.is(b"abcdefghijklmnop"));
        for wrong in ["", "abcdefghijklmno", "abcdefghijklmnoP", "abcdefghijklmnopq", &"a".repeat(1 << 20)] {
            assert!(!token.is(wrong.as_bytes()), "{} characters", wrong.len());
        }
    }

    #[test]
    fn tokens_made_here_are_valid_and_never_the_same() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one, other);
        assert_eq!(one.reveal().parse::<Token>().expect("valid"), one);
    }

    #[test]
    fn it_does_not_show_itself() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.reveal()));
        let error = "0123456789abcde\n0".parse::<Token>().expect_err("refused").to_string();
        assert_eq!(error, "a token may have letters, digits, `-`, `_`, `.` and `~` only: found '\\n' as character 16");
        assert!("short".parse::<Token>().expect_err("refused").to_string().contains("5 characters: expected from 16"));
    }
}

//! The parser of selectors.

use std::str::FromStr;

use thiserror::Error;

use super::pattern::{Pattern, is_bare};
use super::terms::{LabelMatcher, Operator, OtherLabels, Selector, Term};

/// Bytes of a selector's text. The exact selector of a series with 32 labels, in which each of 256 bytes needs a
/// backslash, takes 33 KB.
pub const MAX_SELECTOR_BYTES: usize = 65_536;

/// Terms of a selector.
pub const MAX_TERMS: usize = 64;

/// Matchers of a term, `only` not counted: twice the labels that a series can have.
pub const MAX_MATCHERS: usize = 64;

/// The word for "no other labels".
const ONLY: &str = "only";

/// Text that is not a selector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseSelectorError {
    /// The text does not follow the grammar.
    #[error("selector, character {position}: expected {expected}, found {}", Found(*found))]
    Unexpected {
        /// Number of the character that was found, from 1.
        position: usize,
        /// The character; `None` at the end of the text.
        found: Option<char>,
        /// The input that the grammar allows there.
        expected: &'static str,
    },
    /// The text is too long.
    #[error("selector has {bytes} bytes: at most {MAX_SELECTOR_BYTES} are allowed")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
    },
    /// The selector has too many terms.
    #[error("selector has more than {MAX_TERMS} terms: select with patterns instead")]
    TooManyTerms,
    /// A term has too many matchers.
    #[error("selector, term {term}: more than {MAX_MATCHERS} label matchers")]
    TooManyMatchers {
        /// Number of the term, from 1.
        term: usize,
    },
}

struct Found(Option<char>);

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(character) if character.is_control() => write!(f, "`{}`", character.escape_unicode()),
            Some(character) => write!(f, "`{character}`"),
            None => f.write_str("the end"),
        }
    }
}

impl FromStr for Selector {
    type Err = ParseSelectorError;

    fn from_str(text: &str) -> Result<Self, ParseSelectorError> {
        if text.len() > MAX_SELECTOR_BYTES {
            return Err(ParseSelectorError::TooLong { bytes: text.len() });
        }
        let mut parser = Parser { text, rest: text };
        let mut terms = Vec::new();
        loop {
            if terms.len() == MAX_TERMS {
                return Err(ParseSelectorError::TooManyTerms);
            }
            terms.push(parser.term(terms.len() + 1)?);
            if parser.skip_blanks().is_empty() {
                return Ok(Self { terms });
            }
            if !parser.take(',') {
                return Err(parser.unexpected("`,`, `/`, `{` or the end"));
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn unexpected(&self, expected: &'static str) -> ParseSelectorError {
        let read = &self.text[..self.text.len() - self.rest.len()];
        ParseSelectorError::Unexpected { position: read.chars().count() + 1, found: self.rest.chars().next(), expected }
    }

    /// The text from the next character that is not a blank.
    fn skip_blanks(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// Takes a character, after blanks, if it is the next.
    fn take(&mut self, character: char) -> bool {
        let rest = self.skip_blanks().strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next()?;
        self.rest = characters.as_str();
        Some(next)
    }

    fn term(&mut self, number: usize) -> Result<Term, ParseSelectorError> {
        let group = self.pattern("a group name")?;
        let name = if self.take('/') { Some(self.pattern("a series name")?) } else { None };
        let mut term = Term { group, name, matchers: Vec::new(), other_labels: OtherLabels::Allowed };
        if !self.take('{') || self.take('}') {
            return Ok(term);
        }
        loop {
            self.matcher(&mut term)?;
            if term.matchers.len() > MAX_MATCHERS {
                return Err(ParseSelectorError::TooManyMatchers { term: number });
            }
            if self.take('}') {
                return Ok(term);
            }
            if !self.take(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn matcher(&mut self, term: &mut Term) -> Result<(), ParseSelectorError> {
        let start = self.skip_blanks();
        let key = self.pattern("a label key or `only`")?;
        let is_only = start[..start.len() - self.rest.len()] == *ONLY;
        let operator = if self.take('=') {
            Operator::Equal
        } else if self.skip_blanks().starts_with("!=") {
            self.rest = &self.rest[2..];
            Operator::NotEqual
        } else if is_only {
            term.other_labels = OtherLabels::Refused;
            return Ok(());
        } else {
            return Err(self.unexpected("`=` or `!=`"));
        };
        let Some(key) = key.as_literal().map(str::to_owned) else {
            self.rest = start;
            return Err(self.unexpected("a label key, in which a star is written \"\\*\""));
        };
        let value = self.pattern("a label value")?;
        term.matchers.push(LabelMatcher { key, operator, value });
        Ok(())
    }

    fn pattern(&mut self, expected: &'static str) -> Result<Pattern, ParseSelectorError> {
        let mut pattern = Pattern::literal("");
        if self.take('"') {
            self.quoted(&mut pattern)?;
            return Ok(pattern);
        }
        let bare = self.rest.find(|character| !is_bare(character) && character != '*').unwrap_or(self.rest.len());
        if bare == 0 {
            return Err(self.unexpected(expected));
        }
        for character in self.rest[..bare].chars() {
            if character == '*' { pattern.push_star() } else { pattern.push(character) }
        }
        self.rest = &self.rest[bare..];
        Ok(pattern)
    }

    /// The rest of a quoted text, behind its opening quote.
    fn quoted(&mut self, pattern: &mut Pattern) -> Result<(), ParseSelectorError> {
        loop {
            match self.next() {
                None => return Err(self.unexpected("a closing `\"`")),
                Some('"') => return Ok(()),
                Some('*') => pattern.push_star(),
                Some('\\') => {
                    if !self.rest.starts_with(['"', '\\', '*']) {
                        return Err(self.unexpected("`\"`, `\\` or `*` after a backslash"));
                    }
                    self.next().into_iter().for_each(|character| pattern.push(character));
                }
                Some(character) => pattern.push(character),
            }
        }
    }
}

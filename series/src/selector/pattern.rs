//! Patterns with `*`, and their text.

use std::fmt;

/// Text in which stars match any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The literal text before the first star, between stars, and after the last one.
    literals: Vec<String>,
}

impl Pattern {
    /// A pattern that matches `text` only.
    pub(super) fn literal(text: &str) -> Self {
        Self { literals: vec![text.to_owned()] }
    }

    /// Appends a character that matches itself.
    pub(super) fn push(&mut self, character: char) {
        if let Some(last) = self.literals.last_mut() {
            last.push(character);
        }
    }

    /// Appends a star. A run of stars matches the same texts as one star, and is kept as one.
    pub(super) fn push_star(&mut self) {
        if self.literals.len() == 1 || self.literals.last().is_some_and(|last| !last.is_empty()) {
            self.literals.push(String::new());
        }
    }

    /// The text that the pattern matches, if it has no star.
    pub(super) fn as_literal(&self) -> Option<&str> {
        if let [literal] = self.literals.as_slice() { Some(literal) } else { None }
    }

    /// Returns true if the pattern matches the complete text.
    ///
    /// Hot: a few times for each series. Linear, since each literal is searched for once, to the right of the
    /// previous one.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (first, last, middle) = match self.literals.as_slice() {
            [literal] => return is_equal(literal.as_bytes(), text.as_bytes()),
            [first, middle @ .., last] => (first, last, middle),
            [] => return false,
        };
        let outer = first.len() + last.len();
        if text.len() < outer
            || !is_equal(first.as_bytes(), &text.as_bytes()[..first.len()])
            || !is_equal(last.as_bytes(), &text.as_bytes()[text.len() - last.len()..])
        {
            return false;
        }
        let mut rest = &text[first.len()..text.len() - last.len()];
        for literal in middle {
            // The leftmost occurrence leaves the most text for the literals that follow.
            let Some(at) = find(rest, literal) else { return false };
            rest = &rest[at + literal.len()..];
        }
        true
    }
}

/// Compares short texts. A loop: for a few bytes the call of `memcmp` that `==` compiles to takes longer.
pub(super) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// Up to this length a literal is compared at every position. The algorithm behind `str::find` takes linear time for
/// literals of any length, but its preparation takes longer than that for short ones.
const MAX_SHORT_BYTES: usize = 16;

/// The position of the leftmost occurrence of a literal.
fn find(text: &str, literal: &str) -> Option<usize> {
    if literal.len() > MAX_SHORT_BYTES {
        return text.find(literal);
    }
    text.as_bytes().windows(literal.len()).position(|window| is_equal(window, literal.as_bytes()))
}

/// The characters that a bare text may have besides alphanumeric ones.
const BARE_PUNCTUATION: [char; 4] = ['_', '.', '-', ':'];

/// Returns true if the character is allowed outside quotes, where it matches itself.
pub(super) fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || BARE_PUNCTUATION.contains(&character)
}

/// The shortest text that parses back to this pattern.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_empty = self.literals.len() == 1 && self.literals[0].is_empty();
        let is_bare = !is_empty && self.literals.iter().all(|literal| literal.chars().all(is_bare));
        let quote = if is_bare { "" } else { "\"" };
        f.write_str(quote)?;
        for (index, literal) in self.literals.iter().enumerate() {
            if index > 0 {
                f.write_str("*")?;
            }
            for character in literal.chars() {
                if matches!(character, '"' | '\\' | '*') {
                    f.write_str("\\")?;
                }
                write!(f, "{character}")?;
            }
        }
        f.write_str(quote)
    }
}

//! What an answer had.

use std::fmt;

use crate::ingest::exposition::BadLine;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) samples: u64,
    /// Samples that are not kept, and lines that cannot be read.
    pub(super) refused: u64,
    /// The first line that cannot be read, counted from 1.
    pub(super) first_bad: Option<(usize, BadLine)>,
    /// `# EOF` has come.
    pub(super) has_end: bool,
    /// The number of the line that is read, counted from 1.
    pub(super) line: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first_bad {
            Some((line, bad)) => write!(f, "line {line} of its answer is left out: {bad}"),
            None => write!(f, "its answer has no lines that cannot be read"),
        }
    }
}

impl Tally {
    pub(super) fn bad(&mut self, bad: BadLine) {
        self.refused += 1;
        let line = self.line;
        self.first_bad.get_or_insert((line, bad));
    }
}

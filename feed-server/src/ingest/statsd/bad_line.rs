//! The reason why a line is not understood.

use thiserror::Error;

/// A longer name with its tags is refused.
pub(super) const MAX_NAME_BYTES: usize = 4_096;

/// A line with more values is refused.
pub(super) const MAX_VALUES: usize = 4_096;

/// The reason why a line is not understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum BadLine {
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("a line must be NAME:VALUE|TYPE, found no {0}")]
    Missing(&'static str),
    #[error("a name with its tags must have at most {MAX_NAME_BYTES} bytes, found {0}")]
    LongName(usize),
    #[error("a value must be a number, found {0:?}")]
    Number(String),
    #[error("a type must be c, g, ms, h, d, s or m, found {0:?}")]
    Type(String),
    #[error("a sampling rate must be above 0 and at most 1, found {0:?}")]
    Rate(String),
    #[error("tags must be NAME=VALUE, or NAME:VALUE after |#")]
    Tags,
    #[error("tags of two dialects are in one line: use one")]
    TwoDialects,
    #[error("a line must have at most {MAX_VALUES} values")]
    TooManyValues,
    #[error("an event must be _e{{TITLE_BYTES,TEXT_BYTES}}:TITLE|TEXT, and a service check _sc|NAME|STATUS")]
    Notice,
}

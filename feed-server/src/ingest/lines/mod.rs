//! Sources that read lines of text: the output of a command, standard input, UDP.
//!
//! ```text
//! bytes -> splitter -> parser (columns, JSON or words) -> Line -> rows -> batches
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | `line_settings`, `settings` | the settings that all share; those of each |
//! | `splitter` | bytes to lines |
//! | `line` | the content of one line |
//! | `parser` | chooses the format of each line |
//! | `columns`, `json`, `words` | the formats |
//! | `cell`, `unit`, `line_time` | texts to numbers, units and times |
//! | `rows`, `group_rows` | lines to rows of groups; the times of rows |
//! | `intake` | passes bytes through all of this to the stream |
//! | `exec`, `process`, `stdin`, `udp` | the three sources; a command that runs |

mod cell;
mod columns;
mod exec;
mod group_rows;
mod intake;
mod json;
mod line;
mod line_settings;
mod line_time;
mod parser;
mod process;
mod rows;
mod settings;
mod splitter;
mod stdin;
mod udp;
mod unit;
mod words;

use self::line_settings::Format;
use self::parser::Parser;
pub use self::settings::{ExecSettings, StdinSettings, UdpSettings};
use self::splitter::Splitter;

/// Reads all lines of some bytes, as the sources do. Returns the number of lines, and of the values that they have: for the fuzzer and benches.
pub fn read(bytes: &[u8]) -> (usize, usize) {
    let (mut splitter, mut parser) = (Splitter::default(), Parser::new(Format::Auto));
    let (mut lines, mut values) = (0, 0);
    let mut take = |text: &str| {
        lines += 1;
        values += parser.parse(text).ok().flatten().map_or(0, |line| line.values.len());
    };
    splitter.push(bytes, &mut take);
    splitter.finish(&mut take);
    (lines, values)
}

//! Selectors: the set of series that a panel shows or a subscription delivers.
//!
//! | text | selects |
//! | --- | --- |
//! | `cpu.cores` | every series of the group `cpu.cores` |
//! | `disk.*` | every series of the groups whose names begin with `disk.` |
//! | `network.bytes{device="eth*"}` | the series whose label `device` begins with `eth` |
//! | `network.bytes{device!="lo"}` | the series whose label `device` is not `lo`, or that have no such label |
//! | `cpu.cores/"core 1"` | the series whose display name is `core 1` |
//! | `network.bytes/received*{device="eth0"}` | name and labels together |
//! | `memory{only}` | the series of `memory` without labels |
//! | `disk.io{device="sda",only}` | the series whose only label is `device`, with the value `sda` |
//! | `cpu.usage,memory` | the series of both groups |
//!
//! # Grammar
//! ```text
//! selector = term { "," term }
//! term     = pattern [ "/" pattern ] [ "{" [ matcher { "," matcher } ] "}" ]
//! matcher  = key ( "=" | "!=" ) pattern
//!          | "only"
//! key      = bare | quoted                  without "*"
//! pattern  = bare | quoted
//! bare     = letter { letter }
//! letter   = alphanumeric character | "_" | "." | "-" | ":" | "*"
//! quoted   = '"' { "\" ( '"' | "\" | "*" ) | any character except '"' and "\" } '"'
//! ```
//! Blanks between the parts are ignored. The first pattern of a term applies to the group's name, the one after `/` to
//! the series' display name, and those of matchers to label values. A `*` in a pattern, quoted or not, matches any run
//! of characters, the empty one included; `\*` in quotes is a literal star. Everything else matches itself.
//!
//! # Meaning
//! A selector matches the series that at least one of its terms matches. A term matches a series if its patterns match,
//! and each of its matchers holds:
//! - `key="pattern"`: the series has a label `key` whose value matches.
//! - `key!="pattern"`: the series has no label `key` whose value matches.
//! - `only`: each label of the series satisfies a `key="pattern"` matcher of the term.
//!
//! A series is identified by its group and its labels, so that [`Selector::exact`], which ends in `only`, matches one
//! series and no other.
//!
//! # Limits
//! [`MAX_SELECTOR_BYTES`], [`MAX_TERMS`] and [`MAX_MATCHERS`]. They leave room for the exact selector of every series
//! that the protocol allows. Comparing a pattern with a text takes time linear in the sum of their lengths, for any
//! pattern.
//!
//! ```
//! use series::Selector;
//!
//! let selector: Selector = "network.bytes{device=\"eth*\"}".parse()?;
//! assert!(selector.matches("network.bytes", "eth0 received", [("device", "eth0")]));
//! assert!(!selector.matches("network.bytes", "lo received", [("device", "lo")]));
//! assert_eq!(selector.to_string(), "network.bytes{device=eth*}");
//!
//! let error = "network.bytes{device}".parse::<Selector>().unwrap_err();
//! assert_eq!(error.to_string(), "selector, character 21: expected `=` or `!=`, found `}`");
//! # Ok::<(), series::selector::ParseSelectorError>(())
//! ```

mod parse;
mod pattern;
mod terms;

pub use parse::{MAX_MATCHERS, MAX_SELECTOR_BYTES, MAX_TERMS, ParseSelectorError};
pub use terms::Selector;

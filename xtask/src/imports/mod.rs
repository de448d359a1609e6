//! Checks the imports between files: the order of rooms in each crate, circles, and forbidden imports.
//!
//! | module | subject |
//! | --- | --- |
//! | [`rooms`] | the table of rooms and forbidden imports, to be edited when a folder is added |
//! | `source` | declarations and imports of one file |
//! | `modules` | the file that a path leads to |
//! | `circles` | files that import each other |
//! | [`rules`] | the violations |

mod circles;
mod modules;
pub mod rooms;
pub mod rules;
mod source;
#[cfg(test)]
mod tests;

pub use rooms::{CrateRules, RULES};
pub use rules::{Violation, violations};

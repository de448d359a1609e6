//! The tasks of `cargo xtask`, one per file.

pub mod bench;
pub mod check;
pub mod dist;
pub mod fuzz;
pub mod screenshot;
pub mod serve;
pub mod test;

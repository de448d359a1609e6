//! What `cargo xtask` offers: a file each.

pub mod bench;
pub mod check;
pub mod dist;
pub mod fuzz;
pub mod screenshot;
pub mod serve;
pub mod test;

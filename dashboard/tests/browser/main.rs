//! End to end: the real page in a real browser against the real server. Run by `cargo xtask test`, which builds what is
//! under test and says where it lies.

mod access;
mod bad_frames;
mod fake_feed;
mod liveness;
mod page;
mod served;
mod socket;
mod version;
mod wall;

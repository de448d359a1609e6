//! Kymograph's tasks, in Rust in place of shell scripts. `cargo xtask help` lists them.
//!
//! The page is Wasm and the server is native: two builds with other flags, one inside the other, and then a browser that
//! looks at the result. No single cargo command does that, so this crate does. It is also a library, so that tests and
//! benches drive a browser with the same few lines.
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`tasks`] | what `cargo xtask` offers, a file each: dist, serve, test, check, bench, fuzz, screenshot |
//! | [`setup`] | what a machine must have: the Wasm target, a browser |
//! | [`python`] | an interpreter for `docs/examples` |
//! | [`page`] | the page: Wasm and its bindings, hashed, compressed, in `target/dist` |
//! | [`chromium`] | a real browser, driven over its debugging protocol |
//! | [`workspace`] | where things are, and how commands are run |
//!
//! ```text
//! dist:  setup -> page -> target/dist -> cargo build --release feed-server, with target/dist inside it
//! serve: dist -> feed-server serve
//! test:  setup -> page, socket probe -> feed-server (dev) -> cargo test, told by KYMOGRAPH_* where each of these is
//! ```
//!
//! # What this crate does not know
//! Anything of the product's inside: it builds, starts and looks at it from outside.

pub mod chromium;
pub mod imports;
pub mod page;
pub mod python;
pub mod setup;
pub mod tasks;
pub mod workspace;

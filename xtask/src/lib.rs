//! Kymograph's build tasks, in Rust in place of shell scripts. `cargo xtask help` lists them.
//!
//! The page is Wasm and the server is native: two builds with different flags, and tests that need both, a browser and
//! Python. No single cargo command does that. It is also a library, because benches build pages too.
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`tasks`] | one file per task: dist, serve, test, check, bench, fuzz, screenshot |
//! | [`page`] | the page: Wasm and its bindings, hashed, compressed, in `target/dist` |
//! | [`server`] | the feed server, built with or without the page |
//! | [`imports`] | the check that imports follow the order of rooms |
//! | [`setup`], [`programs`], [`python`], [`node`] | the Wasm target, browsers, proxies, a Python, a Node: found or installed |
//! | [`steps`] | headings, and the seconds that each step took |
//! | [`workspace`] | folders and commands |
//!
//! ```text
//! serve: page (gzip) and server at the same time -> feed-server serve --www target/dist
//! dist:  page (gzip, brotli) -> release server, with target/dist inside
//! test:  page, socket probe -> cargo test, with their folders in KYMOGRAPH_* variables
//! ```
//!
//! Two crates in this folder are separate so that `cargo xtask` starts without them: `page-tools` links wasm-bindgen, `browsers`
//! drives browsers for tests, benches and screenshots.
//!
//! # Not in this crate
//! The product's code: this crate only builds and starts programs.

pub mod imports;
pub mod node;
pub mod page;
pub mod programs;
pub mod python;
pub mod server;
pub mod setup;
pub mod steps;
pub mod tasks;
pub mod workspace;

//! Kymograph's tasks, in Rust in place of shell scripts. `cargo xtask help` lists them.
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`workspace`] | where things are, and how commands are run |
//! | [`setup`] | what a machine must have: the Wasm target, a browser |
//! | [`page`] | the page: Wasm and its bindings, hashed, compressed, in `target/dist` |
//! | [`tasks`] | dist, serve, test, check, bench, screenshot |
//! | [`chromium`] | a real browser over the Chrome DevTools Protocol, for tests and benches |
//!
//! # What this crate does not know
//! Anything of the product's inside: it builds, starts and looks at it from outside.

pub mod chromium;
pub mod page;
pub mod setup;
pub mod tasks;
pub mod workspace;

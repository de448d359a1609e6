//! See the programs in `src/bin`. A library, so that its tests are built without wasm-bindgen's.

pub mod optimise;

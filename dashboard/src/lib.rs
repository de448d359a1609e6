//! The page: decodes a stream in Wasm, keeps it in rings, and draws it at the rate of measurement.
//!
//! ```text
//! WebSocket -> link -> decoder (protocol, borrowed) -> store -> chart -> surface -> canvas
//!                                                               +-> axes (plotters) -> canvas
//! ```
//!
//! # Layout
//! | module | subject | in a browser only |
//! | --- | --- | --- |
//! | [`link`] | a reconnecting, typed WebSocket client; clocks and lag | its socket |
//! | [`store`] | rings of samples, transformed groups, changes made by each frame | no |
//! | [`view`] | ticks, ranges, scales, times and columns | no |
//! | [`viewport`] | the span of time that the page shows | no |
//! | [`surface`] | pixels, anti-aliased shapes, colours | no |
//! | [`chart`] | a group on a surface: lines, areas, bars, heatmaps, tiles; axes on any plotters backend | no |
//! | [`layout`] | the panels of the page, and the series that each shows | no |
//! | [`find`] | texts that match some letters, the best first | no |
//! | [`page`] | the DOM: panels, header, menus, keys, one frame loop | yes |
//!
//! Dependencies point one way: `page -> layout -> chart -> surface, view, store -> series -> protocol`, and `page -> link ->
//! protocol`.
//!
//! # Not in this crate
//! The measurement of samples. All modules that need no browser build and are tested natively.

pub mod chart;
pub mod find;
pub mod layout;
pub mod link;
pub mod page;
pub mod store;
pub mod surface;
pub mod view;
pub mod viewport;

/// Starts the page. `www/main.js` calls it once the module is loaded.
///
/// # Errors
/// The errors of [`page::start`].
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn start() -> Result<(), wasm_bindgen::JsValue> {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
    page::start()
}

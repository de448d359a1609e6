//! The page: the thin edge where the pure modules meet the browser.
//!
//! | file | subject |
//! | --- | --- |
//! | `app` | owns everything; wires socket, store and panels together |
//! | `codec` | the socket's messages, with their length |
//! | `panel` | one group on screen: title, canvases, legend |
//! | `legend` | names and current values of a panel's series |
//! | `controls` | buttons and keys |
//! | `header` | state of the link, lag, rates |
//! | `frame_loop` | one `requestAnimationFrame` for the page |
//! | `listener` | an owned event listener |
//! | `theme` | colours, read from the style sheet |
//! | [`parameters`] | what the URL asks for |
//! | `stats` | what `window.kymograph.stats()` tells |
//! | [`rate`] | how many a second |
//! | `dom` | making and changing elements |

pub mod parameters;
pub mod rate;

#[cfg(target_arch = "wasm32")]
pub use app::start;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod codec;
#[cfg(target_arch = "wasm32")]
mod controls;
#[cfg(target_arch = "wasm32")]
mod dom;
#[cfg(target_arch = "wasm32")]
mod frame_loop;
#[cfg(target_arch = "wasm32")]
mod header;
#[cfg(target_arch = "wasm32")]
mod legend;
#[cfg(target_arch = "wasm32")]
mod listener;
#[cfg(target_arch = "wasm32")]
mod panel;
#[cfg(target_arch = "wasm32")]
mod stats;
#[cfg(target_arch = "wasm32")]
mod theme;

//! The page: the thin edge where the pure modules meet the browser.
//!
//! | file | subject |
//! | --- | --- |
//! | `start` | makes the app and hands the browser what calls it |
//! | `app` | what the page holds and does |
//! | `codec` | the socket's messages, with their length |
//! | `wall` | the panels; which are on screen, and what a frame may cost |
//! | `sight` | which elements are on screen |
//! | `panel` | one group on screen: title, chart or tiles, legend |
//! | `chart_view`, `tiles_view` | what shows the values |
//! | `canvas` | a canvas that shows a surface |
//! | `look` | what is the same for all panels, and how one writes its values |
//! | `legend` | names and current values of a panel's series |
//! | `menu` | how a panel's group is shown |
//! | `address` | the page's URL |
//! | `command`, `controls` | what a person can ask for; buttons and keys |
//! | `crosshair` | the time at which the pointer points |
//! | `header` | state of the link, lag, rates |
//! | `frame_loop` | one `requestAnimationFrame` for the page |
//! | `link_words` | the link's state in words |
//! | `listener` | an owned event listener |
//! | `theme` | colours, read from the style sheet |
//! | [`parameters`] | what the URL asks for |
//! | `stats` | what `window.kymograph.stats()` tells |
//! | [`rate`] | how many a second |
//! | `dom` | making and changing elements |

mod address;
mod app;
mod canvas;
mod chart_view;
mod codec;
mod command;
mod controls;
mod crosshair;
mod dom;
mod frame_loop;
mod header;
mod legend;
mod link_words;
mod listener;
mod look;
mod menu;
mod panel;
pub mod parameters;
pub mod rate;
mod sight;
mod start;
mod stats;
mod theme;
mod tiles_view;
mod wall;

pub use start::start;

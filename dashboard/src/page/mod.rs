//! The page: connects the pure modules to the browser.
//!
//! | file | subject |
//! | --- | --- |
//! | `start` | creates the page and registers the functions that the browser calls |
//! | `app` | wires the parts of the page |
//! | `frame_source`, `link_source` | suppliers of frames: the trait, and the live link |
//! | `connection_check` | asks the server why it refuses the stream |
//! | `past_requests` | requests summaries of times that the page does not hold, for the charts on screen |
//! | `overview_requests` | requests the whole history of one chart |
//! | `group_needs` | what the panels need of each group: rows, or summaries of columns |
//! | `feed`, `probe_schedule` | applies frames to the store; server clock, lag, status |
//! | `display`, `theme` | theme, colours, time labels |
//! | `panel_grid` | all panels; those on screen, and the time budget of a display frame |
//! | `panel_row` | a row of panels, which can be closed |
//! | `panel`, `panel_body`, `panel_help` | one panel: title, chart or tiles, legend, help |
//! | `tables` | statistics of a selected span, values of the view |
//! | `export` | files, pictures, the clipboard |
//! | `verdict` | one sentence on how the machine is |
//! | `panel_source` | the rows of a panel: a group of the store, or a derived one |
//! | `chart_view`, `tiles_view`, `canvas` | charts and tiles on canvases |
//! | `render_context`, `value_format` | settings shared by all panels; the format of values in a panel |
//! | `legend`, `legend_entry`, `legend_order` | names and values of series; which, and in which order |
//! | `menu` | settings of a panel |
//! | `crosshair` | a line across all charts at the time under the pointer |
//! | `foreign_text` | names and reasons of foreign origin, safe beside other text |
//! | `visibility_observer` | the elements that are on screen |
//! | `server_request`, `layout_request`, `sources` | requests to the server; its layout; what it says of its sources |
//! | `sign_in`, `sign_in_form`, `sign_in_request`, `session_key` | exchanges tokens for sessions; the page's half of a session |
//! | `header`, `link_status_text`, `notice`, `status_line` | state of the link, figures; errors and limits; what was done |
//! | `telemetry`, `rate_meter`, `stats` | measurements of the page; `window.kymograph.stats()` |
//! | `parameters`, `address` | parameters of the URL; reading and writing the URL |
//! | `command`, `controls`, `help` | commands, buttons and keys; the list of keys and gestures |
//! | `navigation` | moves the view: gestures, selection, the bar of the time |
//! | `finder`, `label_filter`, `filter_chip` | finds series, panels, actions; shows only series with some labels |
//! | `plot_place` | the plot under a pointer |
//! | `frame_pace` | when the next display frame is due |
//! | `frame_loop`, `listener`, `dom` | owned browser callbacks; elements |

mod address;
mod app;
mod canvas;
mod chart_view;
mod command;
mod connection_check;
mod controls;
mod crosshair;
mod display;
mod dom;
mod export;
mod feed;
mod filter_chip;
mod finder;
mod foreign_text;
mod frame_loop;
mod frame_pace;
mod frame_source;
mod group_needs;
mod header;
mod help;
mod label_filter;
mod label_font;
mod layout_request;
mod legend;
mod legend_entry;
mod legend_order;
mod link_source;
mod link_status_text;
mod listener;
mod menu;
mod navigation;
mod notice;
mod overview_requests;
mod panel;
mod panel_body;
mod panel_grid;
mod panel_help;
mod panel_row;
mod panel_source;
mod parameters;
mod past_requests;
mod plot_place;
mod probe_schedule;
mod rate_meter;
mod render_context;
mod server_request;
mod session_key;
mod sign_in;
mod sign_in_form;
mod sign_in_request;
mod sources;
mod start;
mod stats;
mod status_line;
mod tables;
mod telemetry;
mod theme;
mod tiles_view;
mod value_format;
mod verdict;
mod visibility_observer;

pub use start::start;

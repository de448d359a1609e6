//! HTTP: the page, the stream's upgrade, health and metrics, all on one port.
//!
//! | file | subject |
//! | --- | --- |
//! | [`server`], [`open_body`] | serves a router on the accept loop, with deadlines, and bounds for strangers |
//! | [`routes`] | the routes and their handlers |
//! | [`base_path`] | the path below which a proxy shows this server |
//! | [`route_table`], [`gate`] | every route states its policy; every request is checked against it |
//! | [`requester`], `forwarded` | who sent a request, also through proxies |
//! | [`access`] | the checks of proxy, host, origin and credentials |
//! | `readiness` | `/readyz` |
//! | [`metrics`], [`metrics_format`], [`prometheus_text`] | `/metrics`; its formats |
//! | [`session_halves`], [`sign_in`] | cookie, key and token in a request; sign-in and sign-out of pages |
//! | [`inlets`] | requests of other programs, for sources |
//! | [`connection_check`] | reports to a page why its stream is refused |
//! | [`body`] | request bodies, bounded in bytes and in time |
//! | [`request_target`], [`header_list`] | the forms of a request's target; headers that are lists |
//! | [`upgrade`] | upgrades a request to a WebSocket |
//! | [`page`], `file_cache`, [`encoding`] | the page's files, embedded or from a folder; those read last; their compressed forms |
//! | [`response`], [`headers`] | texts and files; security headers |

pub mod access;
pub mod base_path;
pub mod body;
pub mod connection_check;
pub mod encoding;
mod file_cache;
mod forwarded;
pub mod gate;
pub mod header_list;
pub mod headers;
pub mod inlets;
pub mod metrics;
pub mod metrics_format;
pub mod open_body;
pub mod page;
pub mod prometheus_text;
mod readiness;
pub mod request_target;
pub mod requester;
pub mod response;
pub mod route_table;
pub mod routes;
pub mod server;
pub mod session_halves;
pub mod sign_in;
pub mod upgrade;

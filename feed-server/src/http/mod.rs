//! HTTP: the page, the stream's upgrade, and what operators' tools ask for, all on one port.
//!
//! | file | subject |
//! | --- | --- |
//! | [`server`] | the accept loop: connections, deadlines, a clean end |
//! | [`access`], [`token`] | who may come in, by which name of this server |
//! | [`routes`] | which path is answered by what |
//! | [`upgrade`] | from a request to a WebSocket |
//! | [`page`] | the page's files, embedded or from a folder |
//! | [`headers`] | headers that every answer carries |

pub mod access;
pub mod headers;
pub mod page;
pub mod routes;
pub mod server;
pub mod token;
pub mod upgrade;

//! The application: command line, configuration, the assembled server, and the end of the process.
//!
//! | file | subject |
//! | --- | --- |
//! | [`cli`] | the command line |
//! | [`config`], [`check`], [`setting`] | the configuration; the values that are allowed; a refused value and its line |
//! | [`host_name`], [`token_file`], [`summary_tier`] | settings of their own: a name of this server, a token with its role, a tier of summaries |
//! | [`credentials`] | the tokens and the state directory that a configuration names |
//! | [`layout_file`] | the layout of the page, from a TOML file |
//! | [`server`] | the parts of a server, assembled |
//! | [`run`], [`signals`], `left_threads` | runs a server until a signal, and ends the process in time |
//! | [`log`] | the log on standard error |
//! | [`browser`] | opens the page for `--open` |
//! | [`sessions`], [`source_report`] | the commands `feed-server sessions` and `feed-server sources` |

pub mod browser;
pub mod check;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod host_name;
pub mod layout_file;
mod left_threads;
pub mod log;
pub mod run;
pub mod server;
pub mod sessions;
pub mod setting;
pub mod signals;
pub mod source_report;
pub mod summary_tier;
pub mod token_file;

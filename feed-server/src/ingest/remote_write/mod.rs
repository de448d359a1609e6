//! The source `remote_write`: samples that Prometheus sends, by its remote write protocol 1.0 and 2.0.
//!
//! - 1.0: <https://prometheus.io/docs/specs/prw/remote_write_spec/>
//! - 2.0: <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>
//!
//! ```text
//! POST /api/v1/write -> inlet -> message (snappy, protobuf) -> series of the request -> places and samples -> rows -> batches
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | `settings` | the settings |
//! | `message` | the kind of a message; unpacking |
//! | `wire` | the fields of a protobuf message |
//! | `request` | the series and samples of a message, of both versions |
//! | `intake` | what is known of each series |
//! | `receiver` | the source |

mod intake;
mod message;
mod receiver;
mod request;
mod settings;
mod wire;

pub use settings::RemoteWriteSettings;

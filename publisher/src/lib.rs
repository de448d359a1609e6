//! Sends rows of measured values to a Kymograph server, which draws them in a browser.
//!
//! ```no_run
//! use std::time::{Duration, SystemTime};
//!
//! use kymograph_publisher::Publisher;
//!
//! let publisher = Publisher::builder("queue-worker").token("a-token-of-the-role-publish").connect("ws://127.0.0.1:9000")?;
//! let jobs = publisher.group("jobs").unit("{job}").interval(Duration::from_millis(10)).series(["waiting", "running"])?;
//! let temperature = publisher.gauge("board", "temperature")?;
//! for row in 0..1_000 {
//!     jobs.row(SystemTime::now(), &[f64::from(row), 1.0])?;
//!     temperature.set(21.5);
//!     std::thread::sleep(Duration::from_millis(10));
//! }
//! publisher.flush(Duration::from_secs(1))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The server must have the source `publish`: `feed-server serve --source publish`.
//!
//! # What happens to a row
//! [`Group::row`] copies the values into a buffer and returns: it never waits for the network. A thread of the publisher sends the buffer
//! sixty times a second, and keeps what the server has not said to hold. When the connection is lost, the thread connects again, with
//! growing pauses, and sends what is not held: a row is never in the stream twice. The buffer is bounded in bytes
//! ([`Builder::buffer_bytes`]); when it is full, the oldest rows are dropped and counted ([`Publisher::lost_rows`]), and the server
//! counts them too.
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | `publisher`, `builder` | the publisher: its settings, its start, its end |
//! | `group`, `gauge` | rows of a group; single values that the thread samples |
//! | `buffer`, `catalog` | rows that wait, the messages that are not held; what was announced. No I/O |
//! | `address`, `link` | the address of a server; one connection to it |
//! | `sender`, `backoff` | the thread: connects, sends, reads answers; the pauses between two attempts |
//! | `error` | errors |
//!
//! # Not in this crate
//! TLS: use a proxy, or a tunnel, to send over a network that you do not trust. Reading from a server: see `docs/PROTOCOL.md`.

#![warn(missing_docs)]

mod address;
mod backoff;
mod buffer;
mod builder;
mod catalog;
mod error;
mod gauge;
mod group;
mod link;
mod publisher;
mod sender;
mod shared;

pub use builder::Builder;
pub use error::{AddressError, AnnounceError, FlushError, RowError, StartError};
pub use gauge::Gauge;
pub use group::{Group, GroupBuilder};
pub use protocol::column::MISSING;
pub use publisher::Publisher;

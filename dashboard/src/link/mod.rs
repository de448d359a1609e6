//! The link: a typed WebSocket client that reconnects, and the estimates of clock offset and lag.
//!
//! Most users need [`WebSocketClient`] only. It takes a URL, a [`Codec`] for its messages, and a handler. It connects, passes
//! each message to the handler borrowed from memory that is reused, detects a dead connection by its silence, and
//! reconnects with growing waits unless the close code forbids it. Dropping it removes everything from the browser.
//!
//! The client is independent of the protocol: [`FrameCodec`] adds it, and other codecs can replace that. See [`RawCodec`]
//! for the smallest codec, and `examples/socket_probe.rs` for a client that uses it.
//!
//! # Path of a message
//! ```text
//! browser -> socket -> engine -> staging (the one copy) -> codec -> handler
//!                        | ^
//!                 inputs v | actions
//!                       policy, with backoff, watch and close
//! ```
//! The lower row is pure: state machines that take time and a random number as arguments, tested without a browser.
//!
//! # Layout
//! | module | subject | browser |
//! | --- | --- | --- |
//! | [`client`] | the client's public methods | yes |
//! | [`event`] | events of the client | |
//! | `engine` | carries out the actions of the policy | yes |
//! | [`policy`], [`settings`] | connecting, timeouts, retries | |
//! | [`backoff`] | waits before retries | |
//! | [`watch`] | silence timeout, in a page that may sleep | |
//! | [`close`] | close codes; those that forbid reconnecting | |
//! | [`codec`], [`frame_codec`] | message types: the trait, and the codec of `protocol` | |
//! | [`staging`] | memory to which messages are copied | yes |
//! | [`socket`] | one owned connection | yes |
//! | [`timer`] | a timer that is cleared when dropped | yes |
//! | [`clock`] | the clock of the page, and the trait for other clocks | yes |
//! | `callback` | a function that JavaScript may call, counted | yes |
//! | [`server_clock`] | the server's clock, estimated from probes and echoes | |
//! | [`lag`] | lag of the received frames | |
//! | [`sync_status`] | the page is up to date or behind | |
//!
//! # Ownership
//! Every function that the browser can call is a field: [`Socket`] owns four callbacks, [`Timer`] owns one, and both detach
//! them when dropped. [`live_closures`] counts them for a test.
//!
//! # Not in this module
//! DOM, store, charts. The client also works in a worker. No input makes it panic.

pub mod backoff;
mod callback;
pub mod client;
pub mod clock;
pub mod close;
pub mod codec;
mod engine;
pub mod event;
pub mod frame_codec;
pub mod lag;
pub mod policy;
pub mod server_clock;
pub mod settings;
pub mod socket;
pub mod staging;
pub mod sync_status;
pub mod timer;
pub mod watch;

pub use backoff::Backoff;
pub use callback::live_closures;
pub use client::{ClientSendError, WebSocketClient};
pub use clock::{Clock, PageClock};
pub use close::{Close, CloseCode, InvalidClose};
pub use codec::{Codec, Incoming, Outgoing, RawCodec};
pub use event::ClientEvent;
pub use frame_codec::{FrameCodec, NotAFrame};
pub use lag::{Lag, LagQuantiles};
pub use policy::State;
pub use server_clock::{Exchange, ServerClock};
pub use settings::{ClientOptions, Settings, Silence, Subprotocols};
pub use socket::{ConnectError, SendError, Socket, SocketEvent, SocketState};
pub use sync_status::{LinkSample, SyncStatus, SyncTracker};
pub use timer::Timer;

//! The link: a WebSocket that speaks in types, comes back when it is cut off, and knows how late it is.
//!
//! [`WebSocketClient`] is all that most need. Give it a URL, a [`Codec`] that says what its messages mean, and a
//! handler. It connects; hands each message over, borrowed from memory that it reuses; notices a dead connection by
//! its silence; and reconnects, later each time, unless the close code says that this is pointless. Drop it, and
//! nothing of it is left in the browser.
//!
//! It knows nothing of metrics. Those come in with [`FrameCodec`], 20 lines that can be replaced by others: see
//! [`RawCodec`] for the smallest codec there is, and `examples/socket_probe.rs` for a client built on it.
//!
//! # How a message travels
//! ```text
//! browser -> socket -> engine -> staging (the one copy) -> codec -> your handler
//!                        | ^
//!                        v |  what happened / what to do
//!                       policy, which asks backoff, watch and close
//! ```
//! The lower row is pure: state machines that take the time and a random number as arguments, and are tested without
//! a browser.
//!
//! # Layout
//! | module | subject | browser |
//! | --- | --- | --- |
//! | [`client`] | the client: what its owner can ask for | yes |
//! | [`event`] | what the client tells its owner | |
//! | `engine` | does what the policy says | yes |
//! | [`policy`], [`settings`] | when to connect, give up, try again | |
//! | [`backoff`] | how long to wait before a retry | |
//! | [`watch`] | when silence is too long, in a page that may have slept | |
//! | [`close`] | close codes, and what they say about trying again | |
//! | [`codec`], [`frame_codec`] | what messages mean: in general, and for this product | |
//! | [`staging`] | where a message is copied to, once | yes |
//! | [`socket`] | one connection, owned | yes |
//! | [`timer`], [`page_clock`] | a timer that stops when dropped; the page's clock | yes |
//! | `callback` | a function lent to JavaScript, and a count of those | yes |
//! | [`clock`] | the server's clock, estimated from probe and echo | |
//! | [`lag`] | how late frames arrive | |
//! | [`standing`] | whether the page shows what is measured now, or is behind | |
//!
//! # Ownership
//! Everything that the browser can call is a field of somebody: [`Socket`] owns four callbacks, [`Timer`] owns one,
//! and both take them back from the browser when they are dropped. Nothing is ever leaked to keep it alive.
//! [`live_closures`] counts them, so that a test can tell.
//!
//! # What this module does not know
//! No DOM, no store, no chart. It works in a worker as in a page. It never panics on what comes from outside.

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
pub mod page_clock;
pub mod policy;
pub mod settings;
pub mod socket;
pub mod staging;
pub mod standing;
pub mod timer;
pub mod watch;

pub use backoff::Backoff;
pub use callback::live_closures;
pub use client::{ClientSendError, Options, WebSocketClient};
pub use clock::{Exchange, ServerClock};
pub use close::{Close, CloseCode, InvalidClose};
pub use codec::{Codec, Incoming, Outgoing, RawCodec};
pub use event::ClientEvent;
pub use frame_codec::{FrameCodec, NotAFrame};
pub use lag::{Lag, LagQuantiles};
pub use page_clock::page_now;
pub use policy::State;
pub use settings::{Settings, Silence};
pub use socket::{ConnectError, SendError, Socket, SocketEvent, SocketState};
pub use standing::{Sign, Standing, Standings};
pub use timer::Timer;

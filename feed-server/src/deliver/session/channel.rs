//! Both directions of a viewer's connection.

use std::sync::Arc;

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::deliver::fanout::outbox::Outbox;
use crate::deliver::fanout::viewer_stream::{ReadLimit, ViewerStream};
use crate::net::connection::Upgraded;
use crate::net::connection_limiter::Permit;

/// Bytes of live frames that a session sends before it reads the viewer's messages, and bytes of history between two pauses
/// of a viewer that asked for a slower pace.
pub const TURN_BYTES: usize = 256 * 1_024;

/// Limits of a viewer's socket. tungstenite's defaults cost 131 KiB for each viewer.
pub fn websocket_config() -> WebSocketConfig {
    let limit = protocol::limits::MAX_MESSAGE_BYTES;
    WebSocketConfig::default()
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * TURN_BYTES)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
}

#[derive(Debug)]
pub struct Channel {
    /// The socket for reading; pongs and closes are sent here too.
    pub socket: WebSocketStream<ViewerStream>,
    /// The outbox to which frames are written.
    pub outbox: Arc<Outbox>,
    pub permit: Permit,
}

impl Channel {
    pub async fn open(upgraded: Upgraded, config: WebSocketConfig, read_limit: ReadLimit) -> Self {
        let Upgraded { connection, early } = upgraded;
        let (socket, permit) = connection.into_socket();
        let outbox = Arc::new(Outbox::new(socket));
        let stream = ViewerStream::new(Arc::clone(&outbox), read_limit);
        let socket = WebSocketStream::from_partially_read(stream, early, Role::Server, Some(config)).await;
        Self { socket, outbox, permit }
    }
}

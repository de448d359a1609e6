//! A viewer's connection without a socket: its frames are taken turn by turn.

use std::sync::Arc;

use bytes::Bytes;
use feed_server::deliver::history_blocks::HistoryBlocks;
use feed_server::deliver::hub::Hub;
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::deliver::session::request::StreamRequest;
use feed_server::deliver::viewer::ViewerGuard;

/// The viewer's side of the server.
pub(crate) struct Connection {
    pub(crate) cursor: Cursor,
    pub(crate) guard: ViewerGuard,
}

impl Connection {
    pub(crate) fn open(hub: &Arc<Hub>, request: impl Into<StreamRequest>) -> Self {
        Self { cursor: Cursor::at(request.into(), Charge::Overall), guard: hub.join() }
    }

    /// The next frames, of about `room` bytes.
    pub(crate) fn turn(&mut self, room: usize) -> Vec<Bytes> {
        let Self { cursor, guard } = self;
        if !cursor.needs_turn() {
            let frames = cursor.live(guard, room);
            if !cursor.needs_turn() {
                return frames;
            }
        }
        cursor.next_turn(guard, &mut HistoryBlocks::default(), room).expect("encodes").frames
    }

    /// Takes all frames that are due, in turns of about `room` bytes.
    pub(crate) fn catch_up(&mut self, room: usize, mut take: impl FnMut(&[u8])) {
        while self.cursor.caught_up(&self.guard).is_none() {
            self.turn(room).iter().for_each(|frame| take(message(frame)));
        }
    }
}

/// A message without its WebSocket head.
pub(crate) fn message(framed: &Bytes) -> &[u8] {
    match framed[1] {
        126 => &framed[4..],
        127 => &framed[10..],
        _ => &framed[2..],
    }
}

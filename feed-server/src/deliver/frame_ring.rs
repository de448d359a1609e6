//! The most recent frames of a subscription, encoded once and shared by its viewers.
//!
//! A viewer is a cursor into this ring, without a queue. A viewer whose cursor is behind the tail is served from
//! [`History`](crate::stream::history::History) until it has caught up, so a slow viewer does not delay the others.

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::Sequence;

/// Bytes of a frame besides its content: its place in the ring, and the allocation that shares it.
const FRAME_BYTES: usize = 2 * size_of::<RingFrame>() + 48;

/// Frames, oldest first. Their bytes are bounded by its owner.
#[derive(Debug, Default)]
pub struct FrameRing {
    frames: VecDeque<RingFrame>,
    /// Number of the oldest frame held, counted from the first frame of this server.
    first: u64,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub struct RingFrame {
    /// The complete message, framed for the WebSocket.
    pub bytes: Bytes,
    /// The position that a viewer holds after this frame.
    pub sequence: Sequence,
    /// Rises with each frame of any ring.
    pub order: u64,
    /// Whether the bytes count in the memory of this ring.
    pub memory: FrameMemory,
}

/// Where the bytes of a frame count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameMemory {
    Own,
    /// In the ring of another subscription, which shares them.
    Shared,
}

impl RingFrame {
    const fn memory_bytes(&self) -> usize {
        match self.memory {
            FrameMemory::Own => FRAME_BYTES + self.bytes.len(),
            FrameMemory::Shared => FRAME_BYTES,
        }
    }
}

impl FrameRing {
    pub const fn new() -> Self {
        Self { frames: VecDeque::new(), first: 0, bytes: 0 }
    }

    /// Bytes of memory.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the oldest frame held.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next frame will have.
    pub fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Appends a frame. Returns the bytes that it takes.
    pub fn push(&mut self, frame: RingFrame) -> usize {
        let bytes = frame.memory_bytes();
        self.bytes += bytes;
        self.frames.push_back(frame);
        bytes
    }

    pub fn oldest(&self) -> Option<&RingFrame> {
        self.frames.front()
    }

    /// Drops the oldest frame, if there is one. Returns the bytes that are freed.
    pub fn drop_oldest(&mut self) -> usize {
        let Some(oldest) = self.frames.pop_front() else { return 0 };
        let bytes = oldest.memory_bytes();
        self.bytes -= bytes;
        self.first += 1;
        bytes
    }

    /// Drops all frames and counts one more that was not encoded. Returns the bytes that are freed.
    pub fn skip(&mut self) -> usize {
        self.first = self.end() + 1;
        self.frames.clear();
        std::mem::take(&mut self.bytes)
    }

    /// The frames from number `cursor` on, or `None` if the ring has evicted some of them.
    pub fn from(&self, cursor: u64) -> Option<impl Iterator<Item = &RingFrame>> {
        let skip = cursor.checked_sub(self.first)? as usize;
        Some(self.frames.range(skip.min(self.frames.len())..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sequence: u64) -> RingFrame {
        RingFrame {
            bytes: Bytes::from_static(&[0; 10]),
            sequence: Sequence(sequence),
            order: sequence,
            memory: FrameMemory::Own,
        }
    }

    fn sequences(ring: &FrameRing, cursor: u64) -> Option<Vec<u64>> {
        ring.from(cursor).map(|frames| frames.map(|frame| frame.sequence.0).collect())
    }

    #[test]
    fn a_cursor_behind_the_tail_gets_no_frames() {
        let mut ring = FrameRing::new();
        for sequence in 1..=5 {
            assert_eq!(ring.push(frame(sequence)), FRAME_BYTES + 10);
        }
        assert_eq!((ring.drop_oldest(), ring.drop_oldest()), (FRAME_BYTES + 10, FRAME_BYTES + 10));
        assert_eq!(ring.bytes(), 3 * (FRAME_BYTES + 10));
        assert_eq!(sequences(&ring, 2), Some(vec![3, 4, 5]));
        assert_eq!(sequences(&ring, 5), Some(vec![]));
        assert_eq!(sequences(&ring, 1), None);
    }

    #[test]
    fn a_skipped_frame_invalidates_every_cursor_before_it() {
        let mut ring = FrameRing::new();
        ring.push(frame(1));
        let cursor = ring.end();
        assert_eq!(ring.skip(), FRAME_BYTES + 10);
        assert_eq!(sequences(&ring, cursor), None);
        assert_eq!(sequences(&ring, ring.end()), Some(vec![]));
    }
}

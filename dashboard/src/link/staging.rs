//! Where a message is copied to, once, to be read by Wasm.

use js_sys::Uint8Array;

/// Memory for one message. An `ArrayBuffer` lies outside of Wasm memory, so one copy is owed; this makes it into the
/// same bytes every time. It cannot grow: a message that does not fit is not taken.
#[derive(Debug)]
pub struct Staging {
    memory: Box<[u8]>,
}

impl Staging {
    /// Memory for messages of up to `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { memory: vec![0; limit].into_boxed_slice() }
    }

    /// The length of the longest message that fits.
    pub fn limit(&self) -> usize {
        self.memory.len()
    }

    /// Copies a message in; none when it is too long.
    ///
    /// Hot: once per message. One copy, no allocation.
    pub fn stage(&mut self, message: &Uint8Array) -> Option<&[u8]> {
        let place = self.memory.get_mut(..message.length() as usize)?;
        message.copy_to(place);
        Some(place)
    }
}

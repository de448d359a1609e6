//! Memory to which a message is copied, once, so that Wasm can read it.

use js_sys::Uint8Array;

/// Memory for one message. An `ArrayBuffer` is outside of Wasm memory, so one copy is needed, always to the same bytes.
/// The memory does not grow: a longer message is rejected.
#[derive(Debug)]
pub struct Staging {
    memory: Box<[u8]>,
}

impl Staging {
    pub fn with_limit(limit: usize) -> Self {
        Self { memory: vec![0; limit].into_boxed_slice() }
    }

    /// The length of the longest message in bytes.
    pub fn limit(&self) -> usize {
        self.memory.len()
    }

    /// Copies a message; `None` if it is too long.
    ///
    /// Hot: once per message. One copy, no allocation.
    pub fn stage(&mut self, message: &Uint8Array) -> Option<&[u8]> {
        let place = self.memory.get_mut(..message.length() as usize)?;
        message.copy_to(place);
        Some(place)
    }
}

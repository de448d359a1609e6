//! The page's half of the session, which the server returned at sign-in.
//!
//! It is kept in `localStorage`, which belongs to a web origin: unlike a cookie, it is not sent to other ports of the
//! host. Each use reads it again, because another tab may have signed in since.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::SUBPROTOCOL;
use wasm_bindgen::JsValue;
use web_sys::Storage;

use super::dom;
use crate::link::Subprotocols;

#[derive(Clone, Debug)]
pub(super) struct SessionKey {
    /// With the path of the page: behind a proxy several servers may share a web origin.
    name: String,
    /// In a browser that forbids storage, the key is kept until the page is closed.
    memory: Rc<RefCell<Option<String>>>,
}

impl SessionKey {
    pub(super) fn new() -> Result<Self, JsValue> {
        let path = dom::window()?.location().pathname()?;
        Ok(Self { name: format!("kymograph-key:{path}"), memory: Rc::default() })
    }

    pub(super) fn get(&self) -> Option<String> {
        let stored = storage().and_then(|storage| storage.get_item(&self.name).ok().flatten());
        stored.or_else(|| self.memory.borrow().clone())
    }

    pub(super) fn set(&self, key: String) {
        let stored = storage().is_some_and(|storage| storage.set_item(&self.name, &key).is_ok());
        *self.memory.borrow_mut() = (!stored).then_some(key);
    }

    pub(super) fn remove(&self) {
        *self.memory.borrow_mut() = None;
        if let Some(storage) = storage() {
            // Fails only if the browser forbids storage.
            let _forbidden = storage.remove_item(&self.name);
        }
    }
}

/// Offers the version of the protocol, and the key, with each attempt to connect.
impl Subprotocols for SessionKey {
    fn offered(&self) -> Vec<String> {
        std::iter::once(SUBPROTOCOL.to_owned()).chain(self.get().map(|key| format!("key.{key}"))).collect()
    }
}

fn storage() -> Option<Storage> {
    dom::window().ok()?.local_storage().ok().flatten()
}

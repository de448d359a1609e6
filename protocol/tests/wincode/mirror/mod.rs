//! The wire's structures once more, for wincode: the same names, and the same fields in the same order.
#![allow(dead_code, reason = "they are compared as they print, which does not count as use")]

mod block;
mod body;
mod catalog;
mod client_message;
mod head;
mod list;

pub(crate) use body::Body;
pub(crate) use client_message::ClientMessage;
pub(crate) use head::{Header, Preamble};

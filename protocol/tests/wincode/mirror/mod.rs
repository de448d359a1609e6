//! The protocol's structures for wincode, with the same names and fields in the same order.
#![allow(dead_code, reason = "they are compared by their Debug output, which does not count as use")]

mod block;
mod body;
mod bucket_updates;
mod catalog;
mod client_message;
mod head;
mod list;
mod summaries;

pub(crate) use body::Body;
pub(crate) use client_message::ClientMessage;
pub(crate) use head::{Header, Preamble};

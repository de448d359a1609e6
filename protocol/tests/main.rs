//! Tests of the wire format, in one binary: each further binary costs seconds of linking.

mod allocation;
mod bucket_updates;
mod counting;
mod damage;
mod document;
mod golden;
mod laws;
mod reader;
mod refusals;
mod vectors;
mod wincode;

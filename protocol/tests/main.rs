//! Tests of the wire, in one binary: each binary more costs seconds of linking.

mod allocation;
mod counting;
mod damage;
mod document;
mod golden;
mod laws;
mod reader;
mod refusals;
mod vectors;
mod wincode;

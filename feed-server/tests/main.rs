//! Tests of the server that share a process, in one binary: each binary more costs seconds of linking. Apart from them stand
//! `faults`, `panics` and `conformance`, which need a process of their own.

mod a_source_in_one_file;
mod access;
mod hostile_frames;
mod http;
mod limits;
mod model;
#[path = "faults/process.rs"]
mod process;
mod python_client;
mod resume;
mod served;
mod stream;
mod tls;

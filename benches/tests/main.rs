//! Tests of codecs and load generator, in one binary.

mod codecs;
mod load;

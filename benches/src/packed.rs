//! Codecs of compressible blocks of a few hundred rows: ours, and pco, the best compressor of numbers.

use pco::ChunkConfig;
use pco::wrapped::{FileCompressor, FileDecompressor};

use crate::data::Shape;
use crate::peers::kymograph::{Kymograph, decode_message};
use crate::peers::{OURS, Peer as _};
use crate::record::{Record, Ring};

pub trait BlockCodec {
    /// Name in tables and benches.
    fn name(&self) -> &'static str;

    /// Clears `out` and encodes a block into it.
    fn encode(&mut self, block: &Record, out: &mut Vec<u8>);

    /// Decodes a block into `ring`.
    fn decode(&mut self, bytes: &[u8], shape: Shape, ring: &mut Ring);
}

/// All codecs, ours first.
pub fn all() -> Vec<Box<dyn BlockCodec>> {
    vec![Box::new(Ours::default()), Box::new(Pco)]
}

/// A complete message with one block, including preamble, header and times.
#[derive(Debug, Default)]
pub struct Ours(Kymograph);

impl BlockCodec for Ours {
    fn name(&self) -> &'static str {
        OURS
    }

    fn encode(&mut self, block: &Record, out: &mut Vec<u8>) {
        out.clear();
        self.0.encode(block, &mut |message| out.extend_from_slice(message));
    }

    fn decode(&mut self, bytes: &[u8], _shape: Shape, ring: &mut Ring) {
        decode_message(bytes, ring);
    }
}

/// Only the columns, at pco's default level. In the wrapped format for small blocks: one header for all columns, no lengths
/// (the reader knows the shape), no times.
#[derive(Debug, Default)]
pub struct Pco;

impl BlockCodec for Pco {
    fn name(&self) -> &'static str {
        "pco"
    }

    fn encode(&mut self, block: &Record, out: &mut Vec<u8>) {
        out.clear();
        let file = FileCompressor::default();
        file.write_header(&mut *out).expect("infallible for a vector");
        for column in &block.columns {
            let mut chunk = file.chunk_compressor(&column.values, &ChunkConfig::default()).expect("valid");
            chunk.write_meta(&mut *out).expect("infallible for a vector");
            chunk.write_page(0, &mut *out).expect("infallible for a vector");
        }
    }

    fn decode(&mut self, bytes: &[u8], shape: Shape, ring: &mut Ring) {
        let (file, mut rest) = FileDecompressor::new(bytes).expect("a header");
        for series in 0..shape.columns as u32 {
            let (mut chunk, page) = file.chunk_decompressor::<f64, _>(rest).expect("a chunk");
            let mut page = chunk.page_decompressor(page, shape.rows).expect("a page");
            let progress = page.read(ring.place(series, shape.rows)).expect("all its rows");
            assert_eq!(progress.n_processed, shape.rows, "rows of series {series}");
            rest = page.into_src();
        }
        ring.advance(shape.rows);
    }
}

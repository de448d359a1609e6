//! Every codec restores every bit.

use benches::data::{Shape, Signal};
use benches::plan::{BLOCK_COLUMNS, BLOCK_ROWS, SHAPES, SIGNALS};
use benches::record::{Record, Ring};
use benches::{packed, peers};

fn bits<'v>(columns: impl IntoIterator<Item = &'v Vec<f64>>) -> Vec<Vec<u64>> {
    columns.into_iter().map(|column| column.iter().map(|value| value.to_bits()).collect()).collect()
}

fn values(record: &Record) -> Vec<Vec<u64>> {
    bits(record.columns.iter().map(|column| &column.values))
}

#[test]
fn every_peer_decodes_every_bit_into_the_ring() {
    for (shape, signal) in SHAPES.iter().flat_map(|shape| SIGNALS.map(|signal| (*shape, signal))) {
        let record = shape.record(signal);
        for peer in &mut peers::all() {
            let what = format!("{} of {} {}", peer.name(), shape.name(), signal.name());
            let bytes = peers::encoded(&mut **peer, &record);
            let mut ring = Ring::new(shape.columns, shape.rows);
            peer.decode_into(&bytes, &mut ring);
            assert!(bits(ring.columns()) == values(&record), "{what}");
            if let Some(owned) = peer.decode_owned(&bytes) {
                assert!(owned == record && values(&owned) == values(&record), "{what}, owned");
            }
        }
    }
}

#[test]
fn reused_peer_encodes_the_same_bytes() {
    let [small, large] = [Shape::new(1, 100), Shape::new(8, 1_000)].map(|shape| shape.record(Signal::Walk));
    for peer in &mut peers::all() {
        let first = peers::encoded(&mut **peer, &small);
        peers::encoded(&mut **peer, &large);
        assert!(*first == *peers::encoded(&mut **peer, &small), "{}", peer.name());
    }
}

#[test]
fn every_block_codec_decodes_every_bit_into_the_ring() {
    for (rows, signal) in BLOCK_ROWS.iter().flat_map(|rows| Signal::COMPRESSIBLE.map(|signal| (*rows, signal))) {
        let shape = Shape::new(BLOCK_COLUMNS, rows);
        let block = shape.record(signal);
        for codec in &mut packed::all() {
            let mut bytes = Vec::new();
            codec.encode(&block, &mut bytes);
            let mut ring = Ring::new(shape.columns, rows);
            codec.decode(&bytes, shape, &mut ring);
            assert!(bits(ring.columns()) == values(&block), "{} of {rows} rows of {}", codec.name(), signal.name());
        }
    }
}

//! Frames for the charts' tests: one group of two series.

use protocol::{
    BlockBuffer, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Envelope, Epoch, Frame, GroupDescriptor, GroupId,
    Interval, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

pub(super) fn catalog(interval: Interval) -> Vec<u8> {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, name, title, unit) = (GroupId(1), "g", "G", "1");
    groups.push(&GroupDescriptor { id, name, title, unit, interval, bounds: Bounds::Auto }).expect("encodes");
    for (id, name) in [(SeriesId(1), "a"), (SeriesId(2), "b")] {
        let labels = protocol::Entries::default();
        let descriptor = SeriesDescriptor { id, group: GroupId(1), name, kind: SeriesKind::Gauge, labels };
        series.push(&descriptor).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), series.entries(), protocol::Entries::default());
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired });
    Frame { envelope: Envelope { epoch: Epoch(1), ..Envelope::default() }, body }.to_bytes().expect("encodes")
}

pub(super) fn samples(sequence: u64, time: Timestamp, values: [f64; 2]) -> Vec<u8> {
    let mut blocks = BlockBuffer::default();
    let columns = [(SeriesId(1), &values[..1]), (SeriesId(2), &values[1..])];
    blocks.push(GroupId(1), &[time], columns).expect("encodes");
    let body = Body::Samples(Samples { collected: time, queued: time, blocks: blocks.blocks() });
    let envelope = Envelope { epoch: Epoch(1), sequence: Sequence(sequence), sent: time };
    Frame { envelope, body }.to_bytes().expect("encodes")
}

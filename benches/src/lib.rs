//! Shared material of the benches.
//!
//! The benches themselves are in `benches/`. Run them with `cargo xtask bench`; each compares side by side in one run,
//! since the machine it runs on is never the same.
//!
//! | bench | times |
//! | --- | --- |
//! | `decode` | a frame from bytes into the store, beside a plain copy of the same bytes |
//! | `hub` | from batches to frames |
//! | `pyramid` | summaries beside a ring, and a chart's columns from them, beside argminmax |
//! | `chart` | drawing a chart of each kind, natively; derived signals |
//! | `codecs` | encoding and decoding, beside other codecs |
//! | `packed` | blocks of values that can be shortened, beside pco |
//! | `sizes` | bytes a sample on the wire |
//! | `browser` | the decoder in Chromium, beside what JavaScript can do |
//! | `fan_out` | sending to many viewers, beside what others do |
//! | `wall` | charts in Chromium, live, beside other chart libraries |
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`record`] | what every codec is given, and where it must bring the values |
//! | [`data`] | signals and shapes, by seed |
//! | [`peers`] | the codecs that are compared, each in its best form |
//! | [`packed`] | codecs of blocks whose values can be shortened |
//! | [`plan`] | what is timed, under which names |
//! | [`recording`] | a recorded minute of a machine |
//! | [`effort`] | what the command line asks of a bench without criterion |
//!
//! The binary `load` puts load on a server, with [`load`]; `record` writes a recording.
//! The binary `summary` makes the tables of `docs/BENCHMARKS.md` of what criterion has measured.

pub mod data;
pub mod effort;
pub mod load;
pub mod packed;
pub mod peers;
pub mod plan;
pub mod record;
pub mod recording;

use protocol::{
    BlockBuffer, Blocks, Body, Bounds, Catalog, CatalogScope, EncodeError, EntriesBuffer, Epoch, Frame,
    GroupDescriptor, GroupId, Header, History, HistoryPart, Interval, Samples, Sequence, SeriesDescriptor, SeriesId,
    SeriesKind, Timestamp,
};

/// The group that every frame here is about.
pub const GROUP: GroupId = GroupId(1);

const STEP_US: i64 = 1_000;

/// A catalog of one group with `series` series, as a whole message.
///
/// # Errors
/// When there are more series than one message holds.
pub fn catalog(series: u32) -> Result<Vec<u8>, EncodeError> {
    let mut groups = EntriesBuffer::default();
    let interval = Interval::from_micros(STEP_US as u64);
    let (name, title, unit) = ("bench", "Bench", "1");
    groups.push(&GroupDescriptor { id: GROUP, name, title, unit, interval, bounds: Bounds::Auto })?;
    let mut entries = EntriesBuffer::default();
    for id in 1..=series {
        let name = format!("series {id}");
        let (id, kind, labels) = (SeriesId(id), SeriesKind::Gauge, protocol::Entries::default());
        entries.push(&SeriesDescriptor { id, group: GROUP, name: &name, kind, labels })?;
    }
    let (groups, series) = (groups.entries(), entries.entries());
    let retired = protocol::Entries::default();
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes()
}

/// The end of a history that was empty: samples follow.
///
/// # Errors
/// None that can occur.
pub fn no_history() -> Result<Vec<u8>, EncodeError> {
    let body = Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes()
}

/// A frame of `rows` rows of `series` series, of values that no encoding can shorten. Frame `sequence` follows on frame
/// `sequence - 1` in time.
///
/// # Errors
/// When it is longer than a message may be.
pub fn samples(sequence: u64, series: u32, rows: u32) -> Result<Vec<u8>, EncodeError> {
    let first = sequence as i64 * i64::from(rows);
    let times: Vec<Timestamp> =
        (0..i64::from(rows)).map(|row| Timestamp::from_micros((first + row) * STEP_US)).collect();
    let columns: Vec<Vec<f64>> = (0..series)
        .map(|series| (0..rows).map(|row| noise(sequence, u64::from(series), u64::from(row))).collect())
        .collect();
    let mut blocks = BlockBuffer::default();
    blocks.push(GROUP, &times, (1..).map(SeriesId).zip(columns.iter().map(Vec::as_slice)))?;
    let now = times.last().copied().unwrap_or_default();
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: now };
    Frame { header, body: Body::Samples(Samples { collected: now, queued: now, blocks: blocks.blocks() }) }.to_bytes()
}

/// A number in 0..1 that follows from its place alone (a step of `SplitMix64`).
pub fn noise(a: u64, b: u64, c: u64) -> f64 {
    let mut bits = (a << 40 | b << 20 | c).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

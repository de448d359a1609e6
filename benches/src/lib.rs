//! Shared parts of the benches.
//!
//! The benches are in `benches/`. Run them with `cargo xtask bench`. Each measures all competitors in the same run, since
//! figures of different runs cannot be compared.
//!
//! | bench | measures |
//! | --- | --- |
//! | `decode` | decoding a frame into the store, beside a copy of its bytes |
//! | `hub` | encoding batches as frames |
//! | `pyramid` | updating summaries, and computing a chart's columns from them, beside argminmax |
//! | `chart` | drawing a chart of each kind, natively; transforms |
//! | `codecs` | encoding and decoding, beside other codecs |
//! | `packed` | encoding and decoding compressible blocks, beside pco |
//! | `sizes` | encoded bytes per sample |
//! | `resolutions` | bytes of a wall as rows and as summaries, beside protobuf and JSON |
//! | `subscribe` | time from a change of a subscription to its first column |
//! | `history` | memory of the history, sealing, a thousand viewers that resume |
//! | `browser` | the decoder in Chromium, beside JavaScript |
//! | `fan_out` | sending to many viewers, beside other WebSocket servers |
//! | `wall` | charts in Chromium, live, beside other chart libraries |
//! | `host` | the source that measures this machine, beside Netdata and Prometheus's `node_exporter` |
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`record`] | input and output of all codecs |
//! | [`data`] | signals and shapes from a seed |
//! | [`peers`] | the compared codecs |
//! | [`packed`] | codecs of compressible blocks |
//! | [`plan`] | tasks, shapes and names of the measurements |
//! | [`recording`] | a recorded minute of a machine |
//! | [`synthetic`] | rows of the synthetic source |
//! | [`live_peers`] | live rows in other formats |
//! | [`effort`] | command line of benches without criterion |
//! | [`report`] | tables and targets |
//! | [`statistics`] | percentiles and medians |
//! | [`process_tree`], [`task_time`] | CPU time and memory of processes; CPU time of threads |
//! | [`browser_time`] | CPU time of a browser by kind of process |
//! | [`exposition`], [`http_client`] | metrics in Prometheus's text format; requests on one connection |
//!
//! The binary `load` is a load generator, see [`load`]; `record` writes a recording. The binary `summary` writes the
//! tables of `docs/BENCHMARKS.md` from criterion's measurements.

pub mod browser_time;
pub mod data;
pub mod effort;
pub mod exposition;
pub mod http_client;
pub mod live_peers;
pub mod load;
pub mod packed;
pub mod peers;
pub mod plan;
pub mod process_tree;
pub mod record;
pub mod recording;
pub mod report;
pub mod statistics;
pub mod synthetic;
pub mod task_time;

use protocol::{
    BlockBuffer, Blocks, Body, Catalog, CatalogScope, EncodeError, EntriesBuffer, Epoch, Frame, GroupDescriptor,
    GroupId, Header, History, HistoryPart, Interval, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind,
    Timestamp,
};

/// The only group of the frames below.
pub const GROUP: GroupId = GroupId(1);

const STEP_US: i64 = 1_000;

/// Encodes a catalog of one group with `series` series.
///
/// # Errors
/// If the catalog exceeds a message.
pub fn catalog(series: u32) -> Result<Vec<u8>, EncodeError> {
    let mut groups = EntriesBuffer::default();
    let interval = Interval::from_micros(STEP_US as u64);
    let (name, title, unit) = ("bench", "Bench", "1");
    groups.push(&GroupDescriptor { id: GROUP, name, title, unit, interval, ..GroupDescriptor::default() })?;
    let mut entries = EntriesBuffer::default();
    for id in 1..=series {
        let name = format!("series {id}");
        let (id, kind, labels) = (SeriesId(id), SeriesKind::Gauge, protocol::Entries::default());
        entries.push(&SeriesDescriptor { id, group: GROUP, name: &name, kind, labels })?;
    }
    let (groups, series) = (groups.entries(), entries.entries());
    let retired = protocol::Entries::default();
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes()
}

/// Encodes an empty history, after which live samples follow.
///
/// # Errors
/// Never: an empty history fits a message.
pub fn no_history() -> Result<Vec<u8>, EncodeError> {
    let body = Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes()
}

/// Encodes a frame of `rows` rows of `series` series of incompressible values. Its times follow those of the
/// frame with the previous number.
///
/// # Errors
/// If the frame exceeds a message.
pub fn samples(sequence: u64, series: u32, rows: u32) -> Result<Vec<u8>, EncodeError> {
    let first = sequence as i64 * i64::from(rows);
    let times: Vec<Timestamp> =
        (0..i64::from(rows)).map(|row| Timestamp::from_micros((first + row) * STEP_US)).collect();
    let columns: Vec<Vec<f64>> = (0..series)
        .map(|series| (0..rows).map(|row| noise(sequence, u64::from(series), u64::from(row))).collect())
        .collect();
    let now = times.last().copied().unwrap_or_default();
    let mut blocks = BlockBuffer::default();
    blocks.start(now);
    blocks.push(GROUP, &times, (1..).map(SeriesId).zip(columns.iter().map(Vec::as_slice)))?;
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: now, skipped: 0 };
    Frame { header, body: Body::Samples(Samples::of_blocks(blocks.blocks())) }.to_bytes()
}

/// A pseudorandom number in 0..1 for each triple (a step of `SplitMix64`).
pub fn noise(a: u64, b: u64, c: u64) -> f64 {
    let mut bits = (a << 40 | b << 20 | c).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

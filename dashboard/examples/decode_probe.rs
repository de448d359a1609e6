//! The decoder for benches: decodes messages from `Uint8Array`s, as a socket delivers them, into rings.

use dashboard::link::staging::Staging;
use dashboard::store::Store;
use js_sys::{Float64Array, Uint8Array};
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    BlockMode, Body, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId, Header, History,
    HistoryPart, Interval, SamplesBuffer, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};
use wasm_bindgen::prelude::*;

/// Rows of a ring: more than a message has, and not a multiple.
const RING_ROWS: usize = 10_007;
const STEP_US: i64 = 1_000;
const SHAPES: [(&str, Data, u32, u32); 5] = [
    ("noise, 8 series x 900 rows", Data::Noise, 8, 900),
    ("noise, 96 series x 16 rows", Data::Noise, 96, 16),
    ("decimals, 8 series x 1,000 rows", Data::Decimals, 8, 1_000),
    ("decimals, 96 series x 16 rows", Data::Decimals, 96, 16),
    // A list of samples.
    ("decimals, 96 series x 1 row", Data::Decimals, 96, 1),
];

#[derive(Clone, Copy)]
enum Data {
    /// Random bits, which no encoding can shorten.
    Noise,
    /// Random walks, rounded to two decimals.
    Decimals,
}

/// Decodes messages of one shape.
#[wasm_bindgen]
pub struct DecodeProbe {
    data: Data,
    series: u32,
    rows: u32,
    staging: Staging,
    rings: Vec<Vec<f64>>,
    next_row: usize,
    store: Store,
    applied: u64,
}

#[wasm_bindgen]
impl DecodeProbe {
    pub fn shapes() -> Vec<String> {
        SHAPES.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }

    /// A decoder for messages of the shape with this name.
    ///
    /// # Errors
    /// If no shape has this name.
    #[wasm_bindgen(constructor)]
    pub fn new(shape: &str) -> Result<Self, JsError> {
        let found = SHAPES.iter().find(|(name, ..)| *name == shape);
        let &(_, data, series, rows) = found.ok_or_else(|| JsError::new("no such shape"))?;
        let staging = Staging::with_limit(MAX_MESSAGE_BYTES);
        let rings = vec![vec![0.0; RING_ROWS]; series as usize];
        let store = Store::new(Interval::from_secs(60));
        Ok(Self { data, series, rows, staging, rings, next_row: 0, store, applied: 0 })
    }

    /// # Errors
    /// If the message exceeds the limit of the protocol.
    pub fn message(&self, number: u32) -> Result<Uint8Array, JsError> {
        let columns = self.columns(number);
        let first = i64::from(number) * i64::from(self.rows);
        let times: Vec<_> =
            (0..i64::from(self.rows)).map(|row| Timestamp::from_micros((first + row) * STEP_US)).collect();
        let now = times.last().copied().unwrap_or_default();
        let mut live = SamplesBuffer::default();
        live.start(now);
        let columns = (1..).map(SeriesId).zip(columns.iter().map(Vec::as_slice));
        // Message number 0 follows the last one again, whose rows are later.
        let mode = if number == 0 { BlockMode::Replace } else { BlockMode::Merge };
        live.push(mode, GroupId(1), &times, columns)?;
        let bytes = Frame { header: header(u64::from(number) + 1), body: Body::Samples(live.samples()) }.to_bytes()?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// The values of message number `number`, column after column.
    pub fn values(&self, number: u32) -> Float64Array {
        Float64Array::from(self.columns(number).concat().as_slice())
    }

    /// Copies a message once, decodes it, and writes its values into rings. Returns their number.
    ///
    /// # Errors
    /// If the message cannot be decoded.
    pub fn decode(&mut self, message: &Uint8Array) -> Result<u32, JsError> {
        let bytes = self.staging.stage(message).ok_or_else(|| JsError::new("too long"))?;
        let Body::Samples(samples) = Frame::decode(bytes)?.body else { return Err(JsError::new("no samples")) };
        let mut values = 0;
        for sample in &samples.list {
            self.rings[sample.series.0 as usize - 1][self.next_row] = sample.value;
            values += 1;
        }
        if values > 0 {
            self.next_row = (self.next_row + 1) % RING_ROWS;
        }
        for block in &samples.blocks {
            let rows = block.rows as usize;
            let first = rows.min(RING_ROWS - self.next_row);
            for (ring, column) in self.rings.iter_mut().zip(&block.columns) {
                let Some(column) = column.values() else { continue };
                column.copy_to(&mut ring[self.next_row..self.next_row + first]);
                if first < rows {
                    column.from_row(first).copy_to(&mut ring[..rows - first]);
                }
                values += block.rows;
            }
            self.next_row = (self.next_row + rows) % RING_ROWS;
        }
        Ok(values)
    }

    /// Copies a message once, decodes it, and applies it to the store, as the page does. Message number 0 starts a new
    /// stream. Returns the number of stored values.
    ///
    /// # Errors
    /// If the message cannot be decoded.
    pub fn apply(&mut self, message: &Uint8Array, number: u32) -> Result<u32, JsError> {
        if number == 0 {
            self.store.apply(&Frame::decode(&catalog(self.series)?)?);
            let history = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
            self.store.apply(&Frame { header: header(0), body: history });
        }
        let bytes = self.staging.stage(message).ok_or_else(|| JsError::new("too long"))?;
        self.store.apply(&Frame::decode(bytes)?);
        let before = std::mem::replace(&mut self.applied, self.store.counts().samples);
        Ok((self.applied - before) as u32)
    }

    fn columns(&self, number: u32) -> Vec<Vec<f64>> {
        let mut state = u64::from(number) << 32;
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut column = || match self.data {
            // The logarithm uses every bit of the mantissa.
            Data::Noise => (0..self.rows).map(|_| -uniform().max(f64::MIN_POSITIVE).ln()).collect(),
            Data::Decimals => {
                let mut level = 50.0;
                let mut step = || {
                    level += uniform() * 4.0 - 2.0;
                    (level * 100.0_f64).round() / 100.0
                };
                (0..self.rows).map(|_| step()).collect()
            }
        };
        (0..self.series).map(|_| column()).collect()
    }
}

fn header(sequence: u64) -> Header {
    Header { epoch: Epoch(1), sequence: Sequence(sequence), ..Header::default() }
}

fn catalog(series: u32) -> Result<Vec<u8>, JsError> {
    let (mut groups, mut entries) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, interval) = (GroupId(1), Interval::from_micros(STEP_US as u64));
    groups.push(&GroupDescriptor {
        id,
        name: "bench",
        title: "Bench",
        unit: "1",
        interval,
        ..GroupDescriptor::default()
    })?;
    for id in 1..=series {
        let name = id.to_string();
        let (kind, labels) = (SeriesKind::Gauge, protocol::Entries::default());
        entries.push(&SeriesDescriptor { id: SeriesId(id), group: GroupId(1), name: &name, kind, labels })?;
    }
    let (groups, series) = (groups.entries(), entries.entries());
    let retired = protocol::Entries::default();
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    Ok(Frame { header: header(0), body }.to_bytes()?)
}

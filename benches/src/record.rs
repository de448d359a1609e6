//! Input of every codec, a record of columns, and its output, rings of values.

/// Columns of a group of series, sampled at a regular step.
///
/// Times are a start and a step for all codecs. With a time per row, each peer would encode twice the bytes for one series,
/// and Kymograph, which encodes regular times as start and step, would win by the schema alone.
#[derive(
    Clone,
    PartialEq,
    serde::Serialize,
    serde::Deserialize,
    bincode::Encode,
    bincode::Decode,
    bitcode::Encode,
    bitcode::Decode,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    wincode::SchemaWrite,
    wincode::SchemaRead,
    prost::Message,
)]
pub struct Record {
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    /// Time of sending in microseconds since the Unix epoch.
    #[prost(int64, tag = "3")]
    pub sent: i64,
    /// Time of the first row, in microseconds since the Unix epoch.
    #[prost(int64, tag = "4")]
    pub start: i64,
    /// Microseconds from row to row.
    #[prost(uint64, tag = "5")]
    pub step: u64,
    /// One per series, all of the same length.
    #[prost(message, repeated, tag = "6")]
    pub columns: Vec<Column>,
}

#[derive(
    Clone,
    PartialEq,
    serde::Serialize,
    serde::Deserialize,
    bincode::Encode,
    bincode::Decode,
    bitcode::Encode,
    bitcode::Decode,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    wincode::SchemaWrite,
    wincode::SchemaRead,
    prost::Message,
)]
pub struct Column {
    /// Consecutive indices that start at 0.
    #[prost(uint32, tag = "1")]
    pub series: u32,
    #[prost(double, repeated, tag = "2")]
    pub values: Vec<f64>,
}

impl Record {
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// An upper bound of the encoded size: ten bytes per number (the longest varint).
    pub fn max_bytes(&self) -> usize {
        100 + self.columns.iter().map(|column| 20 + 10 * column.values.len()).sum::<usize>()
    }
}

/// A preallocated ring per series, as in a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    columns: Vec<Vec<f64>>,
    rows: usize,
    at: usize,
}

impl Ring {
    /// Creates rings of `rows` rows for series `0..columns`.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns: vec![vec![0.0; rows]; columns], rows, at: 0 }
    }

    /// The slots of the next `rows` rows of a series.
    ///
    /// Hot: once per column.
    ///
    /// # Panics
    /// If the series does not exist, or fewer rows are left before the ring's end.
    pub fn place(&mut self, series: u32, rows: usize) -> &mut [f64] {
        &mut self.columns[series as usize][self.at..self.at + rows]
    }

    /// Advances by `rows` rows, and wraps at the ring's end.
    pub fn advance(&mut self, rows: usize) {
        self.at += rows;
        if self.at >= self.rows {
            self.at = 0;
        }
    }

    /// Copies the values of a record.
    ///
    /// # Panics
    /// In the same cases as [`Ring::place`].
    pub fn store(&mut self, record: &Record) {
        for column in &record.columns {
            self.place(column.series, column.values.len()).copy_from_slice(&column.values);
        }
        self.advance(record.rows());
    }

    pub fn series(&self) -> usize {
        self.columns.len()
    }

    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }
}

//! What every codec is given: one record of columns, and the rings that its values must end in.

/// Columns of one group of series that are sampled together at a regular step.
///
/// The times are a start and a step for everybody. With a time a row, as a plain schema would have it, each peer would
/// carry twice the bytes for one series, and Kymograph, which sends regular times so, would win by the schema alone.
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
    /// One life of the server.
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    /// Number of the record.
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    /// When it was sent, in microseconds since the Unix epoch.
    #[prost(int64, tag = "3")]
    pub sent: i64,
    /// Time of the first row, in microseconds since the Unix epoch.
    #[prost(int64, tag = "4")]
    pub start: i64,
    /// Microseconds from row to row.
    #[prost(uint64, tag = "5")]
    pub step: u64,
    /// A column a series, all of the same length.
    #[prost(message, repeated, tag = "6")]
    pub columns: Vec<Column>,
}

/// The values of one series.
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
    /// The series; in a record they are numbered from 0.
    #[prost(uint32, tag = "1")]
    pub series: u32,
    /// A value a row.
    #[prost(double, repeated, tag = "2")]
    pub values: Vec<f64>,
}

impl Record {
    /// Rows of each column.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// More bytes than any codec with a bound of its own needs: ten a number (the longest varint).
    pub fn most_bytes(&self) -> usize {
        100 + self.columns.iter().map(|column| 20 + 10 * column.values.len()).sum::<usize>()
    }
}

/// A preallocated ring for each series, where a page needs the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    columns: Vec<Vec<f64>>,
    rows: usize,
    at: usize,
}

impl Ring {
    /// Rings for series `0..columns` of `rows` rows each.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns: vec![vec![0.0; rows]; columns], rows, at: 0 }
    }

    /// The places of the next `rows` rows of a series.
    ///
    /// Hot: once a column.
    ///
    /// # Panics
    /// When there is no such series, or fewer rows are left before the ring's end.
    pub fn place(&mut self, series: u32, rows: usize) -> &mut [f64] {
        &mut self.columns[series as usize][self.at..self.at + rows]
    }

    /// Moves on by `rows` rows, back to the start where the ring ends.
    pub fn advance(&mut self, rows: usize) {
        self.at += rows;
        if self.at >= self.rows {
            self.at = 0;
        }
    }

    /// Copies an owned record's values to their places.
    ///
    /// # Panics
    /// As [`Ring::place`].
    pub fn store(&mut self, record: &Record) {
        for column in &record.columns {
            self.place(column.series, column.values.len()).copy_from_slice(&column.values);
        }
        self.advance(record.rows());
    }

    /// How many series there are.
    pub fn series(&self) -> usize {
        self.columns.len()
    }

    /// The values of each series.
    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }
}

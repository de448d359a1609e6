//! Live rows in other formats: raw doubles, protobuf, and JSON over WebSocket, as pages with uPlot receive them.
//!
//! Each frame has an epoch, a sequence and a time of sending, as ours, and for each row its group, its time, and its values in the order
//! of the catalog, without ids.

use prost::Message;

/// Bytes of the same frames in other formats.
#[derive(Clone, Copy, Debug, Default)]
pub struct LivePeers {
    /// 24 bytes a frame, 12 a row, 8 a value.
    pub raw: usize,
    pub protobuf: usize,
    pub json: usize,
}

/// Rows that are sent together.
#[derive(Clone, PartialEq, serde::Serialize, prost::Message)]
pub struct LiveFrame {
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    #[prost(int64, tag = "3")]
    pub sent: i64,
    #[prost(message, repeated, tag = "4")]
    pub rows: Vec<LiveRow>,
}

/// A row of a group.
#[derive(Clone, PartialEq, serde::Serialize, prost::Message)]
pub struct LiveRow {
    #[prost(uint32, tag = "1")]
    pub group: u32,
    #[prost(int64, tag = "2")]
    pub time: i64,
    #[prost(double, repeated, tag = "3")]
    pub values: Vec<f64>,
}

impl LivePeers {
    /// Adds a frame.
    ///
    /// # Errors
    /// If JSON cannot be written.
    pub fn add(&mut self, frame: &LiveFrame) -> Result<(), serde_json::Error> {
        self.raw += 24 + frame.rows.iter().map(|row| 12 + 8 * row.values.len()).sum::<usize>();
        self.protobuf += frame.encoded_len();
        self.json += serde_json::to_vec(frame)?.len();
        Ok(())
    }
}

//! Reads an answer as the source does, without a target: for benches.

use std::sync::Arc;

use protocol::{Interval, Timestamp};

use super::reader::Reader;
use super::relabel::Labels;
use super::sink::{Naming, Sink};
use crate::ingest::context::Registrar;
use crate::ingest::exposition::Format;
use crate::ingest::health::SourceHealth;
use crate::ingest::known_metrics::{KnownSeries, OpenRows};
use crate::ingest::registry::Registry;

const MISSES: u64 = 3;

/// A target that answers again and again.
#[derive(Debug)]
pub struct Rereading {
    reader: Reader,
    known: KnownSeries,
    rows: OpenRows,
    registrar: Registrar,
    naming: Naming,
    labels: Labels,
    now: Timestamp,
}

impl Rereading {
    pub fn new(registry: Arc<dyn Registry>, series: usize) -> Self {
        let naming = Naming { rules: Vec::new(), honor_labels: false, honor_timestamps: true };
        let labels = [("instance", "127.0.0.1:9100"), ("job", "bench")];
        Self {
            reader: Reader::default(),
            known: KnownSeries::new("bench", series, Interval::from_secs(1)),
            rows: OpenRows::default(),
            registrar: Registrar::new(registry, SourceHealth::new("bench"), 1),
            naming,
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            now: Timestamp::default(),
        }
    }

    /// Reads an answer that comes a second after the one before. Returns the number of values of its rows.
    pub fn read(&mut self, text: &[u8], format: Format) -> usize {
        self.now = self.now + Interval::from_secs(1);
        let Self { reader, known, rows, registrar, naming, labels, now } = self;
        let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance: false, now: *now };
        let mut tally = reader.begin();
        for line in text.split(|&byte| byte == b'\n') {
            reader.line(line, format, &mut tally, &mut sink);
        }
        reader.finish(MISSES, &mut sink);
        let (batches, _repeated) = rows.take(*now, known);
        batches.iter().map(crate::ingest::batch::Batch::values).sum()
    }
}

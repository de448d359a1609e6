//! Reads all items and values of a frame into memory allocated beforehand.

use std::hint::black_box;

use protocol::limits::{MAX_BLOCK_ROWS, MAX_GROUP_SERIES};
use protocol::{Blocks, Body, BucketUpdates, Frame, SummaryBlocks, SummaryField, SummaryFields};

/// Buffer for the values of one column.
pub(crate) struct Reader {
    values: Vec<f64>,
    updates: Vec<SummaryFields>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { values: vec![0.0; MAX_BLOCK_ROWS as usize], updates: Vec::with_capacity(MAX_GROUP_SERIES) }
    }

    /// Reads every item of every list, every time and every value. Returns their number.
    pub(crate) fn read(&mut self, frame: &Frame<'_>) -> usize {
        match frame.body {
            Body::Samples(samples) => {
                count(samples.list.iter()) + self.blocks(&samples.blocks) + self.updates(&samples.updates)
            }
            Body::Summaries(summaries) => self.summaries(&summaries.blocks) + self.updates(&summaries.open),
            Body::History(history) => self.blocks(&history.blocks),
            Body::Catalog(catalog) => {
                let series = catalog.series.iter().map(|series| 1 + count(series.labels.iter()));
                count(catalog.groups.iter()) + series.sum::<usize>() + count(catalog.retired.iter())
            }
            Body::Logs(logs) => logs.lines.iter().map(|line| 1 + count(line.labels.iter())).sum(),
            Body::Answer(answer) => 1 + self.summaries(&answer.blocks),
            Body::LeftOut(left_out) => count(left_out.groups.iter()) + count(left_out.series.iter()),
            Body::Event(event) => 1 + count(event.labels.iter()),
            _ => 1,
        }
    }

    fn blocks(&mut self, blocks: &Blocks<'_>) -> usize {
        let mut read = 0;
        for block in blocks {
            read += count(block.times.iter());
            for column in &block.columns {
                let Some(values) = column.values() else { continue };
                let place = &mut self.values[..block.rows as usize];
                values.copy_to(place);
                read += black_box(&*place).len();
                // The second half again, as a ring that wraps does.
                let half = place.len() / 2;
                values.from_row(half).copy_to(&mut place[half..]);
                black_box(&*place);
            }
        }
        read
    }

    fn updates(&mut self, updates: &BucketUpdates<'_>) -> usize {
        let mut read = 0;
        for update in updates {
            read += update.begins.and_then(|begins| begins.shape).map_or(0, |shape| count(shape.series()));
            self.updates.resize(update.series, [0.5; 6]);
            assert!(update.apply_to(&mut self.updates));
            read += black_box(&self.updates).len();
        }
        read
    }

    fn summaries(&mut self, blocks: &SummaryBlocks<'_>) -> usize {
        let mut read = 0;
        for block in blocks {
            read += count(block.times.iter());
            for series in &block.series {
                let others = SummaryField::ALL.map(|field| series.field(field));
                for values in [series.first()].into_iter().chain(others).flatten() {
                    let place = &mut self.values[..block.times.len()];
                    values.copy_to(place);
                    read += black_box(&*place).len();
                }
            }
        }
        read
    }
}

/// Reads every item, which [`Iterator::count`] may skip.
fn count<T>(items: impl Iterator<Item = T>) -> usize {
    items.map(black_box).fold(0, |count, _| count + 1)
}

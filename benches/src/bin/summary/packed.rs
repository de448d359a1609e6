//! The tables of `benches/packed.rs`. Also counts sizes.

use benches::data::{Shape, Signal};
use benches::packed;
use benches::plan::{BLOCK_COLUMNS, BLOCK_ROWS, BlockTask, TIMED_BLOCK_ROWS};

use crate::estimates::Estimates;
use crate::table::{figure, ratio, table, times};

pub(crate) fn section(estimates: &Estimates) -> String {
    let decode = times_of(estimates, BlockTask::Decode);
    let encode = times_of(estimates, BlockTask::Encode);
    format!(
        "### Size: bytes a value\n\n{}\n### Decode: nanoseconds a value\n\n{decode}\n\
         ### Encode: nanoseconds a value\n\n{encode}",
        sizes()
    )
}

fn head(first: &str, rows: &[usize]) -> Vec<String> {
    let rows = rows.iter().map(|rows| format!("{rows} rows: ours, pco"));
    std::iter::once(first.to_owned()).chain(rows).collect()
}

/// Bytes per value of our complete message and of pco's columns; in parentheses the ratio of pco to ours.
fn sizes() -> String {
    let rows = Signal::COMPRESSIBLE.map(|signal| {
        let cells = BLOCK_ROWS.iter().map(|&rows| {
            let shape = Shape::new(BLOCK_COLUMNS, rows);
            let block = shape.record(signal);
            let sizes = packed::all().into_iter().map(|mut codec| {
                let mut bytes = Vec::new();
                codec.encode(&block, &mut bytes);
                Some(bytes.len() as f64 / shape.values() as f64)
            });
            pair(&sizes.collect::<Vec<_>>())
        });
        std::iter::once(signal.name().to_owned()).chain(cells).collect()
    });
    table(&head("bytes (pco of ours)", &BLOCK_ROWS), &rows)
}

fn times_of(estimates: &Estimates, task: BlockTask) -> String {
    let rows = Signal::COMPRESSIBLE.map(|signal| {
        let cells = TIMED_BLOCK_ROWS.iter().map(|&rows| {
            let each = packed::all().into_iter().map(|codec| {
                let time = estimates.nanoseconds(&task.group(signal), codec.name(), &rows.to_string());
                time.map(|time| time / (BLOCK_COLUMNS * rows) as f64)
            });
            pair(&each.collect::<Vec<_>>())
        });
        std::iter::once(signal.name().to_owned()).chain(cells).collect()
    });
    table(&head("ns (pco of ours)", &TIMED_BLOCK_ROWS), &rows)
}

/// Ours, pco, and the ratio of pco to ours.
fn pair(found: &[Option<f64>]) -> String {
    let [ours, pco] = [found[0], found[1]];
    format!("{}, {} ({})", figure(ours), figure(pco), times(ratio(pco, ours)))
}

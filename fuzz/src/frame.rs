//! Invariants of decoded frames.

use std::hint::black_box;

use protocol::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_LABELS, MAX_NAME_BYTES, MAX_TEXT_BYTES};
use protocol::{Body, Bounds, Catalog, Entries, Frame, Label, Sample, SampleList, SummaryBlocks, SummaryField};

use crate::{allocations, blocks};

/// Decodes `message` and, if it is valid, reads all of it.
///
/// # Panics
/// If decoding allocates, a valid frame exceeds a limit or cannot be read to its end, or encoding it again changes it.
pub fn check(message: &[u8]) {
    let frame = match allocations::none(|| Frame::decode(message)) {
        Ok(frame) => frame,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    check_encoded_again(&frame);
    match &frame.body {
        Body::Samples(samples) => {
            read_list(&samples.list);
            blocks::check(&samples.blocks, split(message));
        }
        Body::History(history) => blocks::check(&history.blocks, split(message)),
        Body::Answer(answer) => read_summaries(&answer.blocks),
        body => allocations::none(|| read(body)),
    }
}

/// Varints of `frame` may be longer than necessary, so encoding may shorten it but must not change its meaning.
fn check_encoded_again(frame: &Frame<'_>) {
    let written = frame.to_bytes().expect("a decoded frame fits a message");
    let read = Frame::decode(&written).expect("an encoded frame is valid");
    assert_eq!(read.header, frame.header);
    assert_eq!(read.body.kind(), frame.body.kind());
    // The body of an unknown kind is not kept.
    if !matches!(frame.body, Body::Unknown { .. }) {
        assert_eq!(read, *frame);
    }
    assert_eq!(read.to_bytes().expect("encodes"), written);
}

/// Reads every text, and every item of every list.
fn read(body: &Body<'_>) {
    match body {
        Body::Hello(hello) => names(&[hello.server, hello.host]),
        Body::Catalog(catalog) => read_catalog(catalog),
        Body::Refused(refused) => text(refused.text.as_bytes()),
        Body::Bye(bye) => text(bye.text.as_bytes()),
        Body::Logs(logs) => {
            for line in &logs.lines {
                names(&[line.source]);
                text(line.text.as_bytes());
                read_labels(&line.labels);
            }
        }
        Body::LeftOut(left_out) => {
            text(left_out.text.as_bytes());
            assert_increasing(left_out.groups.iter().map(|group| group.0));
            assert_increasing(left_out.series.iter().map(|series| series.0));
        }
        Body::Event(event) => {
            names(&[event.source]);
            text(event.text.as_bytes());
            read_labels(&event.labels);
        }
        _ => {}
    }
}

fn read_catalog(catalog: &Catalog<'_>) {
    assert_increasing(catalog.groups.iter().map(|group| group.id.0));
    for group in &catalog.groups {
        names(&[group.name, group.title, group.unit]);
        if let Bounds::Fixed { low, high } = group.bounds {
            assert!(low.is_finite() && high.is_finite() && low < high);
        }
    }
    assert_increasing(catalog.series.iter().map(|series| series.id.0));
    for series in &catalog.series {
        names(&[series.name]);
        read_labels(&series.labels);
    }
    assert_increasing(catalog.retired.iter().map(|series| series.0));
}

fn read_labels(labels: &Entries<'_, Label<'_>>) {
    assert!(labels.iter().count() <= MAX_LABELS);
    for label in labels {
        names(&[label.key, label.value]);
    }
}

fn names(names: &[&str]) {
    for name in names {
        assert!(black_box(*name).len() <= MAX_NAME_BYTES);
    }
}

/// # Panics
/// If a text exceeds the limit.
pub fn text(bytes: &[u8]) {
    assert!(black_box(bytes).len() <= MAX_TEXT_BYTES);
}

fn assert_increasing(ids: impl Iterator<Item = u32>) {
    assert!(ids.is_sorted_by(|earlier, later| earlier < later));
}

/// # Panics
/// If reading allocates, or does not end.
fn read_list(list: &SampleList<'_>) {
    let read = allocations::none(|| list.iter().map(black_box::<Sample>).fold(0_u64, |read, _| read + 1));
    assert!(read <= MAX_FRAME_VALUES);
}

/// # Panics
/// If reading allocates, a block exceeds a limit, or times or series are not increasing.
fn read_summaries(blocks: &SummaryBlocks<'_>) {
    let mut values = vec![0.0; MAX_BLOCK_ROWS as usize];
    allocations::none(|| {
        for block in blocks {
            assert!(block.times.iter().is_sorted_by(|earlier, later| earlier < later));
            assert_increasing(block.series.iter().map(|series| series.series.0));
            for series in &block.series {
                let others = SummaryField::ALL.map(|field| series.field(field));
                for column in [series.first()].into_iter().chain(others).flatten() {
                    column.copy_to(&mut values[..block.times.len()]);
                    black_box(&values);
                }
            }
        }
    });
}

/// Derives the row at which columns are divided from the message.
fn split(message: &[u8]) -> usize {
    message.iter().fold(0_usize, |hash, &byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)))
}

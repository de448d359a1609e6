//! What must hold of a frame's bytes, whatever they are.

use std::hint::black_box;

use protocol::limits::{MAX_LABELS, MAX_NAME_BYTES, MAX_TEXT_BYTES};
use protocol::{Body, Bounds, Catalog, Frame};

use crate::{allocations, blocks};

/// Decodes `message` and, when it is a frame, reads everything in it.
///
/// # Panics
/// When decoding allocates, when what was accepted breaks a limit or cannot be read to its end, or when what is written is
/// not what was read.
pub fn check(message: &[u8]) {
    let frame = match allocations::none(|| Frame::decode(message)) {
        Ok(frame) => frame,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    check_written(&frame);
    match &frame.body {
        Body::Samples(samples) => blocks::check(&samples.blocks, split(message)),
        Body::History(history) => blocks::check(&history.blocks, split(message)),
        body => allocations::none(|| walk(body)),
    }
}

/// Varints may be longer in `frame` than they need be, so its bytes may become fewer; its meaning must not change.
fn check_written(frame: &Frame<'_>) {
    let written = frame.to_bytes().expect("a frame that was short enough to be read can be written");
    let read = Frame::decode(&written).expect("what was written can be read");
    assert_eq!(read.header, frame.header);
    assert_eq!(read.body.kind(), frame.body.kind());
    // Of an unknown kind nothing was kept to be written.
    if !matches!(frame.body, Body::Unknown { .. }) {
        assert_eq!(read, *frame);
    }
    assert_eq!(read.to_bytes().expect("writes"), written);
}

/// Reads every text, and every item of every list.
fn walk(body: &Body<'_>) {
    match body {
        Body::Hello(hello) => names(&[hello.server, hello.host]),
        Body::Catalog(catalog) => walk_catalog(catalog),
        Body::Log(log) => {
            names(&[log.source]);
            text(log.text.as_bytes());
        }
        Body::Annotation(annotation) => {
            rise(annotation.series.iter().map(|series| series.0));
            names(&[annotation.author]);
            text(annotation.text.as_bytes());
        }
        Body::Alert(alert) => {
            names(&[alert.name]);
            text(alert.text.as_bytes());
        }
        Body::Tally(tally) => rise(tally.series.iter().map(|tally| tally.series.0)),
        Body::Relay(relay) => {
            names(&[relay.from]);
            text(relay.payload);
        }
        Body::Bye(bye) => text(bye.text.as_bytes()),
        _ => {}
    }
}

fn walk_catalog(catalog: &Catalog<'_>) {
    rise(catalog.groups.iter().map(|group| group.id.0));
    for group in &catalog.groups {
        names(&[group.name, group.title, group.unit]);
        if let Bounds::Fixed { low, high } = group.bounds {
            assert!(low.is_finite() && high.is_finite() && low < high);
        }
    }
    rise(catalog.series.iter().map(|series| series.id.0));
    for series in &catalog.series {
        names(&[series.name]);
        assert!(series.labels.iter().count() <= MAX_LABELS);
        for label in &series.labels {
            names(&[label.key, label.value]);
        }
    }
    rise(catalog.retired.iter().map(|series| series.0));
}

fn names(names: &[&str]) {
    for name in names {
        assert!(black_box(*name).len() <= MAX_NAME_BYTES);
    }
}

/// # Panics
/// When a text is longer than any may be.
pub fn text(bytes: &[u8]) {
    assert!(black_box(bytes).len() <= MAX_TEXT_BYTES);
}

fn rise(ids: impl Iterator<Item = u32>) {
    assert!(ids.is_sorted_by(|earlier, later| earlier < later));
}

/// Where columns are split, chosen by the message.
fn split(message: &[u8]) -> usize {
    message.iter().fold(0_usize, |hash, &byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)))
}

//! Gives arbitrary messages of a publisher to the server's room for publishers, without a socket.
//!
//! The input is a sequence of messages. Magic, version and lengths are corrected, so that the fuzzer starts in the bodies.
#![no_main]

use std::sync::Arc;

use feed_server::ingest::context::Registrar;
use feed_server::ingest::health::SourceHealth;
use feed_server::publish::announced::Announcements;
use feed_server::publish::rows::{self, MAX_AHEAD};
use feed_server::stream::catalog::Catalog;
use fuzz::preamble;
use protocol::{ClientMessage, Preamble, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_100_000_000);
/// Few, so that the limits are reached.
const SERIES_OF_PUBLISHER: usize = 3;
const SERIES: usize = 4;

/// Divides the input by the lengths in its preambles, and corrects them.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || {
        let head = bytes.first_chunk::<{ Preamble::BYTES }>()?;
        let body = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let (message, rest) = bytes.split_at(bytes.len().min(Preamble::BYTES + body));
        bytes = rest;
        preamble::repair(message, Preamble::BYTES)
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let catalog = Catalog::new(SERIES);
    let registrar = Registrar::new(Arc::new(catalog.clone()), SourceHealth::new("publish:fuzz"), 1);
    let mut announced = Announcements::new(SERIES_OF_PUBLISHER);
    for message in messages(bytes) {
        let done = match ClientMessage::decode(&message) {
            Ok(ClientMessage::Announce { groups, series }) => {
                announced.announce("fuzz", &registrar, &groups, &series).map(|omissions| {
                    assert!(omissions.series.is_sorted_by(|one, next| one < next));
                    assert!(omissions.groups.is_sorted_by(|one, next| one < next));
                })
            }
            Ok(ClientMessage::Rows { blocks, .. }) => rows::read(&blocks, &announced, NOW).map(|read| {
                for batch in &read.batches {
                    assert!(batch.is_complete() && !batch.columns.is_empty() && batch.rows() > 0);
                    assert!(batch.times.is_sorted_by(|earlier, later| earlier < later));
                    assert!(batch.times.iter().all(|&time| time <= NOW + MAX_AHEAD));
                }
            }),
            Ok(ClientMessage::End { series }) => announced.end(&registrar, &series, NOW),
            Ok(_) | Err(_) => Ok(()),
        };
        let (groups, series) = catalog.len();
        // An announcement that is refused may have registered one series more.
        assert!(series <= SERIES && groups <= SERIES, "{groups} groups, {series} series");
        if let Err(violation) = done {
            assert!(!violation.reason().is_empty());
            break;
        }
    }
    announced.end_all(&registrar, NOW);
    catalog.retire_before(NOW + MAX_AHEAD);
    assert_eq!(catalog.len(), (0, 0), "every series ends with its connection");
});

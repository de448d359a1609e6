//! Every golden frame, truncated at every byte and with every bit flipped, applied to a page in the middle of its stream.
//!
//! The decoder's own tests show that it refuses or decodes each. Here the decoded frames are applied, transformed and
//! drawn: a damaged frame may look wrong, but must not cause a panic, which would end the page. Each frame is tried both
//! after samples and during history.

mod look;
mod page;

use std::path::PathBuf;

use look::Look;
use page::{Heard, Moment, Page};

/// The bytes of every golden frame, by name.
fn golden() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/golden/frames");
    let files = std::fs::read_dir(folder).expect("reads").map(|file| file.expect("reads").path());
    let messages = files.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    let name = |path: &PathBuf| path.file_stem().expect("has a name").to_string_lossy().into_owned();
    let mut frames: Vec<_> = messages.map(|path| (name(&path), std::fs::read(&path).expect("reads"))).collect();
    frames.sort();
    frames
}

/// Draws after every n-th message, since drawing takes longest. A prime, so that it happens after each bit of a byte.
const LOOK_EVERY: usize = 5;

fn flip_every_bit(moment: Moment) {
    let (mut page, mut look) = (Page::new(), Look::new());
    let (mut refused, mut read, mut stored) = (0, 0, 0);
    for (name, mut bytes) in golden() {
        for bit in 0..bytes.len() * 8 {
            page.bring_to(moment);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let samples = page.store().counts().samples;
            match page.hear(&bytes) {
                Heard::Unreadable => refused += 1,
                Heard::Read => read += 1,
            }
            stored += usize::from(page.store().counts().samples > samples);
            bytes[bit / 8] ^= 1 << (bit % 8);
            page.check(&format!("{name}, bit {bit}"));
            if (read + refused) % LOOK_EVERY == 0 {
                look.at(page.store());
            }
        }
    }
    assert!(refused > 1_000 && read > 1_000, "both happen: {refused} refused, {read} read");
    assert!(stored > 100, "damaged samples are taken in: {stored}");
}

#[test]
fn a_frame_with_a_flipped_bit_among_samples_leaves_a_page_that_can_be_drawn() {
    flip_every_bit(Moment::Live);
}

#[test]
fn a_frame_with_a_flipped_bit_during_history_leaves_a_page_that_can_be_drawn() {
    flip_every_bit(Moment::Filling);
}

#[test]
fn a_frame_that_is_cut_off_anywhere_leaves_a_page_that_can_be_drawn() {
    let (mut page, mut look) = (Page::new(), Look::new());
    for (name, bytes) in golden() {
        for end in 0..bytes.len() {
            for moment in [Moment::Live, Moment::Filling] {
                page.bring_to(moment);
                assert_eq!(page.hear(&bytes[..end]), Heard::Unreadable);
                page.check(&format!("{name}, cut off at {end}"));
            }
            if end % LOOK_EVERY == 0 {
                look.at(page.store());
            }
        }
    }
}

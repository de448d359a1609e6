//! Golden vectors: encoded messages and their meaning.
//!
//! | folder | contents |
//! | --- | --- |
//! | `frames/` | messages from a server in `.bin`, their meaning in `.json` |
//! | `client_messages/` | likewise, messages from a viewer or a publisher |
//! | `refused/` | invalid messages in `.bin`, the expected error in `.json` |
//!
//! The tests encode each message again and compare. A change of a `.bin` file changes the wire format. To write the files, set
//! `KYMOGRAPH_BLESS=1`; review the difference before you commit it. Clients in other languages are tested against the same
//! files.

mod describe;
mod frames;
mod publish;
mod refused;
mod requests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use protocol::{ClientMessage, DecodeError, Frame};
use serde_json::{Value, json};

struct Vector {
    name: &'static str,
    bytes: Vec<u8>,
}

/// Compares with the files in `folder` and asserts that it contains no others.
fn compare(folder: &str, vectors: Vec<(Vector, Value)>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let bless = std::env::var_os("KYMOGRAPH_BLESS").is_some();
    if bless {
        std::fs::create_dir_all(&folder).expect("creates");
    }
    let mut expected = BTreeSet::new();
    for (Vector { name, bytes }, meaning) in vectors {
        let (bin, json) = (format!("{name}.bin"), format!("{name}.json"));
        let text = serde_json::to_string_pretty(&meaning).expect("prints") + "\n";
        if bless {
            std::fs::write(folder.join(&bin), &bytes).expect("writes");
            std::fs::write(folder.join(&json), &text).expect("writes");
        }
        assert_eq!(std::fs::read(folder.join(&bin)).expect("the vector's bytes"), bytes, "{bin}");
        assert_eq!(std::fs::read_to_string(folder.join(&json)).expect("the vector's meaning"), text, "{json}");
        assert!(expected.insert(bin) && expected.insert(json), "duplicate {name}");
    }
    let found = std::fs::read_dir(&folder).expect("reads");
    let found: BTreeSet<String> =
        found.map(|file| file.expect("reads").file_name().into_string().expect("UTF-8")).collect();
    assert_eq!(found, expected, "files in {}", folder.display());
}

#[test]
fn frames_match_golden_vectors() {
    let vectors = frames::all().into_iter().map(|vector| {
        let frame = Frame::decode(&vector.bytes).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        let meaning = describe::frame(&frame);
        (vector, meaning)
    });
    compare("frames", vectors.collect());
}

/// Calls `test` with the bytes at each of the eight offsets within a word.
fn at_every_alignment(bytes: &[u8], mut test: impl FnMut(usize, &[u8])) {
    let mut room = vec![0; bytes.len() + 16];
    let word = room.as_ptr().align_offset(8);
    for place in 0..8 {
        let start = word + place;
        let moved = &mut room[start..start + bytes.len()];
        moved.copy_from_slice(bytes);
        assert_eq!(moved.as_ptr().addr() % 8, place);
        test(place, moved);
    }
}

#[test]
fn messages_decode_identically_at_every_alignment() {
    for Vector { name, bytes } in frames::all() {
        let frame = Frame::decode(&bytes).expect("decodes");
        let meaning = describe::frame(&frame);
        at_every_alignment(&bytes, |place, moved| {
            let read = Frame::decode(moved).unwrap_or_else(|error| panic!("{name} at {place}: {error}"));
            assert_eq!(read, frame, "{name} at {place}");
            assert_eq!(describe::frame(&read), meaning, "{name} at {place}");
        });
    }
    for Vector { name, bytes } in requests::all() {
        let message = ClientMessage::decode(&bytes).expect("decodes");
        at_every_alignment(&bytes, |place, moved| {
            assert_eq!(ClientMessage::decode(moved).expect("decodes"), message, "{name} at {place}");
        });
    }
    for Vector { name, bytes } in refused::frames() {
        let error = Frame::decode(&bytes).expect_err(name).to_string();
        at_every_alignment(&bytes, |place, moved| {
            assert_eq!(Frame::decode(moved).expect_err(name).to_string(), error, "{name} at {place}");
        });
    }
}

#[test]
fn frames_cover_every_kind_and_every_encoding() {
    let (mut kinds, mut columns, mut times) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for vector in frames::all() {
        let meaning = describe::frame(&Frame::decode(&vector.bytes).expect("decodes"));
        kinds.insert(meaning["kind"].as_u64().expect("a number"));
        for block in meaning["body"]["blocks"].as_array().into_iter().flatten() {
            times.insert(block["times_encoding"].as_u64().expect("a number"));
            for column in block["columns"].as_array().into_iter().flatten() {
                columns.insert(column["encoding"].as_u64().expect("a number"));
            }
        }
    }
    assert_eq!(kinds, (1..=14).chain([64, 65, 66, 100, 200]).collect());
    assert_eq!(columns, [0, 1, 2, 3, 77].into());
    assert_eq!(times, [0, 1, 2].into());
}

#[test]
fn client_messages_match_golden_vectors() {
    let vectors: Vec<_> = requests::all()
        .into_iter()
        .map(|vector| {
            let message = ClientMessage::decode(&vector.bytes).expect("decodes");
            // What a newer viewer appended is not kept.
            let written = message.to_bytes().expect("encodes");
            assert!(written == vector.bytes || vector.name == "appended_field", "{}", vector.name);
            let meaning = describe::client_message(&message);
            (vector, meaning)
        })
        .collect();
    let kinds: BTreeSet<_> = vectors.iter().map(|(_, meaning)| meaning["kind"].to_string()).collect();
    assert_eq!(kinds.len(), 10, "every kind, and an unknown one");
    compare("client_messages", vectors);
}

#[test]
fn invalid_messages_are_refused_with_the_expected_error() {
    let reason = |error: DecodeError| {
        let name = format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        json!({ "error": name, "message": error.to_string() })
    };
    let frames = refused::frames().into_iter().map(|vector| {
        let error = Frame::decode(&vector.bytes).expect_err(vector.name);
        (vector, reason(error))
    });
    let messages = refused::client_messages().into_iter().map(|vector| {
        let error = ClientMessage::decode(&vector.bytes).expect_err(vector.name);
        (vector, reason(error))
    });
    let vectors: Vec<_> = frames.chain(messages).collect();
    let names: BTreeSet<_> = vectors.iter().map(|(_, meaning)| meaning["error"].to_string()).collect();
    assert_eq!(names.len(), 19, "every error: {names:?}");
    compare("refused", vectors);
}

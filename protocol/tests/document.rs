//! The examples and limits of `docs/PROTOCOL.md` match golden vectors and code.

use std::fmt::Write;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The hex digits of an example without comments.
fn digits(example: &str) -> String {
    let lines = example.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("infallible");
        hex
    })
}

#[test]
fn worked_examples_are_golden_vectors() {
    let document = std::fs::read_to_string(root().join("../docs/PROTOCOL.md")).expect("the document");
    let examples: Vec<&str> = document.split("```hex ").skip(1).collect();
    assert!(examples.len() >= 4, "found {} examples", examples.len());
    for example in examples {
        let (name, rest) = example.split_once('\n').expect("a name");
        let (example, _) = rest.split_once("```").expect("an end");
        let vector = root().join("tests/golden").join(name).with_extension("bin");
        let bytes = std::fs::read(&vector).unwrap_or_else(|error| panic!("{}: {error}", vector.display()));
        assert_eq!(digits(example), hex(&bytes), "{name}");
    }
}

#[test]
fn documented_limits_match_the_code() {
    use protocol::limits;
    let document = std::fs::read_to_string(root().join("../docs/PROTOCOL.md")).expect("the document");
    let (_, limits_section) = document.split_once("## Limits").expect("a section on limits");
    let limits = [
        limits::MAX_MESSAGE_BYTES as u64,
        u64::from(limits::MAX_BLOCK_ROWS),
        limits::MAX_FRAME_VALUES,
        limits::MAX_GROUP_SERIES as u64,
        limits::MAX_NAME_BYTES as u64,
        limits::MAX_TEXT_BYTES as u64,
        limits::MAX_LABELS as u64,
    ];
    let documented = limits_section.lines().filter(|line| line.starts_with("| ")).skip(2).take(limits.len());
    let documented: Vec<u64> = documented
        .map(|line| {
            let cell = line.rsplit('|').nth(1).expect("a cell");
            cell.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number")
        })
        .collect();
    assert_eq!(documented, limits);
}

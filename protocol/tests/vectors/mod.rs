//! Reads the golden vectors.

use std::path::PathBuf;

/// An encoded message from a `.bin` file.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The messages in a folder of `golden/`, sorted by name.
pub(crate) fn read(folder: &str) -> Vec<Vector> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let files = std::fs::read_dir(&folder).expect("reads").map(|file| file.expect("reads").path());
    let messages = files.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    let mut vectors: Vec<Vector> = messages
        .map(|path| Vector {
            name: path.file_stem().expect("has a name").to_string_lossy().into_owned(),
            bytes: std::fs::read(&path).expect("reads"),
        })
        .collect();
    vectors.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!vectors.is_empty(), "no vectors in {}", folder.display());
    vectors
}

//! Names that documents and manifests rely on must exist: tests, and the files of tests.

use std::collections::BTreeSet;
use std::path::Path;

use xtask::workspace::Workspace;

/// Names of tests are long: no other name in a document has as many words.
const MIN_WORDS: usize = 4;

/// Finds names of tests between backticks.
fn tests_named(text: &str) -> BTreeSet<&str> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_name = |code: &&str| code.split('_').count() >= MIN_WORDS && code.split('_').all(is_word);
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

/// Collects the names of all tests in the sources below `folder`.
fn collect_tests(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_tests(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            for attribute in ["#[test]", "#[tokio::test", "test_in_each_browser!("] {
                let tests = text.split(attribute).skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
                names.extend(tests.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn every_test_named_in_a_document_exists() {
    let root = Workspace::find().expect("a workspace").root;
    let mut tests = BTreeSet::new();
    for package in ["protocol", "series", "feed-server", "publisher", "dashboard", "xtask"] {
        collect_tests(&root.join(package), &mut tests);
    }
    for (document, min) in [("docs/RELIABILITY.md", 10), ("docs/SECURITY.md", 10), ("CONTRIBUTING.md", 2)] {
        let text = std::fs::read_to_string(root.join(document)).expect("a document");
        let named = tests_named(&text);
        assert!(named.len() >= min, "{document} names {} tests", named.len());
        let missing: Vec<&&str> = named.iter().filter(|name| !tests.contains(**name)).collect();
        assert!(missing.is_empty(), "{document} names tests that do not exist: {missing:?}");
    }
}

/// Crates with `autotests = false`: a file without a `mod` line in `tests/main.rs`, or a target of its own, would not run.
#[test]
fn every_test_file_belongs_to_a_test_binary() {
    let root = Workspace::find().expect("a workspace").root;
    for package in ["protocol", "feed-server", "benches"] {
        let folder = root.join(package);
        let main = std::fs::read_to_string(folder.join("tests/main.rs")).expect("tests/main.rs");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for entry in std::fs::read_dir(folder.join("tests")).expect("tests") {
            let path = entry.expect("an entry").path();
            let has_code = path.is_dir()
                && path.read_dir().expect("a folder").flatten().any(|file| {
                    let name = file.file_name();
                    name == "mod.rs" || name == "main.rs"
                });
            let is_file = path.extension().is_some_and(|extension| extension == "rs");
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if name == "main" || !(is_file || has_code) {
                continue;
            }
            let is_module = main.contains(&format!("mod {name};"));
            let is_target = manifest.contains(&format!("name = \"{name}\""));
            assert!(
                is_module || is_target,
                "add `mod {name};` to {package}/tests/main.rs, or a [[test]] to its Cargo.toml"
            );
        }
    }
}

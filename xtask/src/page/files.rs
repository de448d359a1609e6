//! The files of a folder, their hash and their compressed forms; writing them to disk.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::run;

/// Extensions of files that become smaller; pictures and fonts are compressed already.
const COMPRESSIBLE: [&str; 7] = ["html", "js", "css", "svg", "wasm", "json", "webmanifest"];

/// The compressed forms of each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip: half a second for the page, which is then about 30 % larger on the wire than with brotli.
    Quick,
    /// gzip, and brotli at its best level: several seconds, and brotli must be built.
    Best,
}

impl Compression {
    const fn forms(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Best => 2,
        }
    }
}

/// True for the name of a file that is sent compressed.
fn is_compressible(name: &str) -> bool {
    COMPRESSIBLE.contains(&extension(name))
}

/// The part after the last dot.
fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// A file, by its name relative to a folder, with `/` between the parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Replaced,
    Unchanged,
}

impl File {
    /// Writes the file, and creates its folders.
    pub(super) fn write_below(&self, root: &Path) -> Result<()> {
        let path = root.join(&self.name);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, &self.bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn extension(&self) -> &str {
        extension(&self.name)
    }
}

/// Reads all files below a folder, in the order of their names. Hidden files, which editors and systems leave, are
/// skipped.
pub(super) fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts = path.strip_prefix(root)?.components();
            let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            files.push(File { name, bytes: fs::read(&path)? });
        }
    }
    files.sort();
    Ok(files)
}

/// Replaces the content of a folder by these files and their compressed forms. Writes a folder beside it first, so that a
/// reader never finds an incomplete page, and a failure leaves the old one. `compress` is the program that adds brotli.
pub(super) fn replace(folder: &Path, files: &[File], compression: Compression, compress: &Path) -> Result<Written> {
    if holds(folder, files, compression) {
        return Ok(Written::Unchanged);
    }
    let (fresh, old) = (folder.with_extension("new"), folder.with_extension("old"));
    remove(&fresh)?;
    remove(&old)?;
    for file in files {
        file.write_below(&fresh)?;
        if is_compressible(&file.name) {
            File { name: format!("{}.gz", file.name), bytes: gzip(&file.bytes)? }.write_below(&fresh)?;
        }
    }
    if compression == Compression::Best {
        let compressible = files.iter().filter(|file| is_compressible(&file.name));
        run(Command::new(compress).args(compressible.map(|file| fresh.join(&file.name))))?;
    }
    if folder.exists() {
        fs::rename(folder, &old)?;
    }
    fs::rename(&fresh, folder).with_context(|| format!("cannot put {} in place", folder.display()))?;
    remove(&old)?;
    Ok(Written::Replaced)
}

/// True if a folder holds these files, at least these compressed forms, and no other file. Compressed forms are only
/// counted: they are written and removed with their file.
fn holds(folder: &Path, files: &[File], compression: Compression) -> bool {
    let Ok(found) = read(folder) else { return false };
    let (compressed, plain): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|file| matches!(file.extension(), "gz" | "br"));
    let mut wanted = files.to_vec();
    wanted.sort();
    let compressible = wanted.iter().filter(|file| is_compressible(&file.name)).count();
    let forms = compression.forms()..=Compression::Best.forms();
    forms.into_iter().any(|forms| compressed.len() == forms * compressible) && plain == wanted
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// FNV-1a, 64 bits, over names and bytes: equal on every machine, unlike the standard library's hashers.
pub(super) fn hash(files: &[File]) -> u64 {
    let bytes = files.iter().flat_map(|file| file.name.bytes().chain([0]).chain(file.bytes.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn file(name: &str, bytes: &[u8]) -> File {
        File { name: name.to_owned(), bytes: bytes.to_owned() }
    }

    fn names(folder: &Path) -> Vec<String> {
        read(folder).expect("it can be read").into_iter().map(|file| file.name).collect()
    }

    /// Without brotli, whose program is built by `cargo xtask dist`.
    fn replace_quickly(folder: &Path, files: &[File]) -> Written {
        replace(folder, files, Compression::Quick, Path::new("no compressor")).expect("the folder can be written")
    }

    #[test]
    fn compressed_forms_are_beside_the_files() {
        let root = tempfile::tempdir().expect("a folder");
        let dist = root.path().join("dist");
        let files = [file("index.html", b"<p>"), file("assets/a/icon.png", b"png"), file("assets/a/main.js", b"js")];
        assert_eq!(replace_quickly(&dist, &files), Written::Replaced);
        let expected = ["assets/a/icon.png", "assets/a/main.js", "assets/a/main.js.gz", "index.html", "index.html.gz"];
        assert_eq!(names(&dist), expected);
        let mut unpacked = Vec::new();
        let packed = fs::read(dist.join("index.html.gz")).expect("written");
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, b"<p>");
    }

    #[test]
    fn an_unchanged_folder_is_not_written_again() {
        let root = tempfile::tempdir().expect("a folder");
        let dist = root.path().join("dist");
        let files = [file("index.html", b"<p>"), file("main.js", b"js")];
        assert_eq!(replace_quickly(&dist, &files), Written::Replaced);
        assert_eq!(replace_quickly(&dist, &files), Written::Unchanged);
        assert!(!holds(&dist, &files, Compression::Best), "brotli is missing");
        for name in ["index.html.br", "main.js.br"] {
            fs::write(dist.join(name), b"brotli").expect("written");
        }
        assert!(holds(&dist, &files, Compression::Best));
        assert_eq!(replace_quickly(&dist, &files), Written::Unchanged, "more forms than wanted do no harm");
        fs::remove_file(dist.join("main.js.br")).expect("removed");
        assert_eq!(replace_quickly(&dist, &files), Written::Replaced);
        assert_eq!(replace_quickly(&dist, &files[..1]), Written::Replaced);
        assert_eq!(names(&dist), ["index.html", "index.html.gz"]);
        assert_eq!(fs::read_dir(root.path()).expect("read").count(), 1, "no other folder is left");
    }

    #[test]
    fn the_hash_is_the_same_on_every_machine() {
        assert_eq!(hash(&[]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(hash(&[file("ab", b"c")]), hash(&[file("a", b"bc")]));
    }
}

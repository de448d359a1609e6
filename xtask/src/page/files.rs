//! The files of a folder, their hash, their compressed forms, and how they get to disk.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

/// What is worth compressing; pictures and fonts are compressed already.
const COMPRESSIBLE: [&str; 7] = ["html", "js", "css", "svg", "wasm", "json", "webmanifest"];

/// A file, by its name relative to a folder, with `/` between the parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// What [`replace`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Anew,
    Unchanged,
}

impl File {
    /// Writes the file, and the folders that it lies in.
    pub(super) fn write_below(&self, root: &Path) -> Result<()> {
        let path = root.join(&self.name);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, &self.bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What follows the last dot of its name.
    pub(super) fn extension(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The compressed forms to lie beside it.
    fn compressed(&self) -> Result<Vec<File>> {
        if !COMPRESSIBLE.contains(&self.extension()) {
            return Ok(Vec::new());
        }
        Ok(vec![
            File { name: format!("{}.gz", self.name), bytes: gzip(&self.bytes)? },
            File { name: format!("{}.br", self.name), bytes: brotli(&self.bytes)? },
        ])
    }
}

/// Reads all files below a folder, in the order of their names. Hidden ones, which editors and systems leave, are no
/// part of it.
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

/// Makes a folder hold these files and their compressed forms, and nothing else. All is written into a folder beside it
/// first: whoever reads it never finds half a page, nor loses the old one when this fails.
pub(super) fn replace(folder: &Path, files: &[File]) -> Result<Written> {
    if holds(folder, files) {
        return Ok(Written::Unchanged);
    }
    let (fresh, old) = (folder.with_extension("new"), folder.with_extension("old"));
    remove(&fresh)?;
    remove(&old)?;
    for file in files {
        file.write_below(&fresh)?;
        for compressed in file.compressed()? {
            compressed.write_below(&fresh)?;
        }
    }
    if folder.exists() {
        fs::rename(folder, &old)?;
    }
    fs::rename(&fresh, folder).with_context(|| format!("cannot put {} in place", folder.display()))?;
    remove(&old)?;
    Ok(Written::Anew)
}

/// Whether a folder holds these files and no other. Compressed forms are only counted: they come and go with the file
/// that they were made from.
fn holds(folder: &Path, files: &[File]) -> bool {
    let Ok(found) = read(folder) else { return false };
    let (compressed, plain): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|file| matches!(file.extension(), "gz" | "br"));
    let mut wanted = files.to_vec();
    wanted.sort();
    let compressible = wanted.iter().filter(|file| COMPRESSIBLE.contains(&file.extension()));
    compressed.len() == 2 * compressible.count() && plain == wanted
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// FNV-1a, 64 bits, over names and bytes: the same on every machine, which the standard library's hashers do not promise.
pub(super) fn hash(files: &[File]) -> u64 {
    let bytes = files.iter().flat_map(|file| file.name.bytes().chain([0]).chain(file.bytes.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> File {
        File { name: name.to_owned(), bytes: bytes.to_owned() }
    }

    fn names(folder: &Path) -> Vec<String> {
        read(folder).expect("it can be read").into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn what_compresses_has_both_forms_beside_it() {
        let root = tempfile::tempdir().expect("a folder");
        let dist = root.path().join("dist");
        let files = [file("index.html", b"<p>"), file("assets/a/icon.png", b"png"), file("assets/a/main.js", b"js")];
        assert_eq!(replace(&dist, &files).expect("written"), Written::Anew);
        let found = names(&dist);
        let of_script = ["assets/a/main.js", "assets/a/main.js.br", "assets/a/main.js.gz"];
        assert_eq!(
            found,
            [&["assets/a/icon.png"], &of_script[..], &["index.html", "index.html.br", "index.html.gz"]].concat()
        );
        let mut unpacked = Vec::new();
        let packed = fs::read(dist.join("index.html.br")).expect("written");
        brotli::BrotliDecompress(&mut &packed[..], &mut unpacked).expect("brotli");
        assert_eq!(unpacked, b"<p>");
    }

    #[test]
    fn an_unchanged_folder_is_left_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let dist = root.path().join("dist");
        let files = [file("index.html", b"<p>"), file("main.js", b"js")];
        assert_eq!(replace(&dist, &files).expect("written"), Written::Anew);
        assert_eq!(replace(&dist, &files).expect("compared"), Written::Unchanged);
        fs::remove_file(dist.join("main.js.br")).expect("removed");
        assert_eq!(replace(&dist, &files).expect("mended"), Written::Anew);
        assert_eq!(replace(&dist, &files[..1]).expect("written"), Written::Anew);
        assert_eq!(names(&dist), ["index.html", "index.html.br", "index.html.gz"]);
        assert_eq!(fs::read_dir(root.path()).expect("read").count(), 1, "nothing else is left behind");
    }

    #[test]
    fn the_hash_is_the_same_on_every_machine() {
        assert_eq!(hash(&[]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(hash(&[file("ab", b"c")]), hash(&[file("a", b"bc")]));
    }
}

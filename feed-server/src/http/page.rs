//! The page's files: embedded in the binary when it was built, or read from a folder.

use std::borrow::Cow;
use std::fs::{self, File as OpenFile};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::encoding::{AcceptedEncodings, Encoding};
use crate::blocking_thread::{BlockingThread, NotDone};

/// The page's largest file has a few MiB. A longer one is not served.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// A folder that takes longer is treated as unavailable.
const READ_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Embedded,
    /// A folder, read at each request.
    Folder(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The contents, compressed with `encoding`.
    pub bytes: Cow<'static, [u8]>,
    pub media_type: &'static str,
    pub encoding: Encoding,
    /// The name contains a hash of the content, so caches may keep it for ever.
    pub immutable: bool,
}

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded_page.rs"));
}

impl Page {
    /// Returns false if the server was built without the page, or the folder has none.
    pub fn is_built(&self) -> bool {
        self.read("index.html").is_some()
    }

    /// The file at `path`, in the form that the client prefers. If it accepts none of the existing forms, the file as it is.
    pub fn file(&self, path: &str, accepted: &AcceptedEncodings) -> Option<File> {
        let name = match path.strip_prefix('/')? {
            "" => "index.html",
            name => name,
        };
        let media_type = media_type(name)?;
        let immutable = name.starts_with("assets/");
        for encoding in accepted.preferred() {
            if let Some(bytes) = self.read(&format!("{name}{}", encoding.suffix())) {
                return Some(File { bytes, media_type, encoding, immutable });
            }
        }
        Some(File { bytes: self.read(name)?, media_type, encoding: Encoding::Identity, immutable })
    }

    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Embedded => {
                let found = embedded::FILES.binary_search_by(|(file, _)| (*file).cmp(name)).ok()?;
                Some(Cow::Borrowed(embedded::FILES[found].1))
            }
            Self::Folder(folder) => {
                let name = Path::new(name);
                // Only plain names below the folder are accepted: no `..`, no root, no drive.
                let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
                if !plain {
                    return None;
                }
                read_file(&folder.join(name)).map(Cow::Owned)
            }
        }
    }
}

/// Reads a file that is not too long. Opening a named pipe would wait for its writer.
#[expect(clippy::disallowed_methods, reason = "at start, and on the thread of a `PageReader`")]
fn read_file(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    OpenFile::open(path).ok()?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes)
}

/// Reads the page's files for handlers, which must not wait for a file system.
#[derive(Debug)]
pub struct PageReader {
    page: Page,
    thread: BlockingThread,
    /// The log states once that the folder does not answer, and once that it does again.
    is_late: AtomicBool,
}

impl PageReader {
    pub const fn new(page: Page) -> Self {
        Self { page, thread: BlockingThread::new("page files"), is_late: AtomicBool::new(false) }
    }

    /// See [`Page::file`].
    ///
    /// # Errors
    /// If the folder does not answer in time.
    pub async fn file(&self, path: &str, accepted: AcceptedEncodings) -> Result<Option<File>, NotDone> {
        if self.page == Page::Embedded {
            return Ok(self.page.file(path, &accepted));
        }
        let (page, path) = (self.page.clone(), path.to_owned());
        let read = self.thread.call(READ_WITHIN, move || page.file(&path, &accepted)).await;
        match (&read, self.is_late.swap(read.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(%error, "the folder of the page does not answer"),
            (Ok(_), true) => tracing::info!("the folder of the page answers again"),
            _ => {}
        }
        read
    }
}

/// The media type of a file; `None` for kinds that the page does not have, which are not served.
fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT_ENCODING, HeaderValue};

    use super::*;

    fn folder() -> (tempfile::TempDir, Page) {
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir(folder.path().join("assets")).expect("created");
        for (name, text) in
            [("index.html", "page"), ("assets/a.js", "plain"), ("assets/a.js.br", "brotli"), ("secret.txt", "no")]
        {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let page = Page::Folder(folder.path().to_owned());
        let too_long = std::fs::File::create(folder.path().join("long.js")).expect("created");
        too_long.set_len(MAX_FILE_BYTES + 1).expect("a sparse file");
        (folder, page)
    }

    /// The encodings that a client with this header accepts.
    fn accepting(line: &'static str) -> AcceptedEncodings {
        AcceptedEncodings::of(&[(ACCEPT_ENCODING, HeaderValue::from_static(line))].into_iter().collect())
    }

    #[test]
    fn the_best_accepted_encoding_is_sent() {
        let (_folder, page) = folder();
        let brotli = page.file("/assets/a.js", &accepting("gzip, deflate, br")).expect("found");
        assert_eq!((brotli.bytes.as_ref(), brotli.encoding), (b"brotli".as_slice(), Encoding::Brotli));
        assert!(brotli.immutable);
        for line in ["gzip, br;q=0", "identity, br;q=0.9", "gzip, *;q=0", ""] {
            let plain = page.file("/assets/a.js", &accepting(line)).expect("found");
            assert_eq!((plain.bytes.as_ref(), plain.encoding), (b"plain".as_slice(), Encoding::Identity), "{line}");
        }
        assert_eq!(page.file("/", &AcceptedEncodings::default()).expect("found").bytes.as_ref(), b"page");
    }

    #[tokio::test]
    async fn a_named_pipe_among_the_pages_files_is_not_opened_and_delays_no_other_file() {
        let (folder, page) = folder();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.js")).status();
        assert!(made.expect("mkfifo runs").success());
        let reader = PageReader::new(page);
        assert_eq!(reader.file("/pipe.js", AcceptedEncodings::default()).await.expect("an answer"), None);
        let index = reader.file("/", AcceptedEncodings::default()).await.expect("an answer").expect("found");
        assert_eq!(index.bytes.as_ref(), b"page");
    }

    #[test]
    fn only_files_of_the_page_are_served() {
        let (_folder, page) = folder();
        for path in
            ["/secret.txt", "/../Cargo.toml", "//etc/passwd.html", "/assets/../index.html", "/no.js", "/long.js", "x"]
        {
            assert_eq!(page.file(path, &accepting("br")), None, "{path}");
        }
    }
}

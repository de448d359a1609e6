//! The page's files: embedded in the binary when it was built, or read from a folder.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

use super::encoding::{AcceptedEncodings, Encoding};
use super::file_cache::FileCache;
use crate::blocking_thread::{BlockingThread, NotDone};

/// A folder that takes longer is treated as unavailable.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// A folder that answers only now and then does not flood the log.
const MIN_BETWEEN_NOTICES: Duration = Duration::from_mins(1);

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
    pub bytes: Bytes,
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
        self.read("index.html", &mut FileCache::default()).is_some()
    }

    /// The file at `path`, in the form that the client prefers. If it accepts none of the existing forms, the file as it is.
    fn file(&self, path: &str, accepted: &AcceptedEncodings, cache: &mut FileCache) -> Option<File> {
        let name = match path.strip_prefix('/')? {
            "" => "index.html",
            name => name,
        };
        let media_type = media_type(name)?;
        let immutable = name.starts_with("assets/");
        for encoding in accepted.preferred() {
            if let Some(bytes) = self.read(&format!("{name}{}", encoding.suffix()), cache) {
                return Some(File { bytes, media_type, encoding, immutable });
            }
        }
        Some(File { bytes: self.read(name, cache)?, media_type, encoding: Encoding::Identity, immutable })
    }

    fn read(&self, name: &str, cache: &mut FileCache) -> Option<Bytes> {
        match self {
            Self::Embedded => {
                let found = embedded::FILES.binary_search_by(|(file, _)| (*file).cmp(name)).ok()?;
                Some(Bytes::from_static(embedded::FILES[found].1))
            }
            Self::Folder(folder) => {
                let name = Path::new(name);
                // Only plain names below the folder are accepted: no `..`, no root, no drive.
                let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
                if !plain {
                    return None;
                }
                cache.read(&folder.join(name))
            }
        }
    }
}

/// Reads the page's files for handlers, which must not wait for a file system.
#[derive(Debug)]
pub struct PageReader {
    page: Page,
    thread: Arc<BlockingThread>,
    /// Locked on the thread only, which may wait for the file system meanwhile.
    cache: Arc<Mutex<FileCache>>,
    /// Reads that have not ended, and some that have.
    reads: Mutex<HashMap<ReadKey, WeakShared<Read>>>,
    outage: Mutex<Outage>,
}

type ReadKey = (String, AcceptedEncodings);
type Read = BoxFuture<'static, Result<Option<File>, Arc<NotDone>>>;

impl PageReader {
    pub fn new(page: Page) -> Self {
        Self {
            page,
            thread: Arc::new(BlockingThread::new("page files")),
            cache: Arc::default(),
            reads: Mutex::default(),
            outage: Mutex::default(),
        }
    }

    /// See `Page::file`. Parallel requests for a file join one read.
    ///
    /// # Errors
    /// If the folder does not answer in time, or too many requests for other files wait for it.
    pub async fn file(&self, path: &str, accepted: AcceptedEncodings) -> Result<Option<File>, Arc<NotDone>> {
        if self.page == Page::Embedded {
            return Ok(self.page.file(path, &accepted, &mut FileCache::default()));
        }
        let read = self.read(path, accepted).await;
        let answers = match &read {
            Ok(_) => Ok(()),
            Err(error) if matches!(**error, NotDone::Busy { .. }) => return read,
            Err(error) => Err(error),
        };
        match (self.outage.lock().observe(answers.is_ok(), Instant::now()), answers) {
            (true, Err(error)) => tracing::warn!(%error, "the folder of the page does not answer"),
            (true, Ok(())) => tracing::info!("the folder of the page answers again"),
            (false, _) => {}
        }
        read
    }

    /// The read that is under way for such a request, or another one.
    fn read(&self, path: &str, accepted: AcceptedEncodings) -> Shared<Read> {
        let key = (path.to_owned(), accepted.clone());
        let mut reads = self.reads.lock();
        let under_way = reads.get(&key).and_then(WeakShared::upgrade).filter(|read| read.peek().is_none());
        if let Some(read) = under_way {
            return read;
        }
        // Few are left: those that wait are limited.
        reads.retain(|_, read| read.upgrade().is_some_and(|read| read.peek().is_none()));
        let (page, path, thread, cache) =
            (self.page.clone(), path.to_owned(), Arc::clone(&self.thread), Arc::clone(&self.cache));
        let call = move || page.file(&path, &accepted, &mut cache.lock());
        let read = async move { thread.call(READ_WITHIN, call).await.map_err(Arc::new) }.boxed().shared();
        reads.extend(read.downgrade().map(|read| (key, read)));
        read
    }
}

/// Decides which changes the log states.
#[derive(Debug, Default)]
struct Outage {
    is_stated: bool,
    stated_last: Option<Instant>,
}

impl Outage {
    /// Returns true if the log must state whether the folder answers.
    fn observe(&mut self, answers: bool, now: Instant) -> bool {
        if answers {
            return std::mem::take(&mut self.is_stated);
        }
        let is_due = self.stated_last.is_none_or(|last| now.saturating_duration_since(last) >= MIN_BETWEEN_NOTICES);
        if self.is_stated || !is_due {
            return false;
        }
        self.is_stated = true;
        self.stated_last = Some(now);
        true
    }
}

/// The media type of a file; `None` for kinds that the page does not have, which are not served.
fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
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
    use futures_util::future::join_all;
    use hyper::header::{ACCEPT_ENCODING, HeaderValue};

    use super::super::file_cache::MAX_FILE_BYTES;
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

    /// The file as it is read without a cache.
    fn file(page: &Page, path: &str, accepted: &AcceptedEncodings) -> Option<File> {
        page.file(path, accepted, &mut FileCache::default())
    }

    #[test]
    fn the_best_accepted_encoding_is_sent() {
        let (_folder, page) = folder();
        let brotli = file(&page, "/assets/a.js", &accepting("gzip, deflate, br")).expect("found");
        assert_eq!((brotli.bytes.as_ref(), brotli.encoding), (b"brotli".as_slice(), Encoding::Brotli));
        assert!(brotli.immutable);
        for line in ["gzip, br;q=0", "identity, br;q=0.9", "gzip, *;q=0", ""] {
            let plain = file(&page, "/assets/a.js", &accepting(line)).expect("found");
            assert_eq!((plain.bytes.as_ref(), plain.encoding), (b"plain".as_slice(), Encoding::Identity), "{line}");
        }
        assert_eq!(file(&page, "/", &AcceptedEncodings::default()).expect("found").bytes.as_ref(), b"page");
    }

    /// The responses to parallel requests, which all begin before the folder answers.
    async fn while_it_hangs(
        reader: &PageReader,
        path: impl Fn(usize) -> String,
    ) -> Vec<Result<Option<File>, Arc<NotDone>>> {
        let (release, released) = std::sync::mpsc::channel();
        reader.thread.start(move || released.recv().expect("released")).expect("room");
        let requests = (0..1000).map(path);
        let requests = requests.map(async |path| reader.file(&path, AcceptedEncodings::default()).await);
        let released = async { release.send(()).expect("the thread waits") };
        futures_util::future::join(join_all(requests), released).await.0
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

    #[tokio::test]
    async fn parallel_requests_for_a_file_join_one_read_and_hold_one_copy() {
        let (_folder, page) = folder();
        let reader = PageReader::new(page);
        let parallel = while_it_hangs(&reader, |_| "/".to_owned()).await;
        let later = reader.file("/", AcceptedEncodings::default()).await;
        let copies = parallel.into_iter().chain([later]).map(|file| file.expect("not busy").expect("found").bytes);
        let mut places: Vec<_> = copies.map(|bytes| bytes.as_ptr()).collect();
        places.dedup();
        assert_eq!(places.len(), 1);
    }

    #[tokio::test]
    async fn a_folder_that_is_busy_is_not_one_that_does_not_answer() {
        let (_folder, page) = folder();
        let reader = PageReader::new(page);
        let others = while_it_hangs(&reader, |number| format!("/{number}.js")).await;
        let busy: Vec<_> = others.into_iter().filter_map(Result::err).collect();
        assert!(!busy.is_empty() && busy.iter().all(|error| matches!(**error, NotDone::Busy { .. })), "{busy:?}");
        assert!(reader.outage.lock().stated_last.is_none());
        assert!(reader.reads.lock().len() < 100, "only reads that wait are kept");
    }

    #[test]
    fn the_log_states_once_that_the_folder_does_not_answer_and_at_most_once_a_minute() {
        let (mut outage, start) = (Outage::default(), Instant::now());
        let mut observe = |answers, seconds| outage.observe(answers, start + Duration::from_secs(seconds));
        assert!(!observe(true, 0));
        assert!(observe(false, 1));
        assert!(!observe(false, 90), "stated once");
        assert!(observe(true, 91));
        assert!(observe(false, 92));
        assert!(observe(true, 93));
        assert!(!observe(false, 94), "within a minute");
        assert!(!observe(true, 95), "its outage was not stated");
        assert!(!observe(false, 96));
        assert!(observe(false, 152));
    }

    #[test]
    fn only_files_of_the_page_are_served() {
        let (_folder, page) = folder();
        for path in
            ["/secret.txt", "/../Cargo.toml", "//etc/passwd.html", "/assets/../index.html", "/no.js", "/long.js", "x"]
        {
            assert_eq!(file(&page, path, &accepting("br")), None, "{path}");
        }
    }
}

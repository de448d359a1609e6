//! The files of the page's folder that were read last. A response holds no copy of a file, so that clients which do not read
//! cost no memory for each of them.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

/// The page's largest file has a few MiB. A longer one is not served.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;

/// Each file that is served fits.
const MAX_BYTES: usize = MAX_FILE_BYTES as usize;

/// More than a page has files.
const MAX_FILES: usize = 256;

/// A file that changed shortly before it was read may change again without a new time: some file systems store seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// The time for which such a file is used, if its stamp stays the same.
const UNSETTLED_FOR: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct FileCache {
    /// The one that was used last is at the end.
    files: VecDeque<CachedFile>,
    bytes: usize,
}

#[derive(Debug)]
struct CachedFile {
    path: PathBuf,
    stamp: Stamp,
    bytes: Bytes,
    /// For a file that had changed shortly before.
    use_until: Option<Instant>,
}

impl FileCache {
    /// The contents of a file that is not too long. It is read if it has changed since it was read last.
    #[expect(clippy::disallowed_methods, reason = "at start, and on the thread of a `PageReader`")]
    pub(super) fn read(&mut self, path: &Path) -> Option<Bytes> {
        let cached = self.files.iter().position(|file| file.path == path).and_then(|index| self.files.remove(index));
        self.bytes -= cached.as_ref().map_or(0, |file| file.bytes.len());
        let metadata = fs::metadata(path).ok()?;
        // Opening a named pipe would wait for its writer.
        if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
            return None;
        }
        let stamp = Stamp::of(&metadata);
        let now = Instant::now();
        let unchanged = |file: &CachedFile| file.stamp == stamp && file.use_until.is_none_or(|until| now < until);
        let file = if let Some(file) = cached.filter(unchanged) {
            file
        } else {
            // The stamp is older than the contents: if the file changes meanwhile, it is read again.
            let use_until = (!stamp.is_settled(SystemTime::now())).then(|| now + UNSETTLED_FOR);
            let bytes = read_file(path, metadata.len())?;
            CachedFile { path: path.to_owned(), stamp, bytes, use_until }
        };
        let bytes = file.bytes.clone();
        self.bytes += bytes.len();
        self.files.push_back(file);
        while self.bytes > MAX_BYTES || self.files.len() > MAX_FILES {
            let Some(oldest) = self.files.pop_front() else { break };
            self.bytes -= oldest.bytes.len();
        }
        Some(bytes)
    }
}

#[expect(clippy::disallowed_methods, reason = "at start, and on the thread of a `PageReader`")]
fn read_file(path: &Path, expected_bytes: u64) -> Option<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected_bytes).ok()?);
    File::open(path).ok()?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_FILE_BYTES).then(|| bytes.into())
}

/// Metadata of a file that changes with its contents.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The number of the file, and the time of its last change in seconds and nanoseconds. Tools that copy a file may set the
    /// time of its modification, but not these.
    #[cfg(unix)]
    inode: (u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Returns true if another change after `now` would have another stamp.
    fn is_settled(&self, now: SystemTime) -> bool {
        let is_old = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age >= SETTLED_AFTER);
        #[cfg(unix)]
        {
            let changed = u64::try_from(self.inode.1).ok().map(Duration::from_secs);
            changed.and_then(|changed| SystemTime::UNIX_EPOCH.checked_add(changed)).is_some_and(is_old)
        }
        #[cfg(not(unix))]
        self.modified.is_some_and(is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_until_it_changes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("a.js");
        std::fs::write(&path, "first").expect("written");
        let mut cache = FileCache::default();
        let first = cache.read(&path).expect("found");
        let again = cache.read(&folder.path().join(".").join("a.js")).expect("found");
        assert_eq!((first.as_ptr(), again.as_ptr()), (again.as_ptr(), first.as_ptr()), "one copy");
        std::fs::write(&path, "longer").expect("written");
        assert_eq!(cache.read(&path).expect("found"), "longer");
        // A file with the length and the times of the previous one, as after a build with fixed times.
        let modified = std::fs::metadata(&path).expect("exists").modified().expect("a time");
        let other = folder.path().join("b.js");
        std::fs::write(&other, "LONGER").expect("written");
        std::fs::File::options().write(true).open(&other).expect("opened").set_modified(modified).expect("set");
        std::fs::rename(&other, &path).expect("renamed");
        assert_eq!(cache.read(&path).expect("found"), "LONGER");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(cache.read(&path), None);
        assert_eq!((cache.files.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn a_file_that_changed_shortly_before_it_was_read_is_read_again() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("a.js");
        std::fs::write(&path, "text").expect("written");
        let mut cache = FileCache::default();
        let first = cache.read(&path).expect("found");
        let until = cache.files[0].use_until.as_mut().expect("has just changed");
        *until = Instant::now();
        assert_ne!(cache.read(&path).expect("found").as_ptr(), first.as_ptr());
        let stamp = Stamp::of(&std::fs::metadata(&path).expect("exists"));
        assert!(stamp.is_settled(SystemTime::now() + SETTLED_AFTER + Duration::from_secs(1)));
    }

    #[test]
    fn the_files_that_were_not_used_for_longest_are_dropped_at_the_bounds() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = |number: usize| folder.path().join(number.to_string());
        let half = MAX_FILE_BYTES / 2;
        for number in 0..3 {
            std::fs::File::create(path(number)).expect("created").set_len(half).expect("a sparse file");
        }
        let mut cache = FileCache::default();
        for number in [0, 1, 0, 2] {
            cache.read(&path(number)).expect("found");
        }
        let paths: Vec<_> = cache.files.iter().map(|file| file.path.clone()).collect();
        assert_eq!((paths, cache.bytes), (vec![path(0), path(2)], MAX_BYTES));
        for number in 3..MAX_FILES + 9 {
            std::fs::write(path(number), "").expect("written");
            cache.read(&path(number)).expect("found");
        }
        assert_eq!((cache.files.len(), cache.bytes), (MAX_FILES, 0));
    }
}

//! A file of the kernel that is read again and again: opened once, its text read into one buffer.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::ingest::health::{LeftOut, SourceHealth};
use crate::ingest::host::kernel::Skipped;

/// A bound on the text. That of 512 processors with their scheduling domains takes a quarter.
const MAX_BYTES: usize = 4 << 20;
const FIRST_BYTES: usize = 4 << 10;
/// A file that cannot be read is opened again after this time.
const OPEN_AGAIN: Duration = Duration::from_secs(10);

/// What it means that a file does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The system should have it: its absence is stated.
    Expected,
    /// Some systems lack it.
    Optional,
}

/// How the kernel returns the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// In one call, if the buffer is large enough: a call that does not fill the buffer has read all.
    Whole,
    /// In pages: only a call without bytes is the end.
    Paged,
}

#[derive(Debug)]
pub(super) struct KernelFile {
    path: PathBuf,
    /// In messages, such as `processors`.
    subject: &'static str,
    presence: Presence,
    delivery: Delivery,
    state: State,
    text: Vec<u8>,
    unreadable: LeftOut,
    not_understood: LeftOut,
}

#[derive(Debug)]
enum State {
    Closed { open_at: Option<Instant> },
    Open(File),
}

impl KernelFile {
    /// A file whose text the kernel hands out whole.
    pub(super) fn new(path: PathBuf, subject: &'static str, presence: Presence) -> Self {
        let (unreadable, not_understood) = (LeftOut::default(), LeftOut::default());
        let state = State::Closed { open_at: None };
        let delivery = Delivery::Whole;
        Self { path, subject, presence, delivery, state, text: Vec::new(), unreadable, not_understood }
    }

    /// The same for a list, which the kernel hands out in pages.
    pub(super) const fn paged(mut self) -> Self {
        self.delivery = Delivery::Paged;
        self
    }

    /// Reads the whole text. `None` if it cannot be read: the health says why. Of a text beyond the bound, the lines within it.
    pub(super) fn read(&mut self, health: &SourceHealth, now: Instant) -> Option<&[u8]> {
        if let State::Closed { open_at: Some(open_at) } = self.state
            && now < open_at
        {
            return None;
        }
        match self.read_text() {
            Ok(length) => {
                let is_cut = length == MAX_BYTES;
                let cut = || format!("{} is longer than {MAX_BYTES} bytes: the rest is not read", self.path.display());
                self.unreadable.state(health, is_cut.then(cut));
                let whole_lines = if is_cut { self.text.iter().rposition(|&byte| byte == b'\n') } else { None };
                Some(&self.text[..whole_lines.unwrap_or(length)])
            }
            Err(error) => {
                self.state = State::Closed { open_at: Some(now + OPEN_AGAIN) };
                let is_stated = self.presence == Presence::Expected || error.kind() != ErrorKind::NotFound;
                let (subject, path) = (self.subject, self.path.display());
                self.unreadable.state(health, is_stated.then(|| format!("{subject} not measured: {path}: {error}")));
                None
            }
        }
    }

    /// States that lines of the last text were not understood.
    pub(super) fn state_skipped(&mut self, health: &SourceHealth, skipped: Skipped) {
        let path = self.path.display();
        let text = || format!("{path}: lines not understood are skipped ({})", self.subject);
        self.not_understood.state(health, (skipped > 0).then(text));
    }

    /// Returns the length of the text. `pread` at position 0 makes the kernel generate the text again.
    fn read_text(&mut self) -> io::Result<usize> {
        if let State::Closed { .. } = self.state {
            self.state = State::Open(File::open(&self.path)?);
        }
        let State::Open(file) = &self.state else { return Ok(0) };
        let mut length = 0;
        loop {
            if length == self.text.len() {
                if length == MAX_BYTES {
                    return Ok(length);
                }
                self.text.resize((length * 2).clamp(FIRST_BYTES, MAX_BYTES), 0);
            }
            match file.read_at(&mut self.text[length..], length as u64) {
                Ok(0) => return Ok(length),
                Ok(read) => {
                    length += read;
                    if self.delivery == Delivery::Whole && length < self.text.len() {
                        return Ok(length);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn left_out(health: &SourceHealth) -> Vec<String> {
        health.status().left_out.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_is_read_again_as_it_is_now() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, health) = (folder.path().join("stat"), SourceHealth::new("test"));
        fs::write(&path, vec![b'x'; 3 * FIRST_BYTES]).expect("written");
        let mut file = KernelFile::new(path.clone(), "processors", Presence::Expected);
        assert_eq!(file.read(&health, Instant::now()).map(<[u8]>::len), Some(3 * FIRST_BYTES));
        fs::write(&path, "cpu 1").expect("written");
        assert_eq!(file.read(&health, Instant::now()), Some(&b"cpu 1"[..]));
    }

    #[test]
    fn a_missing_file_is_stated_and_opened_again_later() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, health, start) = (folder.path().join("stat"), SourceHealth::new("test"), Instant::now());
        let mut file = KernelFile::new(path.clone(), "processors", Presence::Expected);
        let mut optional = KernelFile::new(path.clone(), "waiting", Presence::Optional);
        assert_eq!((file.read(&health, start), optional.read(&health, start)), (None, None));
        let stated = left_out(&health);
        assert!(stated.len() == 1 && stated[0].starts_with("processors not measured: "), "{stated:?}");
        assert!(stated[0].ends_with("stat: No such file or directory (os error 2)"), "{stated:?}");
        fs::write(&path, "cpu 1").expect("written");
        assert_eq!(file.read(&health, start + OPEN_AGAIN / 2), None);
        assert!(file.read(&health, start + OPEN_AGAIN).is_some());
        assert_eq!(left_out(&health), [""; 0]);
    }

    #[test]
    fn of_a_huge_file_the_lines_within_the_bound_are_read() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, health) = (folder.path().join("stat"), SourceHealth::new("test"));
        fs::write(&path, "line of seven\n".repeat(MAX_BYTES / 14 + 9)).expect("written");
        let mut file = KernelFile::new(path, "processors", Presence::Expected);
        let read = file.read(&health, Instant::now()).map(<[u8]>::len).expect("is read");
        assert!(read < MAX_BYTES && read % 14 == 13, "{read}");
        assert!(left_out(&health)[0].ends_with("is longer than 4194304 bytes: the rest is not read"));
    }

    #[test]
    fn a_folder_in_place_of_a_file_is_stated() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let health = SourceHealth::new("test");
        let mut file = KernelFile::new(folder.path().to_owned(), "disks", Presence::Optional);
        assert_eq!(file.read(&health, Instant::now()), None);
        assert!(left_out(&health)[0].starts_with("disks not measured: "));
    }
}

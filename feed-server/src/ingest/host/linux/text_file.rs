//! Files of the kernel that are too many to keep open, or change their places: opened for each reading.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// A bound on a text: 2,000 lines of `io.stat`. Others are a line or two.
const MAX_BYTES: usize = 256 << 10;
const FIRST_BYTES: usize = 4 << 10;

/// The text of the last file.
#[derive(Debug, Default)]
pub(super) struct TextBuffer(Vec<u8>);

impl TextBuffer {
    /// Reads a file. One that is longer than the bound is an error: a part of it may have another meaning than the whole.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<&[u8]> {
        let mut file = File::open(path)?;
        let mut length = 0;
        loop {
            if length == self.0.len() {
                if length == MAX_BYTES {
                    return Err(ErrorKind::FileTooLarge.into());
                }
                self.0.resize((length * 2).clamp(FIRST_BYTES, MAX_BYTES), 0);
            }
            match file.read(&mut self.0[length..]) {
                Ok(0) => return Ok(&self.0[..length]),
                Ok(read) => length += read,
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

    #[test]
    fn a_text_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (path, mut buffer) = (folder.path().join("text"), TextBuffer::default());
        for length in [0, 7, FIRST_BYTES, 3 * FIRST_BYTES, MAX_BYTES - 1, 5] {
            fs::write(&path, vec![b'x'; length]).expect("written");
            assert_eq!(buffer.read(&path).expect("is read").len(), length);
        }
        fs::write(&path, vec![b'x'; MAX_BYTES]).expect("written");
        assert_eq!(buffer.read(&path).expect_err("is refused").kind(), ErrorKind::FileTooLarge);
        assert_eq!(buffer.read(&folder.path().join("none")).expect_err("is missing").kind(), ErrorKind::NotFound);
        assert!(buffer.read(folder.path()).is_err(), "a folder");
    }
}

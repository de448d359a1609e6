//! Reads files whose names come from the configuration: any name may be given, so size, kind and time are bounded.

#![expect(clippy::disallowed_methods, reason = "the calls of its functions are disallowed in their place")]

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

/// The largest configuration, token file, certificate chain or key. The largest that is known to be in use, a chain of
/// certificates, has 20 KiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Time for the writer of a pipe to write and close it.
const PIPE_DEADLINE: Duration = Duration::from_secs(5);
/// Wait between two attempts to read a pipe that has no bytes.
const PIPE_PAUSE: Duration = Duration::from_millis(10);

/// The reason why a file was not read. The text contains neither its name nor a part of its content.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("expected a file or a pipe, found {0}")]
    Kind(&'static str),
    #[error("the file must have at most {} bytes, found more", MAX_BYTES)]
    TooLong,
    #[error("nothing was written to the pipe and closed within {} s", PIPE_DEADLINE.as_secs())]
    OpenPipe,
    /// `line` counts from 1.
    #[error("expected text in UTF-8, found other bytes in line {line}")]
    NotText { line: usize },
}

/// Reads a file, or a pipe such as `/dev/stdin` or a shell's `<(command)`, of at most [`MAX_BYTES`].
///
/// Blocks: for a pipe up to 5 s, for a file as long as its file system does. Not for async workers.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    // Checked before it is opened: opening a device may have effects.
    let is_pipe = kind(&std::fs::metadata(path)?)? == Kind::Pipe;
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > MAX_BYTES as u64 {
        return Err(ReadError::TooLong);
    }
    let mut bytes = Vec::with_capacity(length as usize);
    if is_pipe {
        read_pipe(file, &mut bytes, Instant::now() + PIPE_DEADLINE)?;
    } else {
        // A file may grow, and those of `/proc` state no length.
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() > MAX_BYTES { Err(ReadError::TooLong) } else { Ok(bytes) }
}

/// As [`read`], for text in UTF-8.
///
/// # Errors
/// [`ReadError`].
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    String::from_utf8(read(path)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ReadError::NotText { line: valid.split(|&byte| byte == b'\n').count() }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Pipe,
}

fn kind(metadata: &Metadata) -> Result<Kind, ReadError> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(Kind::File);
    }
    if kind.is_dir() {
        return Err(ReadError::Kind("a directory"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Ok(Kind::Pipe);
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Err(ReadError::Kind("a device"));
        }
    }
    Err(ReadError::Kind("something else"))
}

/// Opens without waiting: opening a pipe otherwise waits until a writer opens it.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Reads until the writer closes. A pipe without a writer reads as closed: before its first byte it is not, since its
/// writer may be about to open it.
fn read_pipe(mut pipe: File, bytes: &mut Vec<u8>, deadline: Instant) -> Result<(), ReadError> {
    let mut part = [0; 4_096];
    while bytes.len() <= MAX_BYTES {
        match pipe.read(&mut part) {
            Ok(0) if !bytes.is_empty() => return Ok(()),
            Ok(0) => {}
            Ok(count) => {
                bytes.extend_from_slice(&part[..count]);
                continue;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        if Instant::now() >= deadline {
            return Err(ReadError::OpenPipe);
        }
        thread::sleep(PIPE_PAUSE);
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    fn refusal(path: &Path) -> String {
        read_text(path).expect_err("refused").to_string()
    }

    #[test]
    fn files_up_to_the_limit_are_read_and_longer_ones_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(MAX_BYTES as u64).expect("sets its length");
        assert_eq!(read(file.path()).expect("read").len(), MAX_BYTES);
        file.as_file().set_len(10 << 30).expect("a sparse file of 10 GiB");
        assert_eq!(refusal(file.path()), "the file must have at most 1048576 bytes, found more");
    }

    #[test]
    fn directories_and_devices_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(refusal(folder.path()), "expected a file or a pipe, found a directory");
        assert_eq!(refusal(Path::new("/dev/zero")), "expected a file or a pipe, found a device");
        assert!(refusal(&folder.path().join("none")).starts_with("No such file or directory"));
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused_with_its_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"a = 1\nb = \"\xff\"\n").expect("written");
        assert_eq!(refusal(file.path()), "expected text in UTF-8, found other bytes in line 2");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_one_without_a_writer_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        mkfifo(&path, Mode::S_IRWXU).expect("a pipe");
        let writer = thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = OpenOptions::new().write(true).open(path).expect("opens when it is read");
                pipe.write_all(&vec![b'a'; 100_000]).expect("writes");
            }
        });
        assert_eq!(read(&path).expect("read").len(), 100_000);
        writer.join().expect("wrote");
        let pipe = open(&path).expect("opens without a writer");
        assert!(matches!(read_pipe(pipe, &mut Vec::new(), Instant::now()), Err(ReadError::OpenPipe)));
    }
}

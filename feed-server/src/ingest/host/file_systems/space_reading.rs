//! Asks one file system for its space. Blocks as long as it does not answer.
//!
//! A thread that waits for a remote file system, or for one that a program serves (FUSE), may wait in a way that no signal
//! ends, and then its process cannot end either. Such a file system is asked by a child process, which is this program with
//! the hidden command `read-space`: it can be left behind.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::mounts::{Mounted, Reach};
use super::space::{Access, Space};
use crate::ingest::host::mount_table::read_space;

/// The answer of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Space(Space),
    /// A single file, bound into a container.
    File,
    Unavailable,
}

pub(super) type Ask = Box<dyn FnMut() -> Reading + Send>;

/// The function that asks `mounted`.
pub(super) fn asks(mounted: &Mounted) -> Ask {
    let point = mounted.mount.point.clone();
    match mounted.reach {
        // That it is a directory is checked once: a mount does not change its kind.
        Reach::Local => {
            let mut is_directory = false;
            Box::new(move || {
                let reading = if is_directory { Reading::of_space(read_space(&point)) } else { Reading::of(&point) };
                is_directory = matches!(reading, Reading::Space(_));
                reading
            })
        }
        // Without a child process, such as in a program that contains this server, this process asks.
        Reach::Foreign => Box::new(move || in_child_process(&point).unwrap_or_else(|| Reading::of(&point))),
    }
}

impl Reading {
    /// Asks the file system at `point`, in this process.
    pub fn of(point: &Path) -> Self {
        match point.metadata() {
            Ok(metadata) if metadata.is_dir() => Self::of_space(read_space(point)),
            Ok(_) => Self::File,
            Err(_) => Self::Unavailable,
        }
    }

    fn of_space(space: Option<Space>) -> Self {
        space.map_or(Self::Unavailable, Self::Space)
    }
}

fn in_child_process(point: &Path) -> Option<Reading> {
    // Also after the file of this program was replaced by a newer one.
    let mut command = Command::new("/proc/self/exe");
    command.arg("read-space").arg("--").arg(point).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).parse().ok()
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(Space { bytes, free_bytes, available_bytes, inodes, free_inodes, access }) => {
                let access = if *access == Access::ReadOnly { "ro" } else { "rw" };
                write!(f, "space {bytes} {free_bytes} {available_bytes} {inodes} {free_inodes} {access}")
            }
            Self::File => f.write_str("file"),
            Self::Unavailable => f.write_str("unavailable"),
        }
    }
}

/// The text is not that of a [`Reading`].
#[derive(Debug, PartialEq)]
pub struct NoReading;

impl FromStr for Reading {
    type Err = NoReading;

    fn from_str(text: &str) -> Result<Self, NoReading> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse().map_err(|_| NoReading);
        match words[..] {
            ["space", bytes, free_bytes, available_bytes, inodes, free_inodes, access] => Ok(Self::Space(Space {
                bytes: number(bytes)?,
                free_bytes: number(free_bytes)?,
                available_bytes: number(available_bytes)?,
                inodes: number(inodes)?,
                free_inodes: number(free_inodes)?,
                access: match access {
                    "ro" => Access::ReadOnly,
                    "rw" => Access::ReadWrite,
                    _ => return Err(NoReading),
                },
            })),
            ["file"] => Ok(Self::File),
            ["unavailable"] => Ok(Self::Unavailable),
            _ => Err(NoReading),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_the_same_after_it_was_a_text() {
        let space = |access| {
            Reading::Space(Space {
                bytes: u64::MAX,
                free_bytes: 7,
                available_bytes: 0,
                inodes: 12,
                free_inodes: 3,
                access,
            })
        };
        for reading in [space(Access::ReadWrite), space(Access::ReadOnly), Reading::File, Reading::Unavailable] {
            assert_eq!(format!("{reading}\n").parse(), Ok(reading));
        }
        for text in ["", "space", "space 1 2 3 4 5", "space 1 2 3 4 x rw", "space 1 2 3 4 5 wr", "running 0 tests"] {
            assert_eq!(text.parse::<Reading>(), Err(NoReading), "{text}");
        }
    }

    #[test]
    fn a_folder_has_free_space_and_a_file_has_none() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert!(matches!(Reading::of(folder.path()), Reading::Space(space) if space.free_bytes <= space.bytes));
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert_eq!(Reading::of(&file), Reading::File);
        assert_eq!(Reading::of(&folder.path().join("none")), Reading::Unavailable);
    }
}

//! Walks the tree of control groups for those that are workloads.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::workload::{Kind, Workload, recognize};

/// A bound on the folders that are visited, and so on the time of the walk. A machine with 500 containers has about 2,000.
pub(super) const MAX_FOLDERS: usize = 4_096;
/// A bound on the depth. The containers of a user have a depth of five.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the walk: by depth.
    pub(super) workloads: Vec<Workload>,
    /// Why some were not visited.
    pub(super) beyond: Option<String>,
}

/// A folder to visit.
struct Place {
    path: String,
    folder: PathBuf,
    depth: usize,
    /// The place of the workload that contains it.
    within: Option<usize>,
}

/// Lists the workloads below `root`. A workload that contains others is left out, except for slices: what it uses is theirs. What is in a
/// container belongs to it. At most `max_folders` are visited.
pub(super) fn walk(root: &Path, max_folders: usize) -> io::Result<Found> {
    let mut found = Found::default();
    let mut contains_workloads: Vec<bool> = Vec::new();
    let mut visited = 0;
    let mut folders = VecDeque::from([Place { path: String::new(), folder: root.to_owned(), depth: 0, within: None }]);
    let mut root_entries = Some(fs::read_dir(root)?);
    while let Some(Place { path, folder, depth, mut within }) = folders.pop_front() {
        if depth > 0
            && let Some((name, kind)) = recognize(&path)
        {
            if let Some(outer) = within {
                contains_workloads[outer] = true;
            }
            within = (kind != Kind::Slice).then_some(found.workloads.len());
            contains_workloads.push(false);
            found.workloads.push(Workload { path: path.clone(), name, kind, folder: folder.clone() });
            if kind == Kind::Container {
                continue;
            }
        }
        if depth > 0 && !may_have_folders(&folder) {
            continue;
        }
        if depth == MAX_DEPTH {
            found.beyond = Some(format!("some have a depth above {MAX_DEPTH}, the limit"));
            continue;
        }
        // One that is gone is empty.
        let Some(entries) = root_entries.take().or_else(|| fs::read_dir(&folder).ok()) else { continue };
        for entry in entries.filter_map(Result::ok) {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if visited == max_folders {
                found.beyond = Some(format!("there are more than {max_folders}, the limit"));
                break;
            }
            visited += 1;
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            folders.push_back(Place { path, folder: entry.path(), depth: depth + 1, within });
        }
    }
    let mut contains_workloads = contains_workloads.into_iter();
    found.workloads.retain(|_| !contains_workloads.next().unwrap_or(false));
    Ok(found)
}

/// False if the folder has no folders, which its number of links states: one for each of them, and two. To list its files would cost
/// ten times more.
fn may_have_folders(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|state| state.nlink() != 2)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn tree(folders: &[&str]) -> TempDir {
        let root = tempfile::tempdir().expect("temporary folder");
        for folder in folders {
            fs::create_dir_all(root.path().join(folder)).expect("created");
        }
        root
    }

    fn paths(root: &Path) -> Vec<String> {
        let mut paths: Vec<_> =
            walk(root, MAX_FOLDERS).expect("is read").workloads.into_iter().map(|workload| workload.path).collect();
        paths.sort();
        paths
    }

    #[test]
    fn units_are_found_at_any_depth_and_those_that_contain_others_are_left_out() {
        let root = tree(&[
            "init.scope",
            "system.slice/ssh.service",
            "system.slice/udev.service/udev",
            "system.slice/system-getty.slice/getty@tty1.service",
            "user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service",
            "user.slice/user-1000.slice/session-2.scope",
            "system.slice/docker-0123456789abcdef.scope/init.scope",
            "system.slice/docker-0123456789abcdef.scope/system.slice/ssh.service",
        ]);
        fs::write(root.path().join("a.service"), "a file").expect("written");
        symlink(root.path(), root.path().join("loop.service")).expect("linked");
        let expected = [
            "/init.scope",
            "/system.slice",
            "/system.slice/docker-0123456789abcdef.scope",
            "/system.slice/ssh.service",
            "/system.slice/system-getty.slice/getty@tty1.service",
            "/system.slice/udev.service",
            "/user.slice",
            "/user.slice/user-1000.slice/session-2.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service",
        ];
        assert_eq!(paths(root.path()), expected);
        assert_eq!(walk(root.path(), 50).expect("is read").beyond, None);
    }

    #[test]
    fn names_of_any_bytes_are_units_too() {
        let root = tree(&[]);
        let names: [&[u8]; 4] =
            [b"\xff\xfe.service", b"<b>\"&.service", "\u{202e}a\nb.service".as_bytes(), b"-.service"];
        for name in names {
            fs::create_dir(root.path().join(std::ffi::OsStr::from_bytes(name))).expect("created");
        }
        assert_eq!(
            paths(root.path()),
            ["/-.service", "/<b>\"&.service", "/\u{202e}a\nb.service", "/\u{fffd}\u{fffd}.service"]
        );
    }

    #[test]
    fn a_tree_beyond_the_limits_is_read_as_far_as_they_reach_and_this_is_stated() {
        let root = tree(&[]);
        let (wide, deep) = (root.path().join("wide.slice"), root.path().join("deep.slice"));
        for number in 0..60 {
            fs::create_dir_all(wide.join(format!("{number}.service"))).expect("created");
        }
        let found = walk(root.path(), 50).expect("is read");
        assert_eq!(found.workloads.len(), 50);
        assert_eq!(found.beyond.as_deref(), Some("there are more than 50, the limit"));
        fs::remove_dir_all(&wide).expect("removed");
        fs::create_dir_all(deep.join("a/".repeat(MAX_DEPTH)).join("a.service")).expect("created");
        let found = walk(root.path(), 50).expect("is read");
        assert_eq!(found.workloads.len(), 1);
        assert_eq!(found.beyond.as_deref(), Some("some have a depth above 16, the limit"));
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(walk(Path::new("/nowhere"), 50).is_err());
    }
}

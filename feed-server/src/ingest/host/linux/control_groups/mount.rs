//! Where the control groups of version 2 are mounted, and how much of the machine is visible there.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::ingest::host::kernel::fields::lines;
use crate::ingest::host::linux::mount_table::unescape;
use crate::ingest::host::linux::roots::Roots;

/// The kernel's number of the first namespace of control groups: `PROC_CGROUP_INIT_INO` in `include/linux/proc_ns.h`.
const FIRST_NAMESPACE: &str = "cgroup:[4026531835]";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) folder: PathBuf,
    pub(super) view: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum View {
    /// The control groups of this container, or below another one.
    Part,
    Machine,
}

/// Finds the hierarchy of version 2. `None` if the system has none.
pub(super) fn find(roots: &Roots) -> Option<Hierarchy> {
    let table = fs::read(roots.proc("self/mountinfo")).ok()?;
    let namespace = fs::read_link(roots.proc("self/ns/cgroup"));
    let in_first_namespace = namespace.map_or(true, |namespace| namespace.as_os_str() == FIRST_NAMESPACE);
    let hierarchies = lines(&table).filter_map(|line| parse(line, in_first_namespace));
    // A program in a container may have the hierarchy of the machine beside its own. Of equal ones, the first.
    hierarchies.reduce(|best, other| if other.view > best.view { other } else { best })
}

/// A line of `mountinfo`, see proc(5): id, parent, number, root, mount point, options, any number of tags, `-`, type, ...
fn parse(line: &[u8], in_first_namespace: bool) -> Option<Hierarchy> {
    let mut fields = line.split(|&byte| byte == b' ');
    let root = fields.nth(3)?;
    let point = fields.next()?;
    let file_system = fields.skip_while(|&field| field != b"-").nth(1)?;
    if file_system != b"cgroup2" {
        return None;
    }
    // Relative to the root of this namespace: `/..` is above it.
    let is_above = root.len() > 1 && root.split(|&byte| byte == b'/').skip(1).all(|part| part == b"..");
    let view = if (root == b"/" && in_first_namespace) || is_above { View::Machine } else { View::Part };
    Some(Hierarchy { folder: PathBuf::from(OsString::from_vec(unescape(point))), view })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    /// The folder and the view for a table, in a namespace.
    fn found(table: &[u8], namespace: &str) -> Option<(String, View)> {
        let proc = tempfile::tempdir().expect("temporary folder");
        fs::create_dir_all(proc.path().join("self/ns")).expect("created");
        fs::write(proc.path().join("self/mountinfo"), table).expect("written");
        symlink(namespace, proc.path().join("self/ns/cgroup")).expect("linked");
        let hierarchy = find(&Roots::new(proc.path(), Path::new("/sys")))?;
        Some((hierarchy.folder.display().to_string(), hierarchy.view))
    }

    fn at(folder: &str, view: View) -> (String, View) {
        (folder.to_owned(), view)
    }

    #[test]
    fn the_hierarchy_is_found_alone_and_beside_version_1() {
        let alone = b"25 1 0:5 / / rw - ext4 /dev/sda rw\n31 25 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        assert_eq!(found(alone, FIRST_NAMESPACE), Some(at("/sys/fs/cgroup", View::Machine)));
        let hybrid = b"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        assert_eq!(found(hybrid, FIRST_NAMESPACE), Some(at("/sys/fs/cgroup/unified", View::Machine)));
        assert_eq!(found(b"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", FIRST_NAMESPACE), None);
    }

    #[test]
    fn in_a_container_a_part_is_visible_unless_the_hierarchy_of_the_machine_is_mounted() {
        let own = "31 25 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        assert_eq!(found(own.as_bytes(), "cgroup:[4026532999]"), Some(at("/sys/fs/cgroup", View::Part)));
        let both = format!(r"{own}77 25 0:28 /../.. /host\040groups ro - cgroup2 cgroup rw");
        assert_eq!(found(both.as_bytes(), "cgroup:[4026532999]"), Some(at("/host groups", View::Machine)));
        let below = b"31 25 0:28 /system.slice/docker-1.scope /sys/fs/cgroup ro - cgroup2 cgroup rw";
        assert_eq!(found(below, FIRST_NAMESPACE), Some(at("/sys/fs/cgroup", View::Part)));
    }

    #[test]
    fn a_damaged_or_missing_table_has_no_hierarchy() {
        for table in [&b""[..], b"\xff\xfe\0", b"31 25 0:28 / /sys/fs/cgroup ro - ", b"31 25 0:28 / /x cgroup2 cgroup2"]
        {
            assert_eq!(found(table, FIRST_NAMESPACE), None);
        }
        assert_eq!(find(&Roots::new(Path::new("/nowhere"), Path::new("/sys"))), None);
    }
}

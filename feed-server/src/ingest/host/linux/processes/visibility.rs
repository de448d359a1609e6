//! Which processes of the machine can be seen: in a container, or with the option `hidepid` of `/proc`, not all.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::folder::read_beginning;
use crate::ingest::host::kernel::fields::{Fields, lines, number};
use crate::ingest::host::linux::roots::Roots;

/// Mounts and rights change rarely.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The kernel's number of the first namespace of process ids (`PROC_PID_INIT_INO`).
const FIRST_NAMESPACE: &str = "pid:[4026531836]";
/// The bit of `CAP_SYS_PTRACE`: who has it sees all processes.
const SEES_ALL: u64 = 1 << 19;

#[derive(Debug)]
pub(super) struct Visibility {
    namespace: PathBuf,
    table: PathBuf,
    own_status: PathBuf,
    looked_at: Option<Instant>,
    is_container: bool,
    hiding: Hiding,
}

/// What the option `hidepid` does to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hiding {
    /// It is not set.
    None,
    /// This process is in the group that sees all, or has the right to.
    NotFromUs,
    FromUs,
}

/// What can be told from process 1, which every namespace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstProcess {
    Read,
    Hidden,
}

impl Visibility {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            namespace: roots.proc("self/ns/pid"),
            table: roots.proc("self/mountinfo"),
            own_status: roots.proc("self/status"),
            looked_at: None,
            is_container: false,
            hiding: Hiding::None,
        }
    }

    pub(super) fn look_if_due(&mut self, now: Instant) {
        if self.looked_at.is_some_and(|at| now.saturating_duration_since(at) < LOOK_EVERY) {
            return;
        }
        self.looked_at = Some(now);
        self.is_container = fs::read_link(&self.namespace).is_ok_and(|namespace| *namespace != *FIRST_NAMESPACE);
        let group = read_beginning(&self.table).ok().and_then(|table| group_that_sees_all(&table));
        self.hiding = match group {
            None => Hiding::None,
            Some(group) if read_beginning(&self.own_status).is_ok_and(|status| sees_all(&status, group)) => {
                Hiding::NotFromUs
            }
            Some(_) => Hiding::FromUs,
        };
    }

    /// What is hidden, for the health.
    pub(super) const fn hidden(&self, first: FirstProcess) -> Option<&'static str> {
        match (self.hiding, first) {
            (Hiding::FromUs, _) | (Hiding::NotFromUs, FirstProcess::Hidden) => {
                Some("processes of other users are hidden (hidepid)")
            }
            (Hiding::None, FirstProcess::Hidden) => Some("processes of other users are hidden"),
            (Hiding::None | Hiding::NotFromUs, FirstProcess::Read) => None,
        }
    }

    /// What is outside, for the health.
    pub(super) fn outside(&self) -> Option<&'static str> {
        self.is_container.then_some("only the processes of this container are visible")
    }
}

/// The group to which `/proc` hides no process. `None` if it hides none from any group. `table` is the text of `mountinfo`.
fn group_that_sees_all(table: &[u8]) -> Option<u64> {
    // Of several mounts at the place, the last one is seen.
    let options = lines(table).filter_map(proc_options).last()?;
    let value = |name: &str| {
        let mut options = options.split(|&byte| byte == b',');
        options.find_map(|option| option.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    let hides = value("hidepid").is_some_and(|hides| !matches!(hides, b"0" | b"off"));
    hides.then(|| value("gid").and_then(number).unwrap_or(0))
}

/// The options of the file system, if the line is of one at `/proc`.
fn proc_options(line: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(line);
    if fields.nth(4)? != b"/proc" {
        return None;
    }
    let mut file_system = fields.skip_while(|&field| field != b"-").skip(1);
    if file_system.next()? != b"proc" {
        return None;
    }
    file_system.nth(1)
}

/// True if a process with this `status` is in the group, or has the right to see all.
fn sees_all(status: &[u8], group: u64) -> bool {
    lines(status).any(|line| {
        let mut fields = Fields::new(line);
        match fields.next() {
            Some(b"Gid:" | b"Groups:") => fields.any(|field| number(field) == Some(group)),
            Some(b"CapEff:") => {
                let rights = fields.next().and_then(|hex| std::str::from_utf8(hex).ok());
                rights.and_then(|hex| u64::from_str_radix(hex, 16).ok()).is_some_and(|rights| rights & SEES_ALL != 0)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_hidepid_of_the_last_mount_at_proc_counts() {
        let line = |options: &str| format!("22 27 0:21 / /proc rw,nosuid shared:5 - proc proc {options}\n");
        let group = |table: String| group_that_sees_all(table.as_bytes());
        assert_eq!(group(line("rw")), None);
        assert_eq!(group(line("rw,hidepid=off")), None);
        assert_eq!(group(line("rw,gid=7,hidepid=0")), None);
        assert_eq!(group(line("rw,hidepid=2")), Some(0));
        assert_eq!(group(line("rw,gid=27,hidepid=invisible")), Some(27));
        assert_eq!(group(line("rw,hidepid=2") + &line("rw")), None);
        let elsewhere = "1 2 0:3 / /mnt rw - proc proc rw,hidepid=2\n3 4 0:5 / /proc rw - tmpfs x rw,hidepid=2\n";
        assert_eq!(group(elsewhere.to_owned() + "x\n\u{fffd}\n5 6 0:7 / /proc"), None);
    }

    #[test]
    fn the_group_and_a_right_see_all() {
        let status = |gid: &str, groups: &str, rights: &str| {
            format!("Name:\tx\nGid:\t{gid}\nGroups:\t{groups}\nCapPrm:\tffffffffffffffff\nCapEff:\t{rights}\n")
        };
        let (users, none) = ("1000\t1000\t1000\t1000", "0000000000000000");
        assert!(!sees_all(status(users, "4 24 ", none).as_bytes(), 27));
        assert!(sees_all(status(users, "4 24 27 ", none).as_bytes(), 27));
        assert!(sees_all(status("0\t0\t0\t0", "", none).as_bytes(), 0));
        assert!(sees_all(status(users, "", "000001ffffffffff").as_bytes(), 27));
        assert!(!sees_all(status(users, "", "000001fffff7ffff").as_bytes(), 27));
        assert!(!sees_all(b"CapEff:\nCapEff:\t\xff\nGid:", 0));
    }
}

//! The processes of the last scan.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use super::ended_children::Due;
use super::key::Key;
use super::known::{Began, Known, Reading};
use crate::ingest::host::kernel::pid_stat::PidStat;

/// A bound on the processes that are read a second time in a scan.
const MAX_READ_AGAIN: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Table {
    known: HashMap<u32, Known>,
    scan: u64,
    /// The time of this scan, and of the one before.
    began: Option<Instant>,
    last_began: Option<Instant>,
    /// The latest start of a process, of the scans before this one, and of all.
    newest_before: u64,
    newest: u64,
    ended: Vec<Ended>,
    /// Of ended processes whose parent has ended too: another process waits for them.
    orphans: Due,
    read_again: Vec<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    parent: u32,
    ticks: u64,
}

impl Table {
    /// Begins a scan.
    pub(super) const fn begin(&mut self, began: Instant) {
        self.scan += 1;
        (self.last_began, self.began) = (self.began, Some(began));
        self.newest_before = self.newest;
    }

    /// Takes a reading of the process at `place` in the list. Hot: once per process and scan.
    pub(super) fn take(&mut self, pid: u32, place: usize, stat: &PidStat<'_>, at: Instant) -> (&mut Known, Reading) {
        self.newest = self.newest.max(stat.started_ticks);
        let began = match self.last_began {
            // Every process that had begun before the last scan began was listed by it.
            Some(last_began) if stat.started_ticks >= self.newest_before => Began::After(last_began),
            _ => Began::Unknown,
        };
        let known = match self.known.entry(pid) {
            Entry::Occupied(entry) if entry.get().started_ticks == stat.started_ticks => entry.into_mut(),
            Entry::Occupied(entry) => {
                let known = entry.into_mut();
                self.ended.extend(Ended::of(known));
                *known = Known::new(stat, began);
                known
            }
            Entry::Vacant(entry) => entry.insert(Known::new(stat, began)),
        };
        (known.scan, known.place) = (self.scan, place);
        let reading = known.read(stat, at);
        (known, reading)
    }

    /// The process is listed, and was not read or not understood.
    pub(super) fn skip(&mut self, pid: u32, place: usize) {
        if let Some(known) = self.known.get_mut(&pid) {
            (known.scan, known.place) = (self.scan, place);
            known.skip();
        }
    }

    /// Ends a scan: removes the processes that were not listed. Returns the CPU time in ticks of processes while they were not seen.
    /// `has_ended` reads a process again.
    pub(super) fn end(&mut self, has_ended: impl FnMut(Key) -> bool) -> u64 {
        let scan = self.scan;
        let gone = self.known.extract_if(|_, known| known.scan != scan);
        self.ended.extend(gone.filter_map(|(_, known)| Ended::of(&known)));
        for Ended { parent, ticks } in self.ended.drain(..) {
            match self.known.get_mut(&parent) {
                Some(parent) => parent.children.ended(ticks),
                None => self.orphans.add(ticks),
            }
        }
        if self.known.values().any(|known| known.children.has_unseen()) {
            self.settle_ended_since(has_ended);
        }
        let unseen: u64 = self.known.values_mut().map(|known| known.children.settle()).sum();
        self.orphans.settle(unseen)
    }

    /// Finds the processes that ended after they were read and before their parent was: the parent has their time already.
    fn settle_ended_since(&mut self, mut has_ended: impl FnMut(Key) -> bool) {
        let parent_has_unseen = |known: &Known| {
            let parent = self.known.get(&known.parent);
            parent.is_some_and(|parent| parent.place > known.place && parent.children.has_unseen())
        };
        let suspects = self.known.iter().filter(|(_, known)| known.ticks() > 0 && parent_has_unseen(known));
        self.read_again.clear();
        self.read_again.extend(suspects.map(|(&pid, known)| known.key(pid)).take(MAX_READ_AGAIN));
        for key in self.read_again.drain(..).filter(|&key| has_ended(key)) {
            let Some(known) = self.known.get_mut(&key.pid) else { continue };
            known.is_settled = true;
            let Ended { parent, ticks } = Ended { parent: known.parent, ticks: known.ticks() };
            if let Some(parent) = self.known.get_mut(&parent) {
                parent.children.ended(ticks);
            }
        }
    }

    /// All processes have ended, or can no longer be read.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The time of this scan since the last one, in seconds.
    pub(super) fn seconds(&self) -> Option<f64> {
        let elapsed = self.began?.saturating_duration_since(self.last_began?);
        Some(elapsed.as_secs_f64()).filter(|seconds| *seconds > 0.0)
    }

    pub(super) fn get(&self, pid: u32) -> Option<&Known> {
        self.known.get(&pid)
    }

    pub(super) fn get_mut(&mut self, pid: u32) -> Option<&mut Known> {
        self.known.get_mut(&pid)
    }

    pub(super) fn processes(&self) -> impl ExactSizeIterator<Item = (Key, &Known)> {
        self.known.iter().map(|(&pid, known)| (known.key(pid), known))
    }
}

impl Ended {
    fn of(known: &Known) -> Option<Self> {
        (!known.is_settled).then(|| Self { parent: known.parent, ticks: known.ticks() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stat(parent: u32, ticks: u64, children_ticks: u64) -> PidStat<'static> {
        PidStat {
            name: b"x",
            parent,
            user_ticks: ticks,
            system_ticks: 0,
            children_user_ticks: children_ticks,
            children_system_ticks: 0,
            threads: 1,
            started_ticks: 1,
            resident_pages: 0,
        }
    }

    /// Scans processes in the order given: pid, parent, own ticks, ticks of children.
    fn scan(table: &mut Table, second: u64, processes: &[(u32, u32, u64, u64)], has_ended: fn(Key) -> bool) -> u64 {
        let at = Instant::now() + Duration::from_secs(second);
        table.begin(at);
        for (place, &(pid, parent, ticks, children_ticks)) in processes.iter().enumerate() {
            table.take(pid, place, &stat(parent, ticks, children_ticks), at);
        }
        table.end(has_ended)
    }

    #[test]
    fn a_child_that_ends_between_its_reading_and_that_of_its_parent_is_not_counted_as_unseen() {
        let mut table = Table::default();
        scan(&mut table, 0, &[(7, 900, 5_000, 0), (900, 1, 0, 0)], |_| false);
        assert_eq!(scan(&mut table, 1, &[(7, 900, 5_000, 0), (900, 1, 0, 5_003)], |key| key.pid == 7), 3);
        assert_eq!(scan(&mut table, 2, &[(900, 1, 0, 5_003)], |_| true), 0);
        assert_eq!(scan(&mut table, 3, &[(900, 1, 0, 5_013)], |_| true), 10, "its time was deducted once");
    }

    #[test]
    fn children_that_are_read_after_their_parent_are_not_read_again() {
        let mut table = Table::default();
        scan(&mut table, 0, &[(2, 1, 0, 0), (7, 2, 5_000, 0)], |_| false);
        assert_eq!(scan(&mut table, 1, &[(2, 1, 0, 9), (7, 2, 5_000, 0)], |key| panic!("{key:?}")), 9);
    }

    #[test]
    fn the_time_of_a_child_whose_parent_ends_too_is_deducted_from_whoever_waits_for_it() {
        let mut table = Table::default();
        scan(&mut table, 0, &[(1, 0, 0, 0), (2, 1, 10, 0), (3, 2, 5_000, 0)], |_| false);
        assert_eq!(scan(&mut table, 1, &[(1, 0, 0, 5_010)], |_| false), 0);
        assert_eq!(scan(&mut table, 2, &[(1, 0, 0, 5_012)], |_| false), 2);
    }
}

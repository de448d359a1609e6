//! Reads the control groups, on a thread of its own: a few of all in each turn, so that each is read about once a second, and in every turn
//! those that are shown. Time is an argument, but for the time that a turn may take.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::meters::{FileSet, Files, Meters, Part, SUBJECTS, Subject, known};
use super::mount::{self, Hierarchy, View};
use super::workload::{Kind, Workload, WorkloadPart};
use super::{stacked, tree};
use crate::ingest::host::busiest::{Busiest, Ranked};
use crate::ingest::host::linux::roots::Roots;
use crate::ingest::host::linux::text_file::TextBuffer;
use crate::ingest::host::reader::Moment;

/// The tree is walked again after this time.
const WALK_EVERY: Duration = Duration::from_secs(10);
/// All groups are read at most this often.
const PASS_EVERY: Duration = Duration::from_secs(1);
/// Throttling is a share of ten periods, and the number of tasks changes slowly.
pub(super) const SLOW_EVERY: Duration = Duration::from_secs(1);
/// After a reading of the groups that are shown, the time until the next, as a multiple of the time that it took: a twentieth of a core. On
/// a machine with many processors the kernel adds up as many counters for each file.
const REST_FACTOR: u32 = 20;
const MAX_REST: Duration = Duration::from_secs(1);
/// Turns come a little early or late.
const TOLERANCE: Duration = Duration::from_millis(50);

/// The controllers whose files are read, and what is missing without them.
const CONTROLLERS: [(&str, &str); 4] = [("memory", "memory"), ("io", "I/O"), ("pids", "tasks"), ("cpu", "throttling")];

/// The values of one subject: none if it has no row in this turn.
pub(super) type Row = Option<Vec<(WorkloadPart, Option<f64>)>>;

pub(super) struct Reading {
    pub(super) moment: Moment,
    /// In the order of [`SUBJECTS`].
    pub(super) rows: [Row; SUBJECTS.len()],
    /// Of a turn in which the tree was walked: what is not measured.
    pub(super) left_out: Option<[Option<String>; LEFT_OUT]>,
    /// Control groups of version 2 are not mounted.
    pub(super) is_missing: bool,
}

/// Reasons to leave something out.
pub(super) const LEFT_OUT: usize = 4;

/// Bounds on the cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The time for which groups that are not shown are read in a turn.
    pub(super) budget: Duration,
    /// The number of folders that a walk visits.
    pub(super) folders: usize,
}

pub(super) struct Survey {
    roots: Roots,
    limits: Limits,
    files: Files,
    walked_at: Option<Instant>,
    /// In the order of their paths.
    workloads: Vec<(Arc<Workload>, Meters)>,
    pass: Option<Pass>,
    busiest: [Busiest<Arc<Workload>>; SUBJECTS.len()],
    shown: BTreeMap<Arc<Workload>, (FileSet, Meters)>,
    rests_until: Option<Instant>,
    slow_at: Option<Instant>,
    is_missing: bool,
    /// Of a walk whose turn is not over.
    left_out: Option<[Option<String>; LEFT_OUT]>,
}

/// All groups are read one after another, over several turns.
#[derive(Clone, Copy)]
struct Pass {
    began: Instant,
    /// The place of the next.
    next: usize,
}

/// Below, a group is idle.
const fn floor(subject: Subject) -> f64 {
    match subject {
        // In percent of a core.
        Subject::Cpu => 0.2,
        // In bytes a second.
        Subject::Io => 1_000.0,
        Subject::Pressure | Subject::Throttled => 0.001,
        Subject::Memory | Subject::Tasks => 0.0,
    }
}

impl Survey {
    pub(super) fn new(roots: &Roots, limits: Limits) -> Self {
        Self {
            roots: roots.clone(),
            limits,
            files: Files::new(TextBuffer::default()),
            walked_at: None,
            workloads: Vec::new(),
            pass: None,
            busiest: SUBJECTS.map(|subject| Busiest::new(Ranked::ByLevel, floor(subject))),
            shown: BTreeMap::new(),
            rests_until: None,
            slow_at: None,
            is_missing: false,
            left_out: None,
        }
    }

    /// Finds the groups and reads a few of them, to choose those that are shown.
    pub(super) fn prepare(&mut self, now: Instant) {
        if self.walked_at.is_none_or(|at| now.saturating_duration_since(at) >= WALK_EVERY) {
            self.walked_at = Some(now);
            self.left_out = Some(self.walk());
        }
        self.read_some(now);
    }

    /// Reads the groups that are shown, unless the last reading took too long.
    pub(super) fn read(&mut self, now: Moment) -> Reading {
        let (rows, left_out) = ([const { None }; SUBJECTS.len()], self.left_out.take());
        let mut reading = Reading { moment: now, rows, left_out, is_missing: self.is_missing };
        if self.rests_until.is_none_or(|end| now.instant >= end) {
            let (began, files) = (Instant::now(), &mut self.files);
            self.shown.retain(|workload, (wanted, meters)| {
                meters.read(&workload.folder, *wanted, files, now.instant).is_ok()
            });
            reading.rows = self.rows(now.instant);
            self.rests_until = Some(now.instant + (began.elapsed() * REST_FACTOR).min(MAX_REST));
        }
        reading
    }

    /// Finds the workloads. Returns what is not measured.
    fn walk(&mut self) -> [Option<String>; LEFT_OUT] {
        let hierarchy = mount::find(&self.roots);
        self.is_missing = hierarchy.is_none();
        let Some(Hierarchy { folder, view }) = hierarchy else {
            self.workloads.clear();
            self.shown.clear();
            return Default::default();
        };
        let part = (view == View::Part)
            .then(|| "control groups: only those of this container are visible, and are measured".to_owned());
        let mut found = match tree::walk(&folder, self.limits.folders) {
            Ok(found) => found,
            Err(error) => {
                self.workloads.clear();
                self.shown.clear();
                let unreadable = format!("control groups are not measured: {}: {error}", folder.display());
                return [Some(unreadable), None, None, part];
            }
        };
        if view == View::Part {
            let (path, name) = ("/".to_owned(), "this container".to_owned());
            found.workloads.push(Workload { path, name, kind: Kind::Container, folder: folder.clone() });
        }
        let mut known: BTreeMap<Arc<Workload>, Meters> = std::mem::take(&mut self.workloads).into_iter().collect();
        let workloads: BTreeSet<Workload> = found.workloads.into_iter().collect();
        self.workloads = workloads
            .into_iter()
            .map(|workload| known.remove_entry(&workload).unwrap_or_else(|| (Arc::new(workload), Meters::new())))
            .collect();
        self.files.stacked = stacked::list(&self.roots.sys("block"));
        let missing = (!self.workloads.is_empty()).then(|| missing_controllers(&folder)).flatten();
        let beyond = found.beyond.map(|beyond| format!("control groups: {beyond}: the others are not measured"));
        [None, missing, beyond, part]
    }

    /// Reads a few of all groups. After the last, ranks them.
    fn read_some(&mut self, now: Instant) {
        let is_due = self.pass.is_none_or(|pass| {
            pass.next > self.workloads.len() && now.saturating_duration_since(pass.began) + TOLERANCE >= PASS_EVERY
        });
        if is_due {
            self.pass = Some(Pass { began: now, next: 0 });
        }
        let Some(mut pass) = self.pass else { return };
        let end = Instant::now() + self.limits.budget;
        while let Some((workload, meters)) = self.workloads.get_mut(pass.next) {
            // One that is gone has no rank, and is there until the next walk: it may return.
            let _gone = meters.read(&workload.folder, FileSet::ALL, &mut self.files, now);
            pass.next += 1;
            if Instant::now() > end {
                break;
            }
        }
        if pass.next == self.workloads.len() {
            self.rank(now);
            pass.next += 1;
        }
        self.pass = Some(pass);
    }

    fn rank(&mut self, now: Instant) {
        let mut wanted: BTreeMap<Arc<Workload>, FileSet> = BTreeMap::new();
        for (subject, busiest) in SUBJECTS.into_iter().zip(&mut self.busiest) {
            let ranks = self
                .workloads
                .iter()
                .filter_map(|(workload, meters)| Some((Arc::clone(workload), meters.rank(subject)?)));
            busiest.update(now, ranks);
            for workload in busiest.shown() {
                let files = wanted.entry(Arc::clone(workload)).or_default();
                *files = files.and(FileSet::of(subject));
            }
        }
        let mut before = std::mem::take(&mut self.shown);
        let shown = wanted.into_iter().map(|(workload, files)| {
            let meters = before.remove(&workload).map_or_else(Meters::new, |(_, meters)| meters);
            (workload, (files, meters))
        });
        self.shown = shown.collect();
    }

    fn rows(&mut self, now: Instant) -> [Row; SUBJECTS.len()] {
        let is_slow_due = self.slow_at.is_none_or(|at| now.saturating_duration_since(at) + TOLERANCE >= SLOW_EVERY);
        if is_slow_due {
            self.slow_at = Some(now);
        }
        let (shown, busiest) = (&self.shown, &self.busiest);
        let row = |place: usize| {
            let subject = SUBJECTS[place];
            let is_slow = matches!(subject, Subject::Throttled | Subject::Tasks);
            if is_slow && !is_slow_due {
                return None;
            }
            let workloads = busiest[place].shown().filter_map(|workload| Some((workload, &shown.get(workload)?.1)));
            let values = workloads.flat_map(|(workload, meters)| {
                let part = |part: Part| WorkloadPart { workload: Arc::clone(workload), part };
                meters.values(subject).map(move |(name, value)| (part(name), known(value)))
            });
            Some(values.collect())
        };
        std::array::from_fn(row)
    }
}

/// States which controllers are not enabled for the groups below `folder`.
fn missing_controllers(folder: &Path) -> Option<String> {
    let path = folder.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&path).ok()?;
    let is_missing = |(name, _): &(&str, &str)| !enabled.split_whitespace().any(|enabled| enabled == *name);
    let (names, subjects): (Vec<_>, Vec<_>) = CONTROLLERS.into_iter().filter(is_missing).unzip();
    let (names, subjects, path) = (names.join(", "), subjects.join(", "), path.display());
    let text = || format!("control groups: {subjects} not measured: {path} lacks the controllers {names}");
    (!names.is_empty()).then(text)
}

//! A scan: all processes are read, compared with the scan before, and ranked.

use std::path::{Path, PathBuf};
use std::thread;

use protocol::column::MISSING;

use super::disk_traffic::{self, DiskTraffic};
use super::folder::{Listed, ProcFolder, Unread, read_beginning};
use super::known::{Known, Reading};
use super::pace::{Pace, SLICE};
use super::ranking::{Ranking, Rows};
use super::table::Table;
use super::visibility::{FirstProcess, Visibility};
use crate::ingest::host::busy_time::TICKS_PER_SECOND;
use crate::ingest::host::kernel::{cpu_list, pid_stat};
use crate::ingest::host::linux::roots::Roots;
use crate::ingest::host::percent_of::PercentOf;
use crate::ingest::host::reader::Moment;

/// A limit on the processes of a scan.
const MAX_PROCESSES: usize = 100_000;
/// Of short-lived processes: more than the cores can do was not used in this scan. A child that was hidden for long has ended. The
/// share above one allows for parents that are read later in one scan than in the last.
const MOST_OF_CORES: f64 = 1.5;

pub(super) struct Scanner<P> {
    pace: P,
    folder: ProcFolder,
    pids: Vec<u32>,
    table: Table,
    ranking: Ranking,
    visibility: Visibility,
    percent_of: PercentOf,
    online: PathBuf,
    /// On the processes of a scan.
    pub(super) limit: usize,
    found: Found,
}

/// What the health states of a scan.
#[derive(Clone, Copy, Debug)]
struct Found {
    first: FirstProcess,
    listed: Listed,
    /// Processes whose files were not read or not understood.
    skipped: u32,
    /// Of this and all earlier scans.
    is_disk_refused: bool,
}

/// The result: rows that are ready to be sent.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) moment: Moment,
    pub(super) rows: Rows,
    /// Processes and threads of the machine. `None` if they cannot be read.
    pub(super) counts: Option<[u64; 2]>,
    /// For the health, each at a place of its own.
    pub(super) left_out: [Option<String>; LEFT_OUT],
}

/// The number of reasons for which something is not measured.
pub(super) const LEFT_OUT: usize = 6;

impl<P: Pace> Scanner<P> {
    pub(super) fn new(roots: &Roots, page_bytes: u64, percent_of: PercentOf, pace: P) -> Self {
        Self {
            pace,
            folder: ProcFolder::new(&roots.proc("")),
            pids: Vec::new(),
            table: Table::default(),
            ranking: Ranking::new(page_bytes),
            visibility: Visibility::new(roots),
            percent_of,
            online: roots.sys("devices/system/cpu/online"),
            limit: MAX_PROCESSES,
            found: Found { first: FirstProcess::Hidden, listed: Listed::All, skipped: 0, is_disk_refused: false },
        }
    }

    pub(super) fn scan(&mut self) -> Scan {
        let moment = self.pace.begin();
        self.visibility.look_if_due(moment.instant);
        let not_listed = match self.folder.list(&mut self.pids, self.limit) {
            Ok(_) if self.pids.is_empty() => Some("none is listed".to_owned()),
            Ok(listed) => {
                self.found.listed = listed;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = not_listed {
            return self.nothing(moment, &reason);
        }
        self.read_all(moment);
        let folder = &mut self.folder;
        let unseen = self.table.end(|key| {
            let text = folder.read(key.pid, "stat");
            let same = |text: &[u8]| pid_stat::parse(text).is_some_and(|stat| stat.started_ticks == key.started_ticks);
            match text {
                Ok(text) => !same(text),
                Err(error) => error == Unread::Missing,
            }
        });
        let cores = online_cores(&self.online);
        let short_lived = self.table.seconds().map_or(MISSING, |seconds| {
            let percent = unseen as f64 * 100.0 / TICKS_PER_SECOND as f64 / seconds;
            if percent > MOST_OF_CORES * 100.0 * cores as f64 { f64::NAN } else { percent }
        });
        let divisor = self.percent_of.divisor(cores);
        let rows = self.ranking.rank(&mut self.table, moment.instant, short_lived, divisor);
        let threads = self.table.processes().map(|(_, known)| known.threads).fold(0, u64::saturating_add);
        let counts = Some([self.table.processes().len() as u64, threads]);
        Scan { moment, rows, counts, left_out: self.left_out(None) }
    }

    fn read_all(&mut self, moment: Moment) {
        self.table.begin(moment.instant);
        (self.found.first, self.found.skipped) = (FirstProcess::Hidden, 0);
        let (mut at, slices) = (moment.instant, self.pids.len() / SLICE);
        for place in 0..self.pids.len() {
            if place > 0 && place % SLICE == 0 {
                at = self.pace.rest(slices);
            }
            let Self { folder, table, found, pids, .. } = self;
            let pid = pids[place];
            match folder.read(pid, "stat") {
                Ok(text) => {
                    found.saw(pid);
                    match pid_stat::parse(text) {
                        Some(stat) => {
                            let (known, reading) = table.take(pid, place, &stat, at);
                            read_disk(folder, found, pid, known, reading);
                        }
                        None => found.skip(table, pid, place),
                    }
                }
                // It ended after it was listed.
                Err(Unread::Missing) => {}
                Err(Unread::NotPermitted) => table.skip(pid, place),
                Err(Unread::Failed) => {
                    found.saw(pid);
                    found.skip(table, pid, place);
                }
            }
        }
    }

    /// No process can be read: the series of all end.
    fn nothing(&mut self, moment: Moment, reason: &str) -> Scan {
        self.table.clear();
        self.ranking.rank(&mut self.table, moment.instant, MISSING, 1.0);
        let why = format!("processes not measured: {}: {reason}", self.folder.path().display());
        (self.found.listed, self.found.skipped) = (Listed::All, 0);
        self.found.first = FirstProcess::Read;
        Scan { moment, rows: Rows::default(), counts: None, left_out: self.left_out(Some(why)) }
    }

    /// Texts without numbers that change: the health logs each text that is new.
    fn left_out(&self, nothing: Option<String>) -> [Option<String>; LEFT_OUT] {
        let Found { first, listed, skipped, is_disk_refused } = self.found;
        let beyond = (listed == Listed::UpToLimit)
            .then(|| format!("more than {} processes: the others are not measured", self.limit));
        let disk = "disk traffic of some processes not measured: their files `io` cannot be read";
        let stat = "some processes not measured: their files `stat` are not understood";
        [
            nothing,
            beyond,
            self.visibility.hidden(first).map(str::to_owned),
            self.visibility.outside().map(str::to_owned),
            is_disk_refused.then(|| disk.to_owned()),
            (skipped > 0).then(|| stat.to_owned()),
        ]
    }
}

impl Found {
    /// A process can be seen.
    const fn saw(&mut self, pid: u32) {
        if pid == 1 {
            self.first = FirstProcess::Read;
        }
    }

    fn skip(&mut self, table: &mut Table, pid: u32, place: usize) {
        self.skipped += 1;
        table.skip(pid, place);
    }
}

/// Reads the disk traffic of a process that has run or is shown: the other ones have none. After a refusal it is not read again.
fn read_disk(folder: &mut ProcFolder, found: &mut Found, pid: u32, known: &mut Known, reading: Reading) {
    let is_due = reading.has_run || known.is_disk_shown;
    if !is_due || matches!(known.disk, DiskTraffic::Refused) {
        return;
    }
    let totals = folder.read(pid, "io").map(disk_traffic::parse);
    let is_refused = match totals {
        Ok(Some(totals)) => {
            known.disk.read(totals, reading.span);
            false
        }
        Ok(None) | Err(Unread::NotPermitted) => true,
        // Either it has ended, or the kernel has no such file.
        Err(Unread::Missing) => folder.read(pid, "stat").is_ok(),
        Err(Unread::Failed) => false,
    };
    if is_refused {
        known.disk = DiskTraffic::Refused;
        found.is_disk_refused = true;
    }
}

fn online_cores(list: &Path) -> u64 {
    let listed = read_beginning(list).ok().and_then(|text| cpu_list::count(&text));
    listed.unwrap_or_else(|| thread::available_parallelism().map_or(1, |cores| cores.get() as u64))
}

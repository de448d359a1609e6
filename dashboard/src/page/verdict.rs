//! One sentence on how the machine is, from the values of the host source in the last ten seconds.

use protocol::{Interval, Timestamp};
use series::Unit;

use super::foreign_text::isolated;
use crate::layout;
use crate::store::{Group, Store};

/// A shorter peak is no state of the machine.
const AVERAGED_OVER: Interval = Interval::from_secs(10);

/// Shares of the time, or of a size, above which a value is named.
const CPU_BUSY: f64 = 0.9;
/// A machine that is busier is not called quiet.
const QUIET: f64 = 0.5;
const WAITS_FOR_CPU: f64 = 0.2;
const WAITS_FOR_MEMORY: f64 = 0.05;
const WAITS_FOR_DISKS: f64 = 0.1;
const DISK_FULL: f64 = 0.9;
const MEMORY_LEFT: f64 = 0.1;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Empty for another source than the host.
    pub(super) text: String,
    /// Something is above its limit.
    pub(super) is_bad: bool,
}

impl Verdict {
    /// How the machine was before `now`, by the server's clock.
    pub(super) fn of(store: &Store, now: Timestamp) -> Self {
        if !layout::is_host(store.groups()) {
            return Self::default();
        }
        let read = Reader { store, from: now - AVERAGED_OVER, to: now };
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let mut findings: Vec<String> = Vec::new();
        let busy = read.mean("cpu.cores");
        if let Some(busy) = busy.filter(|busy| *busy >= CPU_BUSY) {
            findings.push(format!("the CPU is {} busy", percent(busy)));
        }
        let waits = [
            ("cpu some", "CPU", WAITS_FOR_CPU),
            ("memory some", "memory", WAITS_FOR_MEMORY),
            ("io some", "disks", WAITS_FOR_DISKS),
        ];
        for (series, resource, limit) in waits {
            if let Some(share) = read.value("pressure", series).filter(|share| *share >= limit) {
                findings.push(format!("tasks wait for {resource} {} of the time", percent(share)));
            }
        }
        let memory = (read.value("memory", "used"), read.value("memory", "available"));
        if let (Some(used), Some(available)) = memory
            && available < (used + available) * MEMORY_LEFT
        {
            let available = Unit::parse("By", &protocol::Bounds::Auto).format(available);
            findings.push(format!("only {available} of memory are available"));
        }
        if let Some((name, share)) = read.largest("disk.used").filter(|(_, share)| *share >= DISK_FULL) {
            findings.push(format!("the disk {} is {} full", isolated(&name), percent(share)));
        }
        if read.largest("memory.oom").is_some_and(|(_, rate)| rate > 0.0) {
            findings.push("a process was killed because no memory was left".to_owned());
        }
        let is_bad = !findings.is_empty();
        let text = if is_bad {
            let mut text = findings.join("; ");
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            text
        } else {
            match busy {
                Some(busy) if busy < QUIET => format!("Quiet, nothing waits. The CPU is {} busy", percent(busy)),
                Some(busy) => format!("Nothing waits. The CPU is {} busy", percent(busy)),
                None => String::new(),
            }
        };
        Self { text, is_bad }
    }
}

/// Means over a span.
struct Reader<'a> {
    store: &'a Store,
    from: Timestamp,
    to: Timestamp,
}

impl Reader<'_> {
    fn group(&self, name: &str) -> Option<&Group> {
        self.store.groups().iter().find(|group| group.name == name)
    }

    fn of(&self, group: &Group, place: usize) -> Option<f64> {
        let until = group.first_row_at(self.to + Interval::from_micros(1));
        // Of a slow group, the last row.
        let rows = group.first_row_at(self.from).min(until.saturating_sub(1))..until;
        let summary = group.summary(place, rows);
        (summary.count > 0).then(|| summary.sum / f64::from(summary.count))
    }

    /// The mean of the mean of all series.
    fn mean(&self, group: &str) -> Option<f64> {
        let group = self.group(group)?;
        let values: Vec<f64> = (0..group.series().len()).filter_map(|place| self.of(group, place)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn value(&self, group: &str, series: &str) -> Option<f64> {
        let group = self.group(group)?;
        self.of(group, group.series().iter().position(|held| held.name == series)?)
    }

    /// The series with the largest mean.
    fn largest(&self, group: &str) -> Option<(String, f64)> {
        let group = self.group(group)?;
        let named = group
            .series()
            .iter()
            .enumerate()
            .filter_map(|(place, series)| Some((&series.name, self.of(group, place)?)));
        let largest = named.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((largest.0.clone(), largest.1))
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        BlockBuffer, Body, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId,
        Header, History, HistoryPart, Revision, Sequence, SeriesDescriptor, SeriesId, SeriesKind,
    };

    use super::*;

    const NOW: i64 = 1_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// A host whose series have these values in each of the last twenty seconds.
    fn host(values: &[(&str, &str, f64)]) -> Store {
        let mut store = Store::new(Interval::from_secs(60));
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        let mut names: Vec<&str> = Vec::new();
        let mut blocks = BlockBuffer::default();
        let times: Vec<Timestamp> = (NOW - 20..=NOW).map(at).collect();
        let all = [values, &[("network.bytes", "eth0 received", 0.0)]].concat();
        for (number, &(group, name, _)) in all.iter().enumerate() {
            if !names.contains(&group) {
                let id = GroupId(names.len() as u32);
                let interval = Interval::from_secs(1);
                let described = GroupDescriptor {
                    id,
                    name: group,
                    title: group,
                    unit: "1",
                    interval,
                    ..GroupDescriptor::default()
                };
                groups.push(&described).expect("encodes");
                names.push(group);
            }
            let place = names.iter().position(|held| *held == group).expect("is there") as u32;
            let id = SeriesId(number as u32);
            let mut label = EntriesBuffer::default();
            label.push(&protocol::Label { key: "name", value: name }).expect("encodes");
            let labels = label.entries();
            let kind = SeriesKind::Gauge;
            series.push(&SeriesDescriptor { id, group: GroupId(place), name, kind, labels }).expect("encodes");
        }
        for (place, name) in names.iter().enumerate() {
            let of_group = all.iter().enumerate().filter(|(_, (group, ..))| group == name);
            let columns: Vec<(SeriesId, Vec<f64>)> =
                of_group.map(|(number, &(.., value))| (SeriesId(number as u32), vec![value; times.len()])).collect();
            let columns = columns.iter().map(|(id, values)| (*id, values.as_slice()));
            blocks.push(GroupId(place as u32), &times, columns).expect("encodes");
        }
        let (retired, retired_groups) = (Entries::default(), Entries::default());
        let (scope, revision) = (CatalogScope::Whole, Revision(1));
        let (groups, series) = (groups.entries(), series.entries());
        let header = |sequence| Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: at(NOW), skipped: 0 };
        let catalog = Catalog { scope, revision, groups, series, retired, retired_groups };
        store.apply(&Frame { header: header(0), body: Body::Catalog(catalog) });
        let history = History { part: HistoryPart::Last, blocks: blocks.blocks() };
        store.apply(&Frame { header: header(1), body: Body::History(history) });
        store
    }

    fn text(values: &[(&str, &str, f64)]) -> String {
        Verdict::of(&host(values), at(NOW)).text
    }

    const QUIET: [(&str, &str, f64); 7] = [
        ("cpu.cores", "core 0", 0.1),
        ("cpu.cores", "core 1", 0.3),
        ("pressure", "cpu some", 0.01),
        ("pressure", "memory some", 0.0),
        ("memory", "used", 3e9),
        ("memory", "available", 2e10),
        ("disk.used", "/", 0.5),
    ];

    fn with(changes: &[(&str, &str, f64)]) -> Vec<(&'static str, &'static str, f64)> {
        let other = |(group, name, value): (&'static str, &'static str, f64)| {
            let change = changes.iter().find(|change| (change.0, change.1) == (group, name));
            (group, name, change.map_or(value, |change| change.2))
        };
        QUIET.into_iter().map(other).collect()
    }

    #[test]
    fn a_quiet_machine_is_said_to_be_quiet() {
        assert_eq!(text(&QUIET), "Quiet, nothing waits. The CPU is 20 % busy");
        assert!(!Verdict::of(&host(&QUIET), at(NOW)).is_bad);
    }

    #[test]
    fn what_is_above_its_limit_is_named_with_its_value() {
        let values =
            with(&[("cpu.cores", "core 0", 1.0), ("cpu.cores", "core 1", 0.9), ("pressure", "cpu some", 0.43)]);
        assert_eq!(text(&values), "The CPU is 95 % busy; tasks wait for CPU 43 % of the time");
        let values = with(&[("memory", "available", 1e8), ("pressure", "memory some", 0.06)]);
        assert_eq!(text(&values), "Tasks wait for memory 6 % of the time; only 95.4 MiB of memory are available");
        assert!(text(&with(&[("disk.used", "/", 0.91)])).ends_with("is 91 % full"));
    }

    #[test]
    fn another_source_and_a_host_without_values_have_no_verdict() {
        assert_eq!(Verdict::of(&Store::new(Interval::from_secs(60)), at(NOW)), Verdict::default());
        assert_eq!(Verdict::of(&host(&QUIET), at(NOW - 100)).text, "");
    }
}

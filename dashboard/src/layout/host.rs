//! The default layout of this project's host source: what an expert looks at first, then the resources one after the other, each as
//! utilization, saturation and errors (Gregg, "The USE Method", 2012). Details and the feed itself are in collapsed rows.

use super::panel_spec::PanelSpec;
use super::rows::{Layout, LayoutRow, RowState};
use crate::store::Group;

/// A selector, and settings as in the address.
type Line = (&'static str, &'static str);

/// A row for its groups that exist.
struct HostRow {
    title: &'static str,
    state: RowState,
    panels: &'static [Line],
}

const fn open(title: &'static str, panels: &'static [Line]) -> HostRow {
    HostRow { title, state: RowState::Open, panels }
}

const fn collapsed(title: &'static str, panels: &'static [Line]) -> HostRow {
    HostRow { title, state: RowState::Collapsed, panels }
}

const ROWS: [HostRow; 13] = [
    open(
        "",
        &[
            ("cpu.cores/*", "stats,avg,tile,title:CPU busy"),
            ("pressure/\"cpu some\"", "stats,tile,title:CPU wait"),
            ("memory/used", "stats,tile,title:Memory used"),
            ("pressure/\"memory some\"", "stats,tile,title:Memory wait"),
            ("disk.used/*", "stats,max,tile,title:Fullest disk"),
            ("pressure/\"io some\"", "stats,tile,title:Disk wait"),
            ("network.bytes{device!=lo}", "stats,sum,tile,title:Network"),
            ("cpu.load/\"1 min\"", "stats,tile,title:Load"),
        ],
    ),
    open("CPU", &[("cpu.modes", "area,0..1,wide"), ("cpu.cores", ""), ("pressure", "")]),
    open(
        "Memory",
        &[
            ("memory", "line,wide"),
            ("memory.swap", ""),
            ("memory.paging", ""),
            ("memory.faults", ""),
            ("memory.oom", ""),
        ],
    ),
    open("Disks", &[("disk.io", "line,wide"), ("disk.busy", ""), ("disk.wait", ""), ("disk.read_only", "")]),
    open(
        "Network",
        &[
            ("network.bytes", "line,wide"),
            ("network.events", "line"),
            ("network.connections", "line"),
            ("network.errors", ""),
            ("network.drops", ""),
        ],
    ),
    open("Processes", &[("processes.cpu", "line,wide"), ("processes.memory", "line"), ("processes.disk", "line")]),
    open(
        "Services and containers",
        &[
            ("cgroups.cpu", "line,wide"),
            ("cgroups.memory", "line"),
            ("cgroups.io", "line"),
            ("cgroups.pressure", "line"),
            ("cgroups.throttled", "line"),
        ],
    ),
    open(
        "GPU",
        &[
            ("gpu.busy", "line,wide"),
            ("gpu.memory", "line"),
            ("gpu.power", "line"),
            ("gpu.temperature", "line"),
            ("gpu.clock", "line"),
            ("gpu.fan", "line"),
            ("gpu.memory_busy", "line"),
        ],
    ),
    open(
        "Temperatures and batteries",
        &[
            ("sensors.temperature", "line,wide"),
            ("sensors.fan", "line"),
            ("battery.charge", "line"),
            ("battery.power", "line"),
        ],
    ),
    collapsed(
        "CPU details",
        &[
            ("cpu.load", ""),
            ("cpu.tasks", ""),
            ("cpu.waiting", ""),
            ("cpu.events", ""),
            ("cpu.forks", "line"),
            ("cpu.core_modes", ""),
            ("cpu.frequency", ""),
        ],
    ),
    collapsed(
        "Disk details",
        &[
            ("disk.used", "line"),
            ("disk.space", "line"),
            ("disk.operations", "line"),
            ("disk.queue", "line"),
            ("disk.inodes", "line"),
        ],
    ),
    collapsed(
        "Other details",
        &[
            ("network.packets", "line"),
            ("network.tracked", "line"),
            ("processes.threads", "line"),
            ("processes.count", "line"),
            ("cgroups.tasks", "line"),
            ("system.uptime", "line"),
            ("system.files", "line"),
            ("battery.discharging", "line"),
        ],
    ),
    collapsed(
        "The feed itself",
        &[
            ("feed.viewers", "line"),
            ("feed.traffic", "line"),
            ("feed.messages", "line"),
            ("feed.samples", "line"),
            ("feed.cpu", "line"),
            ("feed.memory", "line"),
            ("feed.late", "line"),
        ],
    ),
];

/// Groups by which the source is recognized.
const SIGNS: [&str; 3] = ["cpu.cores", "memory", "network.bytes"];

/// Returns true for the catalog of the host source.
pub fn is_host(groups: &[Group]) -> bool {
    SIGNS.iter().all(|sign| groups.iter().any(|group| group.name == *sign))
}

/// The rows of the host's groups; `None` if the catalog is not that of the host source.
pub(super) fn layout(groups: &[Group]) -> Option<Layout> {
    if !is_host(groups) {
        return None;
    }
    let spec = |&(selector, settings): &Line| {
        let group = groups.iter().find(|group| group.name == selector);
        match (group, settings) {
            (Some(group), "") => Some(PanelSpec::of_group(group)),
            // Of a selector of a part, whether it selects anything is found out when it is placed.
            _ => PanelSpec::parse(selector, settings).ok(),
        }
    };
    let row = |row: &HostRow| LayoutRow {
        title: row.title.to_owned(),
        state: row.state,
        panels: row.panels.iter().filter_map(spec).collect(),
    };
    Some(Layout { rows: ROWS.iter().map(row).collect() })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_panel_is_well_formed_and_there_once() {
        let mut selectors = HashSet::new();
        for (selector, settings) in ROWS.iter().flat_map(|row| row.panels) {
            let settings = if settings.is_empty() { "line" } else { settings };
            let spec = PanelSpec::parse(selector, settings).unwrap_or_else(|error| panic!("{selector}: {error}"));
            assert_eq!(spec.query.selector.to_string().parse().as_ref(), Ok(&spec.query.selector), "{selector}");
            assert!(selectors.insert(spec.query.selector.to_string()), "{selector} is there twice");
        }
    }
}

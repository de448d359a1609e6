//! The order in which a page shows the groups: processors and what waits for them, memory, disks, network, processes. Details come last,
//! and of these the feed itself.

use protocol::Prominence;

const OVERVIEW: [&str; 38] = [
    "cpu.cores",
    "pressure",
    "cpu.modes",
    "cpu.load",
    "cpu.tasks",
    "memory",
    "memory.swap",
    "memory.oom",
    "disk.read_only",
    "disk.io",
    "disk.busy",
    "disk.wait",
    "disk.used",
    "network.bytes",
    "network.errors",
    "network.drops",
    "network.events",
    "processes.cpu",
    "processes.memory",
    "processes.disk",
    "cgroups.cpu",
    "cgroups.memory",
    "cgroups.io",
    "cgroups.pressure",
    "cgroups.throttled",
    "gpu.busy",
    "gpu.memory",
    "gpu.power",
    "gpu.temperature",
    "gpu.clock",
    "gpu.fan",
    "sensors.temperature",
    "sensors.fan",
    "battery.charge",
    "battery.power",
    "memory.paging",
    "memory.faults",
    "network.connections",
];

const DETAILS: [&str; 25] = [
    "cpu.waiting",
    "cpu.events",
    "cpu.forks",
    "cpu.core_modes",
    "cpu.frequency",
    "disk.space",
    "disk.operations",
    "disk.queue",
    "disk.inodes",
    "network.packets",
    "network.tracked",
    "processes.threads",
    "processes.count",
    "cgroups.tasks",
    "gpu.memory_busy",
    "system.uptime",
    "system.files",
    "battery.discharging",
    "feed.viewers",
    "feed.traffic",
    "feed.messages",
    "feed.samples",
    "feed.cpu",
    "feed.memory",
    "feed.late",
];

/// The place of a group by its name. One that has none comes after all others, except those of the feed.
pub(super) fn place_of(name: &str) -> (Prominence, u32) {
    let rank = |names: &[&str]| names.iter().position(|named| *named == name).map(|place| place as u32 + 1);
    if let Some(rank) = rank(&OVERVIEW) {
        return (Prominence::Overview, rank);
    }
    let feed = DETAILS.iter().position(|named| named.starts_with("feed.")).unwrap_or(DETAILS.len()) as u32;
    (Prominence::Detail, rank(&DETAILS).map_or(feed, |rank| if rank > feed { rank + 1 } else { rank }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_is_last_and_what_has_no_place_is_before_it() {
        let mut names = ["feed.late", "feed.viewers", "unknown", "disk.space", "system.files", "cpu.cores", "memory"];
        names.sort_by_key(|name| {
            let (prominence, rank) = place_of(name);
            (prominence == Prominence::Detail, rank)
        });
        assert_eq!(
            names,
            ["cpu.cores", "memory", "disk.space", "system.files", "unknown", "feed.viewers", "feed.late"]
        );
    }
}

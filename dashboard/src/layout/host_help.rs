//! Help for the panels of the host source: what a panel shows, what is normal, and what to look at next.

/// By group. The first entry whose name is that of the group, or begins it up to a point, is used.
const HELP: [(&str, &str); 43] = [
    (
        "cpu.cores",
        "The part of the time in which each core was not idle. Peaks to 100 % are normal. A core that stays there limits a program with one thread. Next: busiest processes.",
    ),
    (
        "cpu.modes",
        "What the cores did, of all their time. Much system time points to many system calls or interrupts; steal time was taken by other virtual machines. Next: busiest processes, context switches.",
    ),
    (
        "cpu.load",
        "Tasks that run, wait for a core, or wait for a disk, averaged over 1, 5 and 15 minutes. Above the number of cores, tasks wait. Pressure says for what.",
    ),
    (
        "cpu.tasks",
        "Tasks that run or wait for a core, and tasks that are blocked by a disk. More running tasks than cores wait for each other.",
    ),
    (
        "cpu.waiting",
        "Time that tasks waited for a core, per second. It is 0 on an idle machine. Next: busiest processes, services.",
    ),
    (
        "cpu.events",
        "Context switches and interrupts. The normal number is that of a quiet hour; a sudden rise points to a device or to lock contention.",
    ),
    (
        "cpu.forks",
        "New processes and threads a second. A high rate that stays points to a program that starts others in a loop.",
    ),
    ("cpu.core_modes", "The time of each core by mode. One core with much softirq time handles the network for all."),
    ("cpu.frequency", "The clock of each core. It falls to save power, and under heat. Next: temperatures."),
    (
        "pressure",
        "The part of the time in which tasks waited for CPU, memory or disks: some of them, or all at once (full). Near 0 is normal; above 10 % is felt by users. Next: the row of that resource.",
    ),
    ("memory.swap", "Memory that was moved to disks. Used swap is harmless while it does not move. Next: paging."),
    (
        "memory.paging",
        "Bytes read from and written to disks for memory: files that are mapped or cached, and swap. Steady traffic with memory pressure means that memory is too small.",
    ),
    ("memory.faults", "Page faults. Major ones read from a disk and are slow; a few are normal when a program starts."),
    (
        "memory.oom",
        "Processes that the kernel killed because no memory was left. Any is a fault. Next: busiest processes by memory.",
    ),
    (
        "memory",
        "Available is what programs can still get: free memory and caches that can be dropped. Little free memory is normal; little available memory is not. Next: memory pressure.",
    ),
    ("disk.io", "Bytes read and written by each disk. What is normal depends on the disk. Next: busy and wait."),
    (
        "disk.busy",
        "The part of the time in which a disk had an operation to do. SSDs do many at once, so that 100 % is not the end of their capacity: look at the wait.",
    ),
    (
        "disk.wait",
        "Time of an operation from request to end. Below 1 ms is normal for SSDs, 5 to 15 ms for turning disks. Next: disk queue, busiest processes by disk.",
    ),
    (
        "disk.read_only",
        "File systems that were writable and became read-only, mostly after an error of the disk. Any is a fault. Next: the log of the kernel.",
    ),
    ("disk.used", "The part of each file system that is in use. Above 90 % writes become slow, at 100 % they fail."),
    ("disk.space", "Used bytes and size of each file system."),
    ("disk.operations", "Operations a second. Many small ones limit a disk before its bytes do."),
    ("disk.queue", "Operations that wait for a disk or are in work. It grows when the disk is slower than its users."),
    (
        "disk.inodes",
        "The part of the file entries of each file system that is in use. At 100 % no file can be created, whatever the space.",
    ),
    (
        "network.bytes",
        "Bytes received and sent by each interface. lo is traffic within this machine. Next: errors, drops, and what TCP sent again.",
    ),
    ("network.errors", "Packets with errors. Any steady number points to a cable, a card or a driver."),
    ("network.drops", "Packets that were dropped because nobody took them in time. Next: softirq time of the cores."),
    (
        "network.events",
        "What TCP and UDP lost, refused or sent again. Some segments sent again are normal over the internet, hardly any within a building.",
    ),
    ("network.connections", "TCP connections. A number that only rises points to a program that does not close them."),
    ("network.packets", "Packets a second. Many small packets cost CPU time before their bytes fill the link."),
    ("network.tracked", "Connections that the firewall follows. At its limit new ones are refused."),
    ("processes.cpu", "The processes that used most CPU time, and what ended processes used."),
    ("processes.memory", "The processes with most memory of their own and shared. One that only rises leaks."),
    ("processes.disk", "The processes that read and wrote most."),
    ("processes.threads", "The processes with the most threads. A number that only rises is a leak."),
    ("processes.count", "Processes and threads of the machine."),
    (
        "cgroups",
        "Services, containers and sessions, by control group. Throttled ones have reached the limit that was set for them.",
    ),
    (
        "gpu",
        "NVIDIA's own figures of each GPU. Busy is the part of the time in which something ran, not how much of the GPU it used. Clocks fall under heat and at the power limit.",
    ),
    ("sensors", "Sensors of the machine. Above 90 °C most processors slow down."),
    ("battery", "Charge and power of the batteries."),
    ("system.uptime", "Time since the machine started. A fall to 0 was a restart."),
    ("system.files", "Open files of all processes. A number that only rises is a leak."),
    ("feed", "The feed server itself: what measuring and sending costs this machine."),
];

/// The help for a group of the host source.
pub fn help_of(group: &str) -> Option<&'static str> {
    let is_of = |name: &str| group == name || group.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    HELP.iter().find(|(name, _)| is_of(name)).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_own_help_or_that_of_its_family() {
        let begins = |group, text| help_of(group).is_some_and(|help| help.starts_with(text));
        assert!(begins("memory", "Available") && begins("memory.swap", "Memory that was moved"));
        assert!(begins("cgroups.cpu", "Services") && begins("feed.late", "The feed server"));
        assert_eq!((help_of("memory-2"), help_of("synthetic.01"), help_of("")), (None, None, None));
    }

    #[test]
    fn every_help_is_two_lines_at_most() {
        for (name, text) in HELP {
            assert!(text.len() <= 220 && text.ends_with('.'), "{name}: {}", text.len());
        }
    }
}

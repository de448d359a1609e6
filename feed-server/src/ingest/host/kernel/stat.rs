//! `/proc/stat`: processor time by mode, and counters of the scheduler. See `proc_stat(5)`.

use super::Skipped;
use super::fields::{Fields, lines, number};

/// Modes in which a processor spends its time, in the order of the file. `guest` and `guest_nice` are also counted in
/// `user` and `nice`.
pub const MODES: [&str; 10] =
    ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"];

/// Places of modes in [`MODES`].
pub const USER: usize = 0;
pub const NICE: usize = 1;
pub const IDLE: usize = 3;
pub const IOWAIT: usize = 4;
pub const GUEST: usize = 8;
pub const GUEST_NICE: usize = 9;

/// Ticks by mode. Modes that an older kernel does not state are zero.
pub type Ticks = [u64; MODES.len()];

/// The machine's own counters. `None` if the line is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Of all processors together.
    pub total: Option<Ticks>,
    pub interrupts: Option<u64>,
    pub context_switches: Option<u64>,
    /// Processes and threads that were started.
    pub forks: Option<u64>,
    pub running: Option<u64>,
    /// Waiting for a disk.
    pub blocked: Option<u64>,
}

/// Parses the text. Calls `core` with the number and the ticks of each processor that is online, in the order of the file.
pub fn parse(text: &[u8], mut core: impl FnMut(u32, &Ticks)) -> (Stat, Skipped) {
    let (mut stat, mut skipped) = (Stat::default(), 0);
    for line in lines(text) {
        let mut fields = Fields::new(line);
        let Some(name) = fields.next() else { continue };
        if let Some(of) = name.strip_prefix(b"cpu") {
            let mut ticks = Ticks::default();
            // The first four modes are as old as the file.
            let is_complete = fields.numbers(&mut ticks) >= 4;
            match (of, number(of).and_then(|of| u32::try_from(of).ok())) {
                (b"", _) if is_complete => stat.total = Some(ticks),
                (_, Some(of)) if is_complete => core(of, &ticks),
                _ => skipped += 1,
            }
            continue;
        }
        let place = match name {
            b"intr" => &mut stat.interrupts,
            b"ctxt" => &mut stat.context_switches,
            b"processes" => &mut stat.forks,
            b"procs_running" => &mut stat.running,
            b"procs_blocked" => &mut stat.blocked,
            _ => continue,
        };
        *place = fields.number();
        skipped += Skipped::from(place.is_none());
    }
    (stat, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_have_their_numbers_also_if_some_are_offline() {
        let text = b"cpu  10 1 2 300 4 0 5 6 0 0\ncpu1 4 1 2 100 4 0 5 6 0 0\ncpu3 6 0 0 200\n\
            intr 602456 0 0 12\nctxt 1794323\nbtime 1796049010\nprocesses 27695\nprocs_running 4\nprocs_blocked 0\n\
            softirq 335314 0 44086\n";
        let mut cores = Vec::new();
        let (stat, skipped) = parse(text, |core, ticks| cores.push((core, ticks[3])));
        assert_eq!((cores, skipped), (vec![(1, 100), (3, 200)], 0));
        assert_eq!(stat.total, Some([10, 1, 2, 300, 4, 0, 5, 6, 0, 0]));
        let counters = [stat.interrupts, stat.context_switches, stat.forks, stat.running, stat.blocked];
        assert_eq!(counters, [602_456, 1_794_323, 27_695, 4, 0].map(Some));
    }

    #[test]
    fn a_line_that_is_cut_or_damaged_is_skipped() {
        let mut cores = 0;
        let (stat, skipped) =
            parse(b"cpu 1 2\ncpu0 1 2 3 x\ncpux 1 2 3 4\ncpu1 1 2 3 4\nctxt -7\nproc", |_, _| cores += 1);
        assert_eq!((stat, skipped, cores), (Stat::default(), 4, 1));
    }
}

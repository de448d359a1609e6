//! `/proc/schedstat`: time for which tasks ran and waited on each processor, in nanoseconds. See Documentation/scheduler/sched-stats.rst.

use super::Skipped;
use super::fields::{Fields, lines, number};

/// Of one processor, since the start of the system. A task's time is counted when the task leaves the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskTime {
    pub running_ns: u64,
    /// Of tasks that could run and had no processor.
    pub waiting_ns: u64,
}

/// Calls `core` with the number and the times of each processor that is online, in the order of the file.
pub fn parse(text: &[u8], mut core: impl FnMut(u32, TaskTime)) -> Skipped {
    let mut skipped = 0;
    for line in lines(text) {
        let Some(of) = line.strip_prefix(b"cpu") else { continue };
        let mut fields = Fields::new(of);
        let of = fields.next().and_then(number).and_then(|of| u32::try_from(of).ok());
        // Since version 15, six counters that are zero by default come first.
        let mut numbers = [0; 8];
        match of {
            Some(of) if fields.numbers(&mut numbers) == numbers.len() => {
                core(of, TaskTime { running_ns: numbers[6], waiting_ns: numbers[7] });
            }
            _ => skipped += 1,
        }
    }
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_each_core_are_found_between_the_lines_of_its_domains() {
        let text = b"version 17\ntimestamp 4294892296\ncpu0 0 0 0 0 0 0 108257212 39124091 1290\n\
            domain0 MC 03 1 2 3\ncpu2 0 0 0 0 0 0 5 6 7\ncpu3 0 0\n";
        let mut times = Vec::new();
        let skipped = parse(text, |core, time| times.push((core, time.running_ns, time.waiting_ns)));
        assert_eq!((times, skipped), (vec![(0, 108_257_212, 39_124_091), (2, 5, 6)], 1));
    }
}

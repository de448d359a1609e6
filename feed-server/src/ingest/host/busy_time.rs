//! The busy time of one processor, finer than the kernel's tick. Time is an argument.
//!
//! Two counters each give a part of it. The idle time of `/proc/stat` is exact, also while the processor is idle, but
//! is stated in whole ticks: the time that was not idle is known to lie within one tick. The running time of `/proc/schedstat`
//! is exact to the nanosecond, but has the time of a task only when the task leaves the processor. The estimate follows the second
//! and stays within the bounds of the first. So a burst of a millisecond is seen when it happens, and a task that
//! runs for seconds without a pause is seen after a tick. Without the second counter, the estimate has the resolution of a tick.

use std::time::{Duration, Instant};

/// The kernel states times in hundredths of a second (`USER_HZ`).
pub(super) const TICKS_PER_SECOND: u64 = 100;
const TICK_NS: i64 = 1_000_000_000 / TICKS_PER_SECOND as i64;
/// Idle time steps back by a few ticks while it is updated. By more, the processor was offline.
const MAX_STEP_BACK: u64 = 10;

/// The counters of one processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Including the time in which it waited for a disk.
    pub(super) idle_ticks: u64,
    /// Of tasks that have left the processor. `None` if the kernel does not state it.
    pub(super) running_ns: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BusyTime(Option<Estimate>);

/// Times are in nanoseconds since the first reading.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    began: Instant,
    first: Counted,
    at: Duration,
    idle_ticks: u64,
    busy: i64,
    /// Of the estimate by running time: its first value is unknown to a tick.
    offset: i64,
    /// How much the first value of the estimate may still be too high.
    excess: i64,
}

impl BusyTime {
    /// Returns the share of the time since the last reading in which the processor was busy, 0 to 1: `None` for the first reading,
    /// and NaN if the counters began again.
    pub(super) fn share(&mut self, at: Instant, counted: Counted) -> Option<f64> {
        let Some(estimate) = &mut self.0 else {
            self.0 = Some(Estimate::new(at, counted));
            return None;
        };
        let began_again = counted.idle_ticks.saturating_add(MAX_STEP_BACK) < estimate.idle_ticks
            || estimate.first.running_ns.is_some() != counted.running_ns.is_some()
            || counted.running_ns < estimate.first.running_ns;
        if began_again {
            *estimate = Estimate::new(at, counted);
            return Some(f64::NAN);
        }
        estimate.advance(at, counted)
    }
}

impl Estimate {
    const fn new(at: Instant, counted: Counted) -> Self {
        Self {
            began: at,
            first: counted,
            at: Duration::ZERO,
            idle_ticks: counted.idle_ticks,
            busy: 0,
            offset: 0,
            excess: TICK_NS,
        }
    }

    fn advance(&mut self, at: Instant, counted: Counted) -> Option<f64> {
        let now = at.saturating_duration_since(self.began);
        let elapsed = now.checked_sub(self.at).filter(|elapsed| !elapsed.is_zero())?.as_nanos() as i64;
        let was_idle = counted.idle_ticks > self.idle_ticks;
        self.idle_ticks = self.idle_ticks.max(counted.idle_ticks);
        self.at = now;

        let idle_ticks = self.idle_ticks.saturating_sub(self.first.idle_ticks) as i64;
        let high = (now.as_nanos() as i64).saturating_sub(idle_ticks.saturating_mul(TICK_NS));
        let low = high.saturating_sub(TICK_NS);
        let excess = self.busy.saturating_sub(high).clamp(0, self.excess);
        self.busy -= excess;
        self.excess -= excess;
        let by_running_time = counted.running_ns.zip(self.first.running_ns).map_or(low, |(running, first)| {
            let running = i64::try_from(running - first).unwrap_or(i64::MAX);
            if running.saturating_add(self.offset) > high {
                self.offset = high.saturating_sub(running);
            } else if was_idle && running.saturating_add(self.offset) < low {
                // The task that runs now began after the idle time, within this reading.
                self.offset = low.saturating_sub(running);
            }
            running.saturating_add(self.offset)
        });
        let busy = by_running_time.clamp(low, high).clamp(self.busy, self.busy.saturating_add(elapsed));
        let share = (busy - self.busy) as f64 / elapsed as f64;
        self.busy = busy;
        Some(share)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    /// A processor that is idle and busy in turn, as the kernel counts it.
    struct Processor {
        /// Idle, then busy, in turn.
        spans_ns: Vec<u64>,
        /// Idle time before the first reading.
        phase_ns: u64,
    }

    impl Processor {
        fn times(&self, at: u64) -> (u64, u64, u64) {
            let (mut begin, mut idle, mut busy, mut departed) = (0, 0, 0, 0);
            for (place, span) in self.spans_ns.iter().enumerate() {
                let part = at.saturating_sub(begin).min(*span);
                if place % 2 == 0 {
                    idle += part;
                } else {
                    busy += part;
                    departed += if part == *span { part } else { 0 };
                }
                begin += span;
            }
            (idle, busy, departed)
        }

        fn counted(&self, at: u64, has_running_time: bool) -> Counted {
            let (idle, _, departed) = self.times(at);
            let idle_ticks = (idle + self.phase_ns) / TICK_NS as u64;
            Counted { idle_ticks, running_ns: has_running_time.then_some(departed) }
        }

        /// The shares of readings at `every` nanoseconds.
        fn shares(&self, every: u64, until: u64, has_running_time: bool) -> Vec<f64> {
            let (start, mut busy) = (Instant::now(), BusyTime::default());
            let times = (0..=until / every).map(|reading| reading * every);
            times
                .filter_map(|at| busy.share(start + Duration::from_nanos(at), self.counted(at, has_running_time)))
                .collect()
        }
    }

    #[test]
    fn a_burst_of_a_millisecond_is_seen_in_its_reading() {
        let processor = Processor { spans_ns: vec![200 * MS, MS, 300 * MS], phase_ns: 3 * MS };
        let shares = processor.shares(MS, 400 * MS, true);
        let seen: Vec<usize> = (20..shares.len()).filter(|&reading| shares[reading] > 0.0).collect();
        assert_eq!((seen, shares[200]), (vec![200], 1.0));
    }

    #[test]
    fn a_task_without_a_pause_is_seen_after_a_tick_and_makes_no_spike() {
        for has_running_time in [true, false] {
            let processor = Processor { spans_ns: vec![100 * MS, 800 * MS, 100 * MS], phase_ns: 0 };
            let shares = processor.shares(MS, 1_000 * MS, has_running_time);
            assert!(shares[..99].iter().all(|&share| share < 1e-9), "{:?}", &shares[..99]);
            assert!(shares[110..899].iter().all(|&share| share > 1.0 - 1e-9), "{:?}", &shares[100..140]);
            assert!(shares[920..].iter().all(|&share| share < 1e-9), "{:?}", &shares[900..]);
        }
    }

    #[test]
    fn idle_time_that_steps_back_makes_no_spike_and_counters_that_begin_again_make_a_hole() {
        let (start, mut busy) = (Instant::now(), BusyTime::default());
        let mut share = |ms: u64, idle_ticks| {
            busy.share(start + Duration::from_millis(ms), Counted { idle_ticks, running_ns: None })
        };
        assert_eq!(share(0, 1_000), None);
        assert_eq!(share(100, 1_010), Some(0.0));
        assert_eq!(share(200, 1_008), Some(0.9), "a tick less than that of the bounds");
        assert_eq!(share(300, 1_030), Some(0.0));
        assert!(share(400, 5).expect("a reading").is_nan());
        assert_eq!(share(500, 15), Some(0.0));
    }

    proptest! {
        #[test]
        fn the_busy_time_is_within_two_ticks_of_the_true_one(
            spans_us in prop::collection::vec(1_u64..60_000, 1..60),
            phase_us in 0_u64..10_000,
            every_us in prop::sample::select(vec![1_000_u64, 3_000, 10_000, 100_000]),
            has_running_time: bool,
        ) {
            let until = spans_us.iter().sum::<u64>() * 1_000;
            let spans_ns = spans_us.iter().map(|us| us * 1_000).collect();
            let (processor, every) = (Processor { spans_ns, phase_ns: phase_us * 1_000 }, every_us * 1_000);
            let mut sum = 0.0;
            for (reading, share) in processor.shares(every, until, has_running_time).into_iter().enumerate() {
                prop_assert!((0.0..=1.0).contains(&share));
                sum += share * every as f64;
                let (_, busy, _) = processor.times((reading as u64 + 1) * every);
                prop_assert!((sum - busy as f64).abs() <= 2.0 * TICK_NS as f64 + 1.0, "{reading}: {sum} of {busy}");
            }
        }
    }
}

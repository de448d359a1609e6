//! Memory and swap.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, MemoryRefreshKind, System};

use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// The label of a series: `state`.
type State = (&'static str, &'static str);

pub(in crate::ingest::host) struct Memory {
    system: System,
    ram: HostGroup<State>,
    swap: HostGroup<State>,
}

impl Memory {
    pub(in crate::ingest::host) fn new(fastest: Duration) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest);
        let reader = Self {
            system: System::new()?,
            ram: HostGroup::new("memory", "Memory", "By", cadence, Bounds::FromZero),
            swap: HostGroup::new("memory.swap", "Swap", "By", cadence, Bounds::FromZero),
        };
        Ok((cadence, reader))
    }
}

impl Reader for Memory {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let system = &mut self.system;
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram().with_swap());
        let ram =
            [("used", system.used_memory()), ("available", system.available_memory()), ("free", system.free_memory())];
        let swap = [("used", system.used_swap()), ("total", system.total_swap())];
        self.ram.send(context, now.time, by_state(system.total_memory(), &ram))?;
        self.swap.send(context, now.time, by_state(system.total_swap(), &swap))
    }
}

/// Empty if the total is zero (no swap).
fn by_state<'v>(total: u64, values: &'v [(&'static str, u64)]) -> impl Iterator<Item = (State, Option<f64>)> + use<'v> {
    let values = if total == 0 { &[] } else { values };
    values.iter().map(|&(state, bytes)| (("state", state), Some(bytes as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_swap_has_no_swap_series() {
        assert_eq!(by_state(0, &[("used", 0)]).count(), 0);
        assert_eq!(by_state(4_096, &[("used", 0)]).collect::<Vec<_>>(), [(("state", "used"), Some(0.0))]);
    }
}

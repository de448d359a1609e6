//! Memory and swap.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, MemoryRefreshKind, System};

use super::panel::Panel;
use super::{Moment, Pace, Reader};
use crate::ingest::{Outlet, SourceError};

/// Both come from one reading.
pub(super) struct Memory {
    pace: Pace,
    system: System,
    ram: Panel<&'static str>,
    swap: Panel<&'static str>,
}

impl Memory {
    pub(super) fn new(fastest: Duration) -> Result<Self, Error> {
        let pace = Pace::Steady(fastest);
        Ok(Self {
            pace,
            system: System::new()?,
            ram: Panel::new("memory", "Memory", "By", pace, Bounds::FromZero),
            swap: Panel::new("memory.swap", "Swap", "By", pace, Bounds::FromZero),
        })
    }
}

impl Reader for Memory {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        let system = &mut self.system;
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram().with_swap());
        let moment = Moment::now();
        let ram =
            [("used", system.used_memory()), ("available", system.available_memory()), ("free", system.free_memory())];
        let swap = [("used", system.used_swap()), ("total", system.total_swap())];
        self.ram.show(outlet, moment.time, shown(system.total_memory(), &ram))?;
        self.swap.show(outlet, moment.time, shown(system.total_swap(), &swap))
    }
}

/// Nothing of what there is none of.
fn shown<'v>(
    total: u64,
    values: &'v [(&'static str, u64)],
) -> impl Iterator<Item = (&'static str, Option<f64>)> + use<'v> {
    let values = if total == 0 { &[] } else { values };
    values.iter().map(|&(name, bytes)| (name, Some(bytes as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_swap_shows_none() {
        assert_eq!(shown(0, &[("used", 0)]).count(), 0);
        assert_eq!(shown(4_096, &[("used", 0)]).collect::<Vec<_>>(), [("used", Some(0.0))]);
    }
}

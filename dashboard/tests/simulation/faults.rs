//! Faults of network, server and page.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use turmoil::Sim;

use super::FAULTS_END;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// No packet is delivered in either direction; connections die without a notice.
    Cut,
    CutToPage,
    CutToServer,
    /// Packets are delayed until the fault ends.
    Delayed,
    Killed,
    Asleep,
    /// Sample messages are lost, duplicated or damaged on a working connection.
    Garbled,
}

const FAULTS: [Fault; 7] =
    [Fault::Cut, Fault::CutToPage, Fault::CutToServer, Fault::Delayed, Fault::Killed, Fault::Asleep, Fault::Garbled];

/// The present fault of the page itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PageFault {
    #[default]
    None,
    Asleep,
    Garbled,
}

/// Shared with the page.
pub(crate) type SharedPageFault = Rc<Cell<PageFault>>;

/// The begin or the end of a fault.
#[derive(Clone, Copy, Debug)]
struct Event {
    at: Duration,
    fault: Fault,
    begins: bool,
}

#[derive(Debug)]
pub(crate) struct Faults {
    /// In reverse order of time.
    events: Vec<Event>,
    page_fault: SharedPageFault,
}

impl Faults {
    /// One to eight faults in sequence, each of 0.1 to 6 s.
    pub(crate) fn random(random: &mut StdRng) -> Self {
        let mut events = Vec::new();
        let mut at = Duration::ZERO;
        for _ in 0..random.random_range(1..=8) {
            let fault = FAULTS[random.random_range(0..FAULTS.len())];
            at += Duration::from_millis(random.random_range(1..5_000));
            if at >= FAULTS_END {
                break;
            }
            events.push(Event { at, fault, begins: true });
            at = FAULTS_END.min(at + Duration::from_millis(random.random_range(100..6_000)));
            events.push(Event { at, fault, begins: false });
        }
        events.reverse();
        Self { events, page_fault: SharedPageFault::default() }
    }

    pub(crate) fn page_fault(&self) -> SharedPageFault {
        Rc::clone(&self.page_fault)
    }

    pub(crate) fn apply_due(&mut self, simulation: &mut Sim<'_>) {
        while let Some(event) = self.events.pop_if(|event| event.at <= simulation.elapsed()) {
            match (event.fault, event.begins) {
                (Fault::Cut, true) => simulation.partition("server", "page"),
                (Fault::CutToPage, true) => simulation.partition_oneway("server", "page"),
                (Fault::CutToServer, true) => simulation.partition_oneway("page", "server"),
                (Fault::Cut | Fault::CutToPage | Fault::CutToServer, false) => simulation.repair("server", "page"),
                (Fault::Delayed, true) => simulation.hold("server", "page"),
                (Fault::Delayed, false) => simulation.release("server", "page"),
                (Fault::Killed, true) => simulation.crash("server"),
                (Fault::Killed, false) => simulation.bounce("server"),
                (Fault::Asleep, true) => self.page_fault.set(PageFault::Asleep),
                (Fault::Garbled, true) => self.page_fault.set(PageFault::Garbled),
                (Fault::Asleep | Fault::Garbled, false) => self.page_fault.set(PageFault::None),
            }
        }
    }
}

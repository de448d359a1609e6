//! What goes wrong, and when.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use turmoil::Sim;

use super::TROUBLE;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing gets through: what is under way is lost, and its connection is dead without knowing it.
    Cut,
    /// Nothing gets through to the page.
    CutToPage,
    /// Nothing gets through to the server.
    CutToServer,
    /// Everything is held up, and comes in the end.
    HeldUp,
    /// The server is killed.
    Killed,
    /// The page does nothing.
    Asleep,
    /// Messages of samples are lost on a connection that stands, come twice, or come damaged.
    Garbled,
}

const FAULTS: [Fault; 7] =
    [Fault::Cut, Fault::CutToPage, Fault::CutToServer, Fault::HeldUp, Fault::Killed, Fault::Asleep, Fault::Garbled];

/// What ails the page now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ailment {
    #[default]
    None,
    Asleep,
    Garbled,
}

/// The same, shared with it.
pub(crate) type Ailing = Rc<Cell<Ailment>>;

/// A fault begins, or ends.
#[derive(Clone, Copy, Debug)]
struct Event {
    at: Duration,
    fault: Fault,
    begins: bool,
}

/// What goes wrong in one simulation.
#[derive(Debug)]
pub(crate) struct Faults {
    /// The next one last.
    events: Vec<Event>,
    ailing: Ailing,
}

impl Faults {
    /// Up to eight, one after another, of a tenth of a second to six.
    pub(crate) fn random(random: &mut StdRng) -> Self {
        let mut events = Vec::new();
        let mut at = Duration::ZERO;
        for _ in 0..random.random_range(1..=8) {
            let fault = FAULTS[random.random_range(0..FAULTS.len())];
            at += Duration::from_millis(random.random_range(1..5_000));
            if at >= TROUBLE {
                break;
            }
            events.push(Event { at, fault, begins: true });
            at = TROUBLE.min(at + Duration::from_millis(random.random_range(100..6_000)));
            events.push(Event { at, fault, begins: false });
        }
        events.reverse();
        Self { events, ailing: Ailing::default() }
    }

    /// Tells the page what ails it.
    pub(crate) fn ailing(&self) -> Ailing {
        Rc::clone(&self.ailing)
    }

    /// Lets happen what is due.
    pub(crate) fn happen(&mut self, simulation: &mut Sim<'_>) {
        while let Some(event) = self.events.pop_if(|event| event.at <= simulation.elapsed()) {
            match (event.fault, event.begins) {
                (Fault::Cut, true) => simulation.partition("server", "page"),
                (Fault::CutToPage, true) => simulation.partition_oneway("server", "page"),
                (Fault::CutToServer, true) => simulation.partition_oneway("page", "server"),
                (Fault::Cut | Fault::CutToPage | Fault::CutToServer, false) => simulation.repair("server", "page"),
                (Fault::HeldUp, true) => simulation.hold("server", "page"),
                (Fault::HeldUp, false) => simulation.release("server", "page"),
                (Fault::Killed, true) => simulation.crash("server"),
                (Fault::Killed, false) => simulation.bounce("server"),
                (Fault::Asleep, true) => self.ailing.set(Ailment::Asleep),
                (Fault::Garbled, true) => self.ailing.set(Ailment::Garbled),
                (Fault::Asleep | Fault::Garbled, false) => self.ailing.set(Ailment::None),
            }
        }
    }
}

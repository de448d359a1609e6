//! TCP and UDP: connections, and what was lost, refused or sent again.

use std::time::Instant;

use protocol::Bounds;
use protocol::column::MISSING;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::counter::{Counter, Span};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::net_counters;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

type Labelled = (&'static str, &'static str);

/// The counters of `/proc/net/snmp` and `/proc/net/netstat`.
const SNMP: [(&str, &str); 8] = [
    ("Tcp", "CurrEstab"),
    ("Tcp", "RetransSegs"),
    ("Tcp", "OutRsts"),
    ("Tcp", "EstabResets"),
    ("Tcp", "InErrs"),
    ("Udp", "InErrors"),
    ("Udp", "NoPorts"),
    ("Udp", "RcvbufErrors"),
];
const NETSTAT: [(&str, &str); 2] = [("TcpExt", "ListenDrops"), ("TcpExt", "TCPTimeouts")];

/// What each counter after the first is called.
const EVENTS: [&str; SNMP.len() + NETSTAT.len() - 1] = [
    "TCP segments sent again",
    "TCP resets sent",
    "TCP connections reset",
    "TCP segments with errors",
    "UDP receive errors",
    "UDP to a closed port",
    "UDP buffer full",
    "TCP connections not accepted",
    "TCP timeouts",
];

pub(super) struct Sockets {
    snmp: KernelFile,
    netstat: KernelFile,
    counters: [Counter; EVENTS.len()],
    span: Span,
    connections: HostGroup<Labelled>,
    events: HostGroup<Labelled>,
    shows_all: bool,
    is_registered: bool,
    /// A bit for each event that is shown.
    shown: u32,
}

impl Sockets {
    pub(super) fn new(roots: &Roots, cadence: Cadence, shows_all: bool) -> Self {
        let group = |name, title, unit| HostGroup::new(name, title, unit, cadence, Bounds::FromZero);
        Self {
            snmp: KernelFile::new(roots.proc("net/snmp"), "TCP and UDP", Presence::Optional),
            netstat: KernelFile::new(roots.proc("net/netstat"), "TCP and UDP", Presence::Optional),
            counters: [Counter::default(); EVENTS.len()],
            span: Span { before: None, at: Instant::now() },
            connections: group("network.connections", "TCP connections", "{connection}"),
            events: group("network.events", "TCP and UDP: lost, refused, sent again", "{event}/s"),
            shows_all,
            is_registered: false,
            shown: 0,
        }
    }
}

impl Reader for Sockets {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        let snmp =
            self.snmp.read(health, now.instant).map_or([None; SNMP.len()], |text| net_counters::find(text, &SNMP));
        let netstat = self.netstat.read(health, now.instant);
        let netstat = netstat.map_or([None; NETSTAT.len()], |text| net_counters::find(text, &NETSTAT));
        self.span.at = now.instant;
        let [established, events @ ..] = snmp;
        let mut shown = 0;
        for (place, (counter, total)) in self.counters.iter_mut().zip(events.into_iter().chain(netstat)).enumerate() {
            counter.take(total, self.span);
            let is_shown = total.is_some() && (self.shows_all || counter.has_moved());
            shown |= u32::from(is_shown) << place;
        }
        self.span.before = Some(now.instant);
        if self.is_registered != established.is_some() {
            self.connections.hold(context, established.map(|_| ("state", "established")))?;
            self.is_registered = established.is_some();
        }
        let is_shown = |&place: &usize| shown & 1 << place != 0;
        let places = (0..EVENTS.len()).filter(is_shown);
        if shown != self.shown {
            self.events.hold(context, places.clone().map(|place| ("event", EVENTS[place])))?;
            self.shown = shown;
        }
        let established = established.map_or(MISSING, |connections| connections as f64);
        self.connections.row(context, now.time, [established])?;
        self.events.row(context, now.time, places.map(|place| self.counters[place].per_second()))
    }
}

//! The tables of `benches/codecs.rs`. Also counts sizes and allocations.

use allocation_counter::measure;
use benches::data::{Shape, Signal};
use benches::peers::{self, OURS, Peer};
use benches::plan::{SIGNALS, TARGET, Task};
use benches::record::Ring;

use crate::estimates::Estimates;
use crate::table::{NOTHING, figure, ratio, table, times};

const MEMCPY: &str = "memcpy";
const BINCODE: &str = "bincode";
const WINCODE: &str = "wincode";

pub(crate) fn section(estimates: &Estimates) -> String {
    let mut text = vec![format!("### Targets\n\n{}", targets(estimates))];
    for signal in SIGNALS {
        let (values, name) = (TARGET.values(), signal.name());
        text.push(format!("### {values} values of one series: {name}\n\n{}", one_shape(estimates, signal)));
        let ring = shapes(estimates, Task::DecodeIntoRing, signal);
        text.push(format!("### Bytes to values in the ring: {name}\n\n{ring}"));
        text.push(format!("### Encode: {name}\n\n{}", shapes(estimates, Task::Encode, signal)));
    }
    text.join("\n")
}

fn nanoseconds(estimates: &Estimates, task: Task, signal: Signal, peer: &str, shape: Shape) -> Option<f64> {
    estimates.nanoseconds(&task.group(signal), peer, &shape.name())
}

/// The targets for raw columns, as ratios of rates.
fn targets(estimates: &Estimates) -> String {
    let time = |task, peer| nanoseconds(estimates, task, Signal::Noise, peer, TARGET);
    let ours = time(Task::DecodeIntoRing, OURS);
    let [our_allocations, wincode_allocations] = [OURS, WINCODE].map(|name| {
        let mut all = peers::all();
        let peer = all.iter_mut().find(|peer| peer.name() == name).expect("a peer of that name");
        Cost::of(&mut **peer, TARGET, Signal::Noise).allocations
    });
    let row = |what: &str, against: Option<f64>, minimum: f64| {
        let found = ratio(against, ours);
        let verdict = found.map_or_else(
            || NOTHING.into(),
            |found| {
                let by = (found / minimum - 1.0) * 100.0;
                if found >= minimum { format!("met by {by:.1}%") } else { format!("missed by {:.1}%", -by) }
            },
        );
        vec![what.to_owned(), format!("{minimum} x"), times(found), verdict]
    };
    let allocations = format!("{our_allocations} allocations, wincode {wincode_allocations}");
    let rows = [
        row("into the ring, of memcpy's rate", time(Task::DecodeIntoRing, MEMCPY), 0.9),
        row(
            &format!("into the ring, of wincode's rate to owned ({allocations})"),
            time(Task::DecodeOwned, WINCODE),
            1.0,
        ),
        row("into the ring, of bincode's rate to owned", time(Task::DecodeOwned, BINCODE), 3.5),
        row("into the ring, of bincode's rate into the ring", time(Task::DecodeIntoRing, BINCODE), 3.5),
    ];
    table(&["raw decode of 10,000 f64", "at least", "measured", ""].map(str::to_owned), &rows)
}

/// All figures of the target shape.
fn one_shape(estimates: &Estimates, signal: Signal) -> String {
    let time = |task, peer: &str| nanoseconds(estimates, task, signal, peer, TARGET);
    let microseconds = |time: Option<f64>| figure(time.map(|time| time / 1e3));
    let memcpy = time(Task::DecodeIntoRing, MEMCPY);
    let ours = time(Task::DecodeIntoRing, OURS);
    let rows = peers::all().into_iter().map(|mut peer| {
        let name = peer.name();
        let cost = Cost::of(&mut *peer, TARGET, signal);
        let into_ring = time(Task::DecodeIntoRing, name);
        let owned = cost.has_owned.then(|| time(Task::DecodeOwned, name)).flatten();
        vec![
            name.to_owned(),
            microseconds(into_ring),
            figure(into_ring.map(|time| TARGET.values() as f64 * 8.0 / time)),
            times(ratio(memcpy, into_ring)),
            times(ratio(into_ring, ours)),
            microseconds(owned),
            cost.allocations.to_string(),
            microseconds(time(Task::Encode, name)),
            format!("{:.3}", cost.bytes as f64 / TARGET.values() as f64),
        ]
    });
    let head = [
        "",
        "into ring, us",
        "GB/s of values",
        "of memcpy's rate",
        "ours is faster",
        "to owned, us",
        "allocations",
        "encode, us",
        "bytes/value",
    ];
    table(&head.map(str::to_owned), &rows.collect::<Vec<_>>())
}

/// Every shape of a task: microseconds and, in parentheses, the ratio to ours.
fn shapes(estimates: &Estimates, task: Task, signal: Signal) -> String {
    let shapes = task.shapes(signal);
    let head: Vec<_> =
        std::iter::once("us (of ours)".to_owned()).chain(shapes.iter().map(|shape| shape.name())).collect();
    let rows = peers::all().into_iter().map(|peer| {
        let cells = shapes.iter().map(|&shape| {
            let [found, ours] = [peer.name(), OURS].map(|name| nanoseconds(estimates, task, signal, name, shape));
            let found_us = figure(found.map(|time| time / 1e3));
            if peer.name() == OURS { found_us } else { format!("{found_us} ({})", times(ratio(found, ours))) }
        });
        std::iter::once(peer.name().to_owned()).chain(cells).collect()
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// Figures that need no clock.
struct Cost {
    bytes: usize,
    /// Of one decoding into the ring, after a warm-up.
    allocations: u64,
    has_owned: bool,
}

impl Cost {
    fn of(peer: &mut dyn Peer, shape: Shape, signal: Signal) -> Self {
        let bytes = peers::encoded(peer, &shape.record(signal));
        let mut ring = Ring::new(shape.columns, shape.rows);
        peer.decode_into(&bytes, &mut ring);
        let allocations = measure(|| peer.decode_into(&bytes, &mut ring)).count_total;
        Self { bytes: bytes.len(), allocations, has_owned: peer.decode_owned(&bytes).is_some() }
    }
}

//! The bytes that a process reads from disks and writes to them: `/proc/PID/io`.

use std::time::Instant;

use protocol::column::MISSING;

use crate::ingest::host::counter::{Counter, Fall, Span};
use crate::ingest::host::kernel::keyed;

/// The direction of each counter, and its line.
pub(super) const DIRECTIONS: [(&str, &str); 2] = [("direction", "read"), ("direction", "written")];
const LINES: [&str; DIRECTIONS.len()] = ["read_bytes", "write_bytes"];

pub(super) type Totals = [u64; DIRECTIONS.len()];

/// `None` if the text is not understood.
pub(super) fn parse(text: &[u8]) -> Option<Totals> {
    let (found, _skipped) = keyed::find(text, &LINES);
    let [read, written] = found;
    Some([read?, written?])
}

/// The disk traffic of one process.
#[derive(Debug, Default)]
pub(super) enum DiskTraffic {
    #[default]
    Unread,
    /// The file is not read again: permission is refused, or the kernel has no such file.
    Refused,
    /// On the heap: of the processes of other users it is refused.
    Counted(Box<Counted>),
}

#[derive(Debug, Default)]
pub(super) struct Counted {
    counters: [Counter; DIRECTIONS.len()],
    read_at: Option<Instant>,
}

impl DiskTraffic {
    /// The traffic of a process that had none at `began`.
    pub(super) fn since(began: Instant) -> Self {
        let mut counted = Counted::default();
        counted.read([0; DIRECTIONS.len()], Span { before: None, at: began });
        Self::Counted(Box::new(counted))
    }

    /// Takes the totals of a reading. `span` is the time since the last scan: before that, the process did not run, and had no traffic.
    pub(super) fn read(&mut self, totals: Totals, span: Span) {
        match self {
            Self::Refused => {}
            Self::Unread => {
                let mut counted = Counted::default();
                counted.read(totals, span);
                *self = Self::Counted(Box::new(counted));
            }
            Self::Counted(counted) => counted.read(totals, span),
        }
    }

    /// Bytes a second in the scan at `at`: zero if the process did not run, [`MISSING`] if they are not known.
    pub(super) fn per_second(&self, at: Option<Instant>) -> [f64; DIRECTIONS.len()] {
        match self {
            Self::Unread | Self::Refused => [MISSING; DIRECTIONS.len()],
            Self::Counted(counted) if counted.read_at == at => counted.counters.each_ref().map(Counter::per_second),
            Self::Counted(_) => [0.0; DIRECTIONS.len()],
        }
    }
}

impl Counted {
    fn read(&mut self, totals: Totals, span: Span) {
        for (counter, total) in self.counters.iter_mut().zip(totals) {
            counter.read(total, span, Fall::Reset);
        }
        self.read_at = Some(span.at);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_text_without_a_total_is_refused() {
        let text = b"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n";
        assert_eq!(parse(text), Some([5, 6]));
        assert_eq!((parse(b"read_bytes: 5\n"), parse(b"\xff"), parse(b"")), (None, None, None));
    }

    #[test]
    fn the_bytes_after_a_pause_are_those_of_the_last_scan() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut traffic = DiskTraffic::default();
        traffic.read([1_000, 0], Span { before: None, at: start });
        assert!(traffic.per_second(Some(start)).iter().all(|value| protocol::column::is_missing(*value)));
        traffic.read([9_000, 500], Span { before: Some(at(99)), at: at(100) });
        assert_eq!(traffic.per_second(Some(at(100))).map(f64::to_bits), [8_000.0, 500.0].map(f64::to_bits));
        assert_eq!(traffic.per_second(Some(at(101))).map(f64::to_bits), [0; 2], "it did not run");
    }

    #[test]
    fn a_refusal_is_final() {
        let now = Instant::now();
        let mut traffic = DiskTraffic::Refused;
        traffic.read([1, 1], Span { before: Some(now), at: now + Duration::from_secs(1) });
        assert!(matches!(traffic, DiskTraffic::Refused));
    }
}

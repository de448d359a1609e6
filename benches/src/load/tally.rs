//! Counts of a viewer's frames.

use hdrhistogram::Histogram;
use protocol::{Blocks, Body, Epoch, Frame, HistoryPart, Sequence, Timestamp};

/// The histogram records latencies up to a minute with two digits.
const MAX_LATENCY_US: u64 = 60_000_000;
const DIGITS: u8 = 2;

/// Counts of one viewer.
#[derive(Debug)]
pub struct Tally {
    pub frames: u64,
    pub samples: u64,
    pub history_samples: u64,
    /// Missing frames that no gap declares.
    pub lost: u64,
    pub gaps: u64,
    /// Number of times that the server sent history because the viewer was too slow.
    pub caught_up: u64,
    /// Microseconds from sending to receipt.
    pub latency_us: Histogram<u64>,
    /// Microseconds between the receipts of two frames.
    pub gap_us: Histogram<u64>,
    last_received: Option<Timestamp>,
    position: Option<(Epoch, Sequence)>,
    values: Vec<f64>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(MAX_LATENCY_US, DIGITS).expect("a valid range")
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            frames: 0,
            samples: 0,
            history_samples: 0,
            lost: 0,
            gaps: 0,
            caught_up: 0,
            latency_us: histogram(),
            gap_us: histogram(),
            last_received: None,
            position: None,
            values: Vec::new(),
        }
    }
}

impl Tally {
    /// Counts a frame. `received` is by the server's clock, and `None` while latency is not measured.
    pub fn frame(&mut self, frame: &Frame<'_>, received: Option<Timestamp>) {
        let (epoch, sequence) = (frame.header.epoch, frame.header.sequence);
        match frame.body {
            Body::Samples(samples) => {
                self.follow(epoch, sequence, frame.header.previous());
                self.frames += 1;
                let listed = samples.list.iter().map(std::hint::black_box).fold(0, |count, _| count + 1);
                self.samples += listed + self.read(&samples.blocks);
                if let Some(received) = received {
                    let latency = received.micros_since(frame.header.sent).max(0) as u64;
                    self.latency_us.saturating_record(latency);
                    if let Some(last) = self.last_received {
                        self.gap_us.saturating_record(received.micros_since(last).max(0) as u64);
                    }
                }
                self.last_received = received;
            }
            Body::History(history) => {
                self.history_samples += self.read(&history.blocks);
                if history.part == HistoryPart::Last {
                    self.caught_up += u64::from(self.position.is_some());
                    self.position = Some((epoch, sequence));
                }
            }
            body if body.is_numbered() => self.follow(epoch, sequence, frame.header.previous()),
            Body::Gap(_) => self.gaps += 1,
            Body::Heartbeat(_) => self.compare(epoch, sequence),
            _ => {}
        }
    }

    /// Sets the position. Counts the numbers after the old position up to `previous` as lost frames.
    fn follow(&mut self, epoch: Epoch, sequence: Sequence, previous: Sequence) {
        if let Some((known, position)) = self.position
            && known == epoch
        {
            self.lost += previous.0.saturating_sub(position.0);
        }
        self.position = Some((epoch, sequence));
    }

    /// Counts frames between the viewer's position and that of the stream as lost.
    fn compare(&mut self, epoch: Epoch, sequence: Sequence) {
        if let Some((known, position)) = self.position
            && known == epoch
            && sequence > position
        {
            self.lost += sequence.0 - position.0;
            self.position = Some((epoch, sequence));
        }
    }

    /// Reads every value. Returns their number.
    fn read(&mut self, blocks: &Blocks<'_>) -> u64 {
        let mut read = 0;
        for block in blocks {
            self.values.resize(block.rows as usize, 0.0);
            let out = &mut self.values;
            for column in &block.columns {
                if let Some(values) = column.values() {
                    values.copy_to(std::hint::black_box(&mut *out));
                    read += u64::from(block.rows);
                }
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        BlockBuffer, Gap, GapCause, GapContent, GroupId, Header, Heartbeat, History, Interval, Samples, SeriesId,
    };

    use super::*;

    fn receive(tally: &mut Tally, sequence: u64, body: Body<'_>) {
        let header =
            Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: Timestamp::from_micros(1_000), skipped: 0 };
        tally.frame(&Frame { header, body }, Some(Timestamp::from_micros(3_500)));
    }

    fn samples(tally: &mut Tally, sequence: u64) {
        let now = Timestamp::from_micros(1_000);
        let mut blocks = BlockBuffer::default();
        blocks.start(now);
        blocks.push(GroupId(1), &[now], [(SeriesId(1), [0.5].as_slice())]).expect("encodes");
        receive(tally, sequence, Body::Samples(Samples::of_blocks(blocks.blocks())));
    }

    fn history(tally: &mut Tally, sequence: u64) {
        receive(tally, sequence, Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() }));
    }

    fn heartbeat(tally: &mut Tally, sequence: u64) {
        receive(
            tally,
            sequence,
            Body::Heartbeat(Heartbeat { next_within: Interval::from_secs(1), ..Heartbeat::default() }),
        );
    }

    #[test]
    fn complete_stream_has_no_lost_frames() {
        let mut tally = Tally::default();
        history(&mut tally, 7);
        (8..20).for_each(|sequence| samples(&mut tally, sequence));
        heartbeat(&mut tally, 19);
        assert_eq!((tally.frames, tally.samples, tally.lost), (12, 12, 0));
        assert!(tally.latency_us.equivalent(tally.latency_us.max(), 2_500));
    }

    #[test]
    fn gaps_are_the_times_between_frames() {
        let mut tally = Tally::default();
        for (sequence, received) in [(1, 1_000), (2, 17_000), (3, 117_000)] {
            let header =
                Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: Timestamp::from_micros(0), skipped: 0 };
            let blocks = Blocks::default();
            let body = Body::Samples(Samples::of_blocks(blocks));
            tally.frame(&Frame { header, body }, Some(Timestamp::from_micros(received)));
        }
        assert_eq!(tally.gap_us.len(), 2);
        assert!(tally.gap_us.equivalent(tally.gap_us.min(), 16_000));
        assert!(tally.gap_us.equivalent(tally.gap_us.max(), 100_000));
    }

    #[test]
    fn missing_number_is_a_lost_frame() {
        let mut tally = Tally::default();
        history(&mut tally, 7);
        samples(&mut tally, 8);
        samples(&mut tally, 11);
        assert_eq!(tally.lost, 2);
        heartbeat(&mut tally, 12);
        assert_eq!(tally.lost, 3);
    }

    #[test]
    fn frames_replaced_by_history_are_not_lost() {
        let mut tally = Tally::default();
        history(&mut tally, 7);
        samples(&mut tally, 8);
        let gap =
            Gap { after: Sequence(8), until: Sequence(30), cause: GapCause::HistoryExpired, content: GapContent::Rows };
        receive(&mut tally, 40, Body::Gap(gap));
        history(&mut tally, 40);
        samples(&mut tally, 41);
        assert_eq!((tally.lost, tally.gaps, tally.caught_up), (0, 1, 1));
    }
}

//! The frames of entries: lines of logs, and events. Each is numbered, encoded once for the whole stream and once more for each
//! subscription that skips numbers before it, kept, and sent to every viewer.

use bytes::Bytes;
use protocol::{
    Body, EncodeError, EntriesBuffer, Event, Frame, Gap, GapCause, Label, LogLine, Logs, Sequence, Timestamp,
};

use crate::deliver::hub::Hub;
use crate::ingest::entry::{self, Entry, EntryContent, labels_that_fit, name_that_fits, text_that_fits};
use crate::stream::entry_log::{EntryCursor, EntryKind};

/// The most bytes of lines that a frame holds.
const LINES_BYTES: usize = Frame::MAX_BODY_BYTES - 16;

/// The lines of the next frame, and the labels of one of them.
#[derive(Default)]
struct NextLines {
    lines: EntriesBuffer,
    labels: EntriesBuffer,
}

impl Hub {
    /// Numbers entries, keeps them, and makes their frames. Lines of any sources share frames.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect. The other frames are made.
    pub fn publish_entries(&self, entries: impl IntoIterator<Item = Entry>, now: Timestamp) -> Result<(), EncodeError> {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return Ok(());
        }
        let _one_at_a_time = self.number_frames();
        let (mut next, mut published) = (NextLines::default(), Ok(()));
        for Entry { source, content } in entries {
            published = published.and(match content {
                EntryContent::Logs(more) => {
                    more.iter().try_for_each(|line| self.publish_line(&source, line, &mut next, now))
                }
                EntryContent::Event(event) => {
                    self.publish_lines(&mut next.lines, now).and(self.publish_event(&source, &event, now))
                }
            });
        }
        published = published.and(self.publish_lines(&mut next.lines, now));
        self.announce_frames();
        published
    }

    /// Appends a line to those of the next frame, and makes the frame first if the line does not fit.
    fn publish_line(
        &self,
        source: &str,
        line: &entry::LogLine,
        next: &mut NextLines,
        now: Timestamp,
    ) -> Result<(), EncodeError> {
        self.telemetry.log_lines.inc();
        let NextLines { lines, labels } = next;
        let before = lines.len();
        encode_labels(&line.labels, labels)?;
        let (time, severity, text) = (line.time, line.severity, text_that_fits(&line.text));
        let line = LogLine { time, severity, source: name_that_fits(source), text, labels: labels.entries() };
        lines.push(&line)?;
        if lines.len() > LINES_BYTES {
            lines.truncate(before);
            self.publish_lines(lines, now)?;
            lines.push(&line)?;
        }
        Ok(())
    }

    fn publish_lines(&self, lines: &mut EntriesBuffer, now: Timestamp) -> Result<(), EncodeError> {
        if lines.is_empty() {
            return Ok(());
        }
        let published = self.commit_entry(EntryKind::Logs, Body::Logs(Logs { lines: lines.entries() }), now);
        lines.clear();
        published
    }

    fn publish_event(&self, source: &str, event: &entry::Event, now: Timestamp) -> Result<(), EncodeError> {
        self.telemetry.events.inc();
        let mut labels = EntriesBuffer::default();
        encode_labels(&event.labels, &mut labels)?;
        let (time, kind, text) = (event.time, event.kind, text_that_fits(&event.text));
        let event = Event { time, kind, source: name_that_fits(source), text, labels: labels.entries() };
        self.commit_entry(EntryKind::Event, Body::Event(event), now)
    }

    /// The next frames of entries for one viewer, of about `room` bytes; before them, a gap for each kind that has lost some.
    ///
    /// # Errors
    /// If a gap cannot be encoded, which is a defect.
    pub fn entry_frames(
        &self,
        cursor: &mut EntryCursor,
        held: Sequence,
        position: Sequence,
        room: usize,
    ) -> Result<Vec<Bytes>, EncodeError> {
        let next = self.read(|sequencer| sequencer.entries().next(cursor, room));
        let gaps = next.lost.into_iter().map(|(kind, until)| {
            self.telemetry.gaps.inc();
            let (cause, content) = (GapCause::HistoryExpired, kind.gap_content());
            self.frame(position, Body::Gap(Gap { after: held, until, cause, content }))
        });
        let mut frames = gaps.collect::<Result<Vec<_>, _>>()?;
        frames.extend(next.frames);
        Ok(frames)
    }
}

fn encode_labels(labels: &[(String, String)], out: &mut EntriesBuffer) -> Result<(), EncodeError> {
    out.clear();
    labels_that_fit(labels).try_for_each(|(key, value)| out.push(&Label { key, value }))
}

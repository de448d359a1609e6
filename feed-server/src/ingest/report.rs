//! The report on each source, a line for each fact. Time is an argument.

use std::fmt;

use protocol::Timestamp;

use super::health::SourceStatus;
use super::readiness::readiness_of;

/// A fact about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine<'s> {
    pub source: &'s str,
    pub subject: Subject,
    pub text: String,
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The first line of each source.
    State(String),
    Rows,
    Received,
    Refused,
    LateRows,
    Error,
    NoAnswer,
    NotMeasured,
    /// What could be measured, and how.
    Possible,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State(state) => state,
            Self::Rows => "rows",
            Self::Received => "received",
            Self::Refused => "refused",
            Self::LateRows => "late rows",
            Self::Error => "last error",
            Self::NoAnswer => "no answer",
            Self::NotMeasured => "not measured",
            Self::Possible => "could be measured",
        })
    }
}

/// Source, subject and text, separated by tabs, in one line.
impl fmt::Display for ReportLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.replace(char::is_control, " ");
        write!(f, "{}\t{}\t{text}", self.source, self.subject)
    }
}

/// The lines of these sources at `now`.
pub fn report(sources: &[SourceStatus], now: Timestamp) -> impl Iterator<Item = ReportLine<'_>> {
    sources.iter().flat_map(move |source| of_source(source, now))
}

fn of_source(status: &SourceStatus, now: Timestamp) -> Vec<ReportLine<'_>> {
    let line = |subject, text| ReportLine { source: &status.source, subject, text };
    let rows = status.out_of_order;
    let mut lines = vec![line(
        Subject::State(status.state.to_string()),
        format!("{} series; {}", status.series, status.impaired.clone().unwrap_or(readiness_of(status, now).reason)),
    )];
    if let Some((rows_per_s, delay)) = status.deliveries.recent(now) {
        let delay =
            delay.map_or_else(String::new, |delay| format!(", up to {:.1} s after their times", delay.as_secs_f64()));
        lines.push(line(Subject::Rows, format!("{rows_per_s:.0} a second{delay}")));
    }
    if status.received > 0 {
        lines.push(line(Subject::Received, format!("{} {}", status.received, status.counted)));
    }
    if status.refused > 0 {
        let what = if status.counted == "lines" { "lines, values or datagrams" } else { status.counted };
        lines.push(line(Subject::Refused, format!("{} {what}", status.refused)));
    }
    if rows.merged > 0 || rows.dropped() > 0 {
        lines.push(line(Subject::LateRows, format!("{} merged, {} dropped", rows.merged, rows.dropped())));
    }
    lines.extend(status.last_error.iter().map(|error| line(Subject::Error, error.clone())));
    lines.extend(
        status
            .stuck
            .iter()
            .map(|stuck| line(Subject::NoAnswer, format!("{}, for {} s", stuck.part, stuck.unanswered_for.as_secs()))),
    );
    lines.extend(status.left_out.iter().map(|what| line(Subject::NotMeasured, what.to_string())));
    lines.extend(status.hints.iter().map(|hint| line(Subject::Possible, (*hint).to_owned())));
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use protocol::Interval;

    use super::*;
    use crate::ingest::health::{LeftOut, SourceHealth};
    use crate::ingest::row_order::OutOfOrder;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn lines(health: &SourceHealth) -> Vec<String> {
        report(&[health.status()], NOW).map(|line| line.to_string()).collect()
    }

    #[test]
    fn a_source_has_a_line_for_its_state_and_one_for_each_fact() {
        let health = SourceHealth::started_at("host", NOW);
        assert_eq!(lines(&health), ["host\tstarting\t0 series; is starting and has not delivered yet"]);
        health.delivered(1, Some(NOW), NOW);
        health.count_out_of_order(OutOfOrder { merged: 3, too_late: 2, ..OutOfOrder::default() });
        health.error(&"disk on fire");
        let _stuck = health.stuck("disk space of /mnt/nas".into(), Instant::now());
        let mut left_out = LeftOut::default();
        left_out.state(&health, Some("processes of other users are\thidden\n".to_owned()));
        health.hint("GPUs: install the driver", true);
        health.hint("GPUs: install the driver", true);
        assert_eq!(
            lines(&health),
            [
                "host\trunning\t0 series; samples are received",
                "host\tlate rows\t3 merged, 2 dropped",
                "host\tlast error\tdisk on fire",
                "host\tno answer\tdisk space of /mnt/nas, for 0 s",
                "host\tnot measured\tprocesses of other users are hidden ",
                "host\tcould be measured\tGPUs: install the driver",
            ]
        );
        health.hint("GPUs: install the driver", false);
        left_out.state(&health, None);
        assert_eq!(lines(&health).len(), 4);
        health.delivered(45, Some(NOW), NOW + Interval::from_secs(5));
        health.delivered(0, None, NOW + Interval::from_millis(9_500));
        health.delivered(0, None, NOW + Interval::from_secs(10));
        assert_eq!(
            report(&[health.status()], NOW + Interval::from_secs(11)).nth(1).map(|line| line.text).as_deref(),
            Some("9 a second, up to 5.0 s after their times")
        );
    }
}

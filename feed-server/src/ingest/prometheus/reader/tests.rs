use std::sync::Arc;

use protocol::{Interval, SeriesKind, Timestamp};

use super::*;
use crate::ingest::context::Registrar;
use crate::ingest::health::SourceHealth;
use crate::ingest::known_metrics::{KnownSeries, OpenRows};
use crate::ingest::prometheus::sink::Naming;
use crate::ingest::test_registry::TestRegistry;

const MISSES: u64 = 3;

struct Stage {
    registry: Arc<TestRegistry>,
    registrar: Registrar,
    known: KnownSeries,
    rows: OpenRows,
    naming: Naming,
    labels: Labels,
    reader: Reader,
    seconds: u64,
}

impl Stage {
    fn new(limit: usize) -> Self {
        let registry = Arc::new(TestRegistry::default());
        let registrar = Registrar::new(Arc::<TestRegistry>::clone(&registry), SourceHealth::new("test"), 1);
        let known = KnownSeries::new("job", limit, Interval::from_secs(1));
        let naming = Naming { rules: Vec::new(), honor_labels: false, honor_timestamps: true };
        let (rows, reader, labels) = (OpenRows::default(), Reader::default(), Labels::new());
        Self { registry, registrar, known, rows, naming, labels, reader, seconds: 0 }
    }

    /// Reads an answer a second after the one before, or a miss.
    fn read(&mut self, text: Option<&str>) -> Tally {
        self.seconds += 1;
        let now = Timestamp::default() + Interval::from_secs(self.seconds);
        let Self { registrar, known, rows, naming, labels, reader, .. } = self;
        let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance: false, now };
        let Some(text) = text else {
            reader.miss(MISSES, &mut sink);
            return Tally::default();
        };
        let mut tally = reader.begin();
        text.lines().for_each(|line| reader.line(line.as_bytes(), Format::Text, &mut tally, &mut sink));
        reader.finish(MISSES, &mut sink);
        tally
    }

    /// The groups and kinds of the living series.
    fn living(&self) -> Vec<(String, SeriesKind)> {
        let groups = self.registry.groups();
        let of = |series: &crate::ingest::registry::Series| groups[series.group.0 as usize - 1].name.clone();
        let mut living: Vec<_> =
            self.registry.live_series().iter().map(|(_, series)| (of(series), series.kind)).collect();
        living.sort_by(|one, other| one.0.cmp(&other.0));
        living
    }

    fn values(&mut self) -> usize {
        let now = Timestamp::default() + Interval::from_secs(self.seconds);
        self.rows.take(now, &self.known).0.iter().map(crate::ingest::batch::Batch::values).sum()
    }
}

fn gauge(name: &str) -> (String, SeriesKind) {
    (format!("job.{name}"), SeriesKind::Gauge)
}

#[test]
fn a_series_begins_with_its_first_value() {
    let mut stage = Stage::new(10);
    let tally = stage.read(Some("a NaN\nb 1\nc{ NaN"));
    assert_eq!((tally.samples, tally.refused, stage.living()), (2, 1, vec![gauge("b")]));
    stage.read(Some("a 1\nb NaN"));
    assert_eq!((stage.living(), stage.values()), (vec![gauge("a"), gauge("b")], 2));
}

#[test]
fn times_at_which_counters_began_are_not_shown() {
    let mut stage = Stage::new(10);
    stage.read(Some(
        "# TYPE a counter\na_total 1\na_created 5\n# TYPE b_total counter\nb_total 1\n# TYPE b_created gauge\n\
         b_created 5\n# TYPE created gauge\nc_created 1",
    ));
    let counter = |name: &str| (format!("job.{name}"), SeriesKind::Counter);
    assert_eq!(stage.living(), [counter("a_total"), counter("b_total"), gauge("c_created")]);
}

#[test]
fn a_series_whose_type_changes_is_placed_again_once() {
    let mut stage = Stage::new(10);
    stage.read(Some("# TYPE a gauge\na 1"));
    assert_eq!(stage.living(), [gauge("a")]);
    for _ in 0..2 {
        stage.read(Some("# TYPE a counter\na 1\n# TYPE a gauge"));
        assert_eq!(stage.living(), [("job.a".to_owned(), SeriesKind::Counter)]);
    }
    (0..3).for_each(|_| drop(stage.read(Some(""))));
    assert_eq!(stage.living(), []);
}

#[test]
fn a_series_ends_after_some_answers_without_it_or_none_at_all() {
    let mut stage = Stage::new(10);
    stage.read(Some("a 1\nb 1"));
    stage.read(Some("b 1"));
    stage.read(None);
    assert_eq!(stage.living().len(), 2);
    stage.read(None);
    assert_eq!(stage.living(), [gauge("b")]);
    stage.read(Some("a 1\nb 1"));
    assert_eq!(stage.living().len(), 2);
}

#[test]
fn a_sample_that_is_repeated_is_refused_and_a_series_beyond_the_limit_is_tried_again() {
    let mut stage = Stage::new(2);
    let tally = stage.read(Some("a 1\na 2\nb 1\nc 1"));
    assert_eq!((tally.samples, tally.refused, stage.living()), (4, 2, vec![gauge("a"), gauge("b")]));
    for _ in 0..700 {
        stage.read(Some("b 1\nc 1"));
    }
    assert_eq!(stage.living(), [gauge("b"), gauge("c")]);
}

#[test]
fn a_line_that_is_too_long_or_not_utf8_is_refused() {
    let mut stage = Stage::new(10);
    let long = format!("a{{b=\"{}\"}} 1\nc 1", "x".repeat(MAX_LINE_BYTES));
    let tally = stage.read(Some(&long));
    let shown = tally.to_string();
    assert!(shown.starts_with("line 1 of its answer is left out: a line must have at most 16384 bytes"), "{shown}");
    let now = Timestamp::default();
    let Stage { registrar, known, rows, naming, labels, reader, .. } = &mut stage;
    let mut sink = Sink { known, rows, registrar, naming, labels, shows_instance: false, now };
    let mut tally = Tally::default();
    reader.line(b"a{b=\"\xff\"} 1", Format::Text, &mut tally, &mut sink);
    assert_eq!(tally.first_bad, Some((1, BadLine::NotUtf8)));
}

//! A consumer takes what it shows and skips the rest.

use protocol::{Block, BlockBuffer, Blocks, Column, GroupId, SeriesId, Timestamp, Visit, Visitor};

const ROWS: usize = 4;

/// Group 1 with series 1 to 3, group 2 with series 4, group 1 once more with series 1.
fn buffer() -> BlockBuffer {
    let mut buffer = BlockBuffer::default();
    for (group, start, series) in [(1, 0, 1..4), (2, 0, 4..5), (1, 10, 1..2)] {
        let times: Vec<Timestamp> = (0..ROWS as i64).map(|row| Timestamp::from_micros(start + row)).collect();
        let columns: Vec<(SeriesId, Vec<f64>)> =
            series.map(|series| (SeriesId(series), (0..ROWS).map(|row| value(series, start, row)).collect())).collect();
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        buffer.push(GroupId(group), &times, columns).expect("encodes");
    }
    buffer
}

fn value(series: u32, start: i64, row: usize) -> f64 {
    f64::from(series) * 100.0 + start as f64 + row as f64 / 8.0
}

fn values(block: &Block<'_>, column: &Column<'_>) -> Vec<f64> {
    let mut values = vec![0.0; block.rows as usize];
    column.values().expect("a known encoding").copy_to(&mut values);
    values
}

/// One column as a consumer sees it.
type Seen = (GroupId, Vec<Timestamp>, SeriesId, Vec<f64>);

fn seen(block: &Block<'_>, column: &Column<'_>) -> Seen {
    (block.group, block.times.iter().collect(), column.series, values(block, column))
}

/// Takes the groups that it wants.
#[derive(Default)]
struct Groups {
    wanted: Vec<GroupId>,
    offered: Vec<GroupId>,
    seen: Vec<Seen>,
}

impl Visitor for Groups {
    fn block(&mut self, block: &Block<'_>) -> Visit {
        self.offered.push(block.group);
        if self.wanted.contains(&block.group) { Visit::Enter } else { Visit::Skip }
    }

    fn column(&mut self, block: &Block<'_>, column: &Column<'_>) {
        self.seen.push(seen(block, column));
    }
}

fn visit(blocks: &Blocks<'_>, wanted: &[u32]) -> Groups {
    let mut visitor = Groups { wanted: wanted.iter().copied().map(GroupId).collect(), ..Groups::default() };
    blocks.visit(&mut visitor);
    visitor
}

#[test]
fn a_visitor_that_enters_everything_sees_what_iteration_gives() {
    let buffer = buffer();
    let mut iterated = Vec::new();
    for block in &buffer.blocks() {
        iterated.extend(block.columns.iter().map(|column| seen(&block, &column)));
    }
    assert_eq!(iterated.len(), 5);
    assert_eq!(visit(&buffer.blocks(), &[1, 2]).seen, iterated);
}

#[test]
fn a_visitor_is_asked_about_every_block_in_order() {
    for wanted in [&[] as &[u32], &[1], &[2], &[1, 2]] {
        assert_eq!(visit(&buffer().blocks(), wanted).offered, [1, 2, 1].map(GroupId));
    }
}

#[test]
fn a_visitor_never_sees_a_column_of_a_block_that_it_skips() {
    let buffer = buffer();
    assert!(visit(&buffer.blocks(), &[]).seen.is_empty());
    let second = visit(&buffer.blocks(), &[2]).seen;
    assert_eq!(second.iter().map(|seen| (seen.0, seen.2)).collect::<Vec<_>>(), [(GroupId(2), SeriesId(4))]);
    let first = visit(&buffer.blocks(), &[1]).seen;
    assert_eq!(first.iter().map(|seen| seen.2.0).collect::<Vec<_>>(), [1, 2, 3, 1]);
}

/// Takes one series and leaves the others packed.
struct OneSeries {
    wanted: SeriesId,
    values: Vec<f64>,
}

impl Visitor for OneSeries {
    fn block(&mut self, _: &Block<'_>) -> Visit {
        Visit::Enter
    }

    fn column(&mut self, block: &Block<'_>, column: &Column<'_>) {
        if column.series == self.wanted {
            self.values.extend(values(block, column));
        }
    }
}

#[test]
fn a_visitor_that_takes_one_series_gets_its_values_from_every_block() {
    let buffer = buffer();
    let take = |series| {
        let mut visitor = OneSeries { wanted: SeriesId(series), values: Vec::new() };
        buffer.blocks().visit(&mut visitor);
        visitor.values
    };
    let expected = |series, starts: &[i64]| -> Vec<f64> {
        starts.iter().flat_map(|&start| (0..ROWS).map(move |row| value(series, start, row))).collect()
    };
    assert_eq!(take(1), expected(1, &[0, 10]));
    assert_eq!(take(3), expected(3, &[0]));
    assert_eq!(take(4), expected(4, &[0]));
    assert!(take(5).is_empty());
}

//! Queries of the page and their answers, and the check of an answer against the rows that were sent.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::column::{MISSING, is_missing};
use protocol::{Answer, AnswerOrder, AnswerPart, ClientMessage, Epoch, Interval, Selection, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;
use series::Summary;

/// Rows are complete when they are this old: late ones have come.
const SETTLED: Interval = Interval::from_millis(2_700);

/// The longest range. With at least 100 columns, steps are at most 200 ms.
const LONGEST: Interval = Interval::from_secs(20);
const FEWEST_COLUMNS: u32 = 100;

/// Group and series, counted from 1 and from 0.
type Key = (u32, usize);

/// The answer to one query.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) epoch: Epoch,
    range: Range<Timestamp>,
    /// Of each group.
    steps: BTreeMap<u32, BTreeSet<Interval>>,
    buckets: BTreeMap<Key, BTreeMap<Timestamp, Summary>>,
}

/// The queries of a page.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    last_id: u32,
    waiting: BTreeMap<u32, Answered>,
    pub(crate) answered: Vec<Answered>,
    pub(crate) lost: u64,
}

impl Queries {
    /// A query for a random range in which all late rows have arrived.
    pub(crate) fn ask(&mut self, newest: Timestamp, random: &mut StdRng) -> ClientMessage<'static> {
        self.last_id += 1;
        let (id, columns) = (self.last_id, random.random_range(FEWEST_COLUMNS..800));
        let to = newest - SETTLED - Interval::from_millis(random.random_range(0..3_000));
        let from = to - Interval::from_millis(random.random_range(1..LONGEST.micros() / 1_000));
        let answered = Answered { epoch: Epoch(0), range: from..to, steps: BTreeMap::new(), buckets: BTreeMap::new() };
        self.waiting.insert(id, answered);
        let selection = Selection::Selector("g*");
        ClientMessage::Query { id, selection, from, to, columns, order: AnswerOrder::Direct }
    }

    /// The queries end with their connection.
    pub(crate) fn disconnected(&mut self) {
        self.lost += self.waiting.len() as u64;
        self.waiting.clear();
    }

    pub(crate) fn take(&mut self, epoch: Epoch, answer: &Answer<'_>) {
        let answered = self.waiting.get_mut(&answer.query).expect("an answer to a query of this connection");
        answered.epoch = epoch;
        for block in &answer.blocks {
            answered.steps.entry(block.group.0).or_default().insert(block.step);
            let times: Vec<Timestamp> = block.times.iter().collect();
            for columns in &block.series {
                let [first, last, min, max, sum, count] = columns.copied(times.len()).expect("known encodings");
                // Ids count through the groups, which have two series each.
                let key = (block.group.0, (columns.series.0 as usize - 1) % 2);
                let held = answered.buckets.entry(key).or_default();
                for row in (0..times.len()).filter(|&row| !is_missing(first[row])) {
                    let (first, last, min, max, sum) = (first[row], last[row], min[row], max[row], sum[row]);
                    let summary = Summary { first, last, min, max, sum, count: count[row] as u32 };
                    assert!(held.insert(times[row], summary).is_none(), "a bucket was sent twice");
                }
            }
        }
        if answer.part == AnswerPart::Last {
            self.answered.extend(self.waiting.remove(&answer.query));
        }
    }
}

impl Answered {
    /// Checks the answer against the rows of its epoch that were sent: group, time, and the bits of the values.
    pub(crate) fn check<'a>(&self, sent: &(impl Iterator<Item = (u32, Timestamp, &'a [u64])> + Clone)) {
        let groups: BTreeSet<u32> = sent.clone().map(|(group, ..)| group).chain(self.steps.keys().copied()).collect();
        for group in groups {
            let steps = self.steps.get(&group).cloned().unwrap_or_default();
            assert!(steps.len() <= 1, "one step for a group, found {steps:?}");
            let step = steps.first().copied().unwrap_or_default();
            for series in 0..2 {
                let values =
                    sent.clone().filter(|(of, ..)| *of == group).map(|(_, time, values)| (time, values[series]));
                let values = values.filter(|(_, bits)| *bits != MISSING.to_bits());
                let found = self.buckets.get(&(group, series)).cloned().unwrap_or_default();
                if step == Interval::ZERO && !steps.is_empty() {
                    let expected = values.filter(|(time, _)| self.range.contains(time)).collect::<BTreeMap<_, _>>();
                    let found =
                        found.iter().map(|(time, row)| (*time, row.first.to_bits())).collect::<BTreeMap<_, _>>();
                    assert_eq!(found, expected, "rows of group {group}, series {series}");
                    continue;
                }
                let us = step.micros().max(1).cast_signed();
                let bucket = |time: Timestamp| time.micros().div_euclid(us);
                let (first, end) = (bucket(self.range.start), bucket(self.range.end - Interval::from_micros(1)) + 1);
                let mut expected: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
                for (time, bits) in values.filter(|(_, bits)| f64::from_bits(*bits).is_finite()) {
                    if (first..end).contains(&bucket(time)) {
                        expected
                            .entry(Timestamp::from_micros(bucket(time) * us))
                            .or_default()
                            .push(f64::from_bits(bits));
                    }
                }
                assert_eq!(
                    found.keys().collect::<Vec<_>>(),
                    expected.keys().collect::<Vec<_>>(),
                    "buckets of group {group}, series {series}, of {step}"
                );
                for (start, values) in expected {
                    let (found, expected) = (found[&start], Summary::of(&values));
                    let exact = |summary: Summary| {
                        let Summary { first, last, min, max, count, .. } = summary;
                        // A minimum of zero may have either sign.
                        ([first, last, min + 0.0, max + 0.0].map(f64::to_bits), count)
                    };
                    assert_eq!(exact(found), exact(expected), "group {group}, series {series} at {start:?}");
                }
            }
        }
    }
}

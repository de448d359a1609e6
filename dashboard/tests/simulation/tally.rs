//! Counts of a simulation.

use std::fmt;
use std::ops::AddAssign;

/// Counts of one simulation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connections: u64,
    pub(crate) changes: u64,
    pub(crate) repairs: u64,
    pub(crate) duplicates: u64,
    pub(crate) made: u64,
    pub(crate) held: u64,
    pub(crate) buckets: u64,
    pub(crate) missing: u64,
    pub(crate) holes: u64,
    pub(crate) gaps: u64,
    pub(crate) epochs: u64,
    pub(crate) entries: u64,
    pub(crate) entries_missing: u64,
    pub(crate) answers: u64,
    pub(crate) answers_lost: u64,
}

impl Tally {
    /// Returns true if every kind of event happened.
    pub(crate) fn has_everything(&self) -> bool {
        let Self {
            connections,
            changes,
            repairs,
            duplicates,
            made,
            held,
            buckets,
            missing,
            holes,
            gaps,
            epochs,
            entries,
            entries_missing,
            answers,
            answers_lost,
        } = *self;
        let rows = [made, held, buckets, missing, holes, gaps, epochs];
        let others = [connections, changes, repairs, duplicates, entries, entries_missing, answers, answers_lost];
        rows.iter().chain(&others).all(|&count| count > 0)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.changes += other.changes;
        self.repairs += other.repairs;
        self.duplicates += other.duplicates;
        self.made += other.made;
        self.held += other.held;
        self.buckets += other.buckets;
        self.missing += other.missing;
        self.holes += other.holes;
        self.gaps += other.gaps;
        self.epochs += other.epochs;
        self.entries += other.entries;
        self.entries_missing += other.entries_missing;
        self.answers += other.answers;
        self.answers_lost += other.answers_lost;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections,
            changes,
            repairs,
            duplicates,
            made,
            held,
            buckets,
            missing,
            holes,
            gaps,
            epochs,
            entries,
            entries_missing,
            answers,
            answers_lost,
        } = self;
        write!(
            f,
            "{made} rows of {epochs} servers over {connections} connections with {changes} changes of the subscription; {held} held bit for bit or in {buckets} buckets, {missing} missing behind \
             {holes} drawn holes; {gaps} gaps declared; {repairs} silent losses detected, {duplicates} duplicate frames skipped; \
             {entries} lines and events received, {entries_missing} declared missing or before the page began; {answers} answers equal \
             a scan, {answers_lost} lost with their connection"
        )
    }
}

//! The distinct subscriptions of all viewers, with bounds on their number and their frames.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Extent, GroupId, Sequence};

use crate::deliver::frame_ring::FrameMemory;
use crate::deliver::subscription::{Part, Subscription};
use crate::stream::buckets::steps::Steps;
use crate::stream::buckets::tracked::GroupChange;
use crate::stream::selected_by::SelectedBy;
use crate::stream::selected_series::SelectedSeries;

/// Distinct subscriptions besides that to everything.
pub const MAX_SUBSCRIPTIONS: usize = 64;

/// Patterns of all selectors together: each new series is compared with them on the hub's thread.
pub const MAX_PATTERNS: usize = 256;

/// The subscriptions. The first is to everything, and stays.
#[derive(Debug)]
pub struct Subscriptions {
    listed: Vec<Listed>,
    bytes: usize,
    limit_bytes: usize,
    /// Rises with each change of a ring.
    changes: u64,
}

#[derive(Debug)]
struct Listed {
    subscription: Arc<Subscription>,
    viewers: usize,
}

/// A subscription whose frames are encoded.
#[derive(Clone, Debug)]
pub struct Audience {
    pub subscription: Arc<Subscription>,
    pub selected: Arc<SelectedSeries>,
    /// The number of its last numbered frame.
    pub last: Sequence,
}

/// A frame for a subscription.
#[derive(Debug)]
pub enum NextFrame {
    /// With the number that is committed.
    Numbered(Bytes),
    /// No selected series has a value in these rows.
    Nothing,
    /// Viewers are sent the rows as history: the frame could not be encoded, or a group of it is not tracked yet.
    LeftOut,
}

/// The frame for a subscription, and what it changes.
#[derive(Debug)]
pub struct EncodedFor {
    pub audience: Audience,
    pub frame: NextFrame,
    /// Of groups that are sent as summaries.
    pub changes: Vec<(GroupId, GroupChange)>,
}

impl Subscriptions {
    /// The frames of all subscriptions take at most `limit_bytes` bytes of memory.
    pub fn new(limit_bytes: usize) -> Self {
        let everything = Listed { subscription: Arc::new(Subscription::to_everything()), viewers: 0 };
        Self { listed: vec![everything], bytes: 0, limit_bytes, changes: 0 }
    }

    pub fn everything(&self) -> &Arc<Subscription> {
        &self.listed[0].subscription
    }

    /// Bytes of memory of all frames.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rises with each change of a ring.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// The number of subscriptions that have viewers.
    pub fn with_viewers(&self) -> usize {
        self.listed.iter().filter(|listed| listed.viewers > 0).count()
    }

    /// Moves a viewer from one subscription to another.
    pub fn change(
        &mut self,
        from: &Arc<Subscription>,
        to: Option<Part>,
        position: Sequence,
    ) -> (Arc<Subscription>, Extent) {
        if from.to() == to.as_ref() {
            // Left first, its last viewer would end it.
            return (Arc::clone(from), Extent::Exact);
        }
        self.leave(from);
        self.join(to, position)
    }

    /// Adds a viewer. `None` is the rows of everything. `position` is the number of the last frame.
    pub fn join(&mut self, to: Option<Part>, position: Sequence) -> (Arc<Subscription>, Extent) {
        let (place, extent) = match to.filter(|to| !to.is_everything()) {
            None => (0, Extent::Exact),
            Some(to) => match self.listed.iter().position(|listed| listed.subscription.to() == Some(&to)) {
                Some(place) => (place, Extent::Exact),
                None if self.has_room(&to.by) => {
                    let subscription = Arc::new(Subscription::new(to, position));
                    self.listed.push(Listed { subscription, viewers: 0 });
                    (self.listed.len() - 1, Extent::Exact)
                }
                None => (self.wider(&to), Extent::Wider),
            },
        };
        self.listed[place].viewers += 1;
        (Arc::clone(&self.listed[place].subscription), extent)
    }

    /// Removes a viewer, and its subscription with the last one.
    pub fn leave(&mut self, subscription: &Arc<Subscription>) {
        let Some(place) = self.listed.iter().position(|listed| Arc::ptr_eq(&listed.subscription, subscription)) else {
            return;
        };
        self.listed[place].viewers -= 1;
        if self.listed[place].viewers == 0 && place > 0 {
            self.bytes -= self.listed.remove(place).subscription.bytes();
        }
    }

    fn has_room(&self, by: &SelectedBy) -> bool {
        let patterns = |listed: &Listed| listed.subscription.to().map_or(0, |to| to.by.patterns());
        let all_patterns = self.listed.iter().map(patterns).sum::<usize>() + by.patterns();
        self.listed.len() <= MAX_SUBSCRIPTIONS && (by.patterns() == 0 || all_patterns <= MAX_PATTERNS)
    }

    /// The place of the smallest subscription to groups that includes a selection of groups with the same steps, or their rows, whatever
    /// the catalog gets later; otherwise that to the rows of everything.
    fn wider(&self, to: &Part) -> usize {
        let SelectedBy::Groups(groups) = &to.by else { return 0 };
        let has_steps =
            |steps: &Steps| steps.are_rows() || groups.iter().all(|&group| steps.of(group) == to.steps.of(group));
        let others = self.listed.iter().enumerate().filter_map(|(place, listed)| match listed.subscription.to() {
            Some(Part { by: SelectedBy::Groups(others), steps }) if has_steps(steps) => Some((place, others)),
            _ => None,
        });
        let includes = |others: &Vec<_>| groups.iter().all(|group| others.binary_search(group).is_ok());
        let wider = others.filter(|(_, others)| includes(others));
        wider.min_by_key(|(_, others)| others.len()).map_or(0, |(place, _)| place)
    }

    /// The subscriptions to a part.
    pub fn parts(&self) -> Vec<Arc<Subscription>> {
        self.listed.iter().skip(1).map(|listed| Arc::clone(&listed.subscription)).collect()
    }

    /// The subscriptions that have viewers and whose series are known.
    pub fn audiences(&self) -> Vec<Audience> {
        let with_viewers = self.listed.iter().filter(|listed| listed.viewers > 0);
        let audience = |listed: &Listed| {
            let (subscription, selected) = (Arc::clone(&listed.subscription), listed.subscription.resolved()?);
            Some(Audience { last: subscription.last(), subscription, selected })
        };
        with_viewers.filter_map(audience).collect()
    }

    /// Adds the frames with number `sequence`. If a subscription is new, or its series have changed since its frame was encoded, the frame
    /// is left out, and its viewers are sent the rows as history.
    pub fn commit(&mut self, frames: Vec<EncodedFor>, sequence: Sequence) {
        let mut frames: Vec<_> = frames.into_iter().map(Some).collect();
        for place in 0..self.listed.len() {
            let subscription = Arc::clone(&self.listed[place].subscription);
            let is_its = |encoded: &EncodedFor| Arc::ptr_eq(&encoded.audience.subscription, &subscription);
            let encoded = frames.iter_mut().find(|frame| frame.as_ref().is_some_and(is_its)).and_then(Option::take);
            let Some(EncodedFor { audience, frame, changes }) = encoded else {
                self.leave_out(&subscription, sequence);
                continue;
            };
            if let Some(tracked) = subscription.tracked() {
                tracked.lock().commit(changes);
            }
            let is_current = Arc::ptr_eq(&audience.selected, &subscription.selected());
            match frame {
                NextFrame::Numbered(bytes) if is_current => {
                    self.add(&subscription, bytes, Some(sequence), FrameMemory::Own);
                }
                NextFrame::Nothing if is_current => {}
                _ => self.leave_out(&subscription, sequence),
            }
        }
        self.fit();
    }

    /// Adds a frame without a number for all viewers.
    pub fn push_to_all(&mut self, frame: &Bytes) {
        for place in 0..self.listed.len() {
            let subscription = Arc::clone(&self.listed[place].subscription);
            let memory = if place == 0 { FrameMemory::Own } else { FrameMemory::Shared };
            self.add(&subscription, frame.clone(), None, memory);
        }
        self.fit();
    }

    /// Adds a frame for each subscription, which `frame` makes from the number of its last numbered frame. `number` is its own, if it has one.
    ///
    /// # Errors
    /// The first of `frame`. The other frames are added.
    pub fn push_each<E>(
        &mut self,
        number: Option<Sequence>,
        mut frame: impl FnMut(Sequence) -> Result<Bytes, E>,
    ) -> Result<(), E> {
        let mut pushed = Ok(());
        for place in 0..self.listed.len() {
            let subscription = Arc::clone(&self.listed[place].subscription);
            match frame(subscription.last()) {
                Ok(frame) => self.add(&subscription, frame, number, FrameMemory::Own),
                Err(error) => {
                    // Its viewers are sent the entry as history.
                    if let Some(number) = number {
                        self.leave_out(&subscription, number);
                    }
                    pushed = pushed.and(Err(error));
                }
            }
        }
        self.fit();
        pushed
    }

    fn add(&mut self, subscription: &Subscription, frame: Bytes, number: Option<Sequence>, memory: FrameMemory) {
        self.changes += 1;
        self.bytes += subscription.push(frame, number, self.changes, memory);
    }

    fn leave_out(&mut self, subscription: &Subscription, number: Sequence) {
        self.changes += 1;
        self.bytes -= subscription.leave_out(number);
    }

    /// Drops the oldest frames of all beyond the bound.
    fn fit(&mut self) {
        while self.bytes > self.limit_bytes {
            let oldest = self.listed.iter().filter_map(|listed| Some((listed.subscription.oldest()?, listed)));
            let Some((_, listed)) = oldest.min_by_key(|(order, _)| *order) else { return };
            self.bytes -= listed.subscription.drop_oldest();
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GroupId, Interval, SeriesKind};

    use super::*;
    use crate::ingest::registry::{Group, Registry, Series};
    use crate::stream::catalog::Catalog;

    fn groups(ids: &[u32]) -> Part {
        Part { by: SelectedBy::Groups(ids.iter().map(|&id| GroupId(id)).collect()), steps: Steps::default() }
    }

    fn selector(text: &str) -> Part {
        Part { by: SelectedBy::Selector(text.parse().expect("a selector")), steps: Steps::default() }
    }

    fn in_steps(part: Part, millis: u64) -> Part {
        Part { steps: Steps { step: Interval::from_millis(millis), groups: Vec::new() }, ..part }
    }

    fn join(subscriptions: &mut Subscriptions, to: impl Into<Option<Part>>) -> (Arc<Subscription>, Extent) {
        subscriptions.join(to.into(), Sequence(5))
    }

    fn encoded(audience: Audience, frame: NextFrame) -> EncodedFor {
        EncodedFor { audience, frame, changes: Vec::new() }
    }

    #[test]
    fn viewers_share_a_subscription_if_its_steps_are_equal_too() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        let (rows, _) = join(&mut subscriptions, groups(&[1]));
        let (summaries, _) = join(&mut subscriptions, in_steps(groups(&[1]), 150));
        let (same, _) = join(&mut subscriptions, in_steps(groups(&[1]), 150));
        let (coarse, _) = join(&mut subscriptions, in_steps(groups(&[1]), 151));
        assert!(Arc::ptr_eq(&summaries, &same));
        assert!(!Arc::ptr_eq(&summaries, &coarse) && !Arc::ptr_eq(&summaries, &rows));
        let (all, _) = join(&mut subscriptions, in_steps(selector("*"), 150));
        assert!(!Arc::ptr_eq(&all, subscriptions.everything()));
        assert_eq!(all.selected(), subscriptions.everything().selected(), "needs no search");
    }

    #[test]
    fn above_the_limit_a_viewer_shares_a_wider_subscription_with_the_same_steps_or_rows() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        let (summaries, _) = join(&mut subscriptions, in_steps(groups(&[1, 2, 3]), 150));
        let (rows, _) = join(&mut subscriptions, groups(&[1, 2, 3, 4]));
        for id in 2..MAX_SUBSCRIPTIONS as u32 {
            join(&mut subscriptions, groups(&[100 + id]));
        }
        let of = |part, subscriptions: &mut Subscriptions| join(subscriptions, part).0;
        assert!(Arc::ptr_eq(&of(in_steps(groups(&[1, 2]), 150), &mut subscriptions), &summaries));
        assert!(Arc::ptr_eq(&of(in_steps(groups(&[1, 2]), 151), &mut subscriptions), &rows));
        assert!(Arc::ptr_eq(&of(groups(&[1, 2]), &mut subscriptions), &rows));
    }

    #[test]
    fn viewers_with_equal_selections_share_a_subscription_until_the_last_one_leaves() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        let (one, extent) = join(&mut subscriptions, groups(&[1, 2]));
        let (other, _) = join(&mut subscriptions, groups(&[1, 2]));
        assert!(Arc::ptr_eq(&one, &other) && extent == Extent::Exact);
        assert!(Arc::ptr_eq(&join(&mut subscriptions, selector(" * ")).0, subscriptions.everything()));
        subscriptions.leave(&one);
        assert_eq!(subscriptions.with_viewers(), 2);
        subscriptions.leave(&one);
        assert_eq!((subscriptions.with_viewers(), subscriptions.listed.len()), (1, 1));
        let again = join(&mut subscriptions, groups(&[1, 2])).0;
        assert!(!Arc::ptr_eq(&one, &again));
    }

    #[test]
    fn above_the_limit_a_viewer_shares_the_smallest_wider_subscription() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        let (wide, _) = join(&mut subscriptions, groups(&[1, 2, 3, 4]));
        let (narrow, _) = join(&mut subscriptions, groups(&[1, 2, 3]));
        for id in 2..MAX_SUBSCRIPTIONS as u32 {
            assert_eq!(join(&mut subscriptions, groups(&[100 + id])).1, Extent::Exact);
        }
        let (shared, extent) = join(&mut subscriptions, groups(&[1, 3]));
        assert!(Arc::ptr_eq(&shared, &narrow) && extent == Extent::Wider);
        assert!(Arc::ptr_eq(&join(&mut subscriptions, groups(&[4])).0, &wide));
        let everything = Arc::clone(subscriptions.everything());
        for by in [groups(&[1, 9]), selector("cpu.*")] {
            let (shared, extent) = join(&mut subscriptions, by);
            assert!(Arc::ptr_eq(&shared, &everything) && extent == Extent::Wider);
        }
        assert_eq!(join(&mut subscriptions, groups(&[1, 2, 3])).1, Extent::Exact, "one that is there");
    }

    #[test]
    fn a_viewer_that_changes_at_the_limit_takes_the_place_of_its_own_subscription() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        let mut own = Arc::clone(&join(&mut subscriptions, groups(&[1])).0);
        for id in 1..MAX_SUBSCRIPTIONS as u32 {
            join(&mut subscriptions, groups(&[100 + id]));
        }
        for id in 2..6 {
            let (changed, extent) = subscriptions.change(&own, Some(groups(&[id])), Sequence(5));
            assert_eq!(extent, Extent::Exact);
            let (same, _) = subscriptions.change(&changed, Some(groups(&[id])), Sequence(5));
            assert!(Arc::ptr_eq(&same, &changed));
            own = changed;
        }
        assert_eq!(subscriptions.listed.len(), MAX_SUBSCRIPTIONS + 1);
        subscriptions.change(&own, None, Sequence(5));
        assert_eq!(subscriptions.listed.len(), MAX_SUBSCRIPTIONS);
    }

    #[test]
    fn the_patterns_of_all_selectors_are_limited() {
        let mut subscriptions = Subscriptions::new(1 << 20);
        for number in 0..MAX_PATTERNS / 32 {
            let terms = if number == 0 { 15 } else { 16 };
            let long = vec![format!("cpu.{number}"); terms].join(",");
            assert_eq!(join(&mut subscriptions, selector(&long)).1, Extent::Exact);
        }
        assert_eq!(join(&mut subscriptions, selector("memory")).1, Extent::Exact);
        assert_eq!(join(&mut subscriptions, selector("disk.*")).1, Extent::Wider);
        assert_eq!(join(&mut subscriptions, groups(&[1])).1, Extent::Exact);
    }

    #[test]
    fn the_bytes_of_all_rings_are_bounded_and_the_oldest_frames_are_dropped_first() {
        let mut subscriptions = Subscriptions::new(4_000);
        let (part, _) = join(&mut subscriptions, groups(&[1]));
        part.resolve(&SelectedSeries::of_groups(&[GroupId(1)]));
        let everything = join(&mut subscriptions, None).0;
        for sequence in 6..100 {
            let frames = subscriptions.audiences().into_iter().map(|audience| {
                let frame = if sequence % 7 == 0 || audience.subscription.to().is_none() {
                    NextFrame::Numbered(Bytes::from(vec![0; 100]))
                } else {
                    NextFrame::Nothing
                };
                encoded(audience, frame)
            });
            let frames = frames.collect();
            subscriptions.commit(frames, Sequence(sequence));
            let bytes = part.bytes() + everything.bytes();
            assert_eq!(bytes, subscriptions.bytes());
            assert!(bytes <= 4_000);
        }
        assert_eq!((everything.last(), part.last()), (Sequence(99), Sequence(98)));
        let (oldest_of_part, oldest) = (part.oldest().expect("some"), everything.oldest().expect("some"));
        assert!(oldest_of_part.abs_diff(oldest) < 16, "{oldest_of_part:?} and {oldest:?}");
        // A frame of a part that has had no number for long is not the oldest.
        subscriptions.push_to_all(&Bytes::from_static(b"heartbeat"));
        assert_eq!(part.recent(0).frames.last().map(|frame| frame.sequence), Some(Sequence(98)));
        assert!(part.oldest() > Some(0) && part.frames_from(part.ring_end() - 1, 1, &mut Vec::new()).is_ok());
        subscriptions.leave(&everything);
        let end = everything.ring_end();
        subscriptions.commit(Vec::new(), Sequence(100));
        let mut frames = Vec::new();
        assert!(everything.frames_from(end, 1, &mut frames).is_err(), "a frame that was not encoded");
    }

    #[test]
    fn frames_that_were_encoded_for_other_series_are_left_out() {
        let (mut subscriptions, catalog) = (Subscriptions::new(1 << 20), Catalog::default());
        let (part, _) = join(&mut subscriptions, selector("g/wanted"));
        assert_eq!(subscriptions.audiences().len(), 0, "its series are not known yet");
        part.resolve(&SelectedSeries::default());
        let frames = |subscriptions: &Subscriptions| {
            let frame = |audience| encoded(audience, NextFrame::Numbered(Bytes::from_static(b"frame")));
            subscriptions.audiences().into_iter().map(frame).collect::<Vec<_>>()
        };
        let register = |series_name: &str| {
            let (name, title, unit, interval) = ("g".to_owned(), String::new(), String::new(), Interval::from_secs(1));
            let group = Group { name, title, unit, interval, ..Group::default() };
            let group = catalog.register_group(group).expect("fits");
            let (name, kind, labels) = (series_name.to_owned(), SeriesKind::Gauge, Vec::new());
            catalog.register_series(Series { group, name, kind, labels }).expect("fits");
            part.catalog_changed(&catalog.take_changes(), &catalog);
        };
        let before = frames(&subscriptions);
        register("wanted");
        assert_eq!(catalog.count(&part.selected()), 1);
        let end = part.ring_end();
        subscriptions.commit(before, Sequence(6));
        assert!(part.frames_from(end, 1, &mut Vec::new()).is_err());
        let (after, end) = (frames(&subscriptions), part.ring_end());
        subscriptions.commit(after, Sequence(7));
        assert_eq!(part.frames_from(end, 1, &mut Vec::new()), Ok(end + 1));
        assert_eq!(part.last(), Sequence(7));
        register("renamed");
        assert_eq!(catalog.count(&part.selected()), 0, "a series that is no longer selected leaves");
    }
}

//! Selects the few keys with the largest values, so that series do not appear and vanish at every reading. Time is an
//! argument.
//!
//! The eight largest values of a reading are always shown. What was shown stays for a while after its value is no longer among them,
//! so that keys that take turns are all shown.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Keys up to this rank are shown.
const TOP: usize = 8;
/// The time for which a key below that rank stays.
const GRACE: Duration = Duration::from_secs(10);
/// A bound on the shown keys: the smallest values are hidden first.
const MAX_SHOWN: usize = 32;
/// Averages follow the values over about this long.
const SMOOTHING: Duration = Duration::from_secs(5);
/// An average below this share of the floor is forgotten if its key has no value.
const FORGOTTEN: f64 = 1.0 / 64.0;

/// What the floor is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranked {
    /// The value: a level, such as bytes of memory.
    ByLevel,
    /// The average: a rate that is counted in coarse steps. One step now and then is no load.
    ByRate,
}

/// Ranks by value.
#[derive(Debug)]
pub(super) struct Busiest<K> {
    ranked: Ranked,
    floor: f64,
    last: Option<Instant>,
    readings: u64,
    /// Of rates that lately were not zero.
    averages: BTreeMap<K, Average>,
    /// The largest values of this reading, the largest first.
    top: Vec<Candidate<K>>,
    /// In the order of keys.
    shown: Vec<Shown<K>>,
}

#[derive(Clone, Copy, Debug)]
struct Average {
    value: f64,
    reading: u64,
}

#[derive(Debug)]
struct Candidate<K> {
    value: f64,
    is_shown: bool,
    key: K,
}

#[derive(Debug)]
struct Shown<K> {
    key: K,
    /// Zero if it is not known.
    value: f64,
    until: Instant,
    reading: u64,
}

impl<K: Ord> Candidate<K> {
    /// Of equal values, what is shown stays; then the smaller key ranks first.
    fn rank(&self, other: &Self) -> Ordering {
        let by_value = other.value.total_cmp(&self.value).then(other.is_shown.cmp(&self.is_shown));
        by_value.then_with(|| self.key.cmp(&other.key))
    }
}

impl<K: Clone + Ord> Busiest<K> {
    /// What is not above `floor` has no rank.
    pub(super) fn new(ranked: Ranked, floor: f64) -> Self {
        let (averages, top, shown) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { ranked, floor, last: None, readings: 0, averages, top, shown }
    }

    /// Takes a reading with all keys, each once, and their values; NaN if a value is not known. A missing key is hidden at once.
    pub(super) fn update(&mut self, at: Instant, reading: impl IntoIterator<Item = (K, f64)>) {
        let elapsed = self.last.map_or(SMOOTHING, |last| at.saturating_duration_since(last));
        let weight = -(-elapsed.as_secs_f64() / SMOOTHING.as_secs_f64()).exp_m1();
        self.last = Some(at);
        self.readings += 1;
        self.top.clear();
        for (key, value) in reading {
            self.take(key, value, weight);
        }
        let readings = self.readings;
        self.averages.retain(|_, average| average.reading == readings);
        self.shown.retain(|shown| shown.reading == readings);
        for Candidate { key, value, .. } in self.top.drain(..) {
            let until = at + GRACE;
            match self.shown.binary_search_by(|shown| shown.key.cmp(&key)) {
                Ok(place) => self.shown[place].until = until,
                Err(place) => self.shown.insert(place, Shown { key, value, until, reading: readings }),
            }
        }
        self.shown.retain(|shown| shown.until > at);
        self.bound();
    }

    pub(super) fn shown(&self) -> impl Iterator<Item = &K> {
        self.shown.iter().map(|shown| &shown.key)
    }

    /// Hot: once per key and reading.
    fn take(&mut self, key: K, value: f64, weight: f64) {
        let compared = match self.ranked {
            Ranked::ByLevel => value,
            Ranked::ByRate => self.average(&key, value, weight),
        };
        let place = self.shown.binary_search_by(|shown| shown.key.cmp(&key)).ok();
        if let Some(place) = place {
            let shown = &mut self.shown[place];
            shown.value = if value.is_nan() { 0.0 } else { value };
            shown.reading = self.readings;
        }
        // A value of zero has no rank, whatever it was before.
        if compared > self.floor && value > 0.0 {
            self.rank(Candidate { value, is_shown: place.is_some(), key });
        }
    }

    fn rank(&mut self, candidate: Candidate<K>) {
        let is_full = self.top.len() == TOP;
        if is_full && self.top.last().is_some_and(|last| last.rank(&candidate).is_lt()) {
            return;
        }
        let place = self.top.partition_point(|ranked| ranked.rank(&candidate).is_lt());
        self.top.truncate(TOP - 1);
        self.top.insert(place, candidate);
    }

    /// The average after this reading. It starts at zero. A key that is idle takes no memory.
    fn average(&mut self, key: &K, value: f64, weight: f64) -> f64 {
        let reading = self.readings;
        let value = if value.is_nan() { 0.0 } else { value };
        if let Some(average) = self.averages.get_mut(key) {
            average.value += weight * (value - average.value);
            if value > 0.0 || average.value > self.floor * FORGOTTEN {
                average.reading = reading;
            }
            return average.value;
        }
        if value > 0.0 {
            self.averages.insert(key.clone(), Average { value: weight * value, reading });
        }
        weight * value
    }

    /// Hides the smallest values beyond the bound: those that were among the largest longest ago first.
    fn bound(&mut self) {
        if self.shown.len() <= MAX_SHOWN {
            return;
        }
        self.shown.sort_by(|ours, theirs| {
            let by_value = theirs.value.total_cmp(&ours.value).then(theirs.until.cmp(&ours.until));
            by_value.then_with(|| ours.key.cmp(&theirs.key))
        });
        self.shown.truncate(MAX_SHOWN);
        self.shown.sort_by(|ours, theirs| ours.key.cmp(&theirs.key));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    struct Watch {
        busiest: Busiest<u32>,
        start: Instant,
        second: u64,
    }

    impl Watch {
        fn new(ranked: Ranked, floor: f64) -> Self {
            Self { busiest: Busiest::new(ranked, floor), start: Instant::now(), second: 0 }
        }

        fn second(&mut self, reading: impl IntoIterator<Item = (u32, f64)>) -> Vec<u32> {
            self.busiest.update(self.start + Duration::from_secs(self.second), reading);
            self.second += 1;
            self.busiest.shown().copied().collect()
        }
    }

    /// Twenty keys, each with a larger value than the next.
    fn field() -> impl Iterator<Item = (u32, f64)> {
        (0..20).map(|key| (key, f64::from(100 - key)))
    }

    #[test]
    fn a_key_that_begins_to_lead_is_shown_in_the_same_reading() {
        let mut watch = Watch::new(Ranked::ByRate, 0.2);
        assert_eq!(watch.second(field()), (0..8).collect::<Vec<_>>());
        for _ in 0..100 {
            watch.second(field());
        }
        let shown = watch.second(field().map(|(key, value)| (key, if key == 19 { 1_000.0 } else { value })));
        assert!(shown.contains(&19), "{shown:?}");
    }

    #[test]
    fn an_idle_key_is_not_shown() {
        assert_eq!(Watch::new(Ranked::ByLevel, 0.0).second([(1, 0.0), (2, 5.0), (3, 0.0)]), [2]);
    }

    #[test]
    fn one_step_of_a_rate_now_and_then_is_no_load_and_one_a_second_is() {
        let mut watch = Watch::new(Ranked::ByRate, 0.2);
        for second in 0..60 {
            let now_and_then = if second % 30 == 1 { 1.0 } else { 0.0 };
            let shown = watch.second([(1, now_and_then), (2, f64::from(second.min(1)))]);
            assert!(!shown.contains(&1), "{second}");
            assert_eq!(shown.contains(&2), second >= 2, "{second}");
        }
    }

    #[test]
    fn a_key_whose_value_is_not_known_stays() {
        let mut watch = Watch::new(Ranked::ByRate, 0.2);
        watch.second([(1, 50.0)]);
        assert_eq!(watch.second([(1, f64::NAN)]), [1]);
    }

    #[test]
    fn a_key_that_falls_is_hidden_after_the_grace_time() {
        let mut watch = Watch::new(Ranked::ByLevel, 0.0);
        watch.second(field());
        let mut seconds_shown = 0;
        while watch.second(field().map(|(key, value)| (key, if key == 0 { 0.0 } else { value }))).contains(&0) {
            seconds_shown += 1;
        }
        assert_eq!(seconds_shown, 9);
    }

    #[test]
    fn idle_keys_take_no_memory() {
        let mut watch = Watch::new(Ranked::ByRate, 0.2);
        watch.second((0..1_000).map(|key| (key, 5.0)));
        for _ in 0..60 {
            watch.second((0..1_000).map(|key| (key, 0.0)));
        }
        assert_eq!((watch.busiest.averages.len(), watch.busiest.shown.len()), (0, 0));
    }

    /// Values of up to 40 keys in up to 30 seconds. Many are equal, some are zero or not known, and some keys are missing.
    fn readings() -> impl Strategy<Value = Vec<BTreeMap<u32, f64>>> {
        let value = prop_oneof![Just(0.0), Just(f64::NAN), (0_u8..20).prop_map(f64::from), 0.0..100.0];
        prop::collection::vec(prop::collection::btree_map(0_u32..80, value, 0..40), 1..30)
    }

    proptest! {
        #[test]
        fn the_largest_values_are_shown_what_led_lately_stays_and_what_is_missing_is_hidden(readings in readings()) {
            let mut watch = Watch::new(Ranked::ByLevel, 0.0);
            // The second in which a key was last among the largest. Of equal values at the eighth rank, any may have been.
            let (mut surely, mut perhaps) = (BTreeMap::new(), BTreeMap::new());
            for (second, reading) in readings.into_iter().enumerate() {
                let shown: BTreeSet<u32> = watch.second(reading.clone()).into_iter().collect();
                prop_assert!(shown.len() <= MAX_SHOWN);
                surely.retain(|key, _| reading.contains_key(key));
                perhaps.retain(|key, _| reading.contains_key(key));
                let mut values: Vec<f64> = reading.values().copied().filter(|&value| value > 0.0).collect();
                values.sort_by(|ours, theirs| theirs.total_cmp(ours));
                for (&key, &value) in reading.iter().filter(|(_, value)| **value > 0.0) {
                    if values.get(TOP).is_none_or(|&ninth| value > ninth) {
                        prop_assert!(shown.contains(&key), "{key} leads in second {second}");
                        surely.insert(key, second);
                    }
                    if values.get(TOP - 1).is_none_or(|&eighth| value >= eighth) {
                        perhaps.insert(key, second);
                    }
                }
                let is_recent = |at: usize| second - at < GRACE.as_secs() as usize;
                for key in &shown {
                    prop_assert!(perhaps.get(key).is_some_and(|&at| is_recent(at)), "{key} does not lead");
                }
                // What is hidden before its time gives way to 32 that are not smaller.
                surely.retain(|_, at| is_recent(*at));
                let number = |key: &u32| Some(reading[key]).filter(|value| !value.is_nan()).unwrap_or_default();
                for key in surely.keys().filter(|key| !shown.contains(key)) {
                    let gives_way = shown.len() == MAX_SHOWN && shown.iter().all(|other| number(other) >= number(key));
                    prop_assert!(gives_way, "{key} is hidden in second {second}");
                }
                surely.retain(|key, _| shown.contains(key));
            }
        }
    }
}

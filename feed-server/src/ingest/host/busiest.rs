//! Selects the few keys with the largest values, so that series do not appear and vanish at every reading. Time is an
//! argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Keys up to this rank are shown.
const ENTER_WITHIN: usize = 8;
/// A shown key stays while its rank is within this: two that alternate at the eighth rank both stay.
const STAY_WITHIN: usize = 12;
/// The time for which a key below that rank stays.
const GRACE: Duration = Duration::from_secs(10);
/// A bound on the shown keys: the lowest ranks are hidden first.
const MAX_SHOWN: usize = 32;
/// Scores follow the values over about this long: a short burst does not displace a steady load.
const SMOOTHING: Duration = Duration::from_secs(5);

/// Ranks by smoothed value.
#[derive(Debug)]
pub(super) struct Busiest<K> {
    floor: f64,
    last: Option<Instant>,
    candidates: BTreeMap<K, Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    score: f64,
    display: Display,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Display {
    Hidden,
    Shown,
    ShownUntil(Instant),
}

impl Candidate {
    /// The score starts at zero: only a lasting value ranks high.
    const NEW: Self = Self { score: 0.0, display: Display::Hidden };
}

impl<K: Clone + Ord> Busiest<K> {
    /// Scores up to `floor` have no rank.
    pub(super) const fn new(floor: f64) -> Self {
        Self { floor, last: None, candidates: BTreeMap::new() }
    }

    /// Takes a reading with all keys and their values. A missing key is hidden at once.
    pub(super) fn update(&mut self, at: Instant, reading: impl IntoIterator<Item = (K, f64)>) {
        let elapsed = self.last.map_or(SMOOTHING, |last| at.saturating_duration_since(last));
        self.last = Some(at);
        let weight = -(-elapsed.as_secs_f64() / SMOOTHING.as_secs_f64()).exp_m1();
        let mut known = std::mem::take(&mut self.candidates);
        for (key, value) in reading {
            let mut candidate = known.remove(&key).unwrap_or(Candidate::NEW);
            candidate.score += weight * (value - candidate.score);
            self.candidates.insert(key, candidate);
        }
        self.rank(at);
    }

    pub(super) fn shown(&self) -> impl Iterator<Item = &K> {
        self.candidates.iter().filter(|(_, candidate)| candidate.display != Display::Hidden).map(|(key, _)| key)
    }

    fn rank(&mut self, at: Instant) {
        let floor = self.floor;
        let mut ranking: Vec<&mut Candidate> = self.candidates.values_mut().collect();
        // A stable order: of equal scores, the smaller key ranks first.
        ranking.sort_by(|ours, theirs| theirs.score.total_cmp(&ours.score));
        let mut shown = 0;
        for (rank, candidate) in ranking.iter_mut().enumerate() {
            let ranked = candidate.score > floor;
            candidate.display = match candidate.display {
                _ if ranked && rank < ENTER_WITHIN => Display::Shown,
                Display::Hidden => Display::Hidden,
                _ if ranked && rank < STAY_WITHIN => Display::Shown,
                Display::Shown => Display::ShownUntil(at + GRACE),
                Display::ShownUntil(end) if at < end => Display::ShownUntil(end),
                Display::ShownUntil(_) => Display::Hidden,
            };
            if candidate.display != Display::Hidden {
                shown += 1;
                if shown > MAX_SHOWN {
                    candidate.display = Display::Hidden;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Watch {
        busiest: Busiest<u32>,
        start: Instant,
        second: u64,
    }

    fn watch(floor: f64) -> Watch {
        Watch { busiest: Busiest::new(floor), start: Instant::now(), second: 0 }
    }

    impl Watch {
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
    fn the_first_eight_are_shown() {
        assert_eq!(watch(0.0).second(field()), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn an_idle_key_is_not_shown() {
        assert_eq!(watch(0.0).second([(1, 0.0), (2, 5.0), (3, 0.0)]), [2]);
    }

    #[test]
    fn a_shown_key_stays_down_to_the_twelfth_rank() {
        let mut watch = watch(0.0);
        watch.second(field());
        for _ in 0..60 {
            // Key 7 falls to the twelfth rank, key 8 rises to the eighth.
            let shown = watch.second(field().map(|(key, value)| (key, if key == 7 { 88.5 } else { value })));
            assert_eq!(shown, (0..9).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_key_that_falls_further_is_hidden_after_the_grace_time() {
        let mut watch = watch(0.0);
        watch.second(field());
        let mut seconds_shown = 0;
        while watch.second(field().map(|(key, value)| (key, if key == 0 { 0.0 } else { value }))).contains(&0) {
            seconds_shown += 1;
        }
        assert!((10..=12).contains(&seconds_shown), "{seconds_shown}");
    }

    #[test]
    fn a_missing_key_is_hidden_at_once() {
        let mut watch = watch(0.0);
        watch.second(field());
        assert!(!watch.second(field().skip(1)).contains(&0));
    }

    #[test]
    fn a_short_burst_is_not_shown() {
        let mut watch = watch(0.0);
        for _ in 0..10 {
            watch.second(field());
        }
        let shown = watch.second(field().map(|(key, value)| (key, if key == 19 { value + 20.0 } else { value })));
        assert!(!shown.contains(&19));
    }

    #[test]
    fn at_most_32_are_shown() {
        let mut watch = watch(0.0);
        for second in 0..100_u32 {
            // Other keys lead every second.
            let shown = watch.second((0..1_000).map(|key| (key, if key / 8 == second { 1e6 } else { 1.0 })));
            assert!(shown.len() <= MAX_SHOWN, "{}", shown.len());
        }
    }
}

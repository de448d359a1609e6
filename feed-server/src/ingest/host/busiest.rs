//! Which of many are worth a line: the few that lead, without lines that flicker in and out. Knows no clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Who is this far up gets a line.
const ENTER_WITHIN: usize = 8;
/// Who has a line keeps it while this far up: two that take turns at the eighth place both stay.
const STAY_WITHIN: usize = 12;
/// How long below that before the line ends.
const GRACE: Duration = Duration::from_secs(10);
/// Lines at once. Whoever is furthest down makes room.
const MAX_SHOWN: usize = 32;
/// Scores follow their values over about this long, so that a short burst takes no place from a steady load.
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
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Unseen,
    Shown,
    ShownUntil(Instant),
}

impl Candidate {
    /// Starts from nothing: a value must last to count.
    const NEW: Self = Self { score: 0.0, place: Place::Unseen };
}

impl<K: Clone + Ord> Busiest<K> {
    /// Who scores no more than `floor` is not ranked.
    pub(super) const fn new(floor: f64) -> Self {
        Self { floor, last: None, candidates: BTreeMap::new() }
    }

    /// Takes in a reading: everyone there is, with their values. Who is not in it is gone at once.
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
        self.place(at);
    }

    /// Who has a line.
    pub(super) fn shown(&self) -> impl Iterator<Item = &K> {
        self.candidates.iter().filter(|(_, candidate)| candidate.place != Place::Unseen).map(|(key, _)| key)
    }

    fn place(&mut self, at: Instant) {
        let floor = self.floor;
        let mut ranking: Vec<&mut Candidate> = self.candidates.values_mut().collect();
        // Stable: of equals, the smaller key leads.
        ranking.sort_by(|ours, theirs| theirs.score.total_cmp(&ours.score));
        let mut shown = 0;
        for (rank, candidate) in ranking.iter_mut().enumerate() {
            let ranked = candidate.score > floor;
            candidate.place = match candidate.place {
                _ if ranked && rank < ENTER_WITHIN => Place::Shown,
                Place::Unseen => Place::Unseen,
                _ if ranked && rank < STAY_WITHIN => Place::Shown,
                Place::Shown => Place::ShownUntil(at + GRACE),
                Place::ShownUntil(end) if at < end => Place::ShownUntil(end),
                Place::ShownUntil(_) => Place::Unseen,
            };
            if candidate.place != Place::Unseen {
                shown += 1;
                if shown > MAX_SHOWN {
                    candidate.place = Place::Unseen;
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

    /// Twenty of them, each ahead of the next.
    fn field() -> impl Iterator<Item = (u32, f64)> {
        (0..20).map(|key| (key, f64::from(100 - key)))
    }

    #[test]
    fn the_first_eight_are_shown() {
        assert_eq!(watch(0.0).second(field()), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn who_does_nothing_is_not_shown() {
        assert_eq!(watch(0.0).second([(1, 0.0), (2, 5.0), (3, 0.0)]), [2]);
    }

    #[test]
    fn who_drops_to_the_twelfth_place_stays() {
        let mut watch = watch(0.0);
        watch.second(field());
        for _ in 0..60 {
            // Seven falls to twelfth place, eleven rises past it.
            let shown = watch.second(field().map(|(key, value)| (key, if key == 7 { 88.5 } else { value })));
            assert_eq!(shown, (0..9).collect::<Vec<_>>());
        }
    }

    #[test]
    fn who_drops_further_leaves_after_the_grace() {
        let mut watch = watch(0.0);
        watch.second(field());
        let mut seconds_shown = 0;
        while watch.second(field().map(|(key, value)| (key, if key == 0 { 0.0 } else { value }))).contains(&0) {
            seconds_shown += 1;
        }
        assert!((10..=12).contains(&seconds_shown), "{seconds_shown}");
    }

    #[test]
    fn who_ends_leaves_at_once() {
        let mut watch = watch(0.0);
        watch.second(field());
        assert!(!watch.second(field().skip(1)).contains(&0));
    }

    #[test]
    fn a_short_burst_takes_no_place() {
        let mut watch = watch(0.0);
        for _ in 0..10 {
            watch.second(field());
        }
        let shown = watch.second(field().map(|(key, value)| (key, if key == 19 { value + 20.0 } else { value })));
        assert!(!shown.contains(&19));
    }

    #[test]
    fn lines_are_never_more_than_the_most() {
        let mut watch = watch(0.0);
        for second in 0..100_u32 {
            // Every second, others lead.
            let shown = watch.second((0..1_000).map(|key| (key, if key / 8 == second { 1e6 } else { 1.0 })));
            assert!(shown.len() <= MAX_SHOWN, "{}", shown.len());
        }
    }
}

//! The order in which legends and charts prefer the series of a group: the living, largest first; then those that have ended, the
//! last that ended first.
//!
//! Without it, a group whose series come and go would show its oldest series, most of which have ended, in place of the busiest.

use super::sorted::sorted;

/// What a series does now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activity {
    /// Its newest value is `value`; NaN if it has none.
    Living { value: f64 },
    /// It has a value in the window, and `last` is one past the row of the last one.
    Ended { last: u64 },
    /// It has ended, and its last value has left the window: nothing of it is shown.
    Left,
}

/// A chosen series is replaced only by one that is larger by so many places: this part of the limit. Values change all the
/// time, and each change of the choice draws a chart completely.
const STAYING_PART: usize = 4;

/// Places of the series that are in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisplayOrder {
    places: Vec<usize>,
    living: usize,
}

/// A key that is smaller for a preferred series, and its place.
type Keyed = (u64, usize);

impl DisplayOrder {
    /// Orders series by what they do, in catalog order. Equal ones keep their order; NaN is after all values.
    pub fn of(activities: &[Activity]) -> Self {
        let (mut living, mut ended): (Vec<Keyed>, Vec<Keyed>) = (Vec::new(), Vec::new());
        for (place, activity) in activities.iter().enumerate() {
            match *activity {
                Activity::Living { value } => living.push((falling(value), place)),
                Activity::Ended { last } => ended.push((u64::MAX - last, place)),
                Activity::Left => {}
            }
        }
        let living_count = living.len();
        let mut places = by_keys(living);
        places.extend(by_keys(ended));
        Self { places, living: living_count }
    }

    /// The places, the preferred first.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Returns true if some of the series have ended.
    pub const fn has_ended(&self) -> bool {
        self.living < self.places.len()
    }

    /// All places, in catalog order.
    pub fn in_catalog_order(&self) -> Vec<usize> {
        in_catalog_order(&self.places)
    }

    /// The places of the first `limit` series, in catalog order. A living series that `is_chosen` stays while it is not far behind.
    pub fn choose(&self, limit: usize, is_chosen: &dyn Fn(usize) -> bool) -> Vec<usize> {
        if self.places.len() <= limit {
            return self.in_catalog_order();
        }
        let key = |(at, &place): (usize, &usize)| {
            let stays = at < self.living && is_chosen(place);
            let ahead = if stays { limit / STAYING_PART } else { 0 };
            // Of two at one position, the one that stays is first.
            (2 * at.saturating_sub(ahead) as u64 + u64::from(!stays), place)
        };
        let mut places = by_keys(self.places.iter().enumerate().map(key).collect());
        places.truncate(limit);
        in_catalog_order(&places)
    }
}

/// The places of values, the largest first. Equal ones keep their order; NaN is after all values.
pub fn largest_first(values: impl Iterator<Item = (usize, f64)>) -> Vec<usize> {
    by_keys(values.map(|(place, value)| (falling(value), place)).collect())
}

/// The places by rising keys, and those of equal keys in catalog order.
fn by_keys(keys: Vec<Keyed>) -> Vec<usize> {
    sorted(keys).into_iter().map(|(_, place)| place).collect()
}

fn in_catalog_order(places: &[usize]) -> Vec<usize> {
    let mut is_in = vec![false; places.iter().max().map_or(0, |last| last + 1)];
    for &place in places {
        is_in[place] = true;
    }
    (0..is_in.len()).filter(|&place| is_in[place]).collect()
}

/// A number that is smaller for larger values, and largest for NaN.
fn falling(value: f64) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    // Zeros are equal whatever their sign.
    let bits = (value + 0.0).to_bits();
    let rising = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    !rising
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn living(values: &[f64]) -> Vec<Activity> {
        values.iter().map(|&value| Activity::Living { value }).collect()
    }

    fn order(activities: &[Activity]) -> Vec<usize> {
        DisplayOrder::of(activities).places().to_vec()
    }

    #[test]
    fn the_largest_value_is_first() {
        let values = [0.5, f64::NEG_INFINITY, -3.0, 1e300, 0.25, f64::INFINITY, -0.5];
        assert_eq!(order(&living(&values)), [5, 3, 0, 4, 6, 2, 1]);
    }

    #[test]
    fn equal_values_keep_their_order() {
        assert_eq!(order(&living(&[0.0, 1.0, -0.0, 1.0, 0.0])), [1, 3, 0, 2, 4]);
    }

    #[test]
    fn nan_is_after_all_values_whatever_its_sign() {
        assert_eq!(order(&living(&[f64::NAN, f64::NEG_INFINITY, -f64::NAN, 2.0])), [3, 1, 0, 2]);
    }

    #[test]
    fn the_living_are_before_the_ended_and_the_last_that_ended_is_the_first_of_these() {
        let mut activities = living(&[f64::NAN, 1.0]);
        activities.insert(0, Activity::Ended { last: 10 });
        activities.insert(1, Activity::Ended { last: 30 });
        activities.push(Activity::Ended { last: 30 });
        assert_eq!(order(&activities), [3, 2, 1, 4, 0]);
        assert!(DisplayOrder::of(&activities).has_ended());
        assert!(!DisplayOrder::of(&activities[2..4]).has_ended());
    }

    #[test]
    fn series_that_have_left_the_window_are_left_out() {
        let activities = [Activity::Left, Activity::Living { value: 1.0 }, Activity::Left, Activity::Ended { last: 1 }];
        assert_eq!(order(&activities), [1, 3]);
        assert_eq!(DisplayOrder::of(&activities).choose(5, &|_| false), [1, 3]);
    }

    #[test]
    fn the_largest_are_chosen_and_listed_in_catalog_order() {
        let order = DisplayOrder::of(&living(&[1.0, 9.0, 3.0, 7.0, 5.0]));
        assert_eq!(order.choose(3, &|_| false), [1, 3, 4]);
        assert_eq!(order.choose(9, &|_| false), [0, 1, 2, 3, 4]);
        assert!(order.choose(0, &|_| true).is_empty());
    }

    #[test]
    fn a_chosen_series_is_replaced_only_by_one_that_is_far_ahead() {
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        let order = DisplayOrder::of(&living(&values));
        // A quarter of 8 places.
        let held = [10, 11, 13, 14, 15, 16, 17, 18];
        assert_eq!(order.choose(8, &|place| held.contains(&place)), [11, 13, 14, 15, 16, 17, 18, 19]);
        let close = [11, 12, 14, 15, 16, 17, 18, 19];
        assert_eq!(order.choose(8, &|place| close.contains(&place)), close);
    }

    #[test]
    fn an_ended_series_does_not_keep_its_place_from_a_living_one() {
        let mut activities = living(&[1.0, 2.0, 3.0, 4.0]);
        activities.push(Activity::Ended { last: 7 });
        assert_eq!(DisplayOrder::of(&activities).choose(4, &|place| place == 4), [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn no_series_that_leads_by_more_than_the_lead_of_chosen_ones_is_left_out(
            values in prop::collection::vec(any::<f64>(), 0..60),
            held in prop::collection::vec(any::<bool>(), 60),
            limit in 0_usize..30,
        ) {
            let order = DisplayOrder::of(&living(&values));
            let chosen = order.choose(limit, &|place| held[place]);
            prop_assert_eq!(chosen.len(), limit.min(values.len()));
            prop_assert!(chosen.is_sorted());
            for (at, place) in order.places().iter().enumerate() {
                let leads = at + limit / STAYING_PART < limit;
                prop_assert!(!leads || chosen.contains(place), "position {at} of {chosen:?}");
            }
        }
    }
}

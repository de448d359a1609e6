//! Percentiles and medians.

/// The nearest-rank percentile of `values`; NaN for an empty list. Sorts the values.
pub fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (part * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The median of `values`, the upper one of an even number; NaN for an empty list.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=1_000).rev().map(f64::from).collect();
        let found = [0.0, 0.5, 0.99, 0.999, 1.0].map(|part| percentile(&mut values, part));
        assert_eq!(found.map(|value| value as u32), [1, 500, 990, 999, 1_000]);
        assert!(percentile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn a_median_is_the_middle_value() {
        assert_eq!(median([3.0, 1.0, 2.0]) as u32, 2);
        assert!(median([]).is_nan());
    }
}

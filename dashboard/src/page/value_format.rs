//! The format of values in a panel.

use protocol::Bounds;
use series::Unit;

use super::foreign_text::foreign;
use crate::store::Reading;

/// Characters of a unit that fit beside a number on the axis, such as `MiB/s`. The panel's head shows a longer unit.
const MAX_UNIT_CHARS: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct ValueFormat {
    pub(super) unit: Unit,
    /// The unit beside a number: without the part that is too long to be repeated.
    pub(super) beside: Unit,
    /// A unit that is too long to be repeated beside each number.
    pub(super) long_unit: Option<String>,
}

impl ValueFormat {
    /// For values of a UCUM unit.
    pub(super) fn new(unit: &str, bounds: &Bounds) -> Self {
        let unit = Unit::parse(&foreign(unit), bounds);
        let plural = unit.format(2.0).unit;
        let long_unit = (plural.trim().chars().count() > MAX_UNIT_CHARS).then(|| plural.trim().to_owned());
        let beside = if long_unit.is_some() { unit.without_suffix() } else { unit.clone() };
        Self { unit, beside, long_unit }
    }

    /// The values of a column: one, or the smallest and the largest.
    pub(super) fn range_text(&self, of: Reading) -> String {
        let (low, high) = (self.beside.format(of.low), self.beside.format(of.high));
        if low == high {
            high.to_string()
        } else if low.unit == high.unit {
            format!("{} to {high}", low.number)
        } else {
            format!("{low} to {high}")
        }
    }

    /// A value with the unit that has room beside it: `60 MiB/s`, or `60k` of `packets/s`.
    pub(super) fn text(&self, value: f64) -> String {
        self.beside.format(value).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_units_move_to_the_head() {
        let format = |unit| ValueFormat::new(unit, &Bounds::FromZero);
        assert_eq!(format("By/s").long_unit, None);
        assert_eq!(format("By/s").text(60.0 * 1024.0 * 1024.0), "60 MiB/s");
        assert_eq!(format("{packet}/s").long_unit.as_deref(), Some("packets/s"));
        assert_eq!(format("{packet}/s").text(60e3), "60k");
    }

    #[test]
    fn a_range_has_its_unit_once_where_both_ends_have_it() {
        let format = ValueFormat::new("By", &Bounds::FromZero);
        let text = |low, high| format.range_text(Reading { low, high });
        assert_eq!(text(2048.0, 4096.0), "2 to 4 KiB");
        assert_eq!(text(12.0, 4096.0), "12 B to 4 KiB");
        assert_eq!(text(4096.0, 4097.0), "4 KiB", "the same at three digits");
    }

    #[test]
    fn a_number_keeps_the_multiple_of_a_long_unit() {
        let format = ValueFormat::new("By/{request}", &Bounds::FromZero);
        assert_eq!(format.long_unit.as_deref(), Some("B/request"));
        assert_eq!(format.text(60.0 * 1024.0), "60 KiB");
        let format = ValueFormat::new("m/{wheel}", &Bounds::FromZero);
        assert_eq!((format.text(2_500.0), format.text(0.02)), ("2.5 km".to_owned(), "20 mm".to_owned()));
    }
}

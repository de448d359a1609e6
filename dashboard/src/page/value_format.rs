//! The format of values in a panel.

use protocol::Bounds;
use series::Unit;

use super::foreign_text::foreign;

/// Characters of a unit that fit beside a number on the axis, such as `MiB/s`. The panel's head shows a longer unit.
const MAX_UNIT_CHARS: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct ValueFormat {
    pub(super) unit: Unit,
    /// A unit that is too long to be repeated beside each number.
    pub(super) long_unit: Option<String>,
}

impl ValueFormat {
    /// For values of a UCUM unit.
    pub(super) fn new(unit: &str, bounds: &Bounds) -> Self {
        let unit = Unit::parse(&foreign(unit), bounds);
        let plural = unit.format(2.0).unit;
        let long_unit = (plural.trim().chars().count() > MAX_UNIT_CHARS).then(|| plural.trim().to_owned());
        Self { unit, long_unit }
    }

    /// Removes a long unit from `label`, but not the multiple: `60k packets/s` becomes `60k`.
    pub(super) fn short(&self, label: &str) -> String {
        let number = label.split_once(' ').filter(|_| self.long_unit.is_some()).map_or(label, |(number, _)| number);
        number.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_units_move_to_the_head() {
        let format = |unit| ValueFormat::new(unit, &Bounds::FromZero);
        assert_eq!(format("By/s").long_unit, None);
        assert_eq!(format("By/s").short("60 MiB/s"), "60 MiB/s");
        assert_eq!(format("{packet}/s").long_unit.as_deref(), Some("packets/s"));
        assert_eq!(format("{packet}/s").short("60k packets/s"), "60k");
    }
}

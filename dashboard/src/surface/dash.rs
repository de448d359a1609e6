//! Dashes: the second mark of a line, after its colour. They are on whole columns that are numbered from the Unix epoch, so
//! that they scroll with the data.

/// A kind of line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dash {
    #[default]
    Solid,
    Dashed,
    Dotted,
    DashDot,
}

impl Dash {
    pub const ALL: [Self; 4] = [Self::Solid, Self::Dashed, Self::Dotted, Self::DashDot];

    /// The mark of a series by its number, if there are so many colours: each colour is used with all marks in turn.
    pub fn of(number: usize, colors: usize) -> Self {
        Self::ALL[number / colors.max(1) % Self::ALL.len()]
    }

    /// Lengths of ink and gap in turn, in widths of the line. A dot is not shorter than the gap, so that it can be seen on a
    /// slope.
    const fn lengths(self) -> [f32; 4] {
        match self {
            Self::Solid => [0.0; 4],
            Self::Dashed => [5.0, 3.0, 0.0, 0.0],
            Self::Dotted => [2.0, 2.0, 0.0, 0.0],
            Self::DashDot => [5.0, 2.0, 2.0, 2.0],
        }
    }

    /// The dashes of a line on a surface whose left column has the number `first_column`.
    pub fn on_columns(self, width_px: f32, first_column: i64) -> Dashes {
        if self == Self::Solid {
            return Dashes::SOLID;
        }
        let columns = |length: f32| (length * width_px.clamp(0.1, 64.0)).round() as u32;
        let runs = self.lengths().map(|length| if length > 0.0 { columns(length).max(1) } else { 0 });
        let period: u32 = runs.iter().sum();
        let phase = first_column.rem_euclid(i64::from(period.max(1))) as u32;
        Dashes { runs, period, phase }
    }
}

/// The columns of a surface on which a line has ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dashes {
    /// Columns of ink and of a gap in turn.
    runs: [u32; 4],
    /// Their sum; zero for a solid line.
    period: u32,
    /// Of the surface's left column, within the period.
    phase: u32,
}

impl Dashes {
    pub const SOLID: Self = Self { runs: [0; 4], period: 0, phase: 0 };

    /// Hot: once for each column of each line.
    pub fn is_gap(&self, x: u32) -> bool {
        if self.period == 0 {
            return false;
        }
        let place = (u64::from(x) + u64::from(self.phase)) as u32 % self.period;
        let [ink, gap, second_ink, _] = self.runs;
        let after_gap = ink + gap;
        (ink..after_gap).contains(&place) || place >= after_gap + second_ink
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(dash: Dash, width_px: f32, first_column: i64) -> String {
        let dashes = dash.on_columns(width_px, first_column);
        (0..26).map(|x| if dashes.is_gap(x) { ' ' } else { '#' }).collect()
    }

    #[test]
    fn each_kind_has_its_pattern() {
        assert_eq!(pattern(Dash::Solid, 1.5, 0), "##########################");
        assert_eq!(pattern(Dash::Dashed, 1.5, 0), "########     ########     ");
        assert_eq!(pattern(Dash::Dotted, 1.5, 0), "###   ###   ###   ###   ##");
        assert_eq!(pattern(Dash::DashDot, 1.5, 0), "########   ###   ######## ");
    }

    #[test]
    fn colours_are_used_again_with_the_next_mark() {
        use Dash::{DashDot, Dashed, Dotted, Solid};
        let marks = [0, 7, 8, 15, 16, 24, 31, 32].map(|number| Dash::of(number, 8));
        assert_eq!(marks, [Solid, Solid, Dashed, Dashed, Dotted, DashDot, DashDot, Solid]);
    }

    proptest! {
        #[test]
        fn dashes_scroll_with_the_columns(first: i64, by in 0_u32..100, x in 0_u32..1_000, width in any::<f32>(), kind in 0_usize..4) {
            let dash = Dash::ALL[kind];
            prop_assume!(first < i64::MAX - 100);
            let before = dash.on_columns(width, first);
            let after = dash.on_columns(width, first + i64::from(by));
            prop_assert_eq!(before.is_gap(x + by), after.is_gap(x));
        }

        #[test]
        fn every_period_has_ink_and_a_gap(width in 0.1_f32..64.0, kind in 1_usize..4, first: i64) {
            let dashes = Dash::ALL[kind].on_columns(width, first);
            let gaps = (0..dashes.period).filter(|x| dashes.is_gap(*x)).count() as u32;
            prop_assert!(0 < gaps && gaps * 2 <= dashes.period + 2, "{dashes:?}");
        }
    }
}

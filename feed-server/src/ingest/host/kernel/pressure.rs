//! Pressure stall information: the time for which tasks waited for a resource. See Documentation/accounting/psi.rst.

use super::fields::{Fields, lines, number};

/// Microseconds since the start of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalled {
    /// At least one task waited. `None` if the line is missing.
    pub some_us: Option<u64>,
    /// All tasks that were not idle waited.
    pub full_us: Option<u64>,
}

pub fn parse(text: &[u8]) -> Stalled {
    let mut stalled = Stalled::default();
    for line in lines(text) {
        let mut fields = Fields::new(line);
        let place = match fields.next() {
            Some(b"some") => &mut stalled.some_us,
            Some(b"full") => &mut stalled.full_us,
            _ => continue,
        };
        *place = fields.find_map(|field| field.strip_prefix(b"total=")).and_then(number);
    }
    stalled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_are_found_also_where_one_is_missing() {
        let text = b"some avg10=50.28 avg60=60.04 avg300=29.09 total=136474568\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(parse(text), Stalled { some_us: Some(136_474_568), full_us: Some(7) });
        assert_eq!(parse(b"some avg10=0.00 total=3"), Stalled { some_us: Some(3), full_us: None });
        assert_eq!(parse(b"some total=-3\nfull\n\xff\xfe"), Stalled::default());
    }
}

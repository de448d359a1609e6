//! Units as programs write them, in UCUM.

/// A unit: its code in UCUM, and the factor from the written unit to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WrittenUnit {
    pub(super) ucum: &'static str,
    pub(super) factor: f64,
}

const KIB: f64 = 1024.0;

/// As written, the code in UCUM, the factor. A kB of Linux' tools has 1,024 bytes.
const UNITS: [(&str, &str, f64); 45] = [
    ("%", "%", 1.0),
    ("B", "By", 1.0),
    ("bytes", "By", 1.0),
    ("KB", "By", KIB),
    ("kB", "By", KIB),
    ("KiB", "By", KIB),
    ("kiB", "By", KIB),
    ("MB", "By", KIB * KIB),
    ("MiB", "By", KIB * KIB),
    ("GB", "By", KIB * KIB * KIB),
    ("GiB", "By", KIB * KIB * KIB),
    ("TiB", "By", KIB * KIB * KIB * KIB),
    ("B/s", "By/s", 1.0),
    ("kB/s", "By/s", KIB),
    ("KB/s", "By/s", KIB),
    ("KiB/s", "By/s", KIB),
    ("MB/s", "By/s", KIB * KIB),
    ("MiB/s", "By/s", KIB * KIB),
    ("GB/s", "By/s", KIB * KIB * KIB),
    ("GiB/s", "By/s", KIB * KIB * KIB),
    ("ns", "ns", 1.0),
    ("us", "us", 1.0),
    ("\u{b5}s", "us", 1.0),
    ("\u{3bc}s", "us", 1.0),
    ("usec", "us", 1.0),
    ("ms", "ms", 1.0),
    ("msec", "ms", 1.0),
    ("s", "s", 1.0),
    ("sec", "s", 1.0),
    ("Hz", "Hz", 1.0),
    ("kHz", "kHz", 1.0),
    ("MHz", "MHz", 1.0),
    ("GHz", "GHz", 1.0),
    ("W", "W", 1.0),
    ("mW", "mW", 1.0),
    ("kW", "kW", 1.0),
    ("V", "V", 1.0),
    ("mV", "mV", 1.0),
    ("A", "A", 1.0),
    ("mA", "mA", 1.0),
    ("J", "J", 1.0),
    ("C", "Cel", 1.0),
    ("\u{b0}C", "Cel", 1.0),
    ("RPM", "{rotation}/min", 1.0),
    ("rpm", "{rotation}/min", 1.0),
];

/// The unit that is written so; `None` if it is not known.
pub(super) fn unit_of(written: &str) -> Option<WrittenUnit> {
    UNITS.iter().find(|(name, ..)| *name == written).map(|&(_, ucum, factor)| WrittenUnit { ucum, factor })
}

/// The head of a column, divided into its name and its unit: `%util`, `used [MiB]`, `wait (ms)`, `rkB/s`.
pub(super) fn divided(head: &str) -> (&str, Option<WrittenUnit>) {
    let head = head.trim();
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((name, unit)) = head.strip_suffix(close).and_then(|rest| rest.rsplit_once(open))
            && let Some(unit) = unit_of(unit.trim())
        {
            return (name.trim(), Some(unit));
        }
    }
    if let Some(name) = head.strip_prefix('%').or_else(|| head.strip_suffix('%'))
        && !name.is_empty()
    {
        return (name, unit_of("%"));
    }
    // Columns of iostat and pidstat: `rkB/s`, `kB_rd/s` is left as it is.
    let rate = ["kB/s", "MB/s"].into_iter().find_map(|unit| Some((head, unit_of(unit)?, head.strip_suffix(unit)?)));
    match rate {
        Some((head, unit, name)) if !name.is_empty() && name.len() <= 3 => (head, Some(unit)),
        _ => (head, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_column_has_a_name_and_a_unit() {
        let of = |head| {
            let (name, unit) = divided(head);
            (name, unit.map(|unit| (unit.ucum, unit.factor)))
        };
        assert_eq!(of("%util"), ("util", Some(("%", 1.0))));
        assert_eq!(of(" utilization.gpu [%]"), ("utilization.gpu", Some(("%", 1.0))));
        assert_eq!(of("memory.used [MiB]"), ("memory.used", Some(("By", KIB * KIB))));
        assert_eq!(of("wait (ms)"), ("wait", Some(("ms", 1.0))));
        assert_eq!(of("rkB/s"), ("rkB/s", Some(("By/s", KIB))));
        assert_eq!(of("r/s"), ("r/s", None));
        assert_eq!(of("f(x)"), ("f(x)", None));
        assert_eq!(of("%"), ("%", None));
        assert_eq!(of(""), ("", None));
    }
}

//! What is known of a metric.

use protocol::{Bounds, Prominence, SeriesKind};

/// A metric. Its name is that of its samples, such as `http_requests_total`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric<'m> {
    pub name: &'m str,
    /// In UCUM.
    pub unit: &'m str,
    pub kind: SeriesKind,
    pub prominence: Prominence,
}

/// Beginnings of names, and the suggested places of their metrics; 0 for others. Of `node_exporter`, what an operator looks at first comes first; what
/// is about the runtime of a program comes after what is about its work.
const RANKS: [(&str, u32); 16] = [
    ("node_cpu_seconds", 0),
    ("node_load", 0),
    ("node_pressure", 0),
    ("node_memory_MemAvailable", 0),
    ("node_memory", 1),
    ("node_disk", 2),
    ("node_filesystem", 3),
    ("node_network", 4),
    ("node_", 5),
    ("go_", 6),
    ("process_", 6),
    ("promhttp_", 6),
    ("python_", 6),
    ("jvm_", 6),
    ("dotnet_", 6),
    ("datadog.", 6),
];

impl Metric<'_> {
    pub fn rank(&self) -> u32 {
        RANKS.iter().find(|(beginning, _)| self.name.starts_with(beginning)).map_or(0, |(_, rank)| *rank)
    }

    pub fn bounds(&self) -> Bounds {
        let begins_at_zero = self.kind == SeriesKind::Counter || matches!(self.unit, "By" | "s" | "ms" | "%");
        if begins_at_zero { Bounds::FromZero } else { Bounds::Auto }
    }
}

/// Ends of the names of metrics that say when something began, or what it is.
const DETAILS: [&str; 4] = ["_info", "_start_time_seconds", "_boot_time_seconds", "_build_time_seconds"];

/// The prominence of a metric. `is_part` for a count or a sum beside a distribution.
pub fn prominence_of(name: &str, is_part: bool) -> Prominence {
    let is_detail = is_part || DETAILS.iter().any(|end| name.ends_with(end));
    if is_detail { Prominence::Detail } else { Prominence::Overview }
}

/// The end of the name of a metric, and its unit in UCUM: <https://prometheus.io/docs/practices/naming/#base-units>.
const UNITS: [(&str, &str); 26] = [
    ("seconds", "s"),
    ("milliseconds", "ms"),
    ("microseconds", "us"),
    ("nanoseconds", "ns"),
    ("bytes", "By"),
    ("bits", "bit"),
    ("kilobytes", "kBy"),
    ("megabytes", "MBy"),
    ("percent", "%"),
    ("celsius", "Cel"),
    ("volts", "V"),
    ("millivolts", "mV"),
    ("amperes", "A"),
    ("milliamperes", "mA"),
    ("watts", "W"),
    ("milliwatts", "mW"),
    ("joules", "J"),
    ("grams", "g"),
    ("meters", "m"),
    ("hertz", "Hz"),
    ("megahertz", "MHz"),
    ("rpm", "{rotation}/min"),
    ("pascals", "Pa"),
    ("minutes", "min"),
    ("hours", "h"),
    ("days", "d"),
];

/// Ends of names that come after the unit.
const AFTER_UNIT: [&str; 3] = ["_total", "_sum", "_gsum"];
/// Ends of the names of numbers, whatever comes before.
const NUMBERS: [&str; 4] = ["_count", "_gcount", "_bucket", "_info"];

/// The unit of a metric by its name; `1` if the name states none. `stated` is the unit of its metadata, which takes precedence.
pub fn unit_of(name: &str, stated: Option<&str>) -> &'static str {
    let base = AFTER_UNIT.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let last = base.rsplit('_').next().unwrap_or(base);
    let known = |unit: &str| UNITS.iter().find(|(end, _)| *end == unit).map(|(_, ucum)| *ucum);
    if NUMBERS.iter().any(|end| name.ends_with(end)) {
        return "1";
    }
    stated.and_then(known).or_else(|| known(last)).unwrap_or("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_metric_ends_with_its_unit() {
        for (name, stated, expected) in [
            ("node_memory_MemFree_bytes", None, "By"),
            ("node_cpu_seconds_total", None, "s"),
            ("http_request_duration_seconds_sum", None, "s"),
            ("http_request_duration_seconds_count", Some("seconds"), "1"),
            ("http_request_duration_seconds_bucket", None, "1"),
            ("node_load1", None, "1"),
            ("x", Some("celsius"), "Cel"),
            ("x_bytes", Some("bananas"), "By"),
            ("seconds", None, "s"),
        ] {
            assert_eq!(unit_of(name, stated), expected, "{name}");
        }
    }
}

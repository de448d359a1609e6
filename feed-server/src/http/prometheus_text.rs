//! Prometheus' text format 0.0.4, converted from OpenMetrics, which is the only format that the metrics' library writes.
//! The server records no exemplars.
//!
//! | | OpenMetrics 1.0 | text 0.0.4 |
//! | --- | --- | --- |
//! | name of a counter in `HELP` and `TYPE` | without `_total` | as in its samples |
//! | name of an `info` | without `_info` | as in its samples |
//! | `HELP` | escapes `\`, line end and `"` | escapes `\` and line end |
//! | types | also `unknown`, `info`, `stateset`, `gaugehistogram` | `untyped` and `gauge` in their place |
//! | `# UNIT`, `# EOF` | present | not present |

/// Converts an exposition.
pub fn from_openmetrics(openmetrics: &str) -> String {
    let mut out = String::with_capacity(openmetrics.len());
    // `HELP` precedes `TYPE`, on which its name depends.
    let mut help: Option<(&str, &str)> = None;
    for line in openmetrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').or(Some((rest, "")));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "unknown" | "gaugehistogram" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, text)) = help.take().filter(|(helped, _)| *helped == name) {
                let text = text.replace("\\\"", "\"");
                push(&mut out, &["# HELP ", name, suffix, " ", &text]);
            }
            push(&mut out, &["# TYPE ", name, suffix, " ", kind]);
        } else if !line.starts_with('#') {
            push(&mut out, &[line]);
        }
    }
    out
}

fn push(out: &mut String, parts: &[&str]) {
    out.extend(parts.iter().copied().chain(["\n"]));
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::metrics::info::Info;
    use prometheus_client::registry::{Registry, Unit};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_difference_between_the_formats_is_converted() {
        let openmetrics = "# HELP a Bytes, \\\"raw\\\" \\\\ \\n.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n\
                           # HELP b Version.\n# TYPE b info\nb_info{version=\"1 # 2 \\\" # \"} 1\n\
                           # HELP c State.\n# TYPE c stateset\nc{c=\"x\"} 1\n# TYPE d unknown\nd -Inf\n\
                           # HELP e Traced.\n# TYPE e counter\ne_total{l=\"#\"} 5\n# EOF\n";
        let text = "# TYPE a_bytes_total counter\na_bytes_total 1\n\
                    # HELP b_info Version.\n# TYPE b_info gauge\nb_info{version=\"1 # 2 \\\" # \"} 1\n\
                    # HELP c State.\n# TYPE c gauge\nc{c=\"x\"} 1\n# TYPE d untyped\nd -Inf\n\
                    # HELP e_total Traced.\n# TYPE e_total counter\ne_total{l=\"#\"} 5\n";
        assert_eq!(from_openmetrics(openmetrics), text);
        let help = "# HELP a Bytes, \\\"raw\\\" \\\\ \\n.\n# TYPE a gauge\n# EOF\n";
        assert_eq!(from_openmetrics(help), "# HELP a Bytes, \"raw\" \\\\ \\n.\n# TYPE a gauge\n");
        assert_eq!(from_openmetrics("# EOF\n"), "");
    }

    type Labels = Vec<(String, String)>;

    /// A metric of an arbitrary registry.
    #[derive(Clone, Debug)]
    enum Metric {
        Counter(Vec<(Labels, u64)>),
        Gauge(Vec<(Labels, f64)>),
        Histogram(Vec<f64>),
        Info(Labels),
    }

    fn labels() -> impl Strategy<Value = Labels> {
        // Label names of a metric are distinct; values are any text.
        vec(any::<String>(), 0..3).prop_map(|values| {
            values.into_iter().enumerate().map(|(number, value)| (format!("l{number}"), value)).collect()
        })
    }

    fn metric() -> impl Strategy<Value = Metric> {
        prop_oneof![
            vec((labels(), any::<u64>()), 0..4).prop_map(Metric::Counter),
            vec((labels(), any::<f64>()), 0..4).prop_map(Metric::Gauge),
            vec(any::<f64>(), 0..4).prop_map(Metric::Histogram),
            labels().prop_map(Metric::Info),
        ]
    }

    fn registry(metrics: Vec<(Metric, Option<Unit>)>) -> Registry {
        let mut registry = Registry::with_prefix("test");
        for (number, (metric, unit)) in metrics.into_iter().enumerate() {
            let name = format!("m{number}");
            match metric {
                Metric::Counter(values) => {
                    let family = Family::<Labels, Counter>::default();
                    for (labels, value) in values {
                        // Its sums must not overflow.
                        family.get_or_create(&labels).inc_by(value >> 8);
                    }
                    match unit {
                        Some(unit) => registry.register_with_unit(name, "Help", unit, family),
                        None => registry.register(name, "Help", family),
                    }
                }
                Metric::Gauge(values) => {
                    let family = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
                    for (labels, value) in values {
                        family.get_or_create(&labels).set(value);
                    }
                    registry.register(name, "Help", family);
                }
                Metric::Histogram(values) => {
                    let histogram = Histogram::new([0.0, 1.0]);
                    for value in values {
                        histogram.observe(value);
                    }
                    registry.register(name, "Help", histogram);
                }
                Metric::Info(labels) => registry.register(name, "Help", Info::new(labels)),
            }
        }
        registry
    }

    /// The samples of an exposition, which are the lines without `#`.
    fn samples(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    /// Reads an exposition by the rules of the format 0.0.4: the types by name.
    fn check_text(text: &str) -> HashMap<&str, &str> {
        let (mut types, mut current) = (HashMap::new(), None);
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind), "{line}");
                assert!(types.insert(name, kind).is_none(), "{name} has two types");
                current = Some((name, kind));
            } else if !line.starts_with("# HELP ") {
                assert!(!line.starts_with('#'), "{line}");
                let (name, kind) = current.expect("a type precedes its samples");
                let sample = &line[..line.find(['{', ' ']).expect("a value")];
                let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(
                    suffixes.iter().any(|suffix| sample.strip_suffix(suffix) == Some(name)),
                    "{line} is not of {name}"
                );
                let (_, value) = line.rsplit_once(' ').expect("a value");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
        types
    }

    proptest! {
        #[test]
        fn any_registry_is_converted_to_valid_text_with_the_same_samples(
            metrics in vec((metric(), prop_oneof![Just(None), Just(Some(Unit::Bytes))]), 0..6)
        ) {
            let mut openmetrics = String::new();
            encode(&mut openmetrics, &registry(metrics)).expect("encodes");
            let text = from_openmetrics(&openmetrics);
            check_text(&text);
            prop_assert_eq!(samples(&text), samples(&openmetrics));
        }

        #[test]
        fn any_text_is_converted_without_a_panic(openmetrics in "(# (HELP|TYPE|UNIT) )?[a-z_ \"\\\\#\n{}=]*") {
            from_openmetrics(&openmetrics);
        }
    }
}

//! Command line of benches without criterion. They accept criterion's arguments.

use std::process::exit;

/// Duration of a bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for reliable figures.
    Full,
    /// Only proves that the bench works. Selected by a measurement time below a second.
    Brief,
}

impl Effort {
    /// Reads the command line. Exits the process if the filter excludes the bench `name`.
    pub fn of_bench(name: &str) -> Self {
        if !is_wanted(name) {
            exit(0);
        }
        Self::from_arguments()
    }

    /// Reads the command line of a bench that [filters](is_wanted) its parts.
    pub fn from_arguments() -> Self {
        Self::of(std::env::args().skip(1))
    }

    fn of(arguments: impl Iterator<Item = String>) -> Self {
        let mut arguments = arguments.skip_while(|argument| argument != "--measurement-time").skip(1);
        match arguments.next().and_then(|seconds| seconds.parse::<f64>().ok()) {
            Some(seconds) if seconds < 1.0 => Self::Brief,
            _ => Self::Full,
        }
    }
}

/// Returns true unless the command line's filter excludes the bench or part `name`.
pub fn is_wanted(name: &str) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    filter(&arguments).is_none_or(|filter| name.contains(filter))
}

/// The filter: the first argument that is neither an option nor the value of one.
fn filter(arguments: &[String]) -> Option<&str> {
    let mut before = "";
    for argument in arguments {
        let is_value = before.starts_with("--") && before != "--bench";
        if !argument.starts_with('-') && !is_value {
            return Some(argument);
        }
        before = argument;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurement_time_below_a_second_is_brief() {
        let of = |arguments: &str| Effort::of(arguments.split_whitespace().map(str::to_owned));
        assert_eq!(of("--bench --warm-up-time 0.1 --measurement-time 0.2"), Effort::Brief);
        assert_eq!(of("--bench --measurement-time 5"), Effort::Full);
        assert_eq!(of("--bench"), Effort::Full);
    }

    #[test]
    fn first_positional_argument_is_the_filter() {
        let of = |arguments: &str| {
            let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
            filter(&arguments).map(str::to_owned)
        };
        assert_eq!(of("sizes --bench"), Some("sizes".to_owned()));
        assert_eq!(of("--measurement-time 0.05 --bench"), None);
        assert_eq!(of("--sample-size 10 codecs --bench"), Some("codecs".to_owned()));
    }
}

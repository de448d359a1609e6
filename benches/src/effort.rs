//! What the command line asks of a bench without criterion: the arguments are those of the others.

use std::process::exit;

/// Asked for by the same arguments that criterion takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures.
    Full,
    /// Just long enough to prove that it works: a measurement time below a second was asked for.
    Brief,
}

impl Effort {
    /// What the command line asks for. Ends the process when it asks for other benches than the one of this name.
    pub fn of_bench(name: &str) -> Self {
        if !is_wanted(name) {
            exit(0);
        }
        Self::asked_for()
    }

    /// What the command line asks for, of a bench that [asks](is_wanted) for each of its parts.
    pub fn asked_for() -> Self {
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

/// Whether the command line asks for the bench, or the part of one, of this name.
pub fn is_wanted(name: &str) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    filter(&arguments).is_none_or(|filter| name.contains(filter))
}

/// The part of a name that benches are chosen by: the one argument that is no option, and no option's value.
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
    fn criterion_s_measurement_time_decides() {
        let of = |arguments: &str| Effort::of(arguments.split_whitespace().map(str::to_owned));
        assert_eq!(of("--bench --warm-up-time 0.1 --measurement-time 0.2"), Effort::Brief);
        assert_eq!(of("--bench --measurement-time 5"), Effort::Full);
        assert_eq!(of("--bench"), Effort::Full);
    }

    #[test]
    fn the_argument_that_is_no_option_chooses() {
        let of = |arguments: &str| {
            let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
            filter(&arguments).map(str::to_owned)
        };
        assert_eq!(of("sizes --bench"), Some("sizes".to_owned()));
        assert_eq!(of("--measurement-time 0.05 --bench"), None);
        assert_eq!(of("--sample-size 10 codecs --bench"), Some("codecs".to_owned()));
    }
}

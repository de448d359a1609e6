//! How long a bench without criterion runs.

/// Asked for by the same arguments that criterion takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures.
    Full,
    /// Just long enough to prove that it works: a measurement time below a second was asked for.
    Brief,
}

impl Effort {
    /// What the command line asks for.
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
}

//! Whether the page shows what is measured now, or is behind.

use std::fmt;

use protocol::{Interval, Timestamp};

/// Later than this a person would act on a picture that is no longer true.
pub const BEHIND: Interval = Interval::from_secs(1);

/// What is said stays so long, so that it can be read.
const SAID_FOR: Interval = Interval::from_secs(2);

/// How the page stands to the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It shows what is measured.
    #[default]
    Abreast,
    /// Samples come later than [`BEHIND`].
    Behind(Interval),
    /// History comes in place of samples.
    CatchingUp,
}

/// What can be seen of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    /// How late the newest samples were; none when none have come lately.
    pub lag: Option<Interval>,
    /// Whether samples come, and not history.
    pub is_live: bool,
    /// How often history has come since the page was loaded.
    pub fills: u64,
}

/// Tells the standing from signs, and keeps what it said on screen for a moment.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    said: Standing,
    until: Timestamp,
    fills: u64,
}

impl Standings {
    /// The standing at `now`, by the page's clock.
    pub fn update(&mut self, now: Timestamp, sign: Sign) -> Standing {
        // History that came and went between two looks counts too; the first ever is how a page begins.
        let is_filling = sign.fills > 1 && (!sign.is_live || sign.fills > self.fills);
        self.fills = sign.fills;
        let standing = match sign.lag.filter(|&lag| lag > BEHIND) {
            _ if is_filling => Standing::CatchingUp,
            Some(lag) => Standing::Behind(lag),
            None => Standing::Abreast,
        };
        if standing != Standing::Abreast {
            self.until = now + SAID_FOR;
        }
        if standing != Standing::Abreast || now >= self.until {
            self.said = standing;
        }
        self.said
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abreast => Ok(()),
            Self::Behind(lag) => write!(f, "{:.0} s behind", lag.as_secs_f64()),
            Self::CatchingUp => f.write_str("receiving history"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Sign = Sign { lag: Some(Interval::from_millis(20)), is_live: true, fills: 1 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    fn live() -> Standings {
        let mut standings = Standings::default();
        assert_eq!(standings.update(at(0), LIVE), Standing::Abreast);
        standings
    }

    #[test]
    fn a_second_late_is_behind_and_said_in_words() {
        let mut standings = live();
        assert_eq!(standings.update(at(250), Sign { lag: Some(BEHIND), ..LIVE }), Standing::Abreast);
        let lag = Interval::from_millis(2_600);
        let said = standings.update(at(500), Sign { lag: Some(lag), ..LIVE });
        assert_eq!((said, said.to_string().as_str()), (Standing::Behind(lag), "3 s behind"));
        assert_eq!(standings.update(at(2_499), LIVE), said, "long enough to be read");
        assert_eq!(standings.update(at(2_500), LIVE), Standing::Abreast);
    }

    #[test]
    fn history_in_place_of_samples_is_said_however_short() {
        let mut standings = live();
        let said = standings.update(at(250), Sign { fills: 2, ..LIVE });
        assert_eq!((said, said.to_string().as_str()), (Standing::CatchingUp, "receiving history"));
        assert_eq!(standings.update(at(2_250), Sign { fills: 2, ..LIVE }), Standing::Abreast);
        let filling = Sign { is_live: false, fills: 3, ..LIVE };
        assert_eq!(standings.update(at(2_500), filling), Standing::CatchingUp);
        assert_eq!(standings.update(at(9_000), filling), Standing::CatchingUp);
    }

    #[test]
    fn a_page_that_begins_is_not_behind() {
        let mut standings = Standings::default();
        assert_eq!(standings.update(at(0), Sign { lag: None, is_live: false, fills: 0 }), Standing::Abreast);
        assert_eq!(standings.update(at(250), Sign { lag: None, is_live: false, fills: 1 }), Standing::Abreast);
        assert_eq!(standings.update(at(500), LIVE), Standing::Abreast);
    }

    #[test]
    fn a_source_that_stopped_is_not_a_page_that_is_behind() {
        assert_eq!(live().update(at(250), Sign { lag: None, ..LIVE }), Standing::Abreast);
    }
}

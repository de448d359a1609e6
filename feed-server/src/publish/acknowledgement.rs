//! The times at which a publisher is sent its held position. Time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// A number that has risen is sent at most this often: twenty times a second.
const PAUSE: Duration = Duration::from_millis(50);

/// The position is sent at least this often, so that the publisher knows that the server lives.
const INTERVAL: Duration = Duration::from_secs(1);

/// The last position that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledgement {
    number: u64,
    at: Instant,
}

impl Acknowledgement {
    pub const fn sent(number: u64, at: Instant) -> Self {
        Self { number, at }
    }

    /// The time at which the position is to be sent again, if `held` is the number now.
    pub fn due(&self, held: u64) -> Instant {
        self.at + if held == self.number { INTERVAL } else { PAUSE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risen_number_is_sent_twenty_times_a_second_and_the_same_once_a_second() {
        let now = Instant::now();
        let sent = Acknowledgement::sent(7, now);
        assert_eq!(sent.due(8), now + Duration::from_millis(50));
        assert_eq!(sent.due(7), now + Duration::from_secs(1));
    }
}

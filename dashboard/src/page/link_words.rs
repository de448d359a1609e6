//! The link's state in words: the one that scripts read, and those for a person.

use protocol::Interval;

use crate::link::{Standing, State};

#[derive(Clone, Debug)]
pub(super) struct LinkWords {
    name: &'static str,
    text: String,
}

const LIVE: &str = "live";

impl Default for LinkWords {
    /// Those of a page that begins to connect.
    fn default() -> Self {
        Self::of(&State::Connecting { retry: 0 })
    }
}

impl LinkWords {
    pub(super) fn of(state: &State) -> Self {
        let (name, text) = match state {
            State::Connecting { retry: 0 } => ("connecting", "connecting".to_owned()),
            State::Connecting { retry } | State::Reconnecting { retry, .. } => {
                ("reconnecting", format!("reconnecting, attempt {retry}"))
            }
            State::Live => (LIVE, LIVE.to_owned()),
            State::Closing => ("closed", "closing".to_owned()),
            State::Closed(close) => ("closed", format!("closed: {close}")),
        };
        Self { name, text }
    }

    /// The one word that scripts read.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_live(&self) -> bool {
        self.name == LIVE
    }

    /// For a person: what cannot be trusted about the picture is said with it, such as the age of its newest sample.
    pub(super) fn text(&self, standing: Standing, age: Option<Interval>) -> String {
        let text = &self.text;
        match (self.is_live(), standing, age) {
            (true, Standing::Abreast, _) | (false, _, None) => text.clone(),
            (true, standing, _) => format!("{text}, {standing}"),
            (false, _, Some(age)) => format!("{text}, data {} s old", age.micros() / 1_000_000),
        }
    }
}

//! A message of each kind from a viewer.

use protocol::{ClientMessage, Epoch, Interval, Sequence, Start, Timestamp, Visibility};

use super::Vector;

pub(crate) fn all() -> Vec<Vector> {
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let messages = [
        ("subscribe_window", ClientMessage::Subscribe { start: Start::Window(Interval::from_secs(60)) }),
        (
            "subscribe_after",
            ClientMessage::Subscribe {
                start: Start::After {
                    epoch: Epoch(1_700_000_000_123_456),
                    sequence: Sequence(4_242),
                    window: Interval::from_secs(60),
                },
            },
        ),
        ("acknowledge", ClientMessage::Acknowledge { sequence: Sequence(4_242) }),
        ("probe", ClientMessage::Probe { origin: at }),
        ("pace_visible", ClientMessage::Pace { visibility: Visibility::Visible, frames_per_second: 60 }),
        ("pace_hidden", ClientMessage::Pace { visibility: Visibility::Hidden, frames_per_second: 0 }),
        ("annotate", ClientMessage::Annotate { at, until: at + Interval::from_secs(5), text: "deploy 42 ⚙" }),
        ("relay", ClientMessage::Relay { payload: &[0, 1, 254, 255] }),
    ];
    messages.map(|(name, message)| Vector { name, bytes: message.to_bytes().expect("encodes") }).into()
}

//! The interface between the page and the supplier of its frames: a live link or a recording.
//!
//! A source emits [`FrameEvent`]s to one handler and accepts the requests of [`FrameSource`]. Everything behind the handler
//! is the same for all sources.

use protocol::{Body, Frame, Interval, Timestamp};

use super::past_requests::PastQuery;
use crate::store::StreamRequest;

/// An event of a source.
#[derive(Debug)]
pub(super) enum FrameEvent<'m> {
    /// The source accepts requests now; earlier ones may be lost.
    Opened,
    /// `bytes` is the length of the encoded message.
    Frame {
        frame: Frame<'m>,
        bytes: usize,
    },
    /// A message that is not a frame was skipped.
    BadFrame {
        reason: String,
    },
    StatusChanged(SourceStatus),
    /// The server refuses the stream for this reason; `None` when it accepts it again.
    StreamRefused(Option<String>),
    Ended {
        reason: String,
    },
    /// The server refuses the page's credentials, or no longer accepts them.
    SignInNeeded(Refusal),
}

impl FrameEvent<'_> {
    /// Returns true for the frames that a live stream sends all the time. They may be drawn later, together; all others change more
    /// than a column, and are drawn at once.
    pub(super) const fn is_routine(&self) -> bool {
        let Self::Frame { frame, .. } = self else { return false };
        matches!(
            frame.body,
            Body::Samples(_) | Body::Summaries(_) | Body::Heartbeat(_) | Body::Echo(_) | Body::Logs(_) | Body::Event(_)
        )
    }
}

/// The reason why a server refuses a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The page has no session, or its session has ended.
    NoSession,
    /// The session's role does not include viewing.
    WrongRole,
}

/// Requests that a source accepts at any time. One that it cannot serve now is dropped: after the next
/// [`FrameEvent::Opened`] the page sends its requests again.
pub(super) trait FrameSource {
    /// Requests the stream.
    fn subscribe(&self, request: &StreamRequest);

    /// Requests an echo, to compare the clocks. `origin` is the time by the page's clock.
    fn probe(&self, origin: Timestamp);

    /// Requests summaries of a range, or rows.
    fn query(&self, query: &PastQuery);

    /// The page is shown again or the network is back: end the wait before a retry.
    fn wake(&self);

    /// Connects after the source has ended.
    fn reconnect(&self);

    /// After the next loss, wait at least `floor` before the first retry.
    fn set_retry_floor(&self, floor: Interval);

    /// Attempts to reconnect since the start.
    fn retries(&self) -> u64;
}

/// The state of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum SourceStatus {
    #[default]
    Connecting,
    Reconnecting {
        attempt: u32,
    },
    /// As `Reconnecting`, and the server gave a reason.
    Refused {
        attempt: u32,
    },
    Live,
    Closing,
    Closed {
        reason: String,
    },
}

impl SourceStatus {
    /// Returns true if no frame can arrive before the source has connected again.
    pub(super) const fn is_down(&self) -> bool {
        matches!(self, Self::Reconnecting { .. } | Self::Refused { .. } | Self::Closing | Self::Closed { .. })
    }

    /// The name for scripts and the style sheet.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Reconnecting { .. } | Self::Refused { .. } => "reconnecting",
            Self::Live => "live",
            Self::Closing | Self::Closed { .. } => "closed",
        }
    }
}

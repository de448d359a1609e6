//! Close codes and reasons. Some codes forbid reconnecting.

use std::fmt;

use protocol::close_codes::{self, MAX_REASON_BYTES};
use thiserror::Error;

/// A WebSocket close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    pub const NORMAL: Self = Self(close_codes::NORMAL);
    /// Reported by browsers without a close frame: the connection broke or was not established.
    pub const ABNORMAL: Self = Self(1006);
    /// Reported, and sent if possible, by this client if the silence exceeds its limit.
    pub const SILENT: Self = Self(close_codes::SERVER_SILENT);

    /// Returns true if a new connection of the same page would be closed for the same reason.
    pub const fn forbids_reconnecting(self) -> bool {
        use close_codes::{
            ACCESS_DENIED, INVALID_DATA, MESSAGE_TOO_BIG, PROTOCOL_ERROR, TOKEN_REQUIRED, UNSUPPORTED_DATA,
            UNSUPPORTED_VERSION,
        };
        matches!(
            self.0,
            PROTOCOL_ERROR
                | UNSUPPORTED_DATA
                | INVALID_DATA
                | MESSAGE_TOO_BIG
                | TOKEN_REQUIRED
                | ACCESS_DENIED
                | UNSUPPORTED_VERSION
        )
    }

    pub const fn description(self) -> &'static str {
        match self.0 {
            close_codes::NORMAL => "connection closed",
            close_codes::GOING_AWAY => "the server stopped",
            close_codes::PROTOCOL_ERROR => "WebSocket protocol error",
            close_codes::UNSUPPORTED_DATA => "unsupported message type",
            1005 => "connection closed without a reason",
            1006 => "connection lost",
            close_codes::INVALID_DATA => "invalid message",
            close_codes::POLICY_VIOLATION => "a rule of the server was violated",
            close_codes::MESSAGE_TOO_BIG => "message too long",
            close_codes::INTERNAL_ERROR => "internal server error",
            1012 => "the server restarts",
            1013 => "the server is overloaded",
            1015 => "TLS handshake failed",
            close_codes::TOKEN_REQUIRED => "token required",
            close_codes::ACCESS_DENIED => "access denied",
            close_codes::SERVER_SILENT => "no data from the server",
            close_codes::UNSUPPORTED_VERSION => "this page is out of date; reload it",
            _ => "connection closed",
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.description(), self.0)
    }
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: CloseCode,
    /// The peer's text; often empty.
    pub reason: String,
    /// Both sides sent a close frame.
    pub clean: bool,
}

impl Close {
    /// A close that this side sends.
    ///
    /// # Errors
    /// [`InvalidClose`] for codes other than 1000 and 3000 to 4999, which browsers reject, or a reason of more
    /// than [`MAX_REASON_BYTES`] bytes.
    pub fn request(code: u16, reason: &str) -> Result<Self, InvalidClose> {
        if code != close_codes::NORMAL && !(3000..=4999).contains(&code) {
            return Err(InvalidClose::Code { found: code });
        }
        if reason.len() > MAX_REASON_BYTES {
            return Err(InvalidClose::Reason { bytes: reason.len() });
        }
        Ok(Self { code: CloseCode(code), reason: reason.to_owned(), clean: true })
    }

    /// A close without a complete close handshake.
    pub fn unclean(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), clean: false }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason) }
    }
}

/// A close that a browser would reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidClose {
    #[error("close code must be 1000 or 3000 to 4999, found {found}")]
    Code { found: u16 },
    #[error("close reason must be at most {MAX_REASON_BYTES} bytes, found {bytes}")]
    Reason { bytes: usize },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_listed_codes_forbid_reconnecting() {
        let forbidding: Vec<_> = (0..=u16::MAX).filter(|code| CloseCode(*code).forbids_reconnecting()).collect();
        assert_eq!(forbidding, [1002, 1003, 1007, 1009, 4401, 4403, 4426]);
    }

    #[test]
    fn codes_that_forbid_reconnecting_have_their_own_description() {
        for code in (0..=u16::MAX).map(CloseCode).filter(|code| code.forbids_reconnecting()) {
            assert_ne!(code.description(), CloseCode(4999).description(), "{code}");
        }
    }

    #[test]
    fn display_names_code_and_reason() {
        let close = Close::unclean(CloseCode(1012), "back in a minute");
        assert_eq!(close.to_string(), "the server restarts (1012): back in a minute");
        assert_eq!(Close::unclean(CloseCode::ABNORMAL, "").to_string(), "connection lost (1006)");
    }

    proptest! {
        #[test]
        fn a_close_that_browsers_reject_is_an_error(code in any::<u16>(), reason in "\\PC{0,70}") {
            let allowed = (code == 1000 || (3000..5000).contains(&code)) && reason.len() <= MAX_REASON_BYTES;
            prop_assert_eq!(Close::request(code, &reason).is_ok(), allowed);
        }
    }
}

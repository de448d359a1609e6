//! Why a connection ended, and whether it is worth trying again.

use std::fmt;

use thiserror::Error;

/// A close reason may have so many bytes ([RFC 6455, section 5.5](https://www.rfc-editor.org/rfc/rfc6455#section-5.5)).
pub const MAX_REASON_BYTES: usize = 123;

/// A WebSocket close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The work is done.
    pub const NORMAL: Self = Self(1000);
    /// What a browser reports when no close frame came: the connection broke, or was never made.
    pub const ABNORMAL: Self = Self(1006);
    /// What this client reports, and sends if it can, when the other side said nothing for too long.
    pub const SILENT: Self = Self(4408);

    /// Whether the same page would meet the same end again, so that reconnecting does harm.
    pub const fn forbids_reconnecting(self) -> bool {
        matches!(self.0, 1002 | 1003 | 1007 | 1009 | 4401 | 4403 | 4426)
    }

    /// What it means, for a person.
    pub const fn words(self) -> &'static str {
        match self.0 {
            1000 => "the connection was closed",
            1001 => "the server is going away",
            1002 => "the WebSocket protocol was broken",
            1003 => "this kind of message is not accepted",
            1005 => "the connection was closed without a reason",
            1006 => "the connection was lost",
            1007 => "a message could not be read",
            1008 => "a rule of the server was broken",
            1009 => "a message was too big",
            1011 => "the server met an error of its own",
            1012 => "the server is restarting",
            1013 => "the server is overloaded",
            1015 => "the secure connection could not be made",
            4401 => "sign in first",
            4403 => "access is denied",
            4408 => "the server fell silent",
            4426 => "this page is out of date: reload it",
            _ => "the connection ended",
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words(), self.0)
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Why, for a program.
    pub code: CloseCode,
    /// Why, in the words of whoever closed it; often empty.
    pub reason: String,
    /// Whether both sides agreed to it: a close frame went each way.
    pub clean: bool,
}

impl Close {
    /// A close that this side asks for.
    ///
    /// # Errors
    /// [`InvalidClose`] for what a page may not send: any code but 1000 and 3000 to 4999, or a reason of more than
    /// [`MAX_REASON_BYTES`].
    pub fn request(code: u16, reason: &str) -> Result<Self, InvalidClose> {
        if code != 1000 && !(3000..=4999).contains(&code) {
            return Err(InvalidClose::Code { found: code });
        }
        if reason.len() > MAX_REASON_BYTES {
            return Err(InvalidClose::Reason { bytes: reason.len() });
        }
        Ok(Self { code: CloseCode(code), reason: reason.to_owned(), clean: true })
    }

    /// A close that nobody agreed to.
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

/// A close that no page may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidClose {
    /// The code is reserved for servers and browsers.
    #[error("close code {found}: a page may send 1000 and 3000 to 4999")]
    Code {
        /// The code.
        found: u16,
    },
    /// The reason does not fit a close frame.
    #[error("close reason of {bytes} bytes: the limit is {MAX_REASON_BYTES}")]
    Reason {
        /// Its length.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn these_and_no_other_codes_forbid_reconnecting() {
        let forbidding: Vec<_> = (0..=u16::MAX).filter(|code| CloseCode(*code).forbids_reconnecting()).collect();
        assert_eq!(forbidding, [1002, 1003, 1007, 1009, 4401, 4403, 4426]);
    }

    #[test]
    fn a_code_that_forbids_reconnecting_tells_a_person_why() {
        for code in (0..=u16::MAX).map(CloseCode).filter(|code| code.forbids_reconnecting()) {
            assert_ne!(code.words(), CloseCode(4999).words(), "{code}");
        }
    }

    #[test]
    fn it_reads_well() {
        let close = Close::unclean(CloseCode(1012), "back in a minute");
        assert_eq!(close.to_string(), "the server is restarting (1012): back in a minute");
        assert_eq!(Close::unclean(CloseCode::ABNORMAL, "").to_string(), "the connection was lost (1006)");
    }

    proptest! {
        #[test]
        fn what_a_browser_would_refuse_is_refused_first(code in any::<u16>(), reason in "\\PC{0,70}") {
            let allowed = (code == 1000 || (3000..5000).contains(&code)) && reason.len() <= 123;
            prop_assert_eq!(Close::request(code, &reason).is_ok(), allowed);
        }
    }
}

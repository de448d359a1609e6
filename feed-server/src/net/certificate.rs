//! The dates of a certificate, and what an operator must do about them.

use protocol::Timestamp;
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A warning precedes the end of a certificate by this time. Tools that renew certificates do so weeks before their end: one
/// that ends this soon was not renewed.
const WARN_BEFORE: i64 = 14 * DAY;

/// The time in which clients accept a certificate, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: i64,
    pub not_after: i64,
}

/// The reason why clients refuse a certificate, or will refuse it soon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValidityWarning {
    #[error("expired {ago} ago, and clients refuse it: renew it and send SIGHUP")]
    Expired { ago: String },
    #[error("expires in {left}: renew it and send SIGHUP")]
    ExpiresSoon { left: String },
    #[error("is not valid for another {left}, and clients refuse it: check its dates and this machine's clock")]
    NotYetValid { left: String },
}

impl Validity {
    /// Reads the dates; `None` if this is not a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let validity = certificate.validity();
        Some(Self { not_before: validity.not_before.timestamp(), not_after: validity.not_after.timestamp() })
    }

    pub fn warning(self, now: Timestamp) -> Option<ValidityWarning> {
        let now = now.micros() / 1_000_000;
        if now > self.not_after {
            Some(ValidityWarning::Expired { ago: rounded(now - self.not_after) })
        } else if now < self.not_before {
            Some(ValidityWarning::NotYetValid { left: rounded(self.not_before - now) })
        } else if self.not_after - now < WARN_BEFORE {
            Some(ValidityWarning::ExpiresSoon { left: rounded(self.not_after - now) })
        } else {
            None
        }
    }
}

/// Seconds as whole days or, below a day, as whole hours.
fn rounded(seconds: i64) -> String {
    match seconds {
        ..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate that is valid from 2026-01-01 to 2026-03-01.
    fn validity() -> Validity {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 3, 1));
        let key = KeyPair::generate().expect("a key");
        Validity::of(params.self_signed(&key).expect("makes one").der()).expect("a certificate")
    }

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        assert_eq!(validity(), Validity { not_before: 1_767_225_600, not_after: 1_772_323_200 });
        assert_eq!(Validity::of(&CertificateDer::from_slice(b"none")), None);
    }

    #[test]
    fn a_certificate_warns_before_its_first_day_and_from_two_weeks_before_its_last() {
        let validity = validity();
        let at = |seconds: i64| {
            let warning = validity.warning(Timestamp::from_micros(seconds * 1_000_000));
            warning.map(|warning| warning.to_string())
        };
        let (first, last) = (validity.not_before, validity.not_after);
        assert!(at(first - 1).expect("a warning").starts_with("is not valid for another 0 h,"));
        assert_eq!(at(first), None);
        assert_eq!(at(last - 14 * DAY), None);
        let soon = |left: &str| Some(format!("expires in {left}: renew it and send SIGHUP"));
        assert_eq!(at(last - 14 * DAY + 1), soon("13 d"));
        assert_eq!(at(last - 7 * HOUR), soon("7 h"));
        assert_eq!(at(last), soon("0 h"));
        assert!(at(last + 400 * DAY).expect("a warning").starts_with("expired 400 d ago, and clients refuse it"));
    }
}

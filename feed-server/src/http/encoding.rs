//! The choice among the forms of a file by `Accept-Encoding` (RFC 9110,
//! [section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)).

use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;

use super::header_list::{Quality, preferences};

/// A form in which a file of the page exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    Brotli,
    Gzip,
    /// Not compressed.
    Identity,
}

impl Encoding {
    /// The value of `Content-Encoding`.
    pub const fn token(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The end of the file's name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }
}

/// The forms that a client accepts, the most preferred first. Of equal ones the smallest file is first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AcceptedEncodings(Vec<Encoding>);

impl Default for AcceptedEncodings {
    /// The file as it is.
    fn default() -> Self {
        Self(vec![Encoding::Identity])
    }
}

impl AcceptedEncodings {
    pub fn of(headers: &HeaderMap) -> Self {
        let listed: Vec<_> = preferences(headers, ACCEPT_ENCODING).collect();
        let quality = |names: &[&str]| -> Option<Quality> {
            let of = |wanted: &str| listed.iter().find(|item| item.name.eq_ignore_ascii_case(wanted));
            let item = names.iter().find_map(|name| of(name)).or_else(|| of("*"))?;
            Some(item.quality)
        };
        let compressed = |names, encoding| Some((quality(names).filter(|&quality| quality > 0)?, encoding));
        // Accepted unless it is refused, and then after the forms that are named.
        let identity = match quality(&["identity"]) {
            Some(0) => None,
            named => Some((named.unwrap_or(0), Encoding::Identity)),
        };
        let forms = [compressed(&["br"], Encoding::Brotli), compressed(&["gzip", "x-gzip"], Encoding::Gzip), identity];
        let mut forms: Vec<_> = forms.into_iter().flatten().collect();
        forms.sort_by_key(|&(quality, _)| std::cmp::Reverse(quality));
        Self(forms.into_iter().map(|(_, encoding)| encoding).collect())
    }

    pub fn contains(&self, encoding: Encoding) -> bool {
        self.0.contains(&encoding)
    }

    pub fn preferred(&self) -> impl Iterator<Item = Encoding> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::Encoding::{Brotli, Gzip, Identity};
    use super::*;

    fn accepted(lines: &[&'static str]) -> Vec<Encoding> {
        let headers = lines.iter().map(|line| (ACCEPT_ENCODING, HeaderValue::from_static(line))).collect();
        AcceptedEncodings::of(&headers).0
    }

    #[test]
    fn the_form_with_the_highest_quality_is_preferred() {
        for (line, expected) in [
            ("gzip, deflate, br, zstd", &[Brotli, Gzip, Identity][..]),
            ("br;q=0.5, gzip", &[Gzip, Brotli, Identity]),
            ("identity, gzip;q=0.5", &[Identity, Gzip]),
            ("GZIP;Q=0.3 , X-Br", &[Gzip, Identity]),
            ("x-gzip", &[Gzip, Identity]),
            ("*", &[Brotli, Gzip, Identity]),
            ("*;q=0.8, br;q=0.5", &[Gzip, Identity, Brotli]),
            ("deflate", &[Identity]),
            ("", &[Identity]),
        ] {
            assert_eq!(accepted(&[line]), expected, "{line}");
        }
        assert_eq!(accepted(&[]), [Identity]);
    }

    #[test]
    fn a_form_of_quality_zero_is_refused() {
        for (line, expected) in [
            ("br;q=0, gzip", &[Gzip, Identity][..]),
            ("br; q=0.000, gzip;q=0", &[Identity]),
            ("br, *;q=0", &[Brotli]),
            ("*;q=0, identity;q=0.1", &[Identity]),
            ("identity;q=0", &[]),
            ("*;q=0", &[]),
            ("identity;q=0, gzip;q=0.001", &[Gzip]),
        ] {
            assert_eq!(accepted(&[line]), expected, "{line}");
        }
    }

    #[test]
    fn a_header_over_several_lines_is_one_list() {
        assert_eq!(accepted(&["gzip", "br;q=0", "identity;q=0"]), [Gzip]);
    }
}

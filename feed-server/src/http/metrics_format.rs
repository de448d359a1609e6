//! The format of `/metrics`, by `Accept` (RFC 9110, [section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).

use hyper::HeaderMap;
use hyper::header::ACCEPT;

use super::header_list::{Preference, Quality, preferences};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl MetricsFormat {
    /// The format with the higher quality. The text, which every reader understands, if both are equal or none is accepted.
    pub fn of(headers: &HeaderMap) -> Self {
        let offers: Vec<_> = preferences(headers, ACCEPT).collect();
        let quality = |format: Self| format.quality(&offers).unwrap_or(0);
        if quality(Self::OpenMetrics) > quality(Self::Text) { Self::OpenMetrics } else { Self::Text }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "plain"),
            Self::OpenMetrics => ("application", "openmetrics-text"),
        }
    }

    const fn version(self) -> &'static str {
        match self {
            Self::Text => "0.0.4",
            Self::OpenMetrics => "1.0.0",
        }
    }

    /// The quality of the most specific offer that includes this format.
    fn quality(self, offers: &[Preference<'_>]) -> Option<Quality> {
        let matching = offers.iter().filter_map(|offer| Some((self.specificity(offer)?, offer.quality)));
        matching.max().map(|(_, quality)| quality)
    }

    /// Ranks an offer that includes this format; `None` for others.
    fn specificity(self, offer: &Preference<'_>) -> Option<u8> {
        let (own_type, own_subtype) = self.media_type();
        let (found_type, found_subtype) = offer.name.split_once('/')?;
        if (found_type, found_subtype) == ("*", "*") {
            return Some(0);
        }
        if !found_type.eq_ignore_ascii_case(own_type) {
            return None;
        }
        if found_subtype == "*" {
            return Some(1);
        }
        if !found_subtype.eq_ignore_ascii_case(own_subtype) {
            return None;
        }
        match offer.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case("version")) {
            Some((_, version)) => (*version == self.version()).then_some(3),
            None => Some(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::MetricsFormat::{OpenMetrics, Text};
    use super::*;

    fn format(lines: &[&'static str]) -> MetricsFormat {
        MetricsFormat::of(&lines.iter().map(|line| (ACCEPT, HeaderValue::from_static(line))).collect())
    }

    #[test]
    fn the_format_follows_the_qualities_of_the_accept_header() {
        // The headers of Prometheus 3 and of Prometheus 2.5, which supports only a draft of OpenMetrics.
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let old = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (line, expected) in [
            (prometheus, OpenMetrics),
            (old, Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("application/json", Text),
            ("", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text;Version=1.0.0", OpenMetrics),
            ("application/*", OpenMetrics),
            ("application/openmetrics-text;q=0.000, */*", Text),
            ("application/openmetrics-text;q=0", Text),
            ("text/plain;q=0, */*;q=0.1", OpenMetrics),
            ("text/plain;version=0.0.4;q=0.9, text/plain;q=0.1, application/openmetrics-text;q=0.5", Text),
            ("text/*;q=0.4, application/openmetrics-text;q=0.5", OpenMetrics),
            ("openmetrics", Text),
        ] {
            assert_eq!(format(&[line]), expected, "{line}");
        }
        assert_eq!(format(&[]), Text);
        assert_eq!(format(&["text/plain;q=0.1", "application/openmetrics-text"]), OpenMetrics, "two lines");
    }
}

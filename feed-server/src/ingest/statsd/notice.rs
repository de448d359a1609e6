//! Events and service checks of DogStatsD.

use protocol::Severity;

use super::tags::{self, Tags};

/// A text to be shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notice<'t> {
    pub(super) severity: Severity,
    pub(super) text: String,
    pub(super) tags: Tags<'t>,
    /// An event is shown in charts, a check as a line of a log.
    pub(super) is_event: bool,
}

impl<'t> Notice<'t> {
    pub(super) fn parse(line: &'t str) -> Option<Self> {
        match line.strip_prefix("_sc|") {
            Some(rest) => Self::check(rest),
            None => Self::event(line.strip_prefix("_e{")?),
        }
    }

    /// `TITLE_BYTES,TEXT_BYTES}:TITLE|TEXT|d:TIME|h:HOST|p:PRIORITY|t:TYPE|#TAGS`
    fn event(rest: &'t str) -> Option<Self> {
        let (lengths, rest) = rest.split_once("}:")?;
        let (title, text) = lengths.split_once(',')?;
        let (title, text): (usize, usize) = (title.parse().ok()?, text.parse().ok()?);
        let (title, rest) = rest.split_at_checked(title)?;
        let (text, rest) = rest.strip_prefix('|')?.split_at_checked(text)?;
        let mut notice = Self { severity: Severity::Info, text: String::new(), tags: Vec::new(), is_event: true };
        for field in rest.split('|').filter(|field| !field.is_empty()) {
            match (field.strip_prefix("t:"), field.strip_prefix('#')) {
                (Some("error"), _) => notice.severity = Severity::Error,
                (Some("warning"), _) => notice.severity = Severity::Warn,
                (None, Some(tags)) => notice.tags = tags::of_datadog(tags),
                _ => {}
            }
        }
        notice.text =
            if text.is_empty() { title.to_owned() } else { format!("{title}: {}", text.replace("\\n", "\n")) };
        Some(notice)
    }

    /// `NAME|STATUS|d:TIME|h:HOST|#TAGS|m:MESSAGE`
    fn check(rest: &'t str) -> Option<Self> {
        let (name, rest) = rest.split_once('|')?;
        let (status, rest) = rest.split_once('|').unwrap_or((rest, ""));
        let (severity, status) = match status {
            "0" => (Severity::Info, "ok"),
            "1" => (Severity::Warn, "warning"),
            "2" => (Severity::Error, "critical"),
            "3" => (Severity::Warn, "unknown"),
            _ => return None,
        };
        // The message comes last and may have bars.
        let (fields, message) = match rest.find("m:").filter(|at| *at == 0 || rest[..*at].ends_with('|')) {
            Some(at) => (&rest[..at], Some(&rest[at + 2..])),
            None => (rest, None),
        };
        let tags = fields.split('|').find_map(|field| field.strip_prefix('#')).map(tags::of_datadog);
        let text = message.map_or_else(|| format!("{name} is {status}"), |text| format!("{name} is {status}: {text}"));
        Some(Self { severity, text, tags: tags.unwrap_or_default(), is_event: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_texts_with_any_sign() {
        let notice = Notice::parse("_e{5,9}:a|b:c|one\\n|two|t:error|#env:lab|h:x").expect("an event");
        assert_eq!((&*notice.text, notice.severity), ("a|b:c: one\n|two", Severity::Error));
        assert_eq!((notice.tags, notice.is_event), (vec![("env", "lab")], true));
        for line in ["_e{", "_e{5,4}:a|b", "_e{x,1}:a|b", "_e{1}:a|b", "_e{1,99999999999999999999}:a|b"] {
            assert_eq!(Notice::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_service_check_has_a_status_and_a_message() {
        let notice = Notice::parse("_sc|redis|2|d:1|#env:lab|m:no | answer").expect("a check");
        assert_eq!((&*notice.text, notice.severity), ("redis is critical: no | answer", Severity::Error));
        assert_eq!(Notice::parse("_sc|redis|0").map(|notice| notice.text).as_deref(), Some("redis is ok"));
        assert_eq!((Notice::parse("_sc|redis|7"), Notice::parse("_sc|redis")), (None, None));
    }
}

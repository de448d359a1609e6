//! `/proc/PID/stat`: one process. See `proc_pid_stat(5)`.

use super::fields::Fields;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidStat<'t> {
    /// At most 15 bytes, of any kind: a program may set them.
    pub name: &'t [u8],
    pub parent: u32,
    pub user_ticks: u64,
    pub system_ticks: u64,
    /// Of children that have ended and were waited for.
    pub children_user_ticks: u64,
    pub children_system_ticks: u64,
    pub threads: u64,
    /// Since the start of the system.
    pub started_ticks: u64,
    pub resident_pages: u64,
}

/// `None` if the text is not complete.
pub fn parse(text: &[u8]) -> Option<PidStat<'_>> {
    // The name may contain spaces, line feeds and parentheses.
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')').filter(|&close| close > open)?;
    let mut fields = Fields::new(&text[close + 1..]);
    let _state = fields.next()?;
    let parent = u32::try_from(fields.number()?).ok()?;
    // From the tenth field on: those before may be negative.
    let user_ticks = super::fields::number(fields.nth(9)?)?;
    let [system_ticks, children_user_ticks, children_system_ticks] =
        [fields.number()?, fields.number()?, fields.number()?];
    let threads = super::fields::number(fields.nth(2)?)?;
    let started_ticks = super::fields::number(fields.nth(1)?)?;
    let resident_pages = super::fields::number(fields.nth(1)?)?;
    Some(PidStat {
        name: &text[open + 1..close],
        parent,
        user_ticks,
        system_ticks,
        children_user_ticks,
        children_system_ticks,
        threads,
        started_ticks,
        resident_pages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_parsed_whatever_its_name() {
        let rest = "S 1 1164 1164 0 -1 4194560 1731 28012 9 77 12 34 56 78 20 0 5 0 812345 11956224 1303 18446744073709551615 1 1";
        for name in ["sshd", "a b", "x) S (y", "\n\u{202e}", ""] {
            let text = format!("1164 ({name}) {rest}\n");
            let parsed = parse(text.as_bytes()).expect("parses");
            let expected = PidStat {
                name: name.as_bytes(),
                parent: 1,
                user_ticks: 12,
                system_ticks: 34,
                children_user_ticks: 56,
                children_system_ticks: 78,
                threads: 5,
                started_ticks: 812_345,
                resident_pages: 1_303,
            };
            assert_eq!(parsed, expected);
        }
    }

    #[test]
    fn an_incomplete_text_is_refused() {
        let text = b"1164 (sshd) S 1 1164 1164 0 -1 4194560 1731 28012 9 77 12 34 56 78 20 0 5 0 812345 11956224 1303";
        assert!(parse(text).is_some());
        for length in 0..text.len() - 4 {
            assert_eq!(parse(&text[..length]), None, "{length}");
        }
        assert_eq!(parse(b")("), None);
    }
}

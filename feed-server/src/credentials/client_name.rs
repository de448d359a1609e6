//! A short name of the program that signed in, for the list of sessions.

/// Browsers by the part of `User-Agent` that only they have. Chrome's is also in the texts of those before it.
const BROWSERS: [(&str, &str); 5] =
    [("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];

const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Characters of a name that is not a known browser's.
const MAX_CHARS: usize = 40;

/// `Firefox on Linux` for a browser, otherwise the first word: `curl/8.5.0`. Printable ASCII only, because it is shown in
/// a terminal.
pub fn client_name(user_agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| user_agent.contains(part)).map(|&(_, name)| name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let word = user_agent.split_whitespace().next().unwrap_or("unknown");
            word.chars().filter(char::is_ascii_graphic).take(MAX_CHARS).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_with_their_system_and_others_by_their_first_word() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        assert_eq!(client_name(chrome), "Chrome on Linux");
        assert_eq!(
            client_name("Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0"),
            "Firefox on Windows"
        );
        assert_eq!(client_name("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(client_name("\u{1b}[31mred\u{202e} x"), "[31mred");
        assert_eq!(client_name(""), "unknown");
        assert_eq!(client_name(&"a".repeat(1 << 20)).len(), MAX_CHARS);
    }
}

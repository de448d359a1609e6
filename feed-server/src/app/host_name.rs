//! The names in `hosts`. A name that no browser sends would never match, so it is refused at start.

use std::net::IpAddr;

/// Limits of DNS (RFC 1035, section 2.3.4).
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Checks an entry of `hosts`: a DNS name, or an IPv4 address.
///
/// # Errors
/// The reason why the name is refused, and the allowed form.
pub fn check(name: &str) -> Result<(), String> {
    if let Some((scheme, rest)) = name.split_once("://") {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        return Err(format!("has the scheme `{scheme}`: write the name alone, `{host}`"));
    }
    if name.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) || name.starts_with('[') {
        return Err("is an IPv6 address: addresses are accepted without an entry, remove it".to_owned());
    }
    if !name.is_ascii() {
        return Err(
            "has characters that are not ASCII: write the name as browsers send it, in Punycode (xn--...)".to_owned()
        );
    }
    for (character, part) in [
        ('/', "a path"),
        ('@', "user information"),
        ('*', "a wildcard, and each name needs an entry of its own"),
        (':', "a port, and every port is accepted"),
    ] {
        if name.contains(character) {
            return Err(format!("has {part}: write the name alone, such as metrics.example"));
        }
    }
    if name.ends_with('.') {
        return Err("ends with a dot: leave it out, names with and without it are accepted".to_owned());
    }
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(format!("has {} characters, allowed are 1 to {MAX_NAME_BYTES}", name.len()));
    }
    name.split('.').try_for_each(check_label)
}

fn check_label(label: &str) -> Result<(), String> {
    if !(1..=MAX_LABEL_BYTES).contains(&label.len()) {
        let found = label.len();
        return Err(format!("has a part of {found} characters between dots, allowed are 1 to {MAX_LABEL_BYTES}"));
    }
    // The underscore is not valid in DNS, but in the names that container networks give.
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    if let Some(found) = label.chars().find(|&character| !allowed(character)) {
        return Err(format!("has the character {found:?}, allowed are letters, digits, `-`, `_` and dots"));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("has a `-` at the start or end of a part: remove it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_browsers_send_are_accepted() {
        let longest = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        for name in ["metrics.example", "Metrics", "a-1.b_2", "xn--mnchen-3ya.example", "192.0.2.7", &longest] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_no_browser_sends_are_refused_with_what_to_write() {
        let too_long = format!("{}.ee", ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join("."));
        for (name, expected) in [
            ("https://metrics.example:9000/x", "write the name alone, `metrics.example`"),
            ("metrics.example:9000", "has a port"),
            ("metrics.example/charts", "has a path"),
            ("admin@metrics.example", "has user information"),
            ("*.example", "has a wildcard"),
            ("::1", "is an IPv6 address"),
            ("[::1]:9000", "is an IPv6 address"),
            ("münchen.example", "in Punycode (xn--...)"),
            ("metrics.example.", "ends with a dot"),
            ("metrics example", "has the character ' '"),
            ("metrics.example\n", "has the character '\\n'"),
            ("", "has 0 characters, allowed are 1 to 253"),
            ("a..b", "has a part of 0 characters"),
            (&"a".repeat(64), "has a part of 64 characters between dots, allowed are 1 to 63"),
            (&too_long, "has 256 characters"),
            ("-a.example", "at the start or end of a part"),
        ] {
            let error = check(name).expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}

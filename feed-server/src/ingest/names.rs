//! Names from other programs, made to fit the protocol.

use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::limits::MAX_NAME_BYTES;

/// A name of letters, digits and few signs, which needs no quotes in a selector: `r/s` is `r_per_s`.
pub fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.replace("/s", "_per_s").replace(|c: char| !is_plain(c), "_")
}

/// A name that fits the protocol. The end of one that is cut tells it from others with the same beginning.
pub fn fitted(mut name: String) -> String {
    if name.len() > MAX_NAME_BYTES {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let end = format!("~{:016x}", hasher.finish());
        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES - end.len()));
        name.push_str(&end);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_protocol_and_stay_different() {
        let [one, other] = ["a", "b"].map(|end| fitted(format!("{}{end}", "\u{e9}".repeat(200))));
        assert!(one.len() <= MAX_NAME_BYTES && one != other);
        assert_eq!((plain("r/s"), plain("%util [x]")), ("r_per_s".to_owned(), "_util__x_".to_owned()));
    }
}

//! Splits names so that a long one is cut in the middle, and the part in which it differs from the most similar other one stays visible.

/// Shorter names are not cut.
const LONG: usize = 8;

/// Names that begin with so many equal characters are similar.
const SIMILAR: usize = 4;

/// The longest end of a name, in characters.
const LONGEST_END: usize = 14;

/// The beginning of a name, which may be cut, and its end. `common` is the length of the beginning that the most similar name has too. A name
/// that is similar to none has no end, and neither have names with other than ASCII characters: letters of two scripts could change places.
pub fn name_parts(name: &str, common: usize) -> (&str, &str) {
    if name.len() <= LONG || common < SIMILAR || !name.is_ascii() {
        return (name, "");
    }
    let common = common.min(name.len());
    // From the beginning of the word in which they differ.
    let word = name[..common].rfind([' ', '(', '.', '_', '-', '/', ':']);
    let end = word.map(|word| name.len() - word).filter(|end| *end <= LONGEST_END);
    name.split_at(name.len() - end.unwrap_or_else(|| (name.len() - common).min(LONGEST_END)))
}

/// The length in bytes of the longest beginning that a name shares with another one of `names`. `own` is its own place among them.
pub fn common_beginning<'a>(names: impl Iterator<Item = &'a str>, name: &str, own: usize) -> usize {
    let same = |other: &str| other.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    names.enumerate().filter(|(place, _)| *place != own).map(|(_, other)| same(other)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'n>(names: &[&'n str]) -> Vec<(&'n str, &'n str)> {
        let common = |(own, name): (usize, &&str)| common_beginning(names.iter().copied(), name, own);
        names.iter().enumerate().map(|named| name_parts(named.1, common(named))).collect()
    }

    #[test]
    fn the_end_begins_where_a_name_differs_from_the_most_similar_one() {
        let names = ["http_requests_total GET /orders", "http_requests_total PUT /orders", "up"];
        assert_eq!(
            parts(&names)[..2],
            [("http_requests_total", " GET /orders"), ("http_requests_total", " PUT /orders")]
        );
        let names = ["container_memory_working_set a1", "container_memory_working_set b2"];
        assert_eq!(parts(&names)[1], ("container_memory_working_set", " b2"));
        assert_eq!(parts(&["bench1 x", "bench1 yy"])[1], ("bench1", " yy"));
        assert_eq!(parts(&["availability1", "availability2"])[1], ("availability", "2"));
        assert_eq!(parts(&["chrome (11562)", "chrome (11570)", "cargo"])[0], ("chrome ", "(11562)"));
    }

    #[test]
    fn names_that_are_short_alone_or_of_other_scripts_are_whole() {
        let names = [
            "core 3",
            "core 4",
            "feed-server (31759)",
            "short-lived processes",
            "очень длинное имя",
            "очень длинное имя 2",
        ];
        assert!(parts(&names).iter().all(|(_, end)| end.is_empty()), "{:?}", parts(&names));
        assert_eq!(
            (common_beginning(std::iter::empty(), "ab", 0), common_beginning(["ab"].into_iter(), "ab", 0)),
            (0, 0)
        );
    }
}

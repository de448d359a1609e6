//! Splits names so that a long one is cut in the middle, and the part in which it differs from others stays visible.

/// Shorter names are not cut.
const LONG: usize = 16;

/// The length of the end that is never cut, in characters.
const END: std::ops::RangeInclusive<usize> = 6..=14;

/// The beginning of a name, which may be cut, and its end. `common` is the length of the beginning that other names have too. Names
/// with other than ASCII characters have no end: letters of two scripts could change places.
pub fn name_parts(name: &str, common: usize) -> (&str, &str) {
    if name.len() <= LONG || !name.is_ascii() {
        return (name, "");
    }
    let end = name.len().saturating_sub(common).clamp(*END.start(), *END.end());
    name.split_at(name.len() - end)
}

/// The length in bytes of the beginning that all names have.
pub fn common_beginning<'a>(mut names: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = names.next() else { return 0 };
    let same = |name: &str| first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    names.fold(first.len(), |common, name| common.min(same(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_begins_where_names_differ() {
        let names = ["http_requests_total GET /orders", "http_requests_total PUT /orders"];
        let common = common_beginning(names.into_iter());
        assert_eq!(name_parts(names[0], common), ("http_requests_total ", "GET /orders"));
        let names = ["container_memory_working_set a1", "container_memory_working_set b2"];
        let common = common_beginning(names.into_iter());
        assert_eq!(name_parts(names[1], common), ("container_memory_working_", "set b2"));
    }

    #[test]
    fn short_names_and_other_scripts_are_whole() {
        assert_eq!(name_parts("core 3", 5), ("core 3", ""));
        let name = "очень длинное имя ряда";
        assert_eq!(name_parts(name, 0), (name, ""));
        assert_eq!((common_beginning(std::iter::empty()), common_beginning(["ab"].into_iter())), (0, 2));
    }
}

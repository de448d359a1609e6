//! How well a text matches a word that somebody types.

/// Points for a word that is in the text as a whole.
const WHOLE: i32 = 1_000;
/// Further points if it begins the text, or a word of it.
const AT_START: i32 = 400;
const AT_WORD: i32 = 250;
/// Points for letters that are in the text in this order, with others between them.
const SCATTERED: i32 = 300;
/// Points that each gap between scattered letters costs.
const GAP: i32 = 40;

/// The longest gap, in letters. It does not depend on the word, so that a text that does not match a word does not match any longer word that
/// begins with it: the index relies on this.
const LONGEST_GAP: usize = 6;

/// The points of a word in a text, both in small letters; `None` if the word does not match: its letters are not in the text in this order,
/// or too far from each other.
///
/// Hot: once for each text and key that is typed.
pub fn score(text: &[u8], word: &[u8]) -> Option<i32> {
    let Some((&first, rest)) = word.split_first() else { return Some(0) };
    let mut best = None;
    for (at, _) in text.iter().enumerate().filter(|&(_, &letter)| letter == first) {
        let begins_word = at == 0 || !text[at - 1].is_ascii_alphanumeric();
        if text[at + 1..].starts_with(rest) {
            let points = WHOLE + if at == 0 { AT_START } else { 0 } + if begins_word { AT_WORD } else { 0 };
            best = best.max(Some(points));
            if begins_word {
                break;
            }
        } else if best.is_none_or(|best| best < WHOLE) {
            best = best.max(scattered(&text[at..], word));
        }
    }
    best
}

/// The points of letters in order; the text begins with the first of them.
fn scattered(text: &[u8], word: &[u8]) -> Option<i32> {
    let (mut points, mut rest, mut between) = (SCATTERED, word, 0);
    for &letter in text {
        let Some((&wanted, others)) = rest.split_first() else { break };
        if letter == wanted {
            points -= if between == 0 { 0 } else { GAP };
            (rest, between) = (others, 0);
        } else if between == LONGEST_GAP {
            return None;
        } else {
            between += 1;
        }
    }
    rest.is_empty().then_some(points.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(text: &str, word: &str) -> Option<i32> {
        score(text.as_bytes(), word.as_bytes())
    }

    #[test]
    fn a_whole_word_is_before_a_part_and_a_part_before_scattered_letters() {
        let order = ["core 1", "cpu core", "score", "c1 of reds", "cxoxrxe"];
        let all: Vec<i32> = order.iter().map(|text| points(text, "core").expect(text)).collect();
        assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{all:?}");
        assert_eq!((points("cores", "corn"), points("", "a"), points("", "")), (None, None, Some(0)));
    }

    #[test]
    fn letters_far_from_each_other_are_no_match() {
        assert!(points("disk", "dsk").is_some() && points("a d i s k", "dsk").is_some());
        assert_eq!(points("d is a very long k", "dsk"), None);
        assert!(points("d is a very long disk", "dsk").is_some(), "a later beginning");
    }

    proptest! {
        #[test]
        fn a_word_matches_each_text_that_has_it_and_no_text_without_its_letters(
            text in "[a-c ]{0,12}",
            word in "[a-c]{0,4}",
        ) {
            let mut rest = text.chars();
            let is_in_order = word.chars().all(|letter| rest.any(|other| other == letter));
            let found = points(&text, &word);
            prop_assert!(is_in_order || found.is_none());
            prop_assert!(!text.contains(&word) || found.is_some_and(|found| found >= WHOLE || word.is_empty()));
        }
    }
}

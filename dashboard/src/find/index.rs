//! The texts to find, and the best of those that match.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::score::score;

/// Texts, numbered from 0.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// All texts in small letters, one after the other.
    letters: Vec<u8>,
    /// The end of each text.
    ends: Vec<usize>,
    /// The texts that match the words of the last call.
    matching: Vec<u32>,
    words: String,
}

impl Index {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.letters.extend(text.bytes().map(|letter| letter.to_ascii_lowercase()));
        self.ends.push(self.letters.len());
        self.words.clear();
        self.matching.clear();
    }

    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn text(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.letters[start..self.ends[number]]
    }

    /// The numbers of at most `limit` texts that match all words of `query`, the best first; of equal ones the shorter, then the first. While
    /// more is typed, only the texts that matched before are read.
    pub fn find(&mut self, query: &str, limit: usize) -> Vec<usize> {
        let query = query.trim().to_ascii_lowercase();
        let goes_on = !self.words.is_empty() && query.starts_with(&self.words);
        let before = std::mem::take(&mut self.matching);
        let words: Vec<&[u8]> = query.split_ascii_whitespace().map(str::as_bytes).collect();
        let mut best = BinaryHeap::with_capacity(limit + 1);
        let mut matching = Vec::new();
        let mut consider = |number: u32| {
            let text = self.text(number as usize);
            let Some(points) = words.iter().try_fold(0, |sum, word| Some(sum + score(text, word)?)) else { return };
            matching.push(number);
            best.push(Reverse(rank(points, text.len(), number)));
            if best.len() > limit {
                best.pop();
            }
        };
        if goes_on {
            before.into_iter().for_each(&mut consider);
        } else {
            (0..self.ends.len() as u32).for_each(&mut consider);
        }
        (self.matching, self.words) = (matching, query);
        best.into_sorted_vec().into_iter().map(|Reverse(rank)| number_of(rank)).collect()
    }
}

/// A number that is larger for a better text: by its points, then a small length, then its own small number.
fn rank(points: i32, length: usize, number: u32) -> u64 {
    let points = u64::from(points.clamp(0, i32::from(u16::MAX >> 1)).unsigned_abs());
    let length = u64::from(u16::MAX) - (length as u64).min(u64::from(u16::MAX));
    points << 48 | length << 32 | u64::from(!number)
}

fn number_of(rank: u64) -> usize {
    !(rank as u32) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(texts: &[&str]) -> Index {
        let mut index = Index::default();
        for text in texts {
            index.push(text);
        }
        index
    }

    #[test]
    fn all_words_must_match_and_the_best_text_is_first() {
        let mut index = index(&["Disk I/O sda read", "Disk I/O sdb read", "Network eth0 received", "Readings", "read"]);
        assert_eq!(index.find("read", 9), [4, 3, 0, 1]);
        assert_eq!(index.find("sdb re", 9), [1]);
        assert_eq!(index.find("dsk", 9), [0, 1]);
        assert_eq!(index.find("zz", 9), [0_usize; 0]);
        assert_eq!(index.find("", 2), [4, 3], "the shortest");
        assert_eq!(index.find("read", 1), [4]);
    }

    proptest! {
        #[test]
        fn typing_on_finds_what_a_new_search_finds(
            texts in prop::collection::vec("[a-c ]{0,8}", 0..30),
            query in "[a-c ]{0,6}",
            other in "[a-c ]{0,6}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut typed = index(&texts);
            typed.find(&other, 5);
            for end in 0..=query.len() {
                let mut new = index(&texts);
                prop_assert_eq!(typed.find(&query[..end], 5), new.find(&query[..end], 5), "{}", &query[..end]);
            }
        }
    }
}

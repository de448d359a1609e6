//! Keeps a state for each thing that the kernel lists: processors, interfaces, disks. They come, go and change places.

use std::borrow::Borrow;

/// The things of the last reading, in the order of the list.
#[derive(Debug)]
pub(super) struct Roster<K, T> {
    things: Vec<(K, T)>,
    /// The number of things found in this reading.
    found: usize,
    is_changed: bool,
}

impl<K, T> Default for Roster<K, T> {
    fn default() -> Self {
        Self { things: Vec::new(), found: 0, is_changed: false }
    }
}

impl<K, T> Roster<K, T> {
    /// Begins a reading.
    pub(super) const fn begin(&mut self) {
        self.found = 0;
        self.is_changed = false;
    }

    /// The state of the next thing of the list; `new` makes that of a thing that was not listed before. `None` if the list has it
    /// twice. Hot: once per thing; of a list that is the last one, only the next key is compared.
    pub(super) fn find<Q>(&mut self, key: &Q, new: impl FnOnce() -> (K, T)) -> Option<&mut T>
    where
        K: Borrow<Q>,
        Q: PartialEq + ?Sized,
    {
        let place = self.found;
        match self.things[place..].iter().position(|(known, _)| known.borrow() == key) {
            Some(0) => {}
            Some(distance) => {
                self.things[place..=place + distance].rotate_right(1);
                self.is_changed = true;
            }
            None if self.things[..place].iter().any(|(known, _)| known.borrow() == key) => return None,
            None => {
                self.things.insert(place, new());
                self.is_changed = true;
            }
        }
        self.found += 1;
        self.things.get_mut(place).map(|(_, thing)| thing)
    }

    /// Ends a reading: removes things that are no longer listed. Returns true if the things or their order have changed.
    pub(super) fn end(&mut self) -> bool {
        self.is_changed |= self.things.len() > self.found;
        self.things.truncate(self.found);
        self.is_changed
    }

    /// The number of things found in this reading.
    pub(super) const fn found(&self) -> usize {
        self.found
    }

    pub(super) fn things(&self) -> &[(K, T)] {
        &self.things
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut T)> {
        self.things.iter_mut().map(|(key, thing)| (&*key, thing))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(roster: &mut Roster<String, u32>, names: &[&str]) -> bool {
        roster.begin();
        for name in names {
            if let Some(readings) = roster.find(*name, || ((*name).to_owned(), 0)) {
                *readings += 1;
            }
        }
        roster.end()
    }

    fn held(roster: &Roster<String, u32>) -> Vec<(&str, u32)> {
        roster.things().iter().map(|(name, readings)| (name.as_str(), *readings)).collect()
    }

    #[test]
    fn things_keep_their_state_while_others_come_and_go() {
        let mut roster = Roster::default();
        assert!(read(&mut roster, &["a", "b", "c"]));
        assert!(!read(&mut roster, &["a", "b", "c"]));
        assert!(read(&mut roster, &["b", "c"]));
        assert_eq!(held(&roster), [("b", 3), ("c", 3)]);
        assert!(read(&mut roster, &["a", "c", "b"]));
        assert_eq!(held(&roster), [("a", 1), ("c", 4), ("b", 4)], "one that returns begins again");
        assert!(!read(&mut roster, &["a", "c", "a", "b", "b"]));
        assert_eq!(held(&roster), [("a", 2), ("c", 5), ("b", 5)], "a repeated name counts once");
    }

    proptest! {
        #[test]
        fn the_things_are_those_of_the_last_list_in_its_order(lists in prop::collection::vec(prop::collection::vec(0_u8..12, 0..12), 1..8)) {
            let mut roster: Roster<u8, ()> = Roster::default();
            let mut before: Vec<u8> = Vec::new();
            for list in lists {
                roster.begin();
                for key in &list {
                    roster.find(key, || (*key, ()));
                }
                let is_changed = roster.end();
                let mut expected: Vec<u8> = Vec::new();
                for key in list {
                    if !expected.contains(&key) {
                        expected.push(key);
                    }
                }
                let things: Vec<u8> = roster.things().iter().map(|(key, ())| *key).collect();
                prop_assert_eq!(&things, &expected);
                prop_assert_eq!(is_changed, before != expected);
                before = expected;
            }
        }
    }
}

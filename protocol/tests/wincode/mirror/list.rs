//! Lists that borrow their items.

use std::fmt;
use std::marker::PhantomData;

use wincode::io::Reader;
use wincode::{SchemaRead, SchemaWrite};

use crate::wincode::Varints;

/// Encoded as the length in bytes, then the items.
#[derive(SchemaRead, SchemaWrite)]
pub(crate) struct List<'a, T> {
    bytes: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T> List<'a, T>
where
    T: SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T>,
{
    /// Decodes every item and asserts that encoding it restores its bytes.
    fn items(&self) -> Vec<T> {
        let mut rest = self.bytes;
        let mut items = Vec::new();
        while !rest.is_empty() {
            let before = rest;
            let item = <T as SchemaRead<'a, Varints>>::get(rest.by_ref()).expect("wincode reads the item");
            let written = wincode::config::serialize(&item, Varints::new()).expect("wincode writes the item");
            assert_eq!(written, before[..before.len() - rest.len()]);
            items.push(item);
        }
        items
    }
}

impl<'a, T> fmt::Debug for List<'a, T>
where
    T: SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T> + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

/// A structure that a later writer may extend: its length in bytes, then its fields.
#[derive(SchemaRead, SchemaWrite)]
pub(crate) struct Sized<'a, T> {
    bytes: &'a [u8],
    fields: PhantomData<T>,
}

impl<'a, T> fmt::Debug for Sized<'a, T>
where
    T: SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T> + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::super::read::<T>(self.bytes).fmt(f)
    }
}

//! A list on the wire that borrows its items from the message.
//!
//! Written as a byte length (varint) followed by the items, one after another. The length in bytes, in place of a
//! count, lets a reader skip the list, keep it, and walk it later, without allocating.

use std::fmt;
use std::marker::PhantomData;

use bincode::de::BorrowDecoder;
use bincode::enc::Encoder;
use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::error::{DecodeError, EncodeError};

/// What a list can hold.
pub trait Item<'a>: BorrowDecode<'a, ()> {
    /// Takes an item off the front of `bytes`, or leaves them to bincode, which says what is wrong with them. Written out
    /// where there are hundreds of items in a message: bincode's decoder takes three times as long.
    fn take(_bytes: &mut &'a [u8]) -> Option<Self> {
        None
    }
}

/// A borrowed list of `T`. [`Frame::decode`](crate::Frame::decode) has walked it once, so iterating cannot fail.
pub struct Entries<'a, T> {
    bytes: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T> Entries<'a, T> {
    /// The list that these bytes are; its items are yet to be checked.
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, item: PhantomData }
    }
}

impl<'a, T: Item<'a>> Entries<'a, T> {
    /// The items, in order.
    pub fn iter(&self) -> Iter<'a, T> {
        Iter { rest: self.bytes, item: PhantomData }
    }

    /// Whether there is no item.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Walks every item once, handing each to `check`.
    pub(crate) fn check(
        &self,
        what: &'static str,
        check: impl FnMut(T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.walk(|source| DecodeError::Malformed { what, source }, check)
    }

    /// As [`Entries::check`], of items whose ids rise: none comes twice.
    pub(crate) fn check_rising(
        &self,
        what: &'static str,
        id: impl Fn(&T) -> u32,
        mut check: impl FnMut(T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut last = None;
        self.check(what, |item| {
            let id = id(&item);
            if last.is_some_and(|last| id <= last) {
                return Err(DecodeError::Order { what, id });
            }
            last = Some(id);
            check(item)
        })
    }

    /// As [`Entries::check`], with errors of another kind.
    pub(crate) fn walk<E>(
        &self,
        malformed: impl Fn(bincode::error::DecodeError) -> E,
        mut check: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut iter = self.iter();
        while !iter.rest.is_empty() {
            check(iter.step().map_err(&malformed)?)?;
        }
        Ok(())
    }
}

impl<'a, T: Item<'a>> IntoIterator for &Entries<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// Walks [`Entries`].
#[derive(Clone)]
pub struct Iter<'a, T> {
    rest: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T: Item<'a>> Iter<'a, T> {
    fn step(&mut self) -> Result<T, bincode::error::DecodeError> {
        let mut rest = self.rest;
        if let Some(item) = T::take(&mut rest) {
            self.rest = rest;
            return Ok(item);
        }
        let (item, used) = bincode::borrow_decode_from_slice(self.rest, codec::BODY)?;
        self.rest = &self.rest[used..];
        Ok(item)
    }
}

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        if self.rest.is_empty() {
            return None;
        }
        self.step().ok()
    }
}

impl<'de: 'a, 'a, T, C> BorrowDecode<'de, C> for Entries<'a, T> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let bytes = <&'de [u8]>::borrow_decode(decoder)?;
        Ok(Self { bytes, item: PhantomData })
    }
}

impl<T> Encode for Entries<'_, T> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.bytes.encode(encoder)
    }
}

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self { bytes: &[], item: PhantomData }
    }
}

impl<T> Clone for Entries<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entries<'_, T> {}

impl<T> PartialEq for Entries<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for Entries<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Builds [`Entries`]. Cleared and filled again, it allocates no more than its largest list did.
#[derive(Debug, Default, Clone)]
pub struct EntriesBuffer {
    bytes: Vec<u8>,
}

impl EntriesBuffer {
    /// Appends one item.
    ///
    /// # Errors
    /// Only what bincode itself refuses to write.
    pub fn push(&mut self, item: &impl Encode) -> Result<(), EncodeError> {
        codec::append(item, &mut self.bytes, codec::BODY)
    }

    /// Bytes so far.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was pushed.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets the items, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Forgets everything after the first `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
    }

    /// The list, borrowed. `T` is the type that was pushed; a list of mixed types cannot be read back.
    pub fn entries<T>(&self) -> Entries<'_, T> {
        Entries { bytes: &self.bytes, item: PhantomData }
    }
}

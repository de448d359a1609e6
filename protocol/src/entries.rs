//! A list that borrows its items from the message.
//!
//! Encoding: the length in bytes (varint), then the items. With a length in bytes instead of a count, a reader can skip the
//! list or keep it and iterate later, without allocating.

use std::fmt;
use std::marker::PhantomData;

use bincode::de::BorrowDecoder;
use bincode::enc::Encoder;
use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::error::{DecodeError, EncodeError};
use crate::id::{GroupId, SeriesId};

/// A type that lists can contain.
pub trait Item<'a>: BorrowDecode<'a, ()> {
    /// Removes an item from the front of `bytes`. After `None`, bincode decodes the same bytes and returns the item or the
    /// error. Implemented for items that occur hundreds of times in a message, where bincode takes three times as long.
    fn take(_bytes: &mut &'a [u8]) -> Option<Self> {
        None
    }
}

impl Item<'_> for SeriesId {}
impl Item<'_> for GroupId {}

/// A borrowed list of `T`. [`Frame::decode`](crate::Frame::decode) has decoded every item once, so iteration cannot fail.
pub struct Entries<'a, T> {
    bytes: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T> Entries<'a, T> {
    /// A list whose items have not been checked yet.
    pub(crate) const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, item: PhantomData }
    }
}

impl<'a, T: Item<'a>> Entries<'a, T> {
    /// The items in message order.
    pub fn iter(&self) -> Iter<'a, T> {
        Iter { rest: self.bytes, item: PhantomData }
    }

    /// Returns true if the list has no items.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Decodes every item and passes it to `check`.
    pub(crate) fn check(
        &self,
        what: &'static str,
        check: impl FnMut(T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.check_with(|source| DecodeError::Malformed { what, source }, check)
    }

    /// Like [`Entries::check`], and returns an error unless ids are strictly increasing.
    pub(crate) fn check_increasing(
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

    /// Like [`Entries::check`] with an error type of the caller.
    pub(crate) fn check_with<E>(
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

/// Iterator over the items of [`Entries`].
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

/// Encodes [`Entries`] and reuses its memory.
#[derive(Debug, Default, Clone)]
pub struct EntriesBuffer {
    bytes: Vec<u8>,
}

impl EntriesBuffer {
    /// Encodes an item and appends it.
    ///
    /// # Errors
    /// [`EncodeError::Bincode`] if bincode cannot encode the item.
    pub fn push(&mut self, item: &impl Encode) -> Result<(), EncodeError> {
        codec::append(item, &mut self.bytes, codec::BODY)
    }

    /// Appends bytes of encoded items.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The encoded items.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length in bytes, not in items.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns true if the buffer holds no items.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Removes all items and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Keeps the first `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
    }

    /// The items as a list. `T` must be the type of every pushed item.
    pub fn entries<T>(&self) -> Entries<'_, T> {
        Entries { bytes: &self.bytes, item: PhantomData }
    }
}

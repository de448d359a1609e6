//! The fields of a protobuf message: <https://protobuf.dev/programming-guides/encoding/>.

use thiserror::Error;

/// The reason why bytes are no message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum BadMessage {
    #[error("a field is cut off")]
    Short,
    #[error("a number has more than 64 bits")]
    LongNumber,
    #[error("field {0} has a wire type that does not exist or is not used any more")]
    WireType(u64),
    #[error("field {0} has another wire type than expected")]
    OtherType(u32),
    #[error("a text is not UTF-8")]
    NotUtf8,
    #[error("a label refers to symbol {found}, and the message has {symbols}")]
    Symbol { found: u32, symbols: usize },
    #[error("labels must be pairs of a name and a value, found one more")]
    OddLabels,
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'b> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'b [u8]),
    Fixed32(u32),
}

/// Reads the fields of a message, each as its number and its value. Ends after the first error.
#[derive(Clone, Debug)]
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u32, Value<'b>), BadMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'b> Fields<'b> {
    fn field(&mut self) -> Result<(u32, Value<'b>), BadMessage> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| BadMessage::LongNumber)?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| BadMessage::Short)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(BadMessage::WireType(tag >> 3)),
        };
        Ok((number, value))
    }

    /// A number of 7 bits in each byte, the lowest first.
    pub(super) fn varint(&mut self) -> Result<u64, BadMessage> {
        let mut number = 0;
        for (place, &byte) in self.0.iter().enumerate() {
            if place == 9 && byte > 1 {
                return Err(BadMessage::LongNumber);
            }
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.0 = &self.0[place + 1..];
                return Ok(number);
            }
            if place == 9 {
                return Err(BadMessage::LongNumber);
            }
        }
        Err(BadMessage::Short)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], BadMessage> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BadMessage::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadMessage> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BadMessage::Short)?;
        self.0 = rest;
        Ok(*taken)
    }
}

impl<'b> Value<'b> {
    pub(super) fn bytes(self, field: u32) -> Result<&'b [u8], BadMessage> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(BadMessage::OtherType(field)) }
    }

    pub(super) fn text(self, field: u32) -> Result<&'b str, BadMessage> {
        str::from_utf8(self.bytes(field)?).map_err(|_| BadMessage::NotUtf8)
    }

    pub(super) const fn varint(self, field: u32) -> Result<u64, BadMessage> {
        if let Self::Varint(number) = self { Ok(number) } else { Err(BadMessage::OtherType(field)) }
    }

    pub(super) const fn double(self, field: u32) -> Result<f64, BadMessage> {
        if let Self::Fixed64(bits) = self { Ok(f64::from_bits(bits)) } else { Err(BadMessage::OtherType(field)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_kinds_are_read() {
        // 1: 300; 2: "ab"; 3: 1.0; 4: fixed 32 bits.
        let message = [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x25, 7, 0, 0, 0];
        let fields: Result<Vec<_>, _> = Fields(&message).collect();
        let expected = [
            (1, Value::Varint(300)),
            (2, Value::Bytes(b"ab")),
            (3, Value::Fixed64(1.0_f64.to_bits())),
            (4, Value::Fixed32(7)),
        ];
        assert_eq!(fields.as_deref(), Ok(&expected[..]));
        assert_eq!((expected[1].1.text(2), expected[2].1.double(3)), (Ok("ab"), Ok(1.0)));
        assert_eq!(expected[0].1.text(1), Err(BadMessage::OtherType(1)));
    }

    #[test]
    fn bytes_that_are_no_message_are_refused_and_end_it() {
        let first = |bytes: &[u8]| Fields(bytes).find_map(Result::err);
        assert_eq!(first(&[0x12, 5, b'a']), Some(BadMessage::Short));
        assert_eq!(first(&[0x08, 0x80]), Some(BadMessage::Short));
        assert_eq!(first(&[0x19, 1]), Some(BadMessage::Short));
        assert_eq!(first(&[0x0b]), Some(BadMessage::WireType(1)), "a group");
        assert_eq!(first(&[[0xff; 9].as_slice(), &[2]].concat()), Some(BadMessage::LongNumber));
        let largest = [[0x08].as_slice(), &[0xff; 9], &[1]].concat();
        assert_eq!(Fields(&largest).next(), Some(Ok((1, Value::Varint(u64::MAX)))));
        assert_eq!(Fields(&[0x0b, 0x0b]).count(), 1);
    }
}

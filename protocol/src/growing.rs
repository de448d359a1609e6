//! What a later writer may extend: structures of lists, and enumerations.
//!
//! A structure that occurs in lists is encoded as its length in bytes and its fields. A reader ignores what follows the
//! fields that it knows. An enumeration for which a safe default exists is read as that default if its number is unknown.

use bincode::BorrowDecode;
use bincode::de::BorrowDecoder;
use bincode::enc::write::SizeWriter;
use bincode::enc::{Encode, Encoder, EncoderImpl};

use crate::codec;

/// Encodes the length of `fields` in bytes, then the fields.
pub(crate) fn encode<E: Encoder>(fields: &impl Encode, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
    let mut size = EncoderImpl::new(SizeWriter::default(), codec::BODY);
    fields.encode(&mut size)?;
    (size.into_writer().bytes_written as u64).encode(encoder)?;
    fields.encode(encoder)
}

/// Decodes fields that [`encode`] wrote, and ignores those that a later writer appended.
pub(crate) fn decode<'de, T, D>(decoder: &mut D) -> Result<T, bincode::error::DecodeError>
where
    T: BorrowDecode<'de, ()>,
    D: BorrowDecoder<'de>,
{
    let bytes = <&'de [u8]>::borrow_decode(decoder)?;
    bincode::borrow_decode_from_slice(bytes, codec::BODY).map(|(fields, _)| fields)
}

/// Encodes a structure with its length. The fields are listed in wire order.
macro_rules! growing {
    ($name:ident { $($field:ident: $type:ty),* }) => {
        impl bincode::Encode for $name<'_> {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                $crate::growing::encode(&($(&self.$field,)*), encoder)
            }
        }

        impl<'de: 'a, 'a, C> bincode::BorrowDecode<'de, C> for $name<'a> {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let ($($field,)*): ($($type,)*) = $crate::growing::decode(decoder)?;
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Decodes an enumeration without fields. Unknown numbers are read as the first variant.
macro_rules! with_fallback {
    ($name:ident: $fallback:ident $(, $number:literal => $variant:ident)*) => {
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                Ok(match u32::decode(decoder)? {
                    $($number => Self::$variant,)*
                    _ => Self::$fallback,
                })
            }
        }

        bincode::impl_borrow_decode!($name);
    };
}

pub(crate) use {growing, with_fallback};

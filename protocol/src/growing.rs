//! What a later writer may extend: structures of lists, and enumerations.
//!
//! A structure that occurs in lists is encoded as its length in bytes and its fields. A reader ignores what follows the
//! fields that it knows. A field that was appended later has its default in a structure of an earlier writer, which ends before
//! it. An enumeration for which a safe default exists is read as that default if its number is unknown.

use bincode::de::{BorrowDecoder, Decoder};
use bincode::enc::write::SizeWriter;
use bincode::enc::{Encode, Encoder, EncoderImpl};
use bincode::{BorrowDecode, Decode};

use crate::codec;

/// Encodes the length of `fields` in bytes, then the fields.
pub(crate) fn encode<E: Encoder>(fields: &impl Encode, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
    let mut size = EncoderImpl::new(SizeWriter::default(), codec::BODY);
    fields.encode(&mut size)?;
    (size.into_writer().bytes_written as u64).encode(encoder)?;
    fields.encode(encoder)
}

/// Decodes the first fields that [`encode`] wrote. Returns them, and the bytes after them.
pub(crate) fn decode<'de, T, D>(decoder: &mut D) -> Result<(T, &'de [u8]), bincode::error::DecodeError>
where
    T: BorrowDecode<'de, ()>,
    D: BorrowDecoder<'de>,
{
    let bytes = <&'de [u8]>::borrow_decode(decoder)?;
    let (fields, read) = bincode::borrow_decode_from_slice(bytes, codec::BODY)?;
    Ok((fields, &bytes[read..]))
}

/// Removes a field that was appended later from the front of `rest`. It has its default if an earlier writer did not write it.
pub(crate) fn take_appended<'de, T>(rest: &mut &'de [u8]) -> Result<T, bincode::error::DecodeError>
where
    T: BorrowDecode<'de, ()> + Default,
{
    if rest.is_empty() {
        return Ok(T::default());
    }
    let (field, read) = bincode::borrow_decode_from_slice(rest, codec::BODY)?;
    *rest = &rest[read..];
    Ok(field)
}

/// Reads to the end of the structure: what follows the number of an unknown variant may be fields of that variant.
pub(crate) fn skip_rest(decoder: &mut impl Decoder) {
    while u8::decode(decoder).is_ok() {}
}

/// Encodes a structure with its length. The fields are listed in wire order, those that were appended later in a list of their own.
macro_rules! growing {
    ($name:ident { $($field:ident: $type:ty),* } $(, appended { $($appended:ident: $appended_type:ty),* })?) => {
        impl bincode::Encode for $name<'_> {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                $crate::growing::encode(&($(&self.$field,)* $($(&self.$appended,)*)?), encoder)
            }
        }

        impl<'de: 'a, 'a, C> bincode::BorrowDecode<'de, C> for $name<'a> {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                #[allow(unused, reason = "without appended fields")]
                let (($($field,)*), mut rest): (($($type,)*), &[u8]) = $crate::growing::decode(decoder)?;
                $($(let $appended: $appended_type = $crate::growing::take_appended(&mut rest)?;)*)?
                Ok(Self { $($field,)* $($($appended,)*)? })
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

#[cfg(test)]
mod tests {
    use crate::catalog::{Bounds, GroupDescriptor, Prominence};
    use crate::codec::BODY;
    use crate::id::GroupId;
    use crate::time::Interval;

    const GROUP: GroupDescriptor<'_> = GroupDescriptor {
        id: GroupId(1),
        name: "cpu",
        title: "CPU",
        unit: "1",
        interval: Interval::from_secs(1),
        bounds: Bounds::FromZero,
        prominence: Prominence::Detail,
        rank: 300,
    };

    /// The fields of [`GROUP`], with what `change` does to their bytes, as a structure.
    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut fields = bincode::encode_to_vec(GROUP, BODY).expect("encodes").split_off(1);
        change(&mut fields);
        [&[fields.len() as u8][..], &fields].concat()
    }

    fn decode(bytes: &[u8]) -> Result<GroupDescriptor<'_>, bincode::error::DecodeError> {
        bincode::borrow_decode_from_slice(bytes, BODY).map(|(group, _)| group)
    }

    /// Bytes of the rank 300, and of the prominence and the rank.
    const RANK: usize = 3;
    const APPENDED: usize = 1 + RANK;

    #[test]
    fn fields_that_an_earlier_writer_did_not_write_have_their_defaults() {
        assert_eq!(decode(&changed(|_| ())).expect("decodes"), GROUP);
        let without_rank = changed(|fields| fields.truncate(fields.len() - RANK));
        assert_eq!(decode(&without_rank).expect("decodes"), GroupDescriptor { rank: 0, ..GROUP });
        let without_both = changed(|fields| fields.truncate(fields.len() - APPENDED));
        let expected = GroupDescriptor { prominence: Prominence::Overview, rank: 0, ..GROUP };
        assert_eq!(decode(&without_both).expect("decodes"), expected);
    }

    #[test]
    fn a_structure_that_ends_within_a_field_is_refused() {
        decode(&changed(|fields| fields.truncate(fields.len() - 1))).expect_err("within the rank");
        decode(&changed(|fields| fields.truncate(fields.len() - APPENDED - 1))).expect_err("without bounds");
    }

    #[test]
    fn fields_of_a_later_writer_are_ignored() {
        assert_eq!(decode(&changed(|fields| fields.extend(b"new"))).expect("decodes"), GROUP);
    }

    #[test]
    fn fields_after_an_unknown_variant_with_fields_have_their_defaults() {
        let unknown_bounds = changed(|fields| {
            let place = fields.len() - APPENDED - 1;
            fields[place] = 9;
        });
        let expected = GroupDescriptor { bounds: Bounds::Auto, prominence: Prominence::Overview, rank: 0, ..GROUP };
        assert_eq!(decode(&unknown_bounds).expect("decodes"), expected);
    }

    #[test]
    fn an_unknown_prominence_is_overview_and_the_rank_after_it_is_read() {
        let unknown = changed(|fields| {
            let place = fields.len() - APPENDED;
            fields[place] = 9;
        });
        let expected = GroupDescriptor { prominence: Prominence::Overview, ..GROUP };
        assert_eq!(decode(&unknown).expect("decodes"), expected);
    }
}

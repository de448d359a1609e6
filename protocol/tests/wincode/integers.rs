//! bincode and wincode write integers alike.

use std::fmt::Debug;

use bincode::{Decode, Encode};
use proptest::prelude::*;
use wincode::{SchemaRead, SchemaWrite};

use crate::{Fixed, Varints};

/// Where the width of a varint changes. Zigzag doubles, so signed numbers change at half of the others.
const CHANGES: [u64; 9] = [0, 125, 250, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX];

/// Writes and reads with both, and compares.
fn alike<T>(number: T) -> Result<(), TestCaseError>
where
    T: Copy + Debug + PartialEq + Encode + Decode<()>,
    T: for<'a> SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T>,
    T: for<'a> SchemaRead<'a, Fixed, Dst = T> + SchemaWrite<Fixed, Src = T>,
{
    let config = bincode::config::standard();
    let bytes = bincode::encode_to_vec(number, config).expect("bincode writes it");
    prop_assert_eq!(&wincode::config::serialize(&number, Varints::new()).expect("wincode writes it"), &bytes);
    prop_assert_eq!(
        wincode::config::deserialize_exact::<T, _>(&bytes, Varints::new()).expect("wincode reads it"),
        number
    );
    prop_assert_eq!(bincode::decode_from_slice(&bytes, config).expect("bincode reads it"), (number, bytes.len()));

    let config = config.with_fixed_int_encoding();
    let bytes = bincode::encode_to_vec(number, config).expect("bincode writes it");
    prop_assert_eq!(&wincode::config::serialize(&number, Fixed::new()).expect("wincode writes it"), &bytes);
    prop_assert_eq!(
        wincode::config::deserialize_exact::<T, _>(&bytes, Fixed::new()).expect("wincode reads it"),
        number
    );
    prop_assert_eq!(bincode::decode_from_slice(&bytes, config).expect("bincode reads it"), (number, bytes.len()));
    Ok(())
}

/// As every type, and with either sign.
fn alike_as_every_type(number: u64) -> Result<(), TestCaseError> {
    alike(number)?;
    alike(number as i64)?;
    alike((number as i64).wrapping_neg())?;
    alike(number as u32)?;
    alike(number as u8)
}

#[test]
fn both_write_the_same_bytes_where_widths_change() {
    for change in CHANGES {
        for distance in -3..=3 {
            alike_as_every_type(change.wrapping_add_signed(distance)).expect("alike");
        }
    }
}

proptest! {
    #[test]
    fn both_write_the_same_bytes_for_every_integer(number in any::<u64>(), shift in 0..64_u32) {
        alike_as_every_type(number >> shift)?;
    }

    #[test]
    fn both_write_the_same_bytes_for_every_float(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        let bytes = bincode::encode_to_vec(number, bincode::config::standard()).expect("bincode writes it");
        prop_assert_eq!(&wincode::config::serialize(&number, Varints::new()).expect("wincode writes it"), &bytes);
        let read: f64 = wincode::config::deserialize_exact(&bytes, Varints::new()).expect("wincode reads it");
        prop_assert_eq!(read.to_bits(), bits);
    }
}

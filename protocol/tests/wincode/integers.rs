//! bincode and wincode encode integers identically.

use std::fmt::Debug;

use bincode::{Decode, Encode};
use proptest::prelude::*;
use wincode::{SchemaRead, SchemaWrite};

use super::{Fixed, Varints};

/// Numbers at which the width of a varint changes. Zigzag doubles a number, so for signed numbers the width changes at half.
const CHANGES: [u64; 9] = [0, 125, 250, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX];

/// Encodes and decodes with both and compares.
fn assert_identical<T>(number: T) -> Result<(), TestCaseError>
where
    T: Copy + Debug + PartialEq + Encode + Decode<()>,
    T: for<'a> SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T>,
    T: for<'a> SchemaRead<'a, Fixed, Dst = T> + SchemaWrite<Fixed, Src = T>,
{
    let config = bincode::config::standard();
    let bytes = bincode::encode_to_vec(number, config).expect("bincode encodes it");
    prop_assert_eq!(&wincode::config::serialize(&number, Varints::new()).expect("wincode encodes it"), &bytes);
    prop_assert_eq!(
        wincode::config::deserialize_exact::<T, _>(&bytes, Varints::new()).expect("wincode decodes it"),
        number
    );
    prop_assert_eq!(bincode::decode_from_slice(&bytes, config).expect("bincode decodes it"), (number, bytes.len()));

    let config = config.with_fixed_int_encoding();
    let bytes = bincode::encode_to_vec(number, config).expect("bincode encodes it");
    prop_assert_eq!(&wincode::config::serialize(&number, Fixed::new()).expect("wincode encodes it"), &bytes);
    prop_assert_eq!(
        wincode::config::deserialize_exact::<T, _>(&bytes, Fixed::new()).expect("wincode decodes it"),
        number
    );
    prop_assert_eq!(bincode::decode_from_slice(&bytes, config).expect("bincode decodes it"), (number, bytes.len()));
    Ok(())
}

/// Compares the number as every integer type, and negated.
fn assert_identical_as_every_type(number: u64) -> Result<(), TestCaseError> {
    assert_identical(number)?;
    assert_identical(number as i64)?;
    assert_identical((number as i64).wrapping_neg())?;
    assert_identical(number as u32)?;
    assert_identical(number as u8)
}

#[test]
fn bincode_and_wincode_encode_integers_identically_at_width_changes() {
    for change in CHANGES {
        for distance in -3..=3 {
            assert_identical_as_every_type(change.wrapping_add_signed(distance)).expect("identical");
        }
    }
}

proptest! {
    #[test]
    fn bincode_and_wincode_encode_every_integer_identically(number in any::<u64>(), shift in 0..64_u32) {
        assert_identical_as_every_type(number >> shift)?;
    }

    #[test]
    fn bincode_and_wincode_encode_every_float_identically(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        let bytes = bincode::encode_to_vec(number, bincode::config::standard()).expect("bincode encodes it");
        prop_assert_eq!(&wincode::config::serialize(&number, Varints::new()).expect("wincode encodes it"), &bytes);
        let read: f64 = wincode::config::deserialize_exact(&bytes, Varints::new()).expect("wincode decodes it");
        prop_assert_eq!(read.to_bits(), bits);
    }
}

//! Heads of CBOR items as RFC 8949 allows them. [`crate::cbor`] refuses all that is not canonical; here it is shown.

/// The first bytes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The major type, 0 to 7.
    pub(super) major: u8,
    /// The low five bits of the first byte.
    pub(super) info: u8,
    /// The number, length, count, tag, simple value or bits of a float; absent for an indefinite length.
    pub(super) value: Option<u64>,
    /// How many bytes the head has.
    pub(super) len: usize,
}

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHead {
    /// The bytes end too early.
    Truncated,
    /// The low five bits of the first byte have no meaning.
    Reserved,
}

/// Major types.
pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;

/// Ends an item of indefinite length.
pub(super) const BREAK: u8 = 0xff;

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, NoHead> {
        let (&first, rest) = bytes.split_first().ok_or(NoHead::Truncated)?;
        let (major, info) = (first >> 5, first & 0x1f);
        let (value, more) = match info {
            0..=23 => (Some(u64::from(info)), 0),
            24..=27 => {
                let more = 1_usize << (info - 24);
                let number = rest.get(..more).ok_or(NoHead::Truncated)?;
                (Some(number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))), more)
            }
            31 if matches!(major, BYTES..=MAP | 7) => (None, 0),
            _ => return Err(NoHead::Reserved),
        };
        Ok(Self { major, info, value, len: 1 + more })
    }

    /// Whether a shorter head would say the same. Floats are not numbers in this sense.
    pub(super) fn is_wasteful(self) -> bool {
        let least = match self.info {
            24 if self.major == 7 => 32,
            24 => 24,
            25 => 1 << 8,
            26 => 1 << 16,
            27 => 1 << 32,
            _ => 0,
        };
        (self.major != 7 || self.info == 24) && self.value.is_some_and(|value| value < least)
    }
}

/// Simple values and floats in words.
pub(super) fn simple(head: Head) -> String {
    match (head.info, head.value.unwrap_or_default()) {
        (25, bits) => half(bits).to_string(),
        (26, bits) => {
            u32::try_from(bits).map_or_else(|_| String::new(), |bits| f32::from_bits(bits).to_string())
        }
        (27, bits) => f64::from_bits(bits).to_string(),
        (_, 20) => "false".to_owned(),
        (_, 21) => "true".to_owned(),
        (_, 22) => "null".to_owned(),
        (_, 23) => "undefined".to_owned(),
        (_, value) => format!("simple({value})"),
    }
}

/// A half-precision float. Source: RFC 8949 appendix D.
fn half(bits: u64) -> f64 {
    let fraction = f64::from(u32::try_from(bits & 0x3ff).unwrap_or_default());
    let exponent = i32::try_from(bits >> 10 & 0x1f).unwrap_or_default();
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_and_simple_values_are_named() {
        for (bytes, want) in [
            (&[0xf9, 0x3e, 0x00][..], "1.5"),
            (&[0xf9, 0xc4, 0x00], "-4"),
            (&[0xf9, 0x00, 0x01], "0.00000005960464477539063"),
            (&[0xf9, 0x7c, 0x00], "inf"),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], "100000"),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], "1.1"),
            (&[0xf4], "false"),
            (&[0xf6], "null"),
            (&[0xf8, 0xff], "simple(255)"),
        ] {
            assert_eq!(Head::read(bytes).map(simple), Ok(want.to_owned()), "{bytes:x?}");
        }
    }

    #[test]
    fn reserved_and_cut_heads_are_refused() {
        assert_eq!(Head::read(&[0x1c]), Err(NoHead::Reserved));
        assert_eq!(Head::read(&[0x1f]), Err(NoHead::Reserved));
        assert_eq!(Head::read(&[0xdf]), Err(NoHead::Reserved));
        assert_eq!(Head::read(&[0x19, 0x01]), Err(NoHead::Truncated));
        assert_eq!(Head::read(&[]), Err(NoHead::Truncated));
    }
}

//! Faults of an authenticator that are asked for by name.

use softhello_ctap::{Flags, Piece};

/// What an authenticator does wrong. Authenticator data are changed before they are signed, so that the signature is right
/// unless it is what is wrong.
///
/// Source: CDP, `WebAuthn.setResponseOverrideBits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Signatures are zeros.
    pub bogus_signature: bool,
    /// The bit UV is never set.
    pub bad_uv: bool,
    /// The bit UP is never set.
    pub bad_up: bool,
}

/// Where the flags stand in authenticator data, after the SHA-256 of the RP ID.
const FLAGS: usize = 32;

impl Faults {
    pub(crate) fn shape(self, piece: Piece, bytes: &mut [u8]) {
        match piece {
            Piece::AuthData => {
                let bit = |bad, flag| if bad { flag } else { 0 };
                if let Some(flags) = bytes.get_mut(FLAGS) {
                    *flags &= !(bit(self.bad_uv, Flags::UV) | bit(self.bad_up, Flags::UP));
                }
            }
            Piece::Signature if self.bogus_signature => bytes.fill(0),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_changes_what_it_names_and_nothing_else() {
        let auth_data = || [vec![7; FLAGS], vec![0b1100_0101], vec![7; 4]].concat();
        for (faults, flags, signature) in [
            (Faults::default(), 0b1100_0101, [7, 7]),
            (Faults { bad_uv: true, ..Faults::default() }, 0b1100_0001, [7, 7]),
            (Faults { bad_up: true, ..Faults::default() }, 0b1100_0100, [7, 7]),
            (Faults { bogus_signature: true, ..Faults::default() }, 0b1100_0101, [0, 0]),
        ] {
            let (mut data, mut signed) = (auth_data(), [7, 7]);
            faults.shape(Piece::AuthData, &mut data);
            faults.shape(Piece::Signature, &mut signed);
            assert_eq!(data, [vec![7; FLAGS], vec![flags], vec![7; 4]].concat(), "{faults:?}");
            assert_eq!(signed, signature, "{faults:?}");
        }
    }
}

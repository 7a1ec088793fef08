//! The PIN/UV auth protocols: both sides of key agreement, encryption and authentication, and tokens.
//!
//! Source: CTAP 2.3 §6.5.4 to §6.5.7.

mod key_agreement;
mod permissions;
mod shared_secret;
mod token;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

pub use key_agreement::{KeyAgreement, KeyAgreementKey};
pub use permissions::Permissions;
pub use shared_secret::SharedSecret;
pub(crate) use token::{Token, TokenId};

/// A PIN/UV auth protocol.
///
/// Source: CTAP 2.3 §6.5.6 and §6.5.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUvAuthProtocol {
    /// Protocol one: SHA-256 as key derivation, a zero IV, authentication codes of 16 bytes.
    One,
    /// Protocol two: HKDF, a random IV, authentication codes of 32 bytes.
    Two,
}

/// Why a message of the other side cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinUvAuthError {
    /// The other side's key is not a point of P-256.
    #[error("the key agreement key is not a point of P-256")]
    Peer,
    /// A ciphertext is not whole blocks, or lacks its IV.
    #[error("a ciphertext of {0} bytes is not made of whole blocks")]
    Ciphertext(usize),
}

impl PinUvAuthProtocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::One, Self::Two];

    /// `pinUvAuthProtocol` on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The protocol of a number on the wire.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.number() == number)
    }

    /// `authenticate` with a token: the `pinUvAuthParam` over the concatenation of `message`, 16 bytes with protocol
    /// one and 32 with protocol two.
    ///
    /// Source: CTAP 2.3 §6.5.6 and §6.5.7, `authenticate(key, message) → signature`.
    pub fn authenticate(self, key: &[u8; 32], message: &[&[u8]]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        message.iter().for_each(|part| mac.update(part));
        let mut code = mac.finalize().into_bytes().to_vec();
        if self == Self::One {
            code.truncate(16);
        }
        code
    }

    /// `verify` with a token, in constant time.
    pub fn verify(self, key: &[u8; 32], message: &[&[u8]], signature: &[u8]) -> bool {
        self.authenticate(key, message).ct_eq(signature).into()
    }
}

#[cfg(test)]
pub(crate) mod tests;

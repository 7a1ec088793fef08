//! Whoever types the PIN of an authenticator that leaves that to its platform.

use std::{fmt, future::Future, pin::Pin};

use softhello_ctap::PinVerifier;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// What a platform sends of a PIN: LEFT(SHA-256(PIN in NFC), 16). Wiped when dropped and never printed.
///
/// Source: CTAP 2.3 §6.5.1 and §6.5.5.7.
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash(Zeroizing<[u8; 16]>);

impl PinHash {
    /// That of a PIN as it was typed.
    pub fn of(pin: &str) -> Self {
        let normalized: Zeroizing<String> = Zeroizing::new(pin.nfc().collect());
        Self::from(PinVerifier::hash_of(&normalized))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for PinHash {
    fn from(hash: [u8; 16]) -> Self {
        Self(Zeroizing::new(hash))
    }
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(..)")
    }
}

/// What a PIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinRequest<'a> {
    /// The RP ID of the ceremony.
    pub rp_id: &'a str,
    /// `pinRetries`: attempts left, this one included.
    pub attempts_left: u64,
    /// Whether the PIN before this one was wrong.
    pub again: bool,
}

/// Someone who types PINs.
pub trait PinEntry: Send + Sync {
    /// The PIN, or nothing to end the ceremony.
    fn enter<'a>(
        &'a self,
        request: PinRequest<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<PinHash>> + Send + 'a>>;
}

/// One PIN, typed once in a ceremony: where it is wrong, no second attempt is spent on it.
impl PinEntry for PinHash {
    fn enter<'a>(
        &'a self,
        request: PinRequest<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<PinHash>> + Send + 'a>> {
        Box::pin(std::future::ready((!request.again).then(|| self.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CTAP 2.3 leaves the normalization to the platform; the hash is that of Annex A.4's setPIN.
    #[test]
    fn a_pin_is_normalized_and_hashed() {
        let hex = data_encoding::HEXLOWER.encode(PinHash::of("1234").as_bytes());
        assert_eq!(hex, "03ac674216f3e15c761ee1a5e255f067");
        assert_eq!(PinHash::of("re\u{301}sume\u{301}"), PinHash::of("r\u{e9}sum\u{e9}"));
        assert_ne!(PinHash::of("resume"), PinHash::of("r\u{e9}sum\u{e9}"));
    }
}

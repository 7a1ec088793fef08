//! PINs.

use std::fmt;

use sha2::{Digest as _, Sha256};
use softhello_ctap::PinVerifier;
use zeroize::Zeroizing;

/// A PIN that may be set: 4 to 127 code points.
///
/// Source: Windows Hello's policies "Minimum PIN length" (lowest value 4) and "Maximum PIN length" (127).
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

/// Why a text is not a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Too short or too long.
    #[error("a PIN has 4 to 127 characters, not {0}")]
    Length(usize),
    /// A character that cannot be typed.
    #[error("a PIN has no control characters")]
    Control,
}

impl Pin {
    /// What is stored of it.
    pub fn verifier(&self) -> PinVerifier {
        let code_points = u8::try_from(self.0.chars().count()).expect("a PIN has at most 127 code points");
        PinVerifier { hash: hash(&self.0), code_points }
    }
}

impl TryFrom<&str> for Pin {
    type Error = PinError;

    fn try_from(text: &str) -> Result<Self, PinError> {
        match text.chars().count() {
            4..=127 if text.chars().any(char::is_control) => Err(PinError::Control),
            4..=127 => Ok(Self(Zeroizing::new(text.to_owned()))),
            len => Err(PinError::Length(len)),
        }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Whether `typed` is the PIN of `verifier`.
pub(crate) fn matches(verifier: &PinVerifier, typed: &str) -> bool {
    // The two hashes are 16 bytes of a SHA-256 each, and the attempts are counted: timing tells nothing of use.
    verifier.hash == hash(typed)
}

/// LEFT(SHA-256(pin), 16). Source: CTAP 2.3 §6.5.1.
fn hash(pin: &str) -> [u8; 16] {
    let digest = Sha256::digest(pin.as_bytes());
    *digest.first_chunk().expect("SHA-256 output is 32 bytes")
}

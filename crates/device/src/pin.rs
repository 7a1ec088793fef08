//! PINs.

use std::fmt;

use softhello_ctap::{Denied, PinVerifier, Profile, Settings, check_new_pin};
use unicode_normalization::UnicodeNormalization as _;
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
    /// Whether an authenticator of this profile takes it as the PIN that a platform enters.
    ///
    /// # Errors
    ///
    /// [`Denied`] if not.
    pub fn check(&self, profile: &Profile, settings: &Settings) -> Result<(), Denied> {
        check_new_pin(profile, settings, &self.0).map(drop)
    }

    /// What is stored of it.
    pub fn verifier(&self) -> PinVerifier {
        let code_points = u8::try_from(self.0.chars().count()).expect("a PIN has at most 127 code points");
        PinVerifier { hash: PinVerifier::hash_of(&self.0), code_points }
    }
}

impl TryFrom<&str> for Pin {
    type Error = PinError;

    fn try_from(text: &str) -> Result<Self, PinError> {
        let text = normalized(text);
        match text.chars().count() {
            4..=127 if text.chars().any(char::is_control) => Err(PinError::Control),
            4..=127 => Ok(Self(text)),
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
    verifier.hash == PinVerifier::hash_of(&normalized(typed))
}

/// A platform normalises what is typed. Source: CTAP 2.3 §6.5.1, "in NFC".
fn normalized(pin: &str) -> Zeroizing<String> {
    Zeroizing::new(pin.nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_the_same_however_its_letters_are_composed() {
        let pin = Pin::try_from("r\u{e9}sum\u{e9}").expect("a PIN");
        assert_eq!(pin.verifier().code_points, 6);
        assert!(matches(&pin.verifier(), "re\u{301}sume\u{301}"));
        assert!(!matches(&pin.verifier(), "resume"));
    }
}

//! The rules for new PINs. Source: CTAP 2.3 §6.5.1 and §7.5.

use crate::{Denied, PinVerifier, Profile, Settings, pin_uv_auth::SharedSecret};

/// paddedNewPin has so many bytes.
const PADDED: usize = 64;

/// Decrypts `newPinEnc` and checks the PIN in it.
pub(super) fn read(
    profile: &Profile,
    settings: &Settings,
    secret: &SharedSecret,
    new_pin_enc: &[u8],
) -> Result<PinVerifier, Denied> {
    let padded = secret.decrypt(new_pin_enc).map_err(Denied::NewPin)?;
    match padded.len() {
        PADDED => {}
        // The text says INVALID_PARAMETER for both; conformance tests pad longer PINs further and want a policy.
        len if len > PADDED => return Err(Denied::PinTooLong { bytes: len }),
        len => return Err(Denied::PaddedPinLength { len }),
    }
    let end = padded.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let pin = padded.get(..end).unwrap_or_default();
    check(profile, settings, std::str::from_utf8(pin).map_err(|_| Denied::PinNotUtf8)?)
}

/// What is kept of a new PIN that an authenticator takes: at most 63 bytes, minPINLength to maxPINLength code points, and what the
/// complexity policy wants.
///
/// Source: CTAP 2.3 §6.5.1 and §6.5.5.5, "setPIN".
///
/// # Errors
///
/// [`Denied`] if it does not take the PIN.
pub fn check(profile: &Profile, settings: &Settings, text: &str) -> Result<PinVerifier, Denied> {
    if text.len() >= PADDED {
        return Err(Denied::PinTooLong { bytes: text.len() });
    }
    let code_points = text.chars().count();
    let (min, max) = (settings.min_pin_length(profile), profile.max_pin_length);
    let code_points = u8::try_from(code_points)
        .ok()
        .filter(|length| (min..=max).contains(length))
        .ok_or(Denied::PinLength { code_points, min, max })?;
    if settings.pin_complexity_policy(profile) == Some(true) && is_simple(text) {
        return Err(Denied::PinTooSimple);
    }
    Ok(PinVerifier { hash: PinVerifier::hash_of(text), code_points })
}

/// What the complexity policy of this emulator forbids: one character repeated, or a run up or down, as 1111, 1234, 9876.
fn is_simple(pin: &str) -> bool {
    let numbers: Vec<i64> = pin.chars().map(|c| i64::from(u32::from(c))).collect();
    let is_run = |step: i64| numbers.windows(2).all(|pair| matches!(pair, [a, b] if b - a == step));
    [-1, 0, 1].into_iter().any(is_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_pins() {
        for (pin, want) in [
            ("1111", true),
            ("1234", true),
            ("9876", true),
            ("abcd", true),
            ("1112", false),
            ("1235", false),
            ("1357", false),
            ("1212", false),
        ] {
            assert_eq!(is_simple(pin), want, "{pin}");
        }
    }
}

//! An authenticator's persistent settings: its PIN, fingerprints and what authenticatorConfig changes.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Profile;

/// What is kept of a PIN. Wiped when dropped and never printed.
///
/// Source: CTAP 2.3 §6.5.1, "LEFT(SHA-256(newPin), 16)".
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PinVerifier {
    /// CurrentStoredPIN: the first 16 bytes of the SHA-256 of the PIN in UTF-8.
    pub hash: [u8; 16],
    /// PINCodePointLength: the length of the PIN in Unicode code points.
    pub code_points: u8,
}

impl PinVerifier {
    /// LEFT(SHA-256(pin), 16): what is stored of a PIN, and what a platform sends to prove that it knows one.
    pub fn hash_of(pin: &str) -> [u8; 16] {
        let digest = Sha256::digest(pin);
        *digest.first_chunk().expect("SHA-256 output is 32 bytes")
    }
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinVerifier(..)")
    }
}

/// persistentPinUvAuthToken: 32 random bytes, and whether `pcmr` was given to it.
///
/// Source: CTAP 2.3 §6.5.2.2.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PersistentToken {
    /// The token.
    pub value: [u8; 32],
    /// Whether it has the permission `pcmr`, its only one.
    pub read_only_management: bool,
}

impl fmt::Debug for PersistentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersistentToken(..)")
    }
}

/// An enrolled fingerprint.
///
/// Source: CTAP 2.3 §6.7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// `templateId`.
    pub id: Vec<u8>,
    /// `templateFriendlyName`.
    pub friendly_name: Option<String>,
}

/// What an authenticator remembers besides its credentials. The default is a new device's, of any profile.
///
/// What is `None` is as the profile has it from the factory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The PIN, if one is set.
    pub pin: Option<PinVerifier>,
    /// `pinRetries`: attempts left at the PIN.
    pub pin_retries: Option<u8>,
    /// `forcePINChange`.
    pub force_pin_change: bool,
    /// `minPINLength`, in code points.
    pub min_pin_length: Option<u8>,
    /// `minPinLengthRPIDs`: who may learn the minimum length and the complexity policy.
    pub min_pin_length_rp_ids: Vec<String>,
    /// `pinComplexityPolicy`.
    pub pin_complexity_policy: Option<bool>,
    /// `alwaysUv`.
    pub always_uv: Option<bool>,
    /// `ep`: whether enterprise attestation is enabled.
    pub enterprise_attestation: bool,
    /// `longTouchForReset`.
    pub long_touch_for_reset: Option<bool>,
    /// `uvCountSinceLastPinEntry`.
    pub uv_count_since_last_pin_entry: u32,
    /// The persistent token.
    pub persistent_token: Option<PersistentToken>,
    /// The random number behind `encIdentifier`.
    pub device_identifier: Option<[u8; 16]>,
    /// The random number behind `encCredStoreState`.
    pub cred_store_state: Option<[u8; 16]>,
    /// The enrolled fingerprints, oldest first.
    pub templates: Vec<Template>,
}

/// One change of [`Settings`]. Each touches its own members only, so that two that meet do not undo each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// Sets or clears the PIN. All attempts are left then, and nothing forces a change.
    Pin(Option<PinVerifier>),
    /// `pinRetries`; `None` for all of them.
    PinRetries(Option<u8>),
    /// `forcePINChange`.
    ForcePinChange(bool),
    /// `minPINLength`.
    MinPinLength(u8),
    /// `minPinLengthRPIDs`, replaced.
    MinPinLengthRpIds(Vec<String>),
    /// `pinComplexityPolicy`.
    PinComplexityPolicy(bool),
    /// `alwaysUv`.
    AlwaysUv(bool),
    /// `ep`.
    EnterpriseAttestation(bool),
    /// `longTouchForReset`.
    LongTouchForReset(bool),
    /// `uvCountSinceLastPinEntry`.
    UvCountSinceLastPinEntry(u32),
    /// The persistent token.
    PersistentToken(PersistentToken),
    /// The random number behind `encCredStoreState`.
    CredStoreState([u8; 16]),
    /// Adds a fingerprint, or renames the one of this id.
    Template(Template),
    /// Removes a fingerprint.
    RemoveTemplate(Vec<u8>),
}

impl Settings {
    /// Whether this RP is told of the rules for PINs (§6.11.4, `minPinLengthRPIDs`).
    pub(crate) fn tells_of_pins(&self, rp_id: &str) -> bool {
        self.min_pin_length_rp_ids.iter().any(|known| known == rp_id)
    }

    /// A new device's settings. Only a profile with a persistent token draws: 64 bytes.
    pub fn new(profile: &Profile, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut settings = Self::default();
        if profile.per_cred_mgmt_ro {
            settings.persistent_token = Some(PersistentToken::new(random));
            settings.device_identifier = Some(drawn(random));
            settings.cred_store_state = Some(drawn(random));
        }
        settings
    }

    /// Applies one change.
    pub fn apply(&mut self, setting: Setting) {
        match setting {
            Setting::Pin(pin) => {
                self.pin = pin;
                self.pin_retries = None;
                self.force_pin_change = false;
            }
            Setting::PinRetries(retries) => self.pin_retries = retries,
            Setting::ForcePinChange(force) => self.force_pin_change = force,
            Setting::MinPinLength(length) => self.min_pin_length = Some(length),
            Setting::MinPinLengthRpIds(rp_ids) => self.min_pin_length_rp_ids = rp_ids,
            Setting::PinComplexityPolicy(policy) => self.pin_complexity_policy = Some(policy),
            Setting::AlwaysUv(always) => self.always_uv = Some(always),
            Setting::EnterpriseAttestation(enabled) => self.enterprise_attestation = enabled,
            Setting::LongTouchForReset(long) => self.long_touch_for_reset = Some(long),
            Setting::UvCountSinceLastPinEntry(count) => self.uv_count_since_last_pin_entry = count,
            Setting::PersistentToken(token) => self.persistent_token = Some(token),
            Setting::CredStoreState(state) => self.cred_store_state = Some(state),
            Setting::Template(template) => {
                match self.templates.iter_mut().find(|known| known.id == template.id) {
                    Some(known) => *known = template,
                    None => self.templates.push(template),
                }
            }
            Setting::RemoveTemplate(id) => self.templates.retain(|template| template.id != id),
        }
    }

    /// `pinRetries`.
    pub fn pin_retries(&self, profile: &Profile) -> u8 {
        self.pin_retries.unwrap_or(profile.max_pin_retries)
    }

    /// `minPINLength`.
    pub fn min_pin_length(&self, profile: &Profile) -> u8 {
        self.min_pin_length.unwrap_or(profile.min_pin_length)
    }

    /// `pinComplexityPolicy`; `None` where there is no such policy.
    pub fn pin_complexity_policy(&self, profile: &Profile) -> Option<bool> {
        profile.pin_complexity_policy.map(|factory| self.pin_complexity_policy.unwrap_or(factory))
    }

    /// Whether the user is verified in every ceremony: `alwaysUv`, or what the profile does without saying so.
    pub fn always_uv(&self, profile: &Profile) -> bool {
        profile.always_verifies || self.always_uv_option(profile) == Some(true)
    }

    /// The option `alwaysUv`; `None` where it is not supported.
    pub fn always_uv_option(&self, profile: &Profile) -> Option<bool> {
        profile.always_uv.map(|factory| self.always_uv.unwrap_or(factory))
    }

    /// `longTouchForReset`; `None` where it is not supported.
    pub fn long_touch_for_reset(&self, profile: &Profile) -> Option<bool> {
        profile.long_touch_for_reset.map(|factory| self.long_touch_for_reset.unwrap_or(factory))
    }
}

impl PersistentToken {
    /// resetPersistentPinUvAuthToken(): a new value without permission. Draws 32 bytes.
    pub fn new(random: &mut dyn FnMut(&mut [u8])) -> Self {
        Self { value: drawn(random), read_only_management: false }
    }
}

/// So many random bytes.
pub(crate) fn drawn<const N: usize>(random: &mut dyn FnMut(&mut [u8])) -> [u8; N] {
    let mut bytes = [0; N];
    random(&mut bytes);
    bytes
}

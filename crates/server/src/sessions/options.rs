//! What a virtual authenticator is to be, and the profile that makes it so.
//!
//! Source: WebAuthn Level 3 §11.2, "virtual authenticators"; CDP, `WebAuthn.VirtualAuthenticatorOptions`.

use std::collections::BTreeSet;

use softhello_app::{AppError, DeviceProfile, ProfileChoice};
use softhello_ctap::{self as ctap, PinUvAuthProtocol, Transport, UserVerification};

use super::authenticator::Presence;

/// The protocol of a virtual authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    U2f,
    Ctap20,
    Ctap21,
}

/// An extension that a virtual authenticator may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extension {
    CredBlob,
    LargeBlob,
    MinPinLength,
    Prf,
}

/// What a virtual authenticator is to be.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) protocol: Protocol,
    pub(crate) transport: Transport,
    pub(crate) has_resident_key: bool,
    pub(crate) has_user_verification: bool,
    pub(crate) presence: Presence,
    pub(crate) is_user_verified: bool,
    pub(crate) extensions: BTreeSet<Extension>,
    pub(crate) default_backup_eligibility: bool,
    pub(crate) default_backup_state: bool,
}

/// The attempts at verification that a virtual user has: a suite fails as often as it likes.
const UV_RETRIES: u8 = 25;

impl Options {
    pub(crate) fn is_internal(&self) -> bool {
        self.transport == Transport::Internal
    }

    /// Which of the wanted things need something else that is not wanted.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.extensions.contains(&Extension::LargeBlob) && !self.has_resident_key {
            return Err("Specified options require an authenticator with resident key support");
        }
        let newer = [Extension::LargeBlob, Extension::CredBlob, Extension::MinPinLength];
        if self.protocol < Protocol::Ctap21 && newer.iter().any(|wanted| self.extensions.contains(wanted)) {
            return Err("Specified options require a CTAP 2.1 authenticator");
        }
        Ok(())
    }

    /// The profile of an authenticator that is all this. What is not asked for comes from a built-in profile: Windows
    /// Hello for an internal one, else a security key.
    pub(crate) fn profile(&self, choice: Option<&ProfileChoice>) -> Result<DeviceProfile, AppError> {
        let mut made = match (choice, self.protocol) {
            (Some(choice), _) => choice.load()?,
            (None, Protocol::U2f) => DeviceProfile::built_in("u2f-key")?,
            (None, _) if self.is_internal() => DeviceProfile::built_in("windows-hello-software")?,
            (None, _) => DeviceProfile::built_in("security-key")?,
        };
        if !made.ctap.speaks_ctap2() {
            made.ctap.transports = vec![self.transport];
            return Ok(made);
        }
        let profile = &mut made.ctap;
        profile.platform = self.is_internal();
        profile.transports = match self.transport {
            Transport::Hybrid => vec![Transport::Ble, Transport::Hybrid],
            Transport::SmartCard => vec![Transport::Nfc, Transport::SmartCard],
            other => vec![other],
        };
        profile.discoverable = self.has_resident_key;
        // Which credentials are resident is up to the request.
        profile.always_discoverable = false;
        profile.max_credential_id_length = None;
        profile.max_credentials = None;
        profile.always_verifies = false;
        profile.always_uv = None;
        profile.make_cred_uv_not_rqd = true;
        profile.user_verification =
            if self.has_user_verification { UserVerification::Always } else { UserVerification::None };
        profile.max_uv_retries = UV_RETRIES;
        profile.max_uv_attempts = 1;
        profile.preferred_platform_uv_attempts = None;
        profile.max_fingerprints = 0;
        profile.uv_bio_enroll = false;
        profile.client_pin &= self.has_user_verification;
        profile.pin_uv_auth_token &= self.has_user_verification;
        profile.backup.eligible = self.default_backup_eligibility;
        profile.backup.backed_up = self.default_backup_state;
        self.add_extensions(profile);
        Ok(made)
    }

    fn add_extensions(&self, profile: &mut ctap::Profile) {
        use ctap::Extension as Known;
        profile.extensions.retain(|known| matches!(known, Known::CredProtect));
        profile.max_serialized_large_blob_array = None;
        for wanted in &self.extensions {
            profile.extensions.push(match wanted {
                Extension::CredBlob => Known::CredBlob,
                Extension::LargeBlob => Known::LargeBlob,
                Extension::MinPinLength => Known::MinPinLength,
                Extension::Prf => Known::HmacSecret,
            });
        }
        if self.extensions.contains(&Extension::Prf) && profile.pin_uv_auth_protocols.is_empty() {
            profile.pin_uv_auth_protocols = vec![PinUvAuthProtocol::Two, PinUvAuthProtocol::One];
        }
    }
}

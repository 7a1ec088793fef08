//! Three authenticators that between them take every branch of the rules.

use std::sync::Arc;

use softhello_ctap::{
    Algorithm, Attestation, ConfigCommand, Extension, Format, PinUvAuthProtocol, PrivateKey, Profile,
    Transport, UserVerification, Version,
};
use uuid::Uuid;

/// Windows Hello, more or less: part of the platform, verifies always, keeps everything.
pub(crate) fn hello() -> Profile {
    Profile {
        description: "a platform authenticator with a PIN of its own".to_owned(),
        platform: true,
        discoverable: true,
        always_discoverable: true,
        user_verification: UserVerification::Pin,
        always_verifies: true,
        max_uv_attempts: 3,
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        attestation_formats: vec![Format::Packed],
        transports: vec![Transport::Internal],
        ..Profile::new("hello", Uuid::from_u128(0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2))
    }
}

/// A key with everything that CTAP 2.3 has besides the extension largeBlob. A finger is enrolled, no PIN is set.
pub(crate) fn full_key() -> Profile {
    Profile {
        name: "full-key".to_owned(),
        versions: vec![Version::U2fV2, Version::Fido20, Version::Fido21, Version::Fido23],
        extensions: Extension::ALL
            .into_iter()
            .filter(|extension| *extension != Extension::LargeBlob)
            .collect(),
        user_verification: UserVerification::Fingerprint,
        always_uv: Some(false),
        max_uv_retries: 5,
        max_uv_attempts: 2,
        preferred_platform_uv_attempts: Some(3),
        uv_modality: Some(2),
        max_fingerprints: 3,
        fingerprint_samples: 3,
        uv_bio_enroll: true,
        counts_uv: true,
        client_pin: true,
        pin_uv_auth_protocols: vec![PinUvAuthProtocol::Two, PinUvAuthProtocol::One],
        pin_uv_auth_token: true,
        pin_complexity_policy: Some(false),
        pin_complexity_policy_url: Some("https://example.org/pins".to_owned()),
        cred_mgmt: true,
        per_cred_mgmt_ro: true,
        config_commands: ConfigCommand::ALL.to_vec(),
        uv_acfg: true,
        enterprise_rp_ids: vec!["enterprise.example".to_owned()],
        max_rp_ids_for_set_min_pin_length: 2,
        long_touch_for_reset: Some(false),
        transports_for_reset: Some(vec![Transport::Usb]),
        max_serialized_large_blob_array: Some(2048),
        max_cred_blob_length: 32,
        attestation: Some(Arc::new(attestation())),
        self_attestation: false,
        max_credentials: Some(5),
        announces_remaining: true,
        ..security_key()
    }
}

/// The same with the extension largeBlob instead of largeBlobKey and authenticatorLargeBlobs.
pub(crate) fn blob_key() -> Profile {
    let mut profile = Profile { max_serialized_large_blob_array: None, ..full_key() };
    profile.extensions.retain(|extension| *extension != Extension::LargeBlobKey);
    profile.extensions.push(Extension::LargeBlob);
    Profile { max_large_blob_length: 100, ..profile }
}

/// A key of CTAP 2.0: a PIN, protocol one, tokens that are good for everything.
pub(crate) fn legacy_key() -> Profile {
    Profile {
        name: "legacy-key".to_owned(),
        versions: vec![Version::U2fV2, Version::Fido20],
        extensions: vec![Extension::CredProtect, Extension::HmacSecret],
        client_pin: true,
        make_cred_uv_not_rqd: false,
        pin_uv_auth_protocols: vec![PinUvAuthProtocol::One],
        attestation: Some(Arc::new(attestation())),
        self_attestation: false,
        empty_allow_list_is_absent: true,
        several_per_allow_list: true,
        ..security_key()
    }
}

/// An attestation key whose certificates are not looked into here.
fn attestation() -> Attestation {
    Attestation {
        key: PrivateKey::from_bytes(Algorithm::Es256, &[0xa7; 32]).expect("a scalar"),
        x5c: vec![vec![0x30, 0x01, 0x01]],
        enterprise_x5c: vec![vec![0x30, 0x01, 0x02]],
    }
}

/// A key with nothing but a button.
pub(crate) fn security_key() -> Profile {
    Profile {
        name: "security-key".to_owned(),
        description: "a roaming authenticator that tests presence only".to_owned(),
        aaguid: Uuid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888),
        platform: false,
        always_discoverable: false,
        user_verification: UserVerification::None,
        always_verifies: false,
        make_cred_uv_not_rqd: true,
        algorithms: vec![Algorithm::Es256, Algorithm::EdDsa],
        default_format: Format::Packed,
        transports: vec![Transport::Usb, Transport::Nfc],
        max_msg_size: Some(1200),
        max_credential_count_in_list: Some(3),
        max_credential_id_length: Some(1023),
        max_credentials: Some(3),
        firmware_version: Some(0x0502_0007),
        ..hello()
    }
}

/// A key with a PIN pad: verifies when it is asked to, and needs it for every credential.
pub(crate) fn pin_pad() -> Profile {
    Profile {
        name: "pin-pad".to_owned(),
        user_verification: UserVerification::Pin,
        make_cred_uv_not_rqd: false,
        ..security_key()
    }
}

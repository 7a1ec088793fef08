//! Which profiles are possible. CTAP 2.3 §6.4 and §9.

use softhello_ctap::{
    Algorithm, BackupPolicy, ConfigCommand, Extension, Format, PinUvAuthProtocol, Profile, Transport,
    UserVerification, Version,
};

use crate::bench::{blob_key, full_key, hello, legacy_key, pin_pad, security_key};

fn without(extension: Extension) -> Profile {
    let mut profile = full_key();
    profile.extensions.retain(|known| *known != extension);
    profile
}

fn with(extension: Extension, mut profile: Profile) -> Profile {
    profile.extensions.push(extension);
    profile
}

#[test]
fn profiles_that_are_not_possible() {
    for (name, profile, want) in [
        ("no versions", Profile { versions: vec![], ..hello() }, "versions"),
        ("no algorithms", Profile { algorithms: vec![], ..hello() }, "algorithms"),
        ("an algorithm twice", Profile { algorithms: vec![Algorithm::Es256; 2], ..hello() }, "algorithms"),
        ("no transports", Profile { transports: vec![], ..hello() }, "transports"),
        ("none is listed", Profile { attestation_formats: vec![Format::None], ..hello() }, "none"),
        (
            "a default that is not there",
            Profile { attestation_formats: vec![], default_format: Format::Packed, ..hello() },
            "default-format",
        ),
        ("no retries", Profile { max_uv_retries: 0, ..hello() }, "max-uv-retries"),
        ("too many retries", Profile { max_uv_retries: 26, ..hello() }, "max-uv-retries"),
        ("no attempts", Profile { max_uv_attempts: 0, ..hello() }, "max-uv-attempts"),
        ("too many attempts", Profile { max_uv_attempts: 6, ..hello() }, "max-uv-attempts"),
        ("ids too short", Profile { credential_id_length: 15, ..hello() }, "credential-id-length"),
        ("ids too long", Profile { credential_id_length: 1024, ..hello() }, "credential-id-length"),
        ("messages too short", Profile { max_msg_size: Some(1023), ..hello() }, "max-msg-size"),
        ("lists of nothing", Profile { max_credential_count_in_list: Some(0), ..hello() }, "count-in-list"),
        (
            "ids longer than announced",
            Profile { max_credential_id_length: Some(31), ..hello() },
            "max-credential-id-length",
        ),
        (
            "backed up, not eligible",
            Profile { backup: BackupPolicy { eligible: false, backed_up: true }, ..hello() },
            "backup-eligible",
        ),
        ("always discoverable, never", Profile { discoverable: false, ..hello() }, "discoverable"),
        (
            "always verifies, never can",
            Profile { user_verification: UserVerification::None, ..hello() },
            "always-verifies",
        ),
        (
            "a list twice",
            Profile { transports: vec![Transport::Usb; 2], ..hello() },
            "`transports` lists one twice",
        ),
        (
            "no transport for reset",
            Profile { transports_for_reset: Some(vec![]), ..hello() },
            "transports-for-reset",
        ),
        ("messages too long", Profile { max_msg_size: Some(65_537), ..hello() }, "max-msg-size"),
        (
            "ids too short for sealing",
            Profile { max_credential_id_length: Some(72), ..security_key() },
            "non-discoverable",
        ),
        ("no PIN retries", Profile { max_pin_retries: 0, ..full_key() }, "max-pin-retries"),
        ("nine PIN retries", Profile { max_pin_retries: 9, ..full_key() }, "max-pin-retries"),
        ("three characters", Profile { min_pin_length: 3, ..full_key() }, "min-pin-length"),
        (
            "the least above the most",
            Profile { min_pin_length: 9, max_pin_length: 8, ..full_key() },
            "min-pin-length",
        ),
        ("seven characters at most", Profile { max_pin_length: 7, ..full_key() }, "max-pin-length"),
        ("64 characters", Profile { max_pin_length: 64, ..full_key() }, "max-pin-length"),
        ("an empty URL", Profile { pin_complexity_policy_url: Some(String::new()), ..full_key() }, "url"),
        ("no modality", Profile { uv_modality: Some(0), ..full_key() }, "uv-modality"),
        (
            "no preferred attempts",
            Profile { preferred_platform_uv_attempts: Some(0), ..full_key() },
            "preferred",
        ),
        (
            "a small array",
            Profile { max_serialized_large_blob_array: Some(1023), ..full_key() },
            "large-blob-array",
        ),
        (
            "a large array",
            Profile { max_serialized_large_blob_array: Some(32_769), ..full_key() },
            "large-blob-array",
        ),
        ("small blobs", Profile { max_cred_blob_length: 31, ..full_key() }, "max-cred-blob-length"),
        ("large blobs", Profile { max_large_blob_length: 8193, ..blob_key() }, "max-large-blob-length"),
        ("65 RP IDs", Profile { max_rp_ids_for_set_min_pin_length: 65, ..full_key() }, "max-rp-ids"),
        ("no finger fits", Profile { max_fingerprints: 0, ..full_key() }, "max-fingerprints"),
        ("no sample", Profile { fingerprint_samples: 0, ..full_key() }, "fingerprint-samples"),
        (
            "no certification's name",
            Profile { certifications: [(String::new(), 1)].into(), ..hello() },
            "certifications",
        ),
        ("alwaysUv of nothing", Profile { always_uv: Some(false), ..security_key() }, "always-uv"),
        ("a PIN without a protocol", Profile { client_pin: true, ..security_key() }, "`client-pin` needs"),
        (
            "tokens without a protocol",
            Profile { pin_uv_auth_token: true, ..pin_pad() },
            "`pin-uv-auth-token` needs",
        ),
        (
            "tokens of nothing",
            Profile {
                pin_uv_auth_token: true,
                pin_uv_auth_protocols: vec![PinUvAuthProtocol::Two],
                ..security_key()
            },
            "`pin-uv-auth-token` needs",
        ),
        (
            "messages that CTAPHID cannot carry",
            Profile { max_msg_size: Some(7610), ..security_key() },
            "7609",
        ),
        ("a firmware of 0", Profile { firmware_version: Some(0), ..full_key() }, "`firmware-version` is 0"),
        (
            "a reset over a transport that is not there",
            Profile { transports: vec![Transport::Nfc], ..full_key() },
            "`transports-for-reset`",
        ),
        (
            "too many of a vendor's commands",
            Profile { vendor_prototype_config_commands: (0..17).collect(), ..full_key() },
            "more than 16",
        ),
        (
            "no mc and ga without tokens",
            Profile { no_mc_ga_permissions_with_client_pin: true, ..legacy_key() },
            "no-mc-ga",
        ),
        (
            "a policy without a PIN",
            Profile { pin_complexity_policy: Some(true), ..hello() },
            "pin-complexity-policy",
        ),
        (
            "a URL without a policy",
            Profile { pin_complexity_policy_url: Some("x".to_owned()), ..legacy_key() },
            "url",
        ),
        (
            "fingers without tokens",
            Profile { user_verification: UserVerification::Fingerprint, ..security_key() },
            "fingerprint",
        ),
        (
            "uvBioEnroll without fingers",
            Profile { user_verification: UserVerification::Always, ..full_key() },
            "uv-bio-enroll",
        ),
        (
            "credMgmt without a limit",
            Profile { max_credentials: None, announces_remaining: false, ..full_key() },
            "cred-mgmt",
        ),
        ("perCredMgmtRO without credMgmt", Profile { cred_mgmt: false, ..full_key() }, "per-cred-mgmt-ro"),
        (
            "config without tokens",
            Profile { config_commands: vec![ConfigCommand::ToggleAlwaysUv], ..legacy_key() },
            "config-commands",
        ),
        ("uvAcfg without config", Profile { uv_acfg: true, ..hello() }, "uv-acfg"),
        ("a toggle of nothing", Profile { always_uv: None, ..full_key() }, "toggle-always-uv"),
        ("a long touch of nothing", Profile { long_touch_for_reset: None, ..full_key() }, "long-touch"),
        ("enterprises without a key", Profile { attestation: None, ..full_key() }, "enterprise"),
        (
            "RP IDs of no enterprise",
            Profile { enterprise_rp_ids: vec!["a".to_owned()], ..hello() },
            "enterprise-rp-ids",
        ),
        ("remaining of no limit", Profile { announces_remaining: true, ..hello() }, "announces-remaining"),
        ("U2F without a certificate", Profile { attestation: None, ..legacy_key() }, "U2F_V2 needs"),
        (
            "U2F without ES256",
            Profile { algorithms: vec![Algorithm::EdDsa], ..legacy_key() },
            "U2F_V2 needs ES256",
        ),
        ("credBlob alone", without(Extension::CredProtect), "credBlob needs credProtect"),
        ("hmac-secret-mc alone", without(Extension::HmacSecret), "hmac-secret-mc needs hmac-secret"),
        ("setMinPINLength alone", without(Extension::MinPinLength), "needs the extension minPinLength"),
        ("hmac-secret without a protocol", with(Extension::HmacSecret, hello()), "hmac-secret needs"),
        (
            "largeBlobKey without its command",
            with(Extension::LargeBlobKey, legacy_key()),
            "largeBlobKey needs",
        ),
        ("both kinds of large blobs", with(Extension::LargeBlob, full_key()), "largeBlob excludes"),
        (
            "minPinLength without its command",
            with(Extension::MinPinLength, legacy_key()),
            "minPinLength needs",
        ),
        (
            "a policy's extension without it",
            with(Extension::PinComplexityPolicy, legacy_key()),
            "pinComplexityPolicy needs",
        ),
    ] {
        let error = profile.check().expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
    for profile in [hello(), security_key(), pin_pad()] {
        assert_eq!(profile.check(), Ok(()), "{}", profile.name);
    }
}

/// A version string needs its mandatory features, and the refusal lists all that are missing.
#[test]
fn versions_need_their_mandatory_features() {
    let versions =
        |versions: &[Version], profile: Profile| Profile { versions: versions.to_vec(), ..profile };
    let no_fingers = || Profile { user_verification: UserVerification::None, ..hello_of_2_1() };
    for (name, profile, want) in [
        (
            "2.3 of Windows Hello",
            versions(&[Version::Fido23], hello()),
            "FIDO_2_3 needs hmac-secret, credMgmt, credProtect, pinUvAuthToken",
        ),
        (
            "2.1 of a button",
            versions(&[Version::Fido20, Version::Fido21], security_key()),
            "FIDO_2_1 needs hmac-secret, clientPin or uv, credMgmt",
        ),
        (
            "2.3 with protocol one alone",
            Profile { pin_uv_auth_protocols: vec![PinUvAuthProtocol::One], ..full_key() },
            "FIDO_2_3 needs PIN/UV auth protocol 2",
        ),
        (
            "a prerelease of nothing",
            versions(&[Version::Fido21Pre], security_key()),
            "FIDO_2_1_PRE needs `cred-mgmt` or",
        ),
    ] {
        let error = profile.check().expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
    // A key that keeps nothing and verifies nobody needs no more than hmac-secret.
    let bare = Profile {
        discoverable: false,
        always_discoverable: false,
        always_verifies: false,
        extensions: vec![Extension::HmacSecret],
        pin_uv_auth_protocols: vec![PinUvAuthProtocol::Two],
        ..no_fingers()
    };
    assert_eq!(versions(&[Version::Fido23], bare).check(), Ok(()));
    for profile in [full_key(), blob_key(), legacy_key()] {
        assert_eq!(profile.check(), Ok(()), "{}", profile.name);
    }
}

fn hello_of_2_1() -> Profile {
    Profile { versions: vec![Version::Fido20, Version::Fido21], ..hello() }
}

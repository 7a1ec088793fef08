//! Three authenticators that between them take every branch of the rules.

use softhello_ctap::{
    Algorithm, Announced, BackupPolicy, CounterPolicy, Format, Profile, Transport, UserVerification, Version,
};
use uuid::Uuid;

/// Windows Hello, more or less: part of the platform, verifies always, keeps everything.
pub(crate) fn hello() -> Profile {
    Profile {
        name: "hello".to_owned(),
        description: "a platform authenticator with a PIN of its own".to_owned(),
        aaguid: Uuid::from_u128(0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2),
        versions: vec![Version::Fido20],
        platform: true,
        discoverable: true,
        always_discoverable: true,
        user_verification: UserVerification::Pin,
        always_verifies: true,
        make_cred_uv_not_rqd: false,
        max_uv_retries: 5,
        max_uv_attempts: 3,
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        attestation_formats: vec![Format::PackedSelf],
        default_format: Format::None,
        transports: vec![Transport::Internal],
        max_msg_size: None,
        max_credential_count_in_list: None,
        max_credential_id_length: None,
        credential_id_length: 32,
        max_credentials: None,
        firmware_version: None,
        counter: CounterPolicy::PerCredential,
        backup: BackupPolicy { eligible: false, backed_up: false },
        empty_allow_list_is_absent: false,
        reset_at_any_time: false,
        announced: Announced::default(),
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
        default_format: Format::PackedSelf,
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

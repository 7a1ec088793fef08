//! A profile's TOML.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use softhello_ctap::{
    Algorithm, Announced, BackupPolicy, ConfigCommand, CounterPolicy, Extension, Format, PinUvAuthProtocol,
    Profile, Transport, UserVerification, Version,
};
use uuid::Uuid;

use super::{DeviceProfile, Quirk};
use crate::attestation;

/// A profile's TOML. The member names are those of the documentation in `docs/profiles.md`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    name: String,
    #[serde(default)]
    description: String,
    container: Option<String>,
    aaguid: Uuid,
    versions: Vec<VersionName>,
    #[serde(default)]
    extensions: Vec<ExtensionName>,
    #[serde(default)]
    platform: bool,
    #[serde(default)]
    discoverable: bool,
    #[serde(default)]
    always_discoverable: bool,

    user_verification: Option<UserVerificationName>,
    #[serde(default)]
    always_verifies: bool,
    always_uv: Option<bool>,
    #[serde(default)]
    make_cred_uv_not_rqd: bool,
    #[serde(default = "five")]
    max_uv_retries: u8,
    #[serde(default = "one")]
    max_uv_attempts: u8,
    preferred_platform_uv_attempts: Option<u8>,
    uv_modality: Option<u32>,
    #[serde(default = "five")]
    max_fingerprints: u8,
    #[serde(default = "three")]
    fingerprint_samples: u8,
    #[serde(default)]
    uv_bio_enroll: bool,
    #[serde(default)]
    counts_uv: bool,

    #[serde(default)]
    client_pin: bool,
    #[serde(default)]
    pin_uv_auth_protocols: Vec<ProtocolNumber>,
    #[serde(default)]
    pin_uv_auth_token: bool,
    #[serde(default)]
    no_mc_ga_permissions_with_client_pin: bool,
    #[serde(default = "eight")]
    max_pin_retries: u8,
    #[serde(default = "four")]
    min_pin_length: u8,
    #[serde(default = "sixty_three")]
    max_pin_length: u8,
    pin_complexity_policy: Option<bool>,
    #[serde(rename = "pin-complexity-policy-url")]
    pin_complexity_policy_url: Option<String>,

    #[serde(default)]
    cred_mgmt: bool,
    #[serde(default)]
    per_cred_mgmt_ro: bool,
    #[serde(default)]
    config_commands: Vec<ConfigCommandName>,
    #[serde(default)]
    vendor_prototype_config_commands: Vec<u64>,
    #[serde(default)]
    uv_acfg: bool,
    #[serde(default)]
    enterprise_rp_ids: Vec<String>,
    #[serde(default = "eight_rp_ids", rename = "max-rp-ids-for-set-min-pin-length")]
    max_rp_ids_for_set_min_pin_length: u32,
    long_touch_for_reset: Option<bool>,
    transports_for_reset: Option<Vec<TransportName>>,
    #[serde(default)]
    reset_at_any_time: bool,
    max_serialized_large_blob_array: Option<u32>,
    #[serde(default = "blob_of_32")]
    max_cred_blob_length: u32,
    #[serde(default = "blob_of_2048")]
    max_large_blob_length: u32,

    algorithms: Vec<AlgorithmName>,
    #[serde(default)]
    attestation_formats: Vec<FormatName>,
    default_format: Option<FormatName>,
    attestation: Option<AttestationName>,
    transports: Vec<TransportName>,
    max_msg_size: Option<u32>,
    max_credential_count_in_list: Option<u32>,
    max_credential_id_length: Option<u32>,
    #[serde(default = "thirty_two")]
    credential_id_length: u16,
    max_credentials: Option<u32>,
    #[serde(default)]
    announces_remaining: bool,
    firmware_version: Option<u32>,
    #[serde(default)]
    certifications: BTreeMap<String, u32>,
    counter: Option<CounterName>,
    #[serde(default)]
    backup_eligible: bool,
    #[serde(default)]
    backed_up: bool,
    #[serde(default)]
    empty_allow_list_is_absent: bool,
    #[serde(default)]
    several_per_allow_list: bool,
    #[serde(default)]
    user_action_timeout: bool,
    #[serde(default)]
    prototype_commands: bool,
    #[serde(default)]
    pub(super) quirks: Vec<Quirk>,
}

fn one() -> u8 {
    1
}

fn three() -> u8 {
    3
}

fn four() -> u8 {
    4
}

fn five() -> u8 {
    5
}

fn eight() -> u8 {
    8
}

fn eight_rp_ids() -> u32 {
    8
}

fn thirty_two() -> u16 {
    32
}

fn blob_of_32() -> u32 {
    32
}

fn blob_of_2048() -> u32 {
    2048
}

fn sixty_three() -> u8 {
    63
}

/// Deserializes an enum of `softhello-ctap` from its names.
macro_rules! names {
    ($name:ident for $target:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        #[derive(Clone, Copy, Deserialize)]
        enum $name {
            $(#[serde(rename = $text)] $variant),+
        }

        impl From<$name> for $target {
            fn from(name: $name) -> Self {
                match name {
                    $($name::$variant => Self::$variant),+
                }
            }
        }
    };
}

names!(VersionName for Version {
    U2fV2 = "U2F_V2",
    Fido20 = "FIDO_2_0",
    Fido21Pre = "FIDO_2_1_PRE",
    Fido21 = "FIDO_2_1",
    Fido23 = "FIDO_2_3",
});
names!(ExtensionName for Extension {
    CredBlob = "credBlob",
    LargeBlob = "largeBlob",
    CredProtect = "credProtect",
    HmacSecret = "hmac-secret",
    LargeBlobKey = "largeBlobKey",
    MinPinLength = "minPinLength",
    HmacSecretMc = "hmac-secret-mc",
    ThirdPartyPayment = "thirdPartyPayment",
    PinComplexityPolicy = "pinComplexityPolicy",
});
names!(ConfigCommandName for ConfigCommand {
    EnableEnterpriseAttestation = "enable-enterprise-attestation",
    ToggleAlwaysUv = "toggle-always-uv",
    SetMinPinLength = "set-min-pin-length",
    EnableLongTouchForReset = "enable-long-touch-for-reset",
});
names!(AlgorithmName for Algorithm { Es256 = "ES256", EdDsa = "EdDSA", Rs256 = "RS256" });
names!(FormatName for Format { None = "none", Packed = "packed" });
names!(UserVerificationName for UserVerification {
    None = "none",
    Pin = "pin",
    Always = "always",
    Fingerprint = "fingerprint",
});
names!(CounterName for CounterPolicy { PerCredential = "per-credential", Zero = "zero" });
names!(TransportName for Transport {
    Usb = "usb",
    Nfc = "nfc",
    Ble = "ble",
    SmartCard = "smart-card",
    Hybrid = "hybrid",
    Internal = "internal",
});

/// `self` or `basic`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AttestationName {
    #[serde(rename = "self")]
    Own,
    Basic,
}

/// A PIN/UV auth protocol by its number.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
struct ProtocolNumber(PinUvAuthProtocol);

impl TryFrom<u64> for ProtocolNumber {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        let protocol = PinUvAuthProtocol::from_number(number);
        protocol
            .map(Self)
            .ok_or_else(|| format!("there is no PIN/UV auth protocol {number}; there are 1 and 2"))
    }
}

fn all<Name: Into<Target>, Target>(names: Vec<Name>) -> Vec<Target> {
    names.into_iter().map(Into::into).collect()
}

impl File {
    pub(super) fn into_profile(self) -> DeviceProfile {
        let container = self.container.unwrap_or_else(|| self.name.clone());
        let basic = self.attestation == Some(AttestationName::Basic);
        let ctap = Profile {
            name: self.name,
            description: self.description,
            aaguid: self.aaguid,
            versions: all(self.versions),
            extensions: all(self.extensions),
            platform: self.platform,
            discoverable: self.discoverable,
            always_discoverable: self.always_discoverable,
            user_verification: self.user_verification.map_or(UserVerification::None, Into::into),
            always_verifies: self.always_verifies,
            always_uv: self.always_uv,
            make_cred_uv_not_rqd: self.make_cred_uv_not_rqd,
            max_uv_retries: self.max_uv_retries,
            max_uv_attempts: self.max_uv_attempts,
            preferred_platform_uv_attempts: self.preferred_platform_uv_attempts,
            uv_modality: self.uv_modality,
            max_fingerprints: self.max_fingerprints,
            fingerprint_samples: self.fingerprint_samples,
            uv_bio_enroll: self.uv_bio_enroll,
            counts_uv: self.counts_uv,
            client_pin: self.client_pin,
            pin_uv_auth_protocols: self.pin_uv_auth_protocols.iter().map(|number| number.0).collect(),
            pin_uv_auth_token: self.pin_uv_auth_token,
            no_mc_ga_permissions_with_client_pin: self.no_mc_ga_permissions_with_client_pin,
            max_pin_retries: self.max_pin_retries,
            min_pin_length: self.min_pin_length,
            max_pin_length: self.max_pin_length,
            pin_complexity_policy: self.pin_complexity_policy,
            pin_complexity_policy_url: self.pin_complexity_policy_url,
            cred_mgmt: self.cred_mgmt,
            per_cred_mgmt_ro: self.per_cred_mgmt_ro,
            config_commands: all(self.config_commands),
            vendor_prototype_config_commands: self.vendor_prototype_config_commands,
            uv_acfg: self.uv_acfg,
            enterprise_rp_ids: self.enterprise_rp_ids,
            max_rp_ids_for_set_min_pin_length: self.max_rp_ids_for_set_min_pin_length,
            long_touch_for_reset: self.long_touch_for_reset,
            transports_for_reset: self.transports_for_reset.map(all),
            reset_at_any_time: self.reset_at_any_time,
            max_serialized_large_blob_array: self.max_serialized_large_blob_array,
            max_cred_blob_length: self.max_cred_blob_length,
            max_large_blob_length: self.max_large_blob_length,
            algorithms: all(self.algorithms),
            attestation_formats: all(self.attestation_formats),
            default_format: self.default_format.map_or(Format::None, Into::into),
            attestation: basic.then(|| Arc::new(attestation::attestation(self.aaguid))),
            self_attestation: !basic,
            transports: all(self.transports),
            max_msg_size: self.max_msg_size,
            max_credential_count_in_list: self.max_credential_count_in_list,
            max_credential_id_length: self.max_credential_id_length,
            credential_id_length: self.credential_id_length,
            max_credentials: self.max_credentials,
            announces_remaining: self.announces_remaining,
            firmware_version: self.firmware_version,
            certifications: self.certifications,
            counter: self.counter.map_or(CounterPolicy::PerCredential, Into::into),
            backup: BackupPolicy { eligible: self.backup_eligible, backed_up: self.backed_up },
            empty_allow_list_is_absent: self.empty_allow_list_is_absent,
            several_per_allow_list: self.several_per_allow_list,
            user_action_timeout: self.user_action_timeout,
            prototype_commands: self.prototype_commands,
            announced: Announced::default(),
        };
        DeviceProfile { ctap, container, quirks: Vec::new() }
    }
}

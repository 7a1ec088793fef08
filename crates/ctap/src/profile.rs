//! What an authenticator is: a profile as plain data.

mod check;

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

pub use check::ProfileError;

use crate::{Algorithm, Attestation, Extension, Format, PinUvAuthProtocol};

/// A version string of getInfo.
///
/// Source: CTAP 2.3 §6.4, `versions` (0x01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// `U2F_V2`: CTAP1.
    U2fV2,
    /// `FIDO_2_0`.
    Fido20,
    /// `FIDO_2_1_PRE`: the prototype commands 0x40 and 0x41.
    Fido21Pre,
    /// `FIDO_2_1`.
    Fido21,
    /// `FIDO_2_3`.
    Fido23,
}

impl Version {
    /// The string on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::U2fV2 => "U2F_V2",
            Self::Fido20 => "FIDO_2_0",
            Self::Fido21Pre => "FIDO_2_1_PRE",
            Self::Fido21 => "FIDO_2_1",
            Self::Fido23 => "FIDO_2_3",
        }
    }

    /// Whether authenticatorSelection is part of it.
    pub(crate) fn has_selection(self) -> bool {
        matches!(self, Self::Fido21Pre | Self::Fido21 | Self::Fido23)
    }
}

/// How a platform reaches the authenticator.
///
/// Source: WebAuthn Level 3 §5.8.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// `usb`.
    Usb,
    /// `nfc`.
    Nfc,
    /// `ble`.
    Ble,
    /// `smart-card`.
    SmartCard,
    /// `hybrid`.
    Hybrid,
    /// `internal`.
    #[default]
    Internal,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Usb, Self::Nfc, Self::Ble, Self::SmartCard, Self::Hybrid, Self::Internal];

    /// The string on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Usb => "usb",
            Self::Nfc => "nfc",
            Self::Ble => "ble",
            Self::SmartCard => "smart-card",
            Self::Hybrid => "hybrid",
            Self::Internal => "internal",
        }
    }
}

/// How the authenticator verifies its user by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// Not at all.
    None,
    /// By a PIN typed on the device; configured once a PIN is set.
    Pin,
    /// By something that is always there, as a phone's lock screen.
    Always,
    /// By fingerprints; configured once one is enrolled (authenticatorBioEnrollment).
    Fingerprint,
}

/// A subcommand of authenticatorConfig.
///
/// Source: CTAP 2.3 §6.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ConfigCommand {
    /// `enableEnterpriseAttestation`.
    EnableEnterpriseAttestation = 0x01,
    /// `toggleAlwaysUv`.
    ToggleAlwaysUv = 0x02,
    /// `setMinPINLength`.
    SetMinPinLength = 0x03,
    /// `enableLongTouchForReset`.
    EnableLongTouchForReset = 0x04,
}

impl ConfigCommand {
    /// `vendorPrototype`, which [`Profile::vendor_prototype_config_commands`] are behind.
    pub(crate) const VENDOR_PROTOTYPE: u8 = 0xff;

    /// All of them but `vendorPrototype`.
    pub const ALL: [Self; 4] = [
        Self::EnableEnterpriseAttestation,
        Self::ToggleAlwaysUv,
        Self::SetMinPinLength,
        Self::EnableLongTouchForReset,
    ];
}

/// What the signature counter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterPolicy {
    /// 0 at creation, one more at each assertion, each credential for itself.
    PerCredential,
    /// Always 0: not supported.
    Zero,
}

/// The bits BE and BS of new credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupPolicy {
    /// BE.
    pub eligible: bool,
    /// BS, only with BE.
    pub backed_up: bool,
}

/// What an authenticator is and does. What it does and what getInfo says are apart where real devices differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name, as `windows-hello-software`.
    pub name: String,
    /// What it imitates, for people.
    pub description: String,
    /// Its model.
    pub aaguid: Uuid,
    /// Version strings of getInfo.
    pub versions: Vec<Version>,
    /// The extensions it has.
    pub extensions: Vec<Extension>,
    /// `plat`: part of the platform, not a roaming device.
    pub platform: bool,
    /// `rk`: can keep discoverable credentials.
    pub discoverable: bool,
    /// Keeps every credential as a discoverable one, whatever `rk` says ("for hello they are always resident").
    pub always_discoverable: bool,

    /// How it verifies users by itself.
    pub user_verification: UserVerification,
    /// Verifies in every ceremony, as `alwaysUv` does, without saying so in getInfo.
    pub always_verifies: bool,
    /// `alwaysUv` as it leaves the factory; absent where it is not supported.
    pub always_uv: Option<bool>,
    /// Non-discoverable credentials may be made without verification.
    pub make_cred_uv_not_rqd: bool,
    /// `maxUvRetries`: wrong attempts until built-in verification is blocked, 1 to 25.
    pub max_uv_retries: u8,
    /// `maxUvAttemptsForInternalRetries`: attempts within one ceremony, 1 to 5.
    pub max_uv_attempts: u8,
    /// `preferredPlatformUvAttempts`.
    pub preferred_platform_uv_attempts: Option<u8>,
    /// `uvModality`: bit flags of the FIDO registry.
    pub uv_modality: Option<u32>,
    /// How many fingerprints can be enrolled.
    pub max_fingerprints: u8,
    /// How many samples an enrolment takes.
    pub fingerprint_samples: u8,
    /// `uvBioEnroll`: the permission `be` can be had with built-in verification.
    pub uv_bio_enroll: bool,
    /// Counts `uvCountSinceLastPinEntry`.
    pub counts_uv: bool,

    /// `clientPin`: has a PIN that the platform collects.
    pub client_pin: bool,
    /// `pinUvAuthProtocols`, the favourite first.
    pub pin_uv_auth_protocols: Vec<PinUvAuthProtocol>,
    /// `pinUvAuthToken`: tokens have permissions. A PIN without it has CTAP 2.0's tokens: good for everything, until the
    /// power is cut.
    pub pin_uv_auth_token: bool,
    /// `noMcGaPermissionsWithClientPin`: a token got with the PIN cannot make or use credentials.
    pub no_mc_ga_permissions_with_client_pin: bool,
    /// The most wrong PINs until it is blocked, 1 to 8.
    pub max_pin_retries: u8,
    /// `minPINLength` as it leaves the factory, in code points.
    pub min_pin_length: u8,
    /// `maxPINLength` in code points, 8 to 63.
    pub max_pin_length: u8,
    /// `pinComplexityPolicy` as it leaves the factory; absent where there is none.
    pub pin_complexity_policy: Option<bool>,
    /// `pinComplexityPolicyURL`.
    pub pin_complexity_policy_url: Option<String>,

    /// `credMgmt`: authenticatorCredentialManagement.
    pub cred_mgmt: bool,
    /// `perCredMgmtRO`: the persistent token for reading.
    pub per_cred_mgmt_ro: bool,
    /// The subcommands of authenticatorConfig; `authnrCfg` if there are any, and `ep` and `setMinPINLength` by theirs.
    pub config_commands: Vec<ConfigCommand>,
    /// `vendorPrototypeConfigCommands`: ids of a vendor's commands. They are taken, and do nothing.
    pub vendor_prototype_config_commands: Vec<u64>,
    /// `uvAcfg`: the permission `acfg` can be had with built-in verification.
    pub uv_acfg: bool,
    /// The RP IDs that get vendor-facilitated enterprise attestation.
    pub enterprise_rp_ids: Vec<String>,
    /// `maxRPIDsForSetMinPINLength`.
    pub max_rp_ids_for_set_min_pin_length: u32,
    /// `longTouchForReset` as it leaves the factory; absent where it is not supported.
    pub long_touch_for_reset: Option<bool>,
    /// `transportsForReset`; every one if absent.
    pub transports_for_reset: Option<Vec<Transport>>,
    /// May be reset at any time, as one with a display; else only within 10 seconds of power-up.
    pub reset_at_any_time: bool,
    /// `maxSerializedLargeBlobArray`: authenticatorLargeBlobs, and how many bytes it keeps.
    pub max_serialized_large_blob_array: Option<u32>,
    /// `maxCredBlobLength`.
    pub max_cred_blob_length: u32,
    /// The longest blob that the extension `largeBlob` keeps with a credential.
    pub max_large_blob_length: u32,

    /// What it can sign with, most preferred first.
    pub algorithms: Vec<Algorithm>,
    /// The attestation formats it has besides `none`, most preferred first.
    pub attestation_formats: Vec<Format>,
    /// The format that is used when the platform names no preference.
    pub default_format: Format,
    /// The batch's attestation key; needed by U2F, by enterprise attestation, and by `packed` unless it is
    /// self attestation.
    pub attestation: Option<Arc<Attestation>>,
    /// `packed` is self attestation.
    pub self_attestation: bool,
    /// How it is reached.
    pub transports: Vec<Transport>,
    /// The longest request in bytes; 1,024 if absent.
    pub max_msg_size: Option<u32>,
    /// The longest allow or exclude list.
    pub max_credential_count_in_list: Option<u32>,
    /// The longest credential id that getInfo announces, in bytes.
    pub max_credential_id_length: Option<u32>,
    /// The length of the ids of stored credentials, 16 to 1,023 bytes.
    pub credential_id_length: u16,
    /// How many credentials fit; unlimited if absent.
    pub max_credentials: Option<u32>,
    /// Announces `remainingDiscoverableCredentials`.
    pub announces_remaining: bool,
    /// Announced firmware version.
    pub firmware_version: Option<u32>,
    /// `certifications`: names of programmes and the levels reached.
    pub certifications: BTreeMap<String, u32>,
    /// The signature counter.
    pub counter: CounterPolicy,
    /// BE and BS.
    pub backup: BackupPolicy,
    /// Takes an empty allow list for an absent one, as many CTAP 2.0 devices do.
    pub empty_allow_list_is_absent: bool,
    /// Every credential of an allow list answers, one after the other, as CTAP 2.0 devices do.
    pub several_per_allow_list: bool,
    /// A user who does nothing in makeCredential and getAssertion is USER_ACTION_TIMEOUT, as with many keys, instead of
    /// OPERATION_DENIED (§6.1.2 step 14, §6.2.2 step 9).
    pub user_action_timeout: bool,
    /// Takes the commands 0x40 and 0x41 of `FIDO_2_1_PRE`, which are vendor commands otherwise, also without that
    /// version: libfido2 1.12 sends these alone.
    pub prototype_commands: bool,
    /// What getInfo says instead of what is true.
    pub announced: Announced,
}

/// Where getInfo differs from what the authenticator does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Leaves the `uv` option out.
    pub without_uv: bool,
    /// Leaves maxMsgSize out.
    pub without_max_msg_size: bool,
    /// These algorithms instead of the real ones.
    pub algorithms: Option<Vec<Algorithm>>,
    /// A minPINLength although there is no clientPin option.
    pub min_pin_length: Option<u32>,
}

impl Profile {
    /// The least that CTAP 2.0 asks for: ES256 without attestation, one button, over USB, and nothing that may be missing.
    pub fn new(name: impl Into<String>, aaguid: Uuid) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            aaguid,
            versions: vec![Version::Fido20],
            extensions: Vec::new(),
            platform: false,
            discoverable: false,
            always_discoverable: false,
            user_verification: UserVerification::None,
            always_verifies: false,
            always_uv: None,
            make_cred_uv_not_rqd: false,
            max_uv_retries: 5,
            max_uv_attempts: 1,
            preferred_platform_uv_attempts: None,
            uv_modality: None,
            max_fingerprints: 5,
            fingerprint_samples: 3,
            uv_bio_enroll: false,
            counts_uv: false,
            client_pin: false,
            pin_uv_auth_protocols: Vec::new(),
            pin_uv_auth_token: false,
            no_mc_ga_permissions_with_client_pin: false,
            max_pin_retries: 8,
            min_pin_length: 4,
            max_pin_length: 63,
            pin_complexity_policy: None,
            pin_complexity_policy_url: None,
            cred_mgmt: false,
            per_cred_mgmt_ro: false,
            config_commands: Vec::new(),
            vendor_prototype_config_commands: Vec::new(),
            uv_acfg: false,
            enterprise_rp_ids: Vec::new(),
            max_rp_ids_for_set_min_pin_length: 8,
            long_touch_for_reset: None,
            transports_for_reset: None,
            reset_at_any_time: false,
            max_serialized_large_blob_array: None,
            max_cred_blob_length: 32,
            max_large_blob_length: 2048,
            algorithms: vec![Algorithm::Es256],
            attestation_formats: Vec::new(),
            default_format: Format::None,
            attestation: None,
            self_attestation: true,
            transports: vec![Transport::Usb],
            max_msg_size: None,
            max_credential_count_in_list: None,
            max_credential_id_length: None,
            credential_id_length: 32,
            max_credentials: None,
            announces_remaining: false,
            firmware_version: None,
            certifications: BTreeMap::new(),
            counter: CounterPolicy::PerCredential,
            backup: BackupPolicy::default(),
            empty_allow_list_is_absent: false,
            several_per_allow_list: false,
            user_action_timeout: false,
            prototype_commands: false,
            announced: Announced::default(),
        }
    }

    /// Checks that the profile keeps the promises it announces.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] with every contradiction, among them the mandatory features missing for a version string.
    ///
    /// Source: CTAP 2.3 §6.4 and §9.
    pub fn check(&self) -> Result<(), ProfileError> {
        check::check(self)
    }

    /// The longest request in bytes.
    pub fn message_limit(&self) -> usize {
        self.max_msg_size.map_or(1024, |size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// Whether it speaks CTAP2.
    pub fn speaks_ctap2(&self) -> bool {
        self.versions.iter().any(|version| *version != Version::U2fV2)
    }

    /// Whether it has this version string.
    pub fn has_version(&self, version: Version) -> bool {
        self.versions.contains(&version)
    }

    /// Whether it takes the prototypes of commands.
    pub(crate) fn takes_prototypes(&self) -> bool {
        self.prototype_commands || self.has_version(Version::Fido21Pre)
    }

    /// Whether it has this extension.
    pub fn has(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }

    /// Whether it has this subcommand of authenticatorConfig.
    pub fn can_configure(&self, command: ConfigCommand) -> bool {
        self.config_commands.contains(&command)
    }

    /// Whether the user can be verified by built-in means, once that is set up.
    pub fn has_built_in_uv(&self) -> bool {
        self.user_verification != UserVerification::None
    }

    /// Whether fingerprints are enrolled by authenticatorBioEnrollment.
    pub fn enrolls_fingerprints(&self) -> bool {
        self.user_verification == UserVerification::Fingerprint
    }

    /// Whether it is a key of CTAP 2.0, where that differs from later editions. Its tokens are good for everything, until the
    /// power is cut or the PIN changed.
    pub(crate) fn is_of_ctap_2_0(&self) -> bool {
        self.client_pin && !self.pin_uv_auth_token
    }

    /// The names of the supported algorithms, for people.
    pub(crate) fn algorithm_names(&self) -> String {
        self.algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
    }
}

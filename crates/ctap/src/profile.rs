//! What an authenticator is: a profile as plain data.

use std::fmt;

use uuid::Uuid;

use crate::{Algorithm, Format, sealed};

/// A version string of getInfo.
///
/// Source: CTAP 2.3 §6.4, `versions` (0x01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// `FIDO_2_0`.
    Fido20,
    /// `FIDO_2_1`.
    Fido21,
    /// `FIDO_2_3`.
    Fido23,
}

impl Version {
    /// The string on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Fido20 => "FIDO_2_0",
            Self::Fido21 => "FIDO_2_1",
            Self::Fido23 => "FIDO_2_3",
        }
    }

    /// The features that this version makes mandatory and that are not implemented yet.
    fn unmet(self) -> &'static [&'static str] {
        match self {
            Self::Fido20 => &[],
            Self::Fido21 | Self::Fido23 => {
                &["clientPin or pinUvAuthToken", "credMgmt", "credProtect", "hmac-secret"]
            }
        }
    }
}

/// How a platform reaches the authenticator.
///
/// Source: WebAuthn Level 3 §5.8.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// `plat`: part of the platform, not a roaming device.
    pub platform: bool,
    /// `rk`: can keep discoverable credentials.
    pub discoverable: bool,
    /// Keeps every credential as a discoverable one, whatever `rk` says ("for hello they are always resident").
    pub always_discoverable: bool,
    /// How it verifies users.
    pub user_verification: UserVerification,
    /// Verifies in every ceremony, as `alwaysUv` does, without saying so in getInfo.
    pub always_verifies: bool,
    /// Non-discoverable credentials may be made without verification.
    pub make_cred_uv_not_rqd: bool,
    /// `maxUvRetries`: wrong attempts until built-in verification is blocked, 1 to 25.
    pub max_uv_retries: u8,
    /// `maxUvAttemptsForInternalRetries`: attempts within one ceremony, 1 to 5.
    pub max_uv_attempts: u8,
    /// What it can sign with, most preferred first.
    pub algorithms: Vec<Algorithm>,
    /// The attestation formats it has besides `none`, most preferred first.
    pub attestation_formats: Vec<Format>,
    /// The format that is used when the platform names no preference.
    pub default_format: Format,
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
    /// Announced firmware version.
    pub firmware_version: Option<u32>,
    /// The signature counter.
    pub counter: CounterPolicy,
    /// BE and BS.
    pub backup: BackupPolicy,
    /// Takes an empty allow list for an absent one, as many CTAP 2.0 devices do.
    pub empty_allow_list_is_absent: bool,
    /// Has a display: chooses on the device, and may be reset at any time.
    pub reset_at_any_time: bool,
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

/// What makes a profile impossible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the profile `{profile}` is not possible: {}", problems.join("; "))]
pub struct ProfileError {
    /// The profile's name.
    pub profile: String,
    /// Every contradiction found.
    pub problems: Vec<String>,
}

impl Profile {
    /// Checks that the profile keeps the promises it announces.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] with every contradiction, among them the mandatory features missing for a version string.
    ///
    /// Source: CTAP 2.3 §6.4 and §9.
    pub fn check(&self) -> Result<(), ProfileError> {
        let mut problems = Vec::new();
        let mut claim = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned());
            }
        };
        claim(!self.versions.is_empty(), "`versions` is empty");
        claim(!self.algorithms.is_empty(), "`algorithms` is empty");
        claim(!self.transports.is_empty(), "`transports` is empty");
        claim(unique(&self.algorithms), "`algorithms` lists one twice");
        claim(unique(&self.transports), "`transports` lists one twice");
        claim(!self.attestation_formats.contains(&Format::None), "`attestation-formats` may not list `none`");
        claim(
            self.default_format == Format::None || self.attestation_formats.contains(&self.default_format),
            "`default-format` is not among `attestation-formats`",
        );
        claim((1..=25).contains(&self.max_uv_retries), "`max-uv-retries` is not 1 to 25");
        claim((1..=5).contains(&self.max_uv_attempts), "`max-uv-attempts` is not 1 to 5");
        claim((16..=1023).contains(&self.credential_id_length), "`credential-id-length` is not 16 to 1023");
        claim(
            self.max_msg_size.is_none_or(|size| (1024..=65_536).contains(&size)),
            "`max-msg-size` is not 1024 to 65536",
        );
        claim(self.max_credential_count_in_list != Some(0), "`max-credential-count-in-list` is 0");
        claim(
            self.max_credential_id_length.is_none_or(|max| max >= u32::from(self.credential_id_length)),
            "`max-credential-id-length` is less than `credential-id-length`",
        );
        claim(self.backup.eligible || !self.backup.backed_up, "`backed-up` needs `backup-eligible`");
        claim(self.discoverable || !self.always_discoverable, "`always-discoverable` needs `discoverable`");
        claim(
            self.user_verification != UserVerification::None || !self.always_verifies,
            "`always-verifies` needs a way to verify",
        );
        let sealed = self.algorithms.iter().map(|algorithm| sealed::id_length(*algorithm)).max();
        claim(
            self.always_discoverable || self.max_credential_id_length.is_none_or(|max| Some(max) >= sealed),
            "`max-credential-id-length` is less than a non-discoverable credential's id needs (73 bytes; RS256: 299)",
        );
        for version in &self.versions {
            let unmet = version.unmet();
            if !unmet.is_empty() {
                problems.push(format!("{} needs {}", version.identifier(), unmet.join(", ")));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(ProfileError { profile: self.name.clone(), problems }) }
    }

    /// The longest request in bytes.
    pub fn message_limit(&self) -> usize {
        self.max_msg_size.map_or(1024, |size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// The names of the supported algorithms, for people.
    pub(crate) fn algorithm_names(&self) -> String {
        self.algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
    }
}

fn unique<T: PartialEq + fmt::Debug>(list: &[T]) -> bool {
    list.iter().enumerate().all(|(at, item)| !list.iter().take(at).any(|earlier| earlier == item))
}

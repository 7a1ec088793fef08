//! Profiles as TOML.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use softhello_ctap::{
    Algorithm, Announced, BackupPolicy, CounterPolicy, Format, Profile, ProfileError, Transport,
    UserVerification, Version,
};
use uuid::Uuid;

/// A profile, with what a device adds to what `softhello-ctap` knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceProfile {
    /// What the authenticator is and does.
    pub ctap: Profile,
    /// Whose container it uses: profiles with the same name here share an account's passkeys, others never see them.
    pub container: String,
    /// What was changed by name.
    pub quirks: Vec<Quirk>,
}

/// A named departure from a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quirk {
    /// getInfo as in Windows Hello's certification metadata: no `uv` option, RS256 only, minPINLength 4.
    AsCertified,
}

/// Why a profile cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileFileError {
    /// No built-in profile of this name.
    #[error("there is no profile `{name}`; there are {}", DeviceProfile::BUILT_IN.join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// No quirk of this name.
    #[error("there is no quirk `{name}`; there is as-certified")]
    UnknownQuirk {
        /// The name.
        name: String,
    },
    /// More text than a profile has.
    #[error("a profile has at most {max} bytes, not {len}")]
    TooLarge {
        /// Its length.
        len: usize,
        /// The longest allowed.
        max: usize,
    },
    /// Not TOML, or not a profile.
    #[error("not a profile: {0}")]
    Syntax(String),
    /// A profile that contradicts itself.
    #[error(transparent)]
    Impossible(#[from] ProfileError),
}

impl Quirk {
    fn name(self) -> &'static str {
        match self {
            Self::AsCertified => "as-certified",
        }
    }

    fn apply(self, profile: &mut Profile) {
        match self {
            Self::AsCertified => {
                // FIDO MDS entries of the three Windows Hello authenticators, blobs 9 to 31.
                profile.announced = Announced {
                    without_uv: true,
                    without_max_msg_size: true,
                    algorithms: Some(vec![Algorithm::Rs256]),
                    min_pin_length: Some(4),
                };
            }
        }
    }
}

impl FromStr for Quirk {
    type Err = ProfileFileError;

    fn from_str(name: &str) -> Result<Self, ProfileFileError> {
        match name {
            "as-certified" => Ok(Self::AsCertified),
            _ => Err(ProfileFileError::UnknownQuirk { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl DeviceProfile {
    /// The names of the built-in profiles, the default first.
    pub const BUILT_IN: [&'static str; 3] = ["windows-hello-software", "security-key", "synced-passkey"];

    /// The longest text of a profile in bytes.
    pub const MAX_LEN: usize = 64 * 1024;

    /// A built-in profile, with quirks after plus signs: `windows-hello-software+as-certified`.
    ///
    /// # Errors
    ///
    /// [`ProfileFileError::Unknown`] or [`ProfileFileError::UnknownQuirk`].
    pub fn built_in(name: &str) -> Result<Self, ProfileFileError> {
        let mut parts = name.split('+');
        let base = parts.next().unwrap_or_default();
        let text = match base {
            "windows-hello-software" => include_str!("../profiles/windows-hello-software.toml"),
            "security-key" => include_str!("../profiles/security-key.toml"),
            "synced-passkey" => include_str!("../profiles/synced-passkey.toml"),
            _ => return Err(ProfileFileError::Unknown { name: base.to_owned() }),
        };
        let mut profile = Self::from_toml(text)?;
        for quirk in parts {
            profile.add(quirk.parse()?);
        }
        Ok(profile)
    }

    /// Windows Hello's software authenticator, the default.
    ///
    /// # Panics
    ///
    /// Never: a test loads every built-in profile.
    pub fn windows_hello_software() -> Self {
        Self::built_in("windows-hello-software").expect("a built-in profile loads")
    }

    /// Reads a profile and checks it.
    ///
    /// # Errors
    ///
    /// [`ProfileFileError`] if it is too long, no TOML, has unknown or wrong members, or contradicts itself.
    pub fn from_toml(text: &str) -> Result<Self, ProfileFileError> {
        if text.len() > Self::MAX_LEN {
            return Err(ProfileFileError::TooLarge { len: text.len(), max: Self::MAX_LEN });
        }
        let file: File = toml::from_str(text).map_err(|error| ProfileFileError::Syntax(error.to_string()))?;
        let quirks = file.quirks.clone();
        let mut profile = file.into_profile();
        quirks.into_iter().for_each(|quirk| profile.add(quirk));
        profile.ctap.check()?;
        Ok(profile)
    }

    fn add(&mut self, quirk: Quirk) {
        quirk.apply(&mut self.ctap);
        self.quirks.push(quirk);
    }
}

/// A profile's TOML. The member names are those of the documentation in `docs/profiles.md`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    description: String,
    container: Option<String>,
    aaguid: Uuid,
    versions: Vec<VersionName>,
    #[serde(default)]
    platform: bool,
    #[serde(default)]
    discoverable: bool,
    #[serde(default)]
    always_discoverable: bool,
    user_verification: Option<UserVerificationName>,
    #[serde(default)]
    always_verifies: bool,
    #[serde(default)]
    make_cred_uv_not_rqd: bool,
    #[serde(default = "five")]
    max_uv_retries: u8,
    #[serde(default = "one")]
    max_uv_attempts: u8,
    algorithms: Vec<AlgorithmName>,
    #[serde(default)]
    attestation_formats: Vec<FormatName>,
    default_format: Option<FormatName>,
    transports: Vec<TransportName>,
    max_msg_size: Option<u32>,
    max_credential_count_in_list: Option<u32>,
    max_credential_id_length: Option<u32>,
    #[serde(default = "thirty_two")]
    credential_id_length: u16,
    max_credentials: Option<u32>,
    firmware_version: Option<u32>,
    counter: Option<CounterName>,
    #[serde(default)]
    backup_eligible: bool,
    #[serde(default)]
    backed_up: bool,
    #[serde(default)]
    empty_allow_list_is_absent: bool,
    #[serde(default)]
    reset_at_any_time: bool,
    #[serde(default)]
    quirks: Vec<Quirk>,
}

fn five() -> u8 {
    5
}

fn one() -> u8 {
    1
}

fn thirty_two() -> u16 {
    32
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

names!(VersionName for Version { Fido20 = "FIDO_2_0", Fido21 = "FIDO_2_1", Fido23 = "FIDO_2_3" });
names!(AlgorithmName for Algorithm { Es256 = "ES256", EdDsa = "EdDSA", Rs256 = "RS256" });
names!(FormatName for Format { None = "none", PackedSelf = "packed" });
names!(UserVerificationName for UserVerification { None = "none", Pin = "pin", Always = "always" });
names!(CounterName for CounterPolicy { PerCredential = "per-credential", Zero = "zero" });
names!(TransportName for Transport {
    Usb = "usb",
    Nfc = "nfc",
    Ble = "ble",
    SmartCard = "smart-card",
    Hybrid = "hybrid",
    Internal = "internal",
});

fn all<Name: Into<Target>, Target>(names: Vec<Name>) -> Vec<Target> {
    names.into_iter().map(Into::into).collect()
}

impl File {
    fn into_profile(self) -> DeviceProfile {
        let container = self.container.unwrap_or_else(|| self.name.clone());
        let ctap = Profile {
            name: self.name,
            description: self.description,
            aaguid: self.aaguid,
            versions: all(self.versions),
            platform: self.platform,
            discoverable: self.discoverable,
            always_discoverable: self.always_discoverable,
            user_verification: self.user_verification.map_or(UserVerification::None, Into::into),
            always_verifies: self.always_verifies,
            make_cred_uv_not_rqd: self.make_cred_uv_not_rqd,
            max_uv_retries: self.max_uv_retries,
            max_uv_attempts: self.max_uv_attempts,
            algorithms: all(self.algorithms),
            attestation_formats: all(self.attestation_formats),
            default_format: self.default_format.map_or(Format::None, Into::into),
            transports: all(self.transports),
            max_msg_size: self.max_msg_size,
            max_credential_count_in_list: self.max_credential_count_in_list,
            max_credential_id_length: self.max_credential_id_length,
            credential_id_length: self.credential_id_length,
            max_credentials: self.max_credentials,
            firmware_version: self.firmware_version,
            counter: self.counter.map_or(CounterPolicy::PerCredential, Into::into),
            backup: BackupPolicy { eligible: self.backup_eligible, backed_up: self.backed_up },
            empty_allow_list_is_absent: self.empty_allow_list_is_absent,
            reset_at_any_time: self.reset_at_any_time,
            announced: Announced::default(),
        };
        DeviceProfile { ctap, container, quirks: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_loads_under_its_name() {
        for name in DeviceProfile::BUILT_IN {
            let profile = DeviceProfile::built_in(name).expect("a built-in profile");
            assert_eq!(profile.ctap.name, name);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        let hello = include_str!("../profiles/windows-hello-software.toml");
        for (name, find, replace, want) in [
            ("unknown member", "platform = true", "plattform = true", "unknown field `plattform`"),
            ("unknown name", "\"ES256\"", "\"ES999\"", "unknown variant `ES999`"),
            ("no algorithm", "[\"ES256\", \"RS256\"]", "[]", "`algorithms` is empty"),
            ("a version without its features", "FIDO_2_0", "FIDO_2_3", "FIDO_2_3 needs "),
            (
                "ids longer than announced",
                "credential-id-length = 32\nfirm",
                "credential-id-length = 64\nfirm",
                "is less than",
            ),
            (
                "too many attempts",
                "max-uv-attempts = 3",
                "max-uv-attempts = 9",
                "`max-uv-attempts` is not 1 to 5",
            ),
        ] {
            assert!(hello.contains(find), "{name}");
            let error = DeviceProfile::from_toml(&hello.replace(find, replace)).expect_err(name).to_string();
            assert!(error.contains(want), "{name}: {error}");
        }
    }

    #[test]
    fn quirks_are_named_after_a_plus() {
        let profile = DeviceProfile::built_in("windows-hello-software+as-certified").expect("a profile");
        assert_eq!(profile.quirks, [Quirk::AsCertified]);
        assert!(profile.ctap.announced.without_uv);
        assert!(DeviceProfile::built_in("windows-hello-software+nonsense").is_err());
    }
}

//! Profiles by name, and what can be changed about them by name.

mod file;

use std::{fmt, str::FromStr};

use serde::Deserialize;
use softhello_ctap::{Algorithm, Announced, Extension, Profile, ProfileError, Version};

use file::File;

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
    /// An empty allow list is taken for an absent one, as by many CTAP 2.0 devices.
    EmptyAllowListIsAbsent,
    /// The version `FIDO_2_1_PRE`, with the prototype commands 0x40 and 0x41.
    #[serde(rename = "fido-2-1-pre")]
    Fido21Pre,
    /// The extension largeBlob instead of largeBlobKey and authenticatorLargeBlobs.
    LargeBlob,
    /// A reset is possible at any time.
    ResetAtAnyTime,
    /// A user who does nothing is USER_ACTION_TIMEOUT in makeCredential and getAssertion, as with many keys.
    UserActionTimeout,
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
    #[error("there is no quirk `{name}`; there are {}", Quirk::names())]
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
    const ALL: [Self; 6] = [
        Self::AsCertified,
        Self::EmptyAllowListIsAbsent,
        Self::Fido21Pre,
        Self::LargeBlob,
        Self::ResetAtAnyTime,
        Self::UserActionTimeout,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::AsCertified => "as-certified",
            Self::EmptyAllowListIsAbsent => "empty-allow-list-is-absent",
            Self::Fido21Pre => "fido-2-1-pre",
            Self::LargeBlob => "large-blob",
            Self::ResetAtAnyTime => "reset-at-any-time",
            Self::UserActionTimeout => "user-action-timeout",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
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
            Self::EmptyAllowListIsAbsent => profile.empty_allow_list_is_absent = true,
            Self::Fido21Pre => {
                let before = profile.versions.iter().position(|version| *version == Version::Fido21);
                profile.versions.insert(before.unwrap_or(profile.versions.len()), Version::Fido21Pre);
            }
            Self::LargeBlob => {
                profile.max_serialized_large_blob_array = None;
                profile.extensions.retain(|extension| *extension != Extension::LargeBlobKey);
                profile.extensions.push(Extension::LargeBlob);
            }
            Self::ResetAtAnyTime => profile.reset_at_any_time = true,
            Self::UserActionTimeout => profile.user_action_timeout = true,
        }
    }
}

impl FromStr for Quirk {
    type Err = ProfileFileError;

    fn from_str(name: &str) -> Result<Self, ProfileFileError> {
        let found = Self::ALL.into_iter().find(|quirk| quirk.name() == name);
        found.ok_or_else(|| ProfileFileError::UnknownQuirk { name: name.to_owned() })
    }
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl DeviceProfile {
    /// The names of the built-in profiles, the default first.
    pub const BUILT_IN: [&'static str; 5] =
        ["windows-hello-software", "security-key", "security-key-2.0", "u2f-key", "synced-passkey"];

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
            "security-key-2.0" => include_str!("../profiles/security-key-2.0.toml"),
            "u2f-key" => include_str!("../profiles/u2f-key.toml"),
            "synced-passkey" => include_str!("../profiles/synced-passkey.toml"),
            _ => return Err(ProfileFileError::Unknown { name: base.to_owned() }),
        };
        let mut profile = Self::from_toml(text)?;
        for quirk in parts {
            profile.add(quirk.parse()?);
        }
        profile.ctap.check()?;
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

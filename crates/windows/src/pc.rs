//! The facts of a computer: its Windows, what protects its keys, whose it is, and where its user sits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use softhello_ctap::{Algorithm, Timestamp};
use softhello_device::DeviceProfile;

use crate::{hello::PinPolicy, tenant::HELLO_AAGUIDS, webauthn_h::ApiVersion};

/// How a computer belongs to an organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// Not at all.
    #[default]
    Unmanaged,
    /// Entra joined: work accounts sign in to Windows.
    EntraJoined,
    /// Joined to a domain and to Entra.
    HybridJoined,
    /// Entra registered: a work account is added to an account of one's own.
    EntraRegistered,
}

/// A version of Windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum WindowsVersion {
    /// Windows 10 1903: webauthn.h for the first time.
    #[serde(rename = "10-1903")]
    W10v1903,
    /// Windows 11 21H2.
    #[serde(rename = "11-21h2")]
    W11v21H2,
    /// Windows 11 22H2: ECC keys, and the page Passkeys in Settings.
    #[serde(rename = "11-22h2")]
    W11v22H2,
    /// Windows 11 23H2.
    #[serde(rename = "11-23h2")]
    W11v23H2,
    /// Windows 11 24H2.
    #[serde(rename = "11-24h2")]
    W11v24H2,
    /// Windows 11 25H2.
    #[default]
    #[serde(rename = "11-25h2")]
    W11v25H2,
}

/// Where somebody sits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// At the computer.
    #[default]
    Local,
    /// In a Remote Desktop session of it.
    Remote,
    /// The same, with the WebAuthn requests of the session redirected to Windows Hello of the computer that one sits at.
    RemoteRedirected,
}

/// What protects keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tpm {
    /// A TPM 2.0 that works.
    Usable,
    /// The same behind virtualisation-based security. What makes Windows choose it is not documented.
    UsableByVbs,
    /// None, or one that does not work.
    #[default]
    Unusable,
}

/// The facts of a computer.
#[derive(Clone, Debug)]
pub struct Pc {
    /// Its name.
    pub name: String,
    /// How it belongs to an organisation.
    pub join: Join,
    /// Its Windows.
    pub windows: WindowsVersion,
    /// The version of its webauthn.h, if it is another than its Windows came with.
    pub api: Option<u32>,
    /// What protects its keys.
    pub tpm: Tpm,
    /// A policy wants hardware: without a TPM that works there is no Windows Hello.
    pub requires_tpm: bool,
    /// The policy for Windows Hello for Business is enabled.
    pub whfb_policy: bool,
    /// Where the user sits.
    pub session: SessionKind,
    /// The rules for PINs.
    pub pin_policy: PinPolicy,
}

impl Default for Pc {
    fn default() -> Self {
        Self {
            name: "DESKTOP-ADA".to_owned(),
            join: Join::default(),
            windows: WindowsVersion::default(),
            api: None,
            tpm: Tpm::default(),
            requires_tpm: false,
            whfb_policy: false,
            session: SessionKind::default(),
            pin_policy: PinPolicy::default(),
        }
    }
}

impl WindowsVersion {
    /// When it was released: 00:00 UTC of the first day of that month.
    pub fn released(self) -> Timestamp {
        Timestamp(match self {
            Self::W10v1903 => 1_556_668_800_000,
            Self::W11v21H2 => 1_633_046_400_000,
            Self::W11v22H2 => 1_661_990_400_000,
            Self::W11v23H2 => 1_696_118_400_000,
            Self::W11v24H2 => 1_727_740_800_000,
            Self::W11v25H2 => 1_756_684_800_000,
        })
    }

    /// The version of the webauthn.h that it comes with.
    ///
    /// Reported for 1903 (1), 21H2 (3) and 25H2 (9). The others are assumed: 4 is the least that the page Passkeys of
    /// 22H2 needs.
    pub fn api(self) -> ApiVersion {
        ApiVersion(match self {
            Self::W10v1903 => 1,
            Self::W11v21H2 => 3,
            Self::W11v22H2 => 4,
            Self::W11v23H2 => 7,
            Self::W11v24H2 => 8,
            Self::W11v25H2 => 9,
        })
    }

    /// Whether Windows Hello makes ECC keys. Source: Microsoft, WebAuthn APIs: from Windows 11 22H2.
    pub fn has_ecc(self) -> bool {
        self >= Self::W11v22H2
    }

    /// Whether Settings has the page Accounts > Passkeys. Source: Microsoft, support for passkeys in Windows: 22H2.
    pub fn has_passkeys_page(self) -> bool {
        self >= Self::W11v22H2
    }
}

impl Pc {
    /// The version of its webauthn.h.
    pub fn api(&self) -> ApiVersion {
        self.api.map_or_else(|| self.windows.api(), ApiVersion)
    }

    /// Whether Windows Hello can be used at all: software is the fallback, unless a policy wants hardware.
    pub fn has_hello(&self) -> bool {
        self.tpm != Tpm::Unusable || !self.requires_tpm
    }

    /// Whether it is known to an organisation.
    pub fn is_managed(&self) -> bool {
        self.join != Join::Unmanaged
    }

    /// Whether a work account itself signs in to Windows.
    pub fn is_joined(&self) -> bool {
        matches!(self.join, Join::EntraJoined | Join::HybridJoined)
    }

    /// What events call its keys.
    pub(crate) fn key_type(&self) -> &'static str {
        if self.tpm == Tpm::Unusable { "software" } else { "hardware" }
    }

    /// Its Windows Hello: the TPM is preferred, software is the fallback. ECC keys came with Windows 11 22H2.
    ///
    /// No attestation of a TPM is made. It is best effort in Windows too, and where it fails, `direct` is answered by
    /// `none` under the same AAGUID: that is what hardware does here.
    pub fn hello(&self) -> DeviceProfile {
        let mut profile = DeviceProfile::windows_hello_software();
        let [hardware, vbs, software] = HELLO_AAGUIDS;
        let (name, aaguid) = match self.tpm {
            Tpm::Usable => ("windows-hello-hardware", hardware),
            Tpm::UsableByVbs => ("windows-hello-vbs", vbs),
            Tpm::Unusable => ("windows-hello-software", software),
        };
        profile.ctap.name = name.to_owned();
        profile.ctap.aaguid = aaguid;
        if self.tpm != Tpm::Unusable {
            profile.ctap.attestation_formats.clear();
        }
        if !self.windows.has_ecc() {
            profile.ctap.algorithms = vec![Algorithm::Rs256];
        }
        profile
    }
}

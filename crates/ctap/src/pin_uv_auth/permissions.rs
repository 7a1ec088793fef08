//! What a token is good for.

use std::fmt;

/// A set of permissions of a pinUvAuthToken.
///
/// Source: CTAP 2.3 §6.5.5.7, "pinUvAuthToken permissions".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// `mc`: authenticatorMakeCredential.
    pub const MC: Self = Self(0x01);
    /// `ga`: authenticatorGetAssertion.
    pub const GA: Self = Self(0x02);
    /// `cm`: authenticatorCredentialManagement.
    pub const CM: Self = Self(0x04);
    /// `be`: authenticatorBioEnrollment.
    pub const BE: Self = Self(0x08);
    /// `lbw`: writing with authenticatorLargeBlobs.
    pub const LBW: Self = Self(0x10);
    /// `acfg`: authenticatorConfig.
    pub const ACFG: Self = Self(0x20);
    /// `pcmr`: reading with authenticatorCredentialManagement, by the persistent token.
    pub const PCMR: Self = Self(0x40);

    /// All with their abbreviations.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::MC, "mc"),
        (Self::GA, "ga"),
        (Self::CM, "cm"),
        (Self::BE, "be"),
        (Self::LBW, "lbw"),
        (Self::ACFG, "acfg"),
        (Self::PCMR, "pcmr"),
    ];

    /// The permissions of a number on the wire. Bits without a meaning are ignored.
    pub fn from_bits(bits: u64) -> Self {
        Self::NAMES
            .into_iter()
            .map(|(permission, _)| permission)
            .filter(|permission| bits & u64::from(permission.0) != 0)
            .fold(Self::default(), Self::with)
    }

    /// The number on the wire.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// These and `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of these that are also in `other`.
    #[must_use]
    pub fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` are among these.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is among these.
    pub fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// As `mc|ga`.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Self::NAMES
            .iter()
            .filter(|(permission, _)| self.has(*permission))
            .map(|(_, name)| *name)
            .collect();
        f.write_str(&names.join("|"))
    }
}

//! A credential as plain data, and its identifier.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{PrivateKey, Timestamp};

/// A credential id: 1 to 1,023 bytes.
///
/// Source: WebAuthn Level 3 §5.8.5, "credential IDs … at most 1023 bytes long".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Box<[u8]>);

/// The length of a would-be credential id was not 1 to 1,023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential id has 1 to 1023 bytes, not {0}")]
pub struct InvalidCredentialId(pub usize);

impl CredentialId {
    /// The longest id in bytes.
    pub const MAX_LEN: usize = 1023;

    /// The bytes of the id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for CredentialId {
    type Error = InvalidCredentialId;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        match bytes.len() {
            1..=Self::MAX_LEN => Ok(Self(bytes.into())),
            len => Err(InvalidCredentialId(len)),
        }
    }
}

impl TryFrom<Vec<u8>> for CredentialId {
    type Error = InvalidCredentialId;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        match bytes.len() {
            1..=Self::MAX_LEN => Ok(Self(bytes.into_boxed_slice())),
            len => Err(InvalidCredentialId(len)),
        }
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// PublicKeyCredentialUserEntity as the authenticator keeps it.
///
/// Source: CTAP 2.3 §6.1, parameter `user` (0x03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `id`, 1 to 64 bytes.
    pub id: Vec<u8>,
    /// `name`, what the person types to sign in.
    pub name: Option<String>,
    /// `displayName`, what a person would call the account.
    pub display_name: Option<String>,
}

/// credProtect level of a credential.
///
/// Source: CTAP 2.3 §12.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Protection {
    /// `userVerificationOptional` (0x01).
    #[default]
    Optional = 1,
    /// `userVerificationOptionalWithCredentialIDList` (0x02).
    OptionalWithCredentialIdList = 2,
    /// `userVerificationRequired` (0x03).
    Required = 3,
}

impl TryFrom<u8> for Protection {
    type Error = u8;

    fn try_from(level: u8) -> Result<Self, u8> {
        match level {
            1 => Ok(Self::Optional),
            2 => Ok(Self::OptionalWithCredentialIdList),
            3 => Ok(Self::Required),
            other => Err(other),
        }
    }
}

/// A public key credential source.
///
/// Source: WebAuthn Level 3 §4, "public key credential source"; CTAP 2.3 §6.1.2 steps 16 to 18.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The id that relying parties store.
    pub id: CredentialId,
    /// The RP ID the credential is scoped to.
    pub rp_id: String,
    /// The account it signs in to.
    pub user: User,
    /// The private key, with its algorithm.
    pub key: PrivateKey,
    /// Whether it can be found without an allow list (`rk`).
    pub discoverable: bool,
    /// When verification is needed to use it.
    pub protection: Protection,
    /// BE, fixed for the life of the credential.
    pub backup_eligible: bool,
    /// BS, only with BE.
    pub backed_up: bool,
    /// When it was made.
    pub created: Timestamp,
    /// What extensions keep with it.
    pub extensions: ExtensionData,
}

/// What extensions keep with a credential.
///
/// Source: CTAP 2.3 §12.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionData {
    /// CredRandom of `hmac-secret`; none if the credential was made without the extension's support.
    pub cred_random: Option<CredRandom>,
    /// The blob of `credBlob`.
    pub cred_blob: Option<Vec<u8>>,
    /// The key of `largeBlobKey`.
    pub large_blob_key: Option<LargeBlobKey>,
    /// The blob of `largeBlob`, for a credential that was made to hold one.
    pub large_blob: Option<LargeBlob>,
    /// `thirdPartyPayment`.
    pub third_party_payment: bool,
}

/// CredRandomWithUV and CredRandomWithoutUV. Wiped when dropped and never printed.
///
/// Source: CTAP 2.3 §12.7.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CredRandom {
    /// CredRandomWithUV.
    pub with_uv: [u8; 32],
    /// CredRandomWithoutUV.
    pub without_uv: [u8; 32],
}

impl fmt::Debug for CredRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredRandom(..)")
    }
}

/// A largeBlobKey. Wiped when dropped and never printed.
///
/// Source: CTAP 2.3 §12.3.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LargeBlobKey(pub [u8; 32]);

impl fmt::Debug for LargeBlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LargeBlobKey(..)")
    }
}

/// What the extension `largeBlob` keeps: nothing yet, or the compressed blob and its size before.
///
/// Source: CTAP 2.3 §12.4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LargeBlob(pub Option<WrittenBlob>);

/// A blob that a platform wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBlob {
    /// The bytes as they came.
    pub blob: Vec<u8>,
    /// `originalSize` as it came.
    pub original_size: u64,
}

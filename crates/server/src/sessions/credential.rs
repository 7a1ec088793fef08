//! Credentials as WebDriver and CDP hand them over.

use data_encoding::Encoding;
use serde_json::{Map, Value};
use softhello_app::NewCredential;
use softhello_ctap::{
    Credential, CredentialId, ExtensionData, LargeBlob, PrivateKey, Protection, Timestamp, User, WrittenBlob,
};

/// A credential that is to be put on a virtual authenticator.
pub(crate) struct CredentialParameters {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) is_resident_credential: bool,
    pub(crate) rp_id: String,
    /// PKCS#8 in DER.
    pub(crate) private_key: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) sign_count: u32,
    pub(crate) large_blob: Option<Vec<u8>>,
    pub(crate) backup_eligibility: bool,
    pub(crate) backup_state: bool,
    pub(crate) user_name: String,
    pub(crate) user_display_name: String,
}

/// Why a credential is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// What stands in the parameters is wrong.
    Invalid(&'static str),
    /// It cannot be made.
    Unmakeable,
}

/// What both protocols say of a credential that cannot be made.
pub(crate) const UNMAKEABLE: &str = "An error occurred trying to create the credential";

/// The longest user handle, in bytes. Source: WebAuthn Level 3 §5.4.3.
const MAX_USER_HANDLE: usize = 64;

impl CredentialParameters {
    pub(crate) fn into_credential(self, now: Timestamp) -> Result<NewCredential, Unfit> {
        if self.is_resident_credential && self.user_handle.is_none() {
            return Err(Unfit::Invalid("The User Handle is required for Resident Credentials"));
        }
        if self.user_handle.as_ref().is_some_and(|handle| handle.len() > MAX_USER_HANDLE) {
            return Err(Unfit::Invalid("The User Handle must have a maximum size of 64"));
        }
        let key = PrivateKey::from_pkcs8(&self.private_key).map_err(|_| Unfit::Unmakeable)?;
        let id = CredentialId::try_from(self.credential_id).map_err(|_| Unfit::Unmakeable)?;
        let user = self.user_handle.filter(|handle| !handle.is_empty());
        let named = |name: String| Some(name).filter(|name| !name.is_empty());
        let large_blob = self.large_blob.map(|blob| {
            let original_size = blob.len() as u64;
            LargeBlob(Some(WrittenBlob { blob, original_size }))
        });
        Ok(NewCredential {
            credential: Credential {
                user: User {
                    // A store keeps one credential of a user: what has none is a user of its own.
                    id: user.unwrap_or_else(|| own_user(&id)),
                    name: named(self.user_name),
                    display_name: named(self.user_display_name),
                },
                id,
                rp_id: self.rp_id,
                key,
                discoverable: self.is_resident_credential,
                protection: Protection::Optional,
                backup_eligible: self.backup_eligibility,
                backed_up: self.backup_state,
                created: now,
                extensions: ExtensionData { large_blob, ..ExtensionData::default() },
            },
            sign_count: self.sign_count,
        })
    }
}

/// A user handle for a credential that has none.
fn own_user(id: &CredentialId) -> Vec<u8> {
    use sha2::Digest as _;
    [OWN_USER, &sha2::Sha256::digest(id.as_bytes())[..]].concat()
}

const OWN_USER: &[u8] = b"no user handle: ";

/// A credential as both protocols list it, each with its own encoding of bytes. What the credential has not is absent.
pub(crate) fn told(found: &NewCredential, encoding: &Encoding) -> Map<String, Value> {
    let credential = &found.credential;
    let private_key = credential.key.to_pkcs8().map(|der| encoding.encode(&der));
    let mut told = Map::from_iter([
        ("credentialId".to_owned(), encoding.encode(credential.id.as_bytes()).into()),
        ("isResidentCredential".to_owned(), credential.discoverable.into()),
        ("rpId".to_owned(), credential.rp_id.as_str().into()),
        ("privateKey".to_owned(), private_key.unwrap_or_default().into()),
        ("signCount".to_owned(), found.sign_count.into()),
        ("backupEligibility".to_owned(), credential.backup_eligible.into()),
        ("backupState".to_owned(), credential.backed_up.into()),
    ]);
    if let Some(handle) = user_handle(credential) {
        let named = |name: &Option<String>| Value::from(name.clone().unwrap_or_default());
        told.insert("userHandle".to_owned(), encoding.encode(handle).into());
        told.insert("userName".to_owned(), named(&credential.user.name));
        told.insert("userDisplayName".to_owned(), named(&credential.user.display_name));
    }
    if let Some(blob) = credential.extensions.large_blob.as_ref().and_then(|blob| blob.0.as_ref()) {
        told.insert("largeBlob".to_owned(), encoding.encode(&blob.blob).into());
    }
    told
}

/// The user handle, unless it is one that was made here.
fn user_handle(credential: &Credential) -> Option<&[u8]> {
    let handle = credential.user.id.as_slice();
    (!handle.is_empty() && !handle.starts_with(OWN_USER)).then_some(handle)
}

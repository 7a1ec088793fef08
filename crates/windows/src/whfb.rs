//! Keys of Windows Hello for Business.

use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Algorithm, Credential, CredentialId, ExtensionData, PrivateKey, Protection, Timestamp, User,
};
use softhello_storage::{Kind, StoredCredential};

use crate::WindowsError;

/// A new WHfB key as the container keeps it: RSA with 2,048 bits, not removable, blocking.
pub(crate) fn credential(
    rp_id: &str,
    upn: &str,
    created: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<StoredCredential, WindowsError> {
    let mut id = [0; 32];
    rng.fill_bytes(&mut id);
    let id = CredentialId::try_from(&id[..]).expect("32 bytes are a length for an id");
    Ok(StoredCredential {
        credential: Credential {
            id,
            rp_id: rp_id.to_owned(),
            user: User {
                id: user_handle(upn).to_vec(),
                name: Some(upn.to_owned()),
                display_name: Some(upn.to_owned()),
            },
            key: PrivateKey::generate(Algorithm::Rs256, rng)?,
            discoverable: true,
            protection: Protection::Optional,
            backup_eligible: false,
            backed_up: false,
            created,
            extensions: ExtensionData::default(),
        },
        kind: Kind::Managed,
        removable: false,
        blocking: true,
    })
}

/// A stand-in for the user handle that Entra gives to a user: always the same for a UPN, ignoring case.
pub(crate) fn user_handle(upn: &str) -> [u8; 32] {
    Sha256::digest(format!("softhello entra user {}", upn.to_lowercase())).into()
}

//! Non-discoverable credentials, sealed into their own ids.
//!
//! Nothing is stored for such a credential: its id is version(1) ‖ nonce(12) ‖ AES-256-GCM(sealing key; content)
//! ‖ tag(16), where content is COSE algorithm (2, big endian) ‖ credProtect level (1) ‖ flags (1: BE 0x08, BS 0x10)
//! ‖ creation time in ms (8) ‖ private key. The associated data is version ‖ SHA-256(RP ID), so that an id opens
//! for its own relying party only. A reset replaces the sealing key, and no old id opens again.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Algorithm, Credential, CredentialId, Flags, PrivateKey, Protection, Timestamp, User};

const VERSION: u8 = 1;

/// The AES-256 key that seals an authenticator's non-discoverable credentials.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// What is sealed into an id.
pub(crate) struct Content<'a> {
    pub(crate) key: &'a PrivateKey,
    pub(crate) protection: Protection,
    pub(crate) backup: Flags,
    pub(crate) created: Timestamp,
}

/// The length of a sealed id in bytes. The longest of an RSA key with 2,048 bits, as they are made here.
pub(crate) fn id_length(algorithm: Algorithm) -> u32 {
    let private_key = match algorithm {
        Algorithm::Es256 | Algorithm::EdDsa => 32,
        Algorithm::Rs256 => 2 + 128 + 128,
    };
    1 + 12 + (2 + 1 + 1 + 8 + private_key) + 16
}

/// Makes the id of a non-discoverable credential. `None` if the key is too long for an id.
pub(crate) fn seal(
    sealing_key: &SealingKey,
    nonce: [u8; 12],
    rp_id: &str,
    content: &Content<'_>,
) -> Option<CredentialId> {
    let alg = i16::try_from(content.key.algorithm().cose_id()).ok()?;
    let mut plain = Zeroizing::new(Vec::with_capacity(300));
    plain.extend_from_slice(&alg.to_be_bytes());
    plain.push(content.protection as u8);
    plain.push(content.backup.0 & (Flags::BE | Flags::BS));
    plain.extend_from_slice(&content.created.0.to_be_bytes());
    plain.extend_from_slice(&content.key.to_bytes());
    let payload = Payload { msg: &plain, aad: &associated_data(rp_id) };
    let sealed = cipher(sealing_key).encrypt(&nonce.into(), payload).ok()?;
    CredentialId::try_from([&[VERSION][..], &nonce, &sealed].concat()).ok()
}

/// Opens an id that [`seal`] made with this key for this RP ID.
pub(crate) fn open(sealing_key: &SealingKey, rp_id: &str, id: &[u8]) -> Option<Credential> {
    let (&version, rest) = id.split_first()?;
    let (nonce, sealed) = rest.split_first_chunk::<12>()?;
    if version != VERSION {
        return None;
    }
    let payload = Payload { msg: sealed, aad: &associated_data(rp_id) };
    let plain = Zeroizing::new(cipher(sealing_key).decrypt(&(*nonce).into(), payload).ok()?);
    let (alg, rest) = plain.split_first_chunk::<2>()?;
    let (&[protection, backup], rest) = rest.split_first_chunk::<2>()?;
    let (created, key) = rest.split_first_chunk::<8>()?;
    let algorithm = Algorithm::from_cose_id(i64::from(i16::from_be_bytes(*alg)))?;
    Some(Credential {
        id: CredentialId::try_from(id).ok()?,
        rp_id: rp_id.to_owned(),
        user: User { id: Vec::new(), name: None, display_name: None },
        key: PrivateKey::from_bytes(algorithm, key).ok()?,
        discoverable: false,
        protection: Protection::try_from(protection).ok()?,
        backup_eligible: Flags(backup).has(Flags::BE),
        backed_up: Flags(backup).has(Flags::BS),
        created: Timestamp(u64::from_be_bytes(*created)),
    })
}

fn cipher(key: &SealingKey) -> Aes256Gcm {
    Aes256Gcm::new(&key.0.into())
}

fn associated_data(rp_id: &str) -> [u8; 33] {
    let mut out = [VERSION; 33];
    if let Some(hash) = out.last_chunk_mut::<32>() {
        *hash = Sha256::digest(rp_id.as_bytes()).into();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_for_its_rp() {
        let sealing_key = SealingKey([7; 32]);
        let key = PrivateKey::from_bytes(Algorithm::Es256, &[9; 32]).expect("a scalar");
        let content =
            Content { key: &key, protection: Protection::Required, backup: Flags(0), created: Timestamp(5) };
        let id = seal(&sealing_key, [1; 12], "example.org", &content).expect("an id");
        let opened = open(&sealing_key, "example.org", id.as_bytes()).expect("its credential");
        assert_eq!(
            (opened.key, opened.protection, opened.created),
            (key, Protection::Required, Timestamp(5))
        );
        assert!(open(&sealing_key, "example.com", id.as_bytes()).is_none());
        assert!(open(&SealingKey([8; 32]), "example.org", id.as_bytes()).is_none());
        for at in 0..id.as_bytes().len() {
            let mut flipped = id.as_bytes().to_vec();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1;
            }
            assert!(open(&sealing_key, "example.org", &flipped).is_none(), "byte {at}");
        }
    }
}

//! Non-discoverable credentials, sealed into their own ids.
//!
//! Nothing is stored for such a credential: its id is version(1) ‖ nonce(12) ‖ AES-256-GCM(sealing key; content)
//! ‖ tag(16), where content is COSE algorithm (2, big endian) ‖ credProtect level (1) ‖ flags (1: BE 0x08, BS 0x10,
//! thirdPartyPayment 0x01) ‖ creation time in ms (8) ‖ private key. The associated data is version ‖ SHA-256(RP ID), so
//! that an id opens for its own relying party only. CredRandom of hmac-secret is HKDF-SHA-256(sealing key; info =
//! "softhello CredRandom" ‖ nonce), 64 bytes. A reset replaces the sealing key, and no old id opens again.
//!
//! U2F's key handles are such ids (CTAP 2.3 §10): its application parameter is the hash of an RP ID.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    Algorithm, CredRandom, Credential, CredentialId, ExtensionData, Flags, PrivateKey, Protection, Timestamp,
    User,
};

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
    pub(crate) third_party_payment: bool,
    pub(crate) created: Timestamp,
}

/// The bit of thirdPartyPayment beside BE and BS.
const THIRD_PARTY_PAYMENT: u8 = 0x01;

const NONCE: usize = 12;

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
    nonce: [u8; NONCE],
    rp_id_hash: &[u8; 32],
    content: &Content<'_>,
) -> Option<CredentialId> {
    let alg = i16::try_from(content.key.algorithm().cose_id()).ok()?;
    let mut plain = Zeroizing::new(Vec::with_capacity(300));
    plain.extend_from_slice(&alg.to_be_bytes());
    plain.push(content.protection as u8);
    let payment = if content.third_party_payment { THIRD_PARTY_PAYMENT } else { 0 };
    plain.push(content.backup.0 & (Flags::BE | Flags::BS) | payment);
    plain.extend_from_slice(&content.created.0.to_be_bytes());
    plain.extend_from_slice(&content.key.to_bytes());
    let payload = Payload { msg: &plain, aad: &associated_data(rp_id_hash) };
    let sealed = cipher(sealing_key).encrypt(&nonce.into(), payload).ok()?;
    CredentialId::try_from([&[VERSION][..], &nonce, &sealed].concat()).ok()
}

/// The credential in an id that an authenticator with this key sealed for this RP, as a tool sees it that has the key.
pub fn open_sealed(sealing_key: &SealingKey, rp_id: &str, id: &[u8]) -> Option<Credential> {
    let credential = open(sealing_key, &Sha256::digest(rp_id).into(), id)?;
    Some(Credential { rp_id: rp_id.to_owned(), ..credential })
}

/// Opens an id that [`seal`] made with this key for this RP. Neither the RP ID nor the user is in there.
pub(crate) fn open(sealing_key: &SealingKey, rp_id_hash: &[u8; 32], id: &[u8]) -> Option<Credential> {
    let (&version, rest) = id.split_first()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
    if version != VERSION {
        return None;
    }
    let payload = Payload { msg: sealed, aad: &associated_data(rp_id_hash) };
    let plain = Zeroizing::new(cipher(sealing_key).decrypt(&(*nonce).into(), payload).ok()?);
    let (alg, rest) = plain.split_first_chunk::<2>()?;
    let (&[protection, flags], rest) = rest.split_first_chunk::<2>()?;
    let (created, key) = rest.split_first_chunk::<8>()?;
    let algorithm = Algorithm::from_cose_id(i64::from(i16::from_be_bytes(*alg)))?;
    Some(Credential {
        id: CredentialId::try_from(id).ok()?,
        rp_id: String::new(),
        user: User { id: Vec::new(), name: None, display_name: None },
        key: PrivateKey::from_bytes(algorithm, key).ok()?,
        discoverable: false,
        protection: Protection::try_from(protection).ok()?,
        backup_eligible: Flags(flags).has(Flags::BE),
        backed_up: Flags(flags).has(Flags::BS),
        created: Timestamp(u64::from_be_bytes(*created)),
        extensions: ExtensionData {
            cred_random: Some(cred_random(sealing_key, nonce)),
            third_party_payment: flags & THIRD_PARTY_PAYMENT != 0,
            ..ExtensionData::default()
        },
    })
}

/// CredRandom of the credential whose id has this nonce.
pub(crate) fn cred_random(sealing_key: &SealingKey, nonce: &[u8; NONCE]) -> CredRandom {
    let mut out = Zeroizing::new([0; 64]);
    Hkdf::<Sha256>::new(None, &sealing_key.0)
        .expand_multi_info(&[b"softhello CredRandom", nonce], &mut *out)
        .expect("64 bytes are a length that HKDF-SHA-256 gives");
    let (with_uv, without_uv) = out.split_at(32);
    let half = |bytes: &[u8]| *bytes.first_chunk().expect("half of 64 bytes");
    CredRandom { with_uv: half(with_uv), without_uv: half(without_uv) }
}

fn cipher(key: &SealingKey) -> Aes256Gcm {
    Aes256Gcm::new(&key.0.into())
}

fn associated_data(rp_id_hash: &[u8; 32]) -> [u8; 33] {
    let mut out = [VERSION; 33];
    if let Some(hash) = out.last_chunk_mut::<32>() {
        *hash = *rp_id_hash;
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
        let (example, other) = ([1; 32], [2; 32]);
        let content = Content {
            key: &key,
            protection: Protection::Required,
            backup: Flags(0),
            third_party_payment: true,
            created: Timestamp(5),
        };
        let id = seal(&sealing_key, [1; 12], &example, &content).expect("an id");
        let opened = open(&sealing_key, &example, id.as_bytes()).expect("its credential");
        assert!(opened.extensions.third_party_payment);
        assert_eq!(
            (opened.key, opened.protection, opened.created),
            (key, Protection::Required, Timestamp(5))
        );
        assert!(open(&sealing_key, &other, id.as_bytes()).is_none());
        assert!(open(&SealingKey([8; 32]), &example, id.as_bytes()).is_none());
        for at in 0..id.as_bytes().len() {
            let mut flipped = id.as_bytes().to_vec();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1;
            }
            assert!(open(&sealing_key, &example, &flipped).is_none(), "byte {at}");
        }
    }
}

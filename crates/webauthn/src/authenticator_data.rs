//! Authenticator data, as far as a client looks into it.
//!
//! [`softhello_ctap::AuthData`] reads the keys of this project's algorithms alone; a client has to pass on every key
//! that an authenticator makes, and look only at its algorithm.
//!
//! Source: WebAuthn Level 3 §6.1 and §6.5.1.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    CredentialId, Flags, cbor,
    message::{COSE_KEY, Members},
};

/// Authenticator data whose structure was checked.
#[derive(Debug)]
pub(crate) struct AuthenticatorData<'a> {
    pub(crate) flags: Flags,
    pub(crate) attested: Option<AttestedCredentialData<'a>>,
    /// Extension outputs, an encoded map.
    pub(crate) extensions: Option<&'a [u8]>,
}

/// The new credential in it.
#[derive(Debug)]
pub(crate) struct AttestedCredentialData<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential_id: &'a [u8],
    /// The COSE_Key as it came.
    pub(crate) public_key: &'a [u8],
    /// Its COSE algorithm.
    pub(crate) alg: i64,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads authenticator data that belongs to `rp_id`, with the user present.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as words that follow "the authenticator's reply".
    pub(crate) fn read(bytes: &'a [u8], rp_id: &str) -> Result<Self, String> {
        let cut = || "has authenticator data that ends too early".to_owned();
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(cut)?;
        let (&[flags, ..], mut rest) = rest.split_first_chunk::<5>().ok_or_else(cut)?;
        let flags = Flags(flags);
        if *rp_id_hash != <[u8; 32]>::from(Sha256::digest(rp_id.as_bytes())) {
            return Err(format!("is for another RP ID than `{rp_id}`"));
        }
        if !flags.has(Flags::UP) {
            return Err("lacks the flag UP: the user was not present".to_owned());
        }
        let (mut attested, mut extensions) = (None, None);
        if flags.has(Flags::AT) {
            let (credential, after) = AttestedCredentialData::read(rest)?;
            attested = Some(credential);
            rest = after;
        }
        if flags.has(Flags::ED) {
            let is_map = rest.first().is_some_and(|first| first >> 5 == 5);
            let len = cbor::validate_prefix(rest, cbor::MAX_DEPTH).ok().filter(|_| is_map);
            let len = len.ok_or("has extension outputs that are no canonical CBOR map")?;
            let (map, after) = rest.split_at_checked(len).ok_or_else(cut)?;
            extensions = Some(map);
            rest = after;
        }
        match rest {
            [] => Ok(Self { flags, attested, extensions }),
            _ => Err("has authenticator data that goes on after its end".to_owned()),
        }
    }
}

impl<'a> AttestedCredentialData<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), String> {
        let cut = || "has attested credential data that ends too early".to_owned();
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or_else(cut)?;
        let (len, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let len = usize::from(u16::from_be_bytes(*len));
        let (credential_id, rest) = rest.split_at_checked(len).ok_or_else(cut)?;
        if !(1..=CredentialId::MAX_LEN).contains(&len) {
            return Err(format!("has a credential id of {len} bytes, not 1 to {}", CredentialId::MAX_LEN));
        }
        let key_len = cbor::validate_prefix(rest, 1)
            .map_err(|error| format!("has a public key that is not canonical CBOR: {error}"))?;
        let (public_key, rest) = rest.split_at_checked(key_len).ok_or_else(cut)?;
        let key = Members::read(&COSE_KEY, public_key)
            .map_err(|error| format!("has a public key that cannot be read: {error}"))?;
        let alg = key.int("alg").ok_or("has a public key whose algorithm is out of range")?;
        Ok((Self { aaguid: *aaguid, credential_id, public_key, alg }, rest))
    }
}

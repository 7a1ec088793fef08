//! Private keys as PKCS#8, as WebDriver and other tools hand them over.
//!
//! Source: RFC 5208; WebAuthn Level 3 §11.2, "privateKey".

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::traits::PrivateKeyParts as _;
use zeroize::Zeroizing;

use crate::{Algorithm, KeyError, PrivateKey, RsaParts};

impl PrivateKey {
    /// Reads a PKCS#8 document in DER: a key of P-256, Ed25519, or RSA of two primes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pkcs8`] if it is none of these, [`KeyError::Rsa`] if an RSA key cannot be used here.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der) {
            return Self::from_bytes(Algorithm::Es256, Zeroizing::new(key.to_bytes()).as_slice());
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Self::from_bytes(Algorithm::EdDsa, Zeroizing::new(key.to_bytes()).as_slice());
        }
        let key = rsa::PrivateKey::from_pkcs8_der(der).map_err(|_| KeyError::Pkcs8)?;
        let [p, q] = key.primes() else { return Err(KeyError::Pkcs8) };
        let bytes = |prime: &rsa::BoxedUint| prime.to_be_bytes_trimmed_vartime().into_vec();
        Self::from_rsa_parts(&RsaParts { p: bytes(p), q: bytes(q) })
    }

    /// The PKCS#8 document in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pkcs8`] if the key cannot be written, which no key of this crate is.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.to_bytes();
        let document = match self.algorithm() {
            Algorithm::Es256 => {
                p256::SecretKey::from_slice(&bytes).ok().and_then(|key| key.to_pkcs8_der().ok())
            }
            Algorithm::EdDsa => {
                let seed: Option<[u8; 32]> = bytes.as_slice().try_into().ok();
                seed.and_then(|seed| ed25519_dalek::SigningKey::from_bytes(&seed).to_pkcs8_der().ok())
            }
            Algorithm::Rs256 => self.as_rsa().and_then(|key| key.to_pkcs8_der().ok()),
        };
        Ok(document.ok_or(KeyError::Pkcs8)?.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::ChaCha20Rng};

    use super::*;

    #[test]
    fn every_key_comes_back_as_it_was() {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let key = PrivateKey::generate(algorithm, &mut rng).expect("a key");
            let read = PrivateKey::from_pkcs8(&key.to_pkcs8().expect("a document")).expect("a key");
            assert_eq!(read, key, "{algorithm}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bytes in [&b""[..], b"nonsense", &[0x30, 0x03, 0x02, 0x01, 0x00], &[0xff; 4000]] {
            assert_eq!(PrivateKey::from_pkcs8(bytes), Err(KeyError::Pkcs8));
        }
    }
}

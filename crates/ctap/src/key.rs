//! Private keys and their signatures: ES256, EdDSA and RS256.

use std::fmt;

use crypto_bigint::{ConcatenatingMul as _, Integer as _, NonZero, Resize as _};
use ecdsa::hazmat::sign_prehashed_rfc6979;
use ed25519_dalek::Signer as _;
use p256::{
    NistP256, NonZeroScalar,
    elliptic_curve::{ff::PrimeField as _, sec1::ToSec1Point as _},
};
use rand::CryptoRng;
use rsa::{
    BoxedUint, Pkcs1v15Sign, PrivateKey as RsaKey,
    traits::{PrivateKeyParts, PublicKeyParts},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::cose::PublicKey;

/// A COSE algorithm that this crate can make keys of.
///
/// Source: IANA COSE Algorithms; WebAuthn Level 3 §5.8.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256 (-7).
    Es256,
    /// Ed25519 (-8).
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (-257).
    Rs256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The COSE identifier.
    pub fn cose_id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
            Self::Rs256 => -257,
        }
    }

    /// The customary name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of a COSE identifier, if it is one of these.
    pub fn from_cose_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.cose_id() == id)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why bytes are not a private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The wrong number of bytes for the algorithm.
    #[error("a private key for {algorithm} does not have {len} bytes")]
    Length {
        /// The algorithm.
        algorithm: Algorithm,
        /// The length found.
        len: usize,
    },
    /// Not a scalar between 1 and the order of P-256.
    #[error("the scalar is zero or not below the order of P-256")]
    Scalar,
    /// The primes do not make an RSA key that can be used here.
    #[error("not a usable RSA key: {0}")]
    Rsa(String),
    /// Not a PKCS#8 document of an algorithm that is known here.
    #[error("not a PKCS#8 document of a P-256, Ed25519 or RSA key")]
    Pkcs8,
}

/// The two primes of an RSA key, big endian; the public exponent is always 65537.
#[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct RsaParts {
    /// The first prime.
    pub p: Vec<u8>,
    /// The second prime.
    pub q: Vec<u8>,
}

impl fmt::Debug for RsaParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaParts(..)")
    }
}

/// A credential's private key. Its bytes are wiped when it is dropped and are never printed.
#[derive(Clone)]
pub struct PrivateKey(Kind);

#[derive(Clone)]
enum Kind {
    // The scalar, not a `SigningKey`: that recomputes the public point and doubles the cost of a signature.
    Es256(Zeroizing<NonZeroScalar>),
    EdDsa(Box<ed25519_dalek::SigningKey>),
    Rs256(Box<RsaKey>),
}

impl PrivateKey {
    /// Draws a new key. RSA keys have 2,048 bits.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rsa`] if no RSA key could be made.
    pub fn generate<R: CryptoRng>(algorithm: Algorithm, rng: &mut R) -> Result<Self, KeyError> {
        Ok(Self(match algorithm {
            Algorithm::Es256 => loop {
                // A draw outside 1..order happens once in 2^32 keys; draw again.
                let mut bytes = Zeroizing::new([0; 32]);
                rng.fill_bytes(&mut *bytes);
                if let Ok(key) = es256(&bytes) {
                    break key;
                }
            },
            Algorithm::EdDsa => {
                let mut seed = Zeroizing::new([0; 32]);
                rng.fill_bytes(&mut *seed);
                Kind::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
            }
            Algorithm::Rs256 => {
                let key = RsaKey::new(rng, 2048).map_err(|error| KeyError::Rsa(error.to_string()))?;
                Kind::Rs256(Box::new(key))
            }
        }))
    }

    /// Reads a key as [`PrivateKey::to_bytes`] writes it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the bytes are not a key of this algorithm.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let length = || KeyError::Length { algorithm, len: bytes.len() };
        Ok(Self(match algorithm {
            Algorithm::Es256 => es256(bytes.try_into().map_err(|_| length())?)?,
            Algorithm::EdDsa => {
                let seed = bytes.try_into().map_err(|_| length())?;
                Kind::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
            Algorithm::Rs256 => {
                let (p_len, rest) = bytes.split_first_chunk::<2>().ok_or_else(length)?;
                let (p, q) =
                    rest.split_at_checked(usize::from(u16::from_be_bytes(*p_len))).ok_or_else(length)?;
                Kind::Rs256(Box::new(rs256(p, q)?))
            }
        }))
    }

    /// The RSA key of these primes, with the public exponent 65537.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rsa`] unless the modulus has 2,048 to 4,096 bits and the primes are odd and distinct and fit
    /// the exponent.
    pub fn from_rsa_parts(parts: &RsaParts) -> Result<Self, KeyError> {
        Ok(Self(Kind::Rs256(Box::new(rs256(&parts.p, &parts.q)?))))
    }

    /// The bytes that are stored: ES256: the scalar (32); EdDSA: the seed (32);
    /// RS256: length of p (2, big endian) ‖ p ‖ q.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Kind::Es256(scalar) => Zeroizing::new(Zeroizing::new(scalar.to_repr()).to_vec()),
            Kind::EdDsa(key) => Zeroizing::new(Zeroizing::new(key.to_bytes()).to_vec()),
            Kind::Rs256(key) => {
                let [p, q] = key.primes() else { unreachable!("keys are made from two primes") };
                let p = Zeroizing::new(p.as_ref().to_be_bytes_trimmed_vartime());
                let q = Zeroizing::new(q.as_ref().to_be_bytes_trimmed_vartime());
                let p_len = u16::try_from(p.len()).expect("a modulus has at most 4,096 bits");
                Zeroizing::new([&p_len.to_be_bytes()[..], &p, &q].concat())
            }
        }
    }

    pub(crate) fn as_rsa(&self) -> Option<&RsaKey> {
        match &self.0 {
            Kind::Rs256(key) => Some(key),
            Kind::Es256(_) | Kind::EdDsa(_) => None,
        }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Es256(_) => Algorithm::Es256,
            Kind::EdDsa(_) => Algorithm::EdDsa,
            Kind::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        match &self.0 {
            Kind::Es256(scalar) => {
                let point = p256::PublicKey::from_secret_scalar(scalar).to_sec1_point(false);
                let (x, y) = (point.x(), point.y());
                let (Some(x), Some(y)) = (x, y) else { unreachable!("a public key is not the identity") };
                PublicKey::Es256 { x: (*x).into(), y: (*y).into() }
            }
            Kind::EdDsa(key) => PublicKey::EdDsa(key.verifying_key().to_bytes()),
            Kind::Rs256(key) => PublicKey::Rs256 {
                n: key.n().as_ref().to_be_bytes_trimmed_vartime().into_vec(),
                e: key.e().to_be_bytes_trimmed_vartime().into_vec(),
            },
        }
    }

    /// Signs the concatenation of `parts` as WebAuthn transports it: ECDSA in ASN.1 DER (deterministic, RFC 6979),
    /// Ed25519 and RSA as raw bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rsa`] if an imported key is made of numbers that are not prime: its signature does not verify.
    ///
    /// Source: WebAuthn Level 3 §6.5.5.
    pub fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, KeyError> {
        let digest = || parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
        Ok(match &self.0 {
            Kind::Es256(scalar) => {
                let (signature, _) = sign_prehashed_rfc6979::<NistP256, Sha256>(scalar, &digest(), &[]);
                signature.to_der().as_bytes().to_vec()
            }
            Kind::EdDsa(key) => key.sign(&parts.concat()).to_bytes().to_vec(),
            Kind::Rs256(key) => key
                .sign(Pkcs1v15Sign::new::<Sha256>(), &digest())
                .map_err(|error| KeyError::Rsa(error.to_string()))?,
        })
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm() == other.algorithm() && *self.to_bytes() == *other.to_bytes()
    }
}

impl Eq for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ..)", self.algorithm())
    }
}

fn es256(bytes: &[u8; 32]) -> Result<Kind, KeyError> {
    Option::from(NonZeroScalar::from_repr((*bytes).into()))
        .map(|scalar| Kind::Es256(Zeroizing::new(scalar)))
        .ok_or(KeyError::Scalar)
}

fn rs256(p: &[u8], q: &[u8]) -> Result<RsaKey, KeyError> {
    let invalid = |error: rsa::Error| KeyError::Rsa(error.to_string());
    // The bound comes before any arithmetic: big-integer code takes as long as its operands are large.
    let bits = 8 * (p.len() + q.len());
    if bits > 4096 {
        return Err(KeyError::Rsa(format!("{bits} bits are more than 4096")));
    }
    let [p, q] = [p, q].map(BoxedUint::from_be_slice_vartime);
    let one = BoxedUint::one();
    if [&p, &q].into_iter().any(|prime| *prime <= one || !bool::from(prime.is_odd())) || p == q {
        return Err(KeyError::Rsa("the primes are not odd and distinct".to_owned()));
    }
    let modulus = p.concatenating_mul(&q);
    if modulus.bit_width_vartime() < 2048 {
        return Err(KeyError::Rsa(format!("{} bits are fewer than 2048", modulus.bit_width_vartime())));
    }
    let e = BoxedUint::from(65_537u64);
    // (p - 1)(q - 1) serves as well as their least common multiple.
    let totient = (&p - &one).concatenating_mul(&(&q - &one));
    let d = Option::from(NonZero::new(totient))
        .and_then(|totient: NonZero<BoxedUint>| {
            Option::from(e.clone().resize(totient.bits_precision()).invert_mod(&totient))
        })
        .ok_or_else(|| KeyError::Rsa("65537 has no inverse for these primes".to_owned()))?;
    // Wide primes: W3C's RS256 vector has one of 1,279 and one of 2,203 bits.
    RsaKey::from_components_with_wide_primes(modulus, e, d, vec![p, q]).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_bytes() {
        use rand::SeedableRng as _;
        let mut rng = rand::rngs::ChaCha20Rng::seed_from_u64(7);
        for algorithm in Algorithm::ALL {
            let key = PrivateKey::generate(algorithm, &mut rng).expect("a key");
            let again = PrivateKey::from_bytes(algorithm, &key.to_bytes()).expect("the same key");
            assert_eq!(key, again);
            assert_eq!(key.public_key(), again.public_key());
            assert_eq!(key.sign(&[b"a", b"bc"]), again.sign(&[b"ab", b"c"]), "{algorithm}");
        }
    }

    #[test]
    fn hostile_rsa_primes_are_refused_quickly() {
        let odd = |len: usize| vec![0xff; len];
        for (name, p, q) in [
            ("zero", vec![0; 128], odd(128)),
            ("one", vec![1], odd(256)),
            ("even", vec![0xfe; 128], odd(128)),
            ("equal", odd(128), odd(128)),
            ("empty", vec![], odd(300)),
            ("small", odd(64), vec![0xfd; 64]),
            ("huge", odd(60_000), odd(5_000)),
        ] {
            assert!(PrivateKey::from_rsa_parts(&RsaParts { p, q }).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_of_numbers_that_are_not_prime_gives_an_error_not_a_signature() {
        let parts = RsaParts { p: vec![0xff; 128], q: [vec![0xff; 127], vec![0xfd]].concat() };
        if let Ok(key) = PrivateKey::from_rsa_parts(&parts) {
            assert!(matches!(key.sign(&[b"message"]), Err(KeyError::Rsa(_))));
        }
    }
}

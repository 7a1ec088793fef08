//! COSE_Key encodings of public keys.

use crate::{
    Algorithm,
    cbor::{Reader, Writer},
    message::{COSE_KEY, Members, MessageError},
};

/// A public key, as its coordinates.
///
/// Source: WebAuthn Level 3 §5.8.5 and §6.5.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// A point of P-256, each coordinate 32 bytes, big endian.
    Es256 {
        /// The x-coordinate.
        x: [u8; 32],
        /// The y-coordinate.
        y: [u8; 32],
    },
    /// An Ed25519 public key.
    EdDsa([u8; 32]),
    /// An RSA public key, both numbers big endian without leading zeros.
    Rs256 {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// The algorithm the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256 { .. } => Algorithm::Es256,
            Self::EdDsa(_) => Algorithm::EdDsa,
            Self::Rs256 { .. } => Algorithm::Rs256,
        }
    }

    /// Writes the key as a canonical COSE_Key map.
    pub fn write(&self, out: &mut Writer) {
        let alg = self.algorithm().cose_id();
        match self {
            Self::Es256 { x, y } => {
                out.map(5);
                out.int(1).int(2);
                out.int(3).int(alg);
                out.int(-1).int(1);
                out.int(-2).bytes(x);
                out.int(-3).bytes(y);
            }
            Self::EdDsa(key) => {
                out.map(4);
                out.int(1).int(1);
                out.int(3).int(alg);
                out.int(-1).int(6);
                out.int(-2).bytes(key);
            }
            Self::Rs256 { n, e } => {
                out.map(4);
                out.int(1).int(3);
                out.int(3).int(alg);
                out.int(-1).bytes(n);
                out.int(-2).bytes(e);
            }
        }
    }

    /// Reads a COSE_Key at the start of `bytes`; what follows is left in the second value.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it is not canonical CBOR, a member is missing or of the wrong type, or the key type,
    /// curve and algorithm are not one of [`Algorithm`].
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8]), MessageError> {
        let len = crate::cbor::validate_prefix(bytes, 1)?;
        let (map, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        let members = Members::read(&COSE_KEY, map)?;
        let unsupported =
            || MessageError::Value { member: "COSE_Key.alg".to_owned(), rule: "is not supported" };
        let curve = |item: Option<&[u8]>| item.and_then(|item| Reader::new(item).int().ok());
        let bytes = |item: Option<&[u8]>, member: &str| {
            item.and_then(|item| Reader::new(item).bytes().ok().map(<[u8]>::to_vec)).ok_or_else(|| {
                MessageError::Type { member: format!("COSE_Key.{member}"), expected: "a byte string" }
            })
        };
        let coordinate = |item, member| {
            bytes(item, member)?.try_into().map_err(|_: Vec<u8>| MessageError::Value {
                member: format!("COSE_Key.{member}"),
                rule: "must have 32 bytes",
            })
        };
        let (minus1, minus2, minus3) = (members.raw("crv"), members.raw("x"), members.raw("y"));
        let key = match (members.int("kty"), members.int("alg").and_then(Algorithm::from_cose_id)) {
            (Some(2), Some(Algorithm::Es256)) if curve(minus1) == Some(1) => {
                Self::Es256 { x: coordinate(minus2, "x")?, y: coordinate(minus3, "y")? }
            }
            (Some(1), Some(Algorithm::EdDsa)) if curve(minus1) == Some(6) => {
                Self::EdDsa(coordinate(minus2, "x")?)
            }
            (Some(3), Some(Algorithm::Rs256)) => {
                Self::Rs256 { n: bytes(minus1, "n")?, e: bytes(minus2, "e")? }
            }
            _ => return Err(unsupported()),
        };
        Ok((key, rest))
    }
}

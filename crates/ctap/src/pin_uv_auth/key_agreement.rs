//! Key agreement: P-256 ECDH.

use std::fmt;

use p256::{
    NonZeroScalar, Sec1Point,
    ecdh::diffie_hellman,
    elliptic_curve::sec1::{FromSec1Point as _, ToSec1Point as _},
};
use zeroize::Zeroizing;

use super::{PinUvAuthError, PinUvAuthProtocol, SharedSecret};
use crate::{
    cbor::{Reader, Writer},
    message::{COSE_KEY, Members, MessageError},
};

/// One side's key pair for key agreement. Wiped when dropped and never printed.
#[derive(Clone)]
pub struct KeyAgreement(Zeroizing<NonZeroScalar>);

/// The public half, as its coordinates; not necessarily a point of the curve.
///
/// Source: CTAP 2.3 §6.5.6, `getPublicKey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAgreementKey {
    /// The x-coordinate, big endian.
    pub x: [u8; 32],
    /// The y-coordinate, big endian.
    pub y: [u8; 32],
}

impl KeyAgreement {
    /// Draws a new key pair (`regenerate`).
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        loop {
            // A draw outside 1..order happens once in 2^32 keys; draw again.
            let mut bytes = Zeroizing::new([0; 32]);
            random(&mut *bytes);
            if let Some(key) = Self::from_bytes(&bytes) {
                return key;
            }
        }
    }

    /// The key pair of this private key, 32 bytes big endian; `None` unless it is between 1 and the order of P-256.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Option::from(NonZeroScalar::from_repr((*bytes).into())).map(|scalar| Self(Zeroizing::new(scalar)))
    }

    /// The public half.
    pub fn public_key(&self) -> KeyAgreementKey {
        let point = p256::PublicKey::from_secret_scalar(&self.0).to_sec1_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else {
            unreachable!("a public key is not the identity")
        };
        KeyAgreementKey { x: (*x).into(), y: (*y).into() }
    }

    /// `decapsulate` of the authenticator, and the second half of `encapsulate` of the platform: the secret that both
    /// sides share.
    ///
    /// # Errors
    ///
    /// [`PinUvAuthError::Peer`] if the other side's key is not a point of P-256.
    pub fn shared_secret(
        &self,
        protocol: PinUvAuthProtocol,
        peer: &KeyAgreementKey,
    ) -> Result<SharedSecret, PinUvAuthError> {
        let point = Sec1Point::from_affine_coordinates(&peer.x.into(), &peer.y.into(), false);
        let peer: p256::PublicKey =
            Option::from(p256::PublicKey::from_sec1_point(&point)).ok_or(PinUvAuthError::Peer)?;
        let z = diffie_hellman(&*self.0, peer.as_affine());
        Ok(SharedSecret::derive(protocol, z.raw_secret_bytes().as_ref()))
    }
}

impl fmt::Debug for KeyAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyAgreement(..)")
    }
}

/// ECDH-ES + HKDF-256, which is a label here and not what is done.
const ALG: i64 = -25;

impl KeyAgreementKey {
    /// Writes it as a COSE_Key with exactly the members 1, 3, -1, -2 and -3.
    pub fn write(&self, out: &mut Writer) {
        out.map(5);
        out.int(1).int(2);
        out.int(3).int(ALG);
        out.int(-1).int(1);
        out.int(-2).bytes(&self.x);
        out.int(-3).bytes(&self.y);
    }

    /// Reads a COSE_Key of type EC2 and curve P-256. What it says of its algorithm is passed over, as it is a label.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it is not such a key.
    pub fn read(map: &[u8]) -> Result<Self, MessageError> {
        let members = Members::read(&COSE_KEY, map)?;
        let wrong = |rule| MessageError::Value { member: "keyAgreement".to_owned(), rule };
        let curve = members.raw("crv").and_then(|item| Reader::new(item).int().ok());
        if (members.int("kty"), curve) != (Some(2), Some(1)) {
            return Err(wrong("is no key of P-256"));
        }
        let coordinate = |name| -> Result<[u8; 32], MessageError> {
            let bytes = members.raw(name).and_then(|item| Reader::new(item).bytes().ok());
            bytes
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| wrong("lacks a coordinate of 32 bytes"))
        };
        Ok(Self { x: coordinate("x")?, y: coordinate("y")? })
    }
}

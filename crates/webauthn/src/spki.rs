//! Public keys as SubjectPublicKeyInfo, the form that Web Crypto imports.
//!
//! Source: WebAuthn Level 3 §5.2.1.1; RFC 5280 §4.1.2.7, RFC 5480 §2, RFC 8410 §4, RFC 3279 §2.3.1.

use softhello_ctap::cose::PublicKey;
use spki::{
    AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo,
    der::{
        self, Encode as _,
        asn1::{AnyRef, BitStringRef, UintRef},
    },
};

/// DER of the key; nothing if a COSE key holds numbers that no key has.
pub(crate) fn to_der(key: &PublicKey) -> Option<Vec<u8>> {
    match key {
        PublicKey::Es256 { x, y } => {
            let point = [&[4][..], x, y].concat();
            encode(EC_PUBLIC_KEY, Some(AnyRef::from(&SECP256R1)), &point).ok()
        }
        PublicKey::EdDsa(key) => encode(ED25519, None, key).ok(),
        PublicKey::Rs256 { n, e } => {
            encode(RSA_ENCRYPTION, Some(AnyRef::NULL), &rsa_public_key(n, e).ok()?).ok()
        }
        _ => None,
    }
}

fn encode(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
}

/// `RSAPublicKey` of RFC 8017 §A.1.1.
fn rsa_public_key(n: &[u8], e: &[u8]) -> der::Result<Vec<u8>> {
    [UintRef::new(n)?, UintRef::new(e)?].to_der()
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn keys_are_encoded_as_their_rfcs_say() {
        let es256 = PublicKey::Es256 { x: [0x11; 32], y: [0x22; 32] };
        let rs256 = PublicKey::Rs256 { n: vec![0xc3; 4], e: vec![1, 0, 1] };
        for (name, key, want) in [
            (
                "ES256",
                es256,
                format!(
                    "3059301306072a8648ce3d020106082a8648ce3d03010703420004{}{}",
                    "11".repeat(32),
                    "22".repeat(32)
                ),
            ),
            ("EdDSA", PublicKey::EdDsa([0x33; 32]), format!("302a300506032b6570032100{}", "33".repeat(32))),
            (
                "RS256",
                rs256,
                "3020300d06092a864886f70d0101010500030f00300c020500c3c3c3c30203010001".to_owned(),
            ),
        ] {
            assert_eq!(to_der(&key).map(|der| HEXLOWER.encode(&der)), Some(want), "{name}");
        }
    }
}

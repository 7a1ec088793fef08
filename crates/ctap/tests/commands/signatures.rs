//! Verifies signatures with other code than the one that made them.

use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::{Digest as _, Sha256};
use softhello_ctap::cose::PublicKey;

/// Panics unless `signature` is `key`'s over `message`.
pub(crate) fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) {
    match key {
        PublicKey::Es256 { x, y } => {
            let point = [&[0x04][..], x, y].concat();
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).expect("a point of P-256");
            let signature = p256::ecdsa::Signature::from_der(signature).expect("a signature in DER");
            p256::ecdsa::signature::Verifier::verify(&key, message, &signature).expect("the key's signature");
        }
        PublicKey::EdDsa(key) => {
            let key = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a point of Ed25519");
            let signature = ed25519_dalek::Signature::from_slice(signature).expect("64 bytes");
            key.verify_strict(message, &signature).expect("the key's signature");
        }
        PublicKey::Rs256 { n, e } => {
            let [n, e] = [n, e].map(|number| BoxedUint::from_be_slice_vartime(number));
            let key = rsa::PublicKey::new(n, e).expect("an RSA key");
            let digest = Sha256::digest(message);
            key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).expect("the key's signature");
        }
        other => panic!("a key that the bench does not know: {other:?}"),
    }
}

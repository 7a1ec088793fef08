//! Attestation keys and certificates of emulated models.
//!
//! Each model (AAGUID) has a key and a certificate of its own, below one root. All are made from constants: the same on
//! every machine and no secret, so that a relying party under test can trust the root, and nobody else should.

use std::{str::FromStr as _, time::Duration};

use hkdf::Hkdf;
use p256::ecdsa::{DerSignature, SigningKey};
use sha2::Sha256;
use softhello_ctap::{Algorithm, Attestation, PrivateKey};
use uuid::Uuid;
use x509_cert::{
    builder::{Builder as _, CertificateBuilder, Result as BuilderResult, profile::BuilderProfile},
    certificate::TbsCertificate,
    der::{
        Decode as _, Encode as _,
        asn1::{GeneralizedTime, OctetString, UtcTime},
        oid::ObjectIdentifier,
    },
    ext::{Extension, pkix::BasicConstraints},
    name::Name,
    serial_number::SerialNumber,
    spki::{EncodePublicKey as _, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};
use zeroize::Zeroizing;

/// id-fido-gen-ce-aaguid.
const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");

/// id-fido-gen-ce-sernum, of enterprise attestation certificates.
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.2");

/// id-ce-basicConstraints.
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");

const ROOT_NAME: &str = "CN=softhello Test Attestation Root,O=softhello,C=ZZ";

/// WebAuthn Level 3 §8.2.1: OU is exactly "Authenticator Attestation".
const LEAF_NAME: &str = "CN=softhello Test Authenticator,OU=Authenticator Attestation,O=softhello,C=ZZ";

/// The attestation key of a model with its certificates; those of enterprise attestation name one device.
pub(crate) fn attestation(aaguid: Uuid) -> Attestation {
    let scalar = scalar("key", aaguid.as_bytes());
    let signer = SigningKey::from_slice(&*scalar).expect("a scalar below the order");
    let model = extension(AAGUID, &octet_string(aaguid.as_bytes()));
    let serial = expand("serial number", aaguid.as_bytes());
    let serial = extension(SERIAL, &octet_string(serial.get(..16).unwrap_or_default()));
    let issue = |number: u32, further: &[&Extension]| {
        let mut extensions = vec![constraints(false), model.clone()];
        extensions.extend(further.iter().copied().cloned());
        vec![certificate(LEAF_NAME, number, &signer, extensions)]
    };
    Attestation {
        key: PrivateKey::from_bytes(Algorithm::Es256, &*scalar).expect("a scalar below the order"),
        x5c: issue(2, &[]),
        enterprise_x5c: issue(3, &[&serial]),
    }
}

/// The root above all certificates of emulated models, in X.509 DER.
pub fn attestation_root() -> Vec<u8> {
    certificate(ROOT_NAME, 1, &root_key(), vec![constraints(true)])
}

fn root_key() -> SigningKey {
    SigningKey::from_slice(&*scalar("root", &[])).expect("a scalar below the order")
}

/// A private key made from its purpose.
fn scalar(purpose: &str, context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut scalar = expand(purpose, context);
    // Below the order of P-256, whose first four bytes are ff.
    if let Some(first) = scalar.first_mut() {
        *first &= 0x7f;
    }
    scalar
}

fn expand(purpose: &str, context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, b"softhello test attestation 1")
        .expand_multi_info(&[purpose.as_bytes(), context], &mut *out)
        .expect("32 bytes are a length that HKDF-SHA-256 gives");
    out
}

fn octet_string(bytes: &[u8]) -> Vec<u8> {
    OctetString::new(bytes).and_then(|string| string.to_der()).expect("a few bytes have a DER form")
}

/// An extension that is not critical.
fn extension(extn_id: ObjectIdentifier, value: &[u8]) -> Extension {
    let extn_value = OctetString::new(value).expect("a few bytes");
    Extension { extn_id, critical: false, extn_value }
}

fn constraints(ca: bool) -> Extension {
    let value = BasicConstraints { ca, path_len_constraint: None }.to_der().expect("it has a DER form");
    Extension { critical: true, ..extension(BASIC_CONSTRAINTS, &value) }
}

/// A certificate below the root.
struct BelowRoot {
    subject: Name,
    issuer: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for BelowRoot {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// Issues a certificate; ECDSA signatures are deterministic here, and so are the bytes.
fn certificate(subject: &str, number: u32, key: &SigningKey, extensions: Vec<Extension>) -> Vec<u8> {
    let issue = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let name = |text| Name::from_str(text);
        let profile = BelowRoot { subject: name(subject)?, issuer: name(ROOT_NAME)?, extensions };
        let spki = SubjectPublicKeyInfo::from_der(key.verifying_key().to_public_key_der()?.as_bytes())?;
        let serial = SerialNumber::from(number);
        let builder = CertificateBuilder::new(profile, serial, validity()?, spki)?;
        Ok(builder.build::<_, DerSignature>(&root_key())?.to_der()?)
    };
    issue().expect("constants that have a DER form")
}

/// From 2020 to 2099.
fn validity() -> Result<Validity, x509_cert::der::Error> {
    const FROM: Duration = Duration::from_secs(1_577_836_800);
    const TO: Duration = Duration::from_secs(4_102_444_799);
    Ok(Validity::new(
        Time::UtcTime(UtcTime::from_unix_duration(FROM)?),
        Time::GeneralTime(GeneralizedTime::from_unix_duration(TO)?),
    ))
}

//! The published vectors, read when the tests run.

use std::fs;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value;
use softhello_ctap::{Algorithm, Flags, PrivateKey, RsaParts};

/// The files, and what stands before the names of their vectors.
const FILES: [(&str, &str); 2] = [
    (concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/webauthn-l3.json"), ""),
    (concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/webauthn-l3-pr2397-android-key.json"), "pr2397/"),
];

/// One vector.
pub(crate) struct Vector {
    pub(crate) name: String,
    /// Attestation statement format.
    pub(crate) fmt: String,
    /// COSE algorithm of the credential.
    pub(crate) alg: i64,
    /// Authenticator data of the registration.
    pub(crate) auth_data: Vec<u8>,
    pub(crate) registration: Ceremony,
    pub(crate) authentication: Ceremony,
}

/// One ceremony of a vector.
pub(crate) struct Ceremony {
    values: Value,
    /// Flags of the authenticator data.
    pub(crate) flags: Flags,
    pub(crate) cross_origin: bool,
    pub(crate) top_origin: Option<String>,
}

/// Every vector of every file.
pub(crate) fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (path, prefix) in FILES {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        vectors.extend(
            file["vectors"].as_array().expect(path).iter().map(|vector| Vector::read(vector, prefix)),
        );
    }
    vectors
}

/// The vector of this name.
pub(crate) fn named(name: &str) -> Vector {
    all()
        .into_iter()
        .find(|vector| vector.name == name)
        .unwrap_or_else(|| panic!("there is no vector {name}"))
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

impl Vector {
    fn read(vector: &Value, prefix: &str) -> Self {
        let computed = &vector["computed"];
        let ceremony = |name: &str| Ceremony {
            values: vector[name].clone(),
            flags: Flags(u8::from_str_radix(computed[name]["flags"].as_str().unwrap(), 16).unwrap()),
            cross_origin: computed[format!("{name}_clientData")]["crossOrigin"] == true,
            top_origin: computed[format!("{name}_clientData")]["topOrigin"].as_str().map(str::to_owned),
        };
        Self {
            name: format!("{prefix}{}", vector["id"].as_str().unwrap()),
            fmt: computed["fmt"].as_str().unwrap().to_owned(),
            alg: computed["alg"].as_i64().unwrap(),
            auth_data: unhex(computed["registration_authData"].as_str().unwrap()),
            registration: ceremony("registration"),
            authentication: ceremony("authentication"),
        }
    }

    /// The credential's private key.
    pub(crate) fn private_key(&self) -> PrivateKey {
        let bytes = |name| self.registration.bytes(name);
        let key = match Algorithm::from_cose_id(self.alg) {
            Some(Algorithm::Rs256) => {
                PrivateKey::from_rsa_parts(&RsaParts { p: bytes("private_key_p"), q: bytes("private_key_q") })
            }
            Some(Algorithm::EdDsa) => PrivateKey::from_bytes(Algorithm::EdDsa, &bytes("private_key")),
            Some(algorithm) => PrivateKey::from_bytes(algorithm, &bytes("credential_private_key")),
            None => panic!("{}: no key of algorithm {} can be made", self.name, self.alg),
        };
        key.expect(&self.name)
    }
}

impl Ceremony {
    /// A value that the specification prints.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.values[name].as_str().unwrap_or_else(|| panic!("no {name}")))
    }

    /// What the relying party asks for, so that the flag UV comes out as printed.
    pub(crate) fn user_verification(&self) -> &'static str {
        if self.flags.has(Flags::UV) { "required" } else { "discouraged" }
    }

    /// The additional member of the client data, where the vector has one.
    pub(crate) fn extra_data(&self) -> Option<String> {
        let random = unhex(self.values.get("extraData_random")?.as_str()?);
        Some(format!("{EXTRA_DATA}{}", base64url(&random)))
    }
}

/// Source: WebAuthn Level 3 §16, "extraData".
const EXTRA_DATA: &str =
    "clientDataJSON may be extended with additional fields in the future, such as this: ";

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

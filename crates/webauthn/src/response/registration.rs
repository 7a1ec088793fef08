//! The response of `create()`.

use serde::{Serialize, Serializer};

use super::{Base64Url, CredentialJson};
use crate::{AuthenticatorAttachment, ClientExtensionResults};

/// A new credential: a `PublicKeyCredential` with an `AuthenticatorAttestationResponse`.
///
/// It serializes as `RegistrationResponseJSON`.
///
/// Source: WebAuthn Level 3 §5.1 and §5.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationResponse {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) attestation_object: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data_json: String,
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) public_key_algorithm: i64,
    pub(crate) transports: Vec<String>,
    pub(crate) authenticator_attachment: AuthenticatorAttachment,
    pub(crate) client_extension_results: ClientExtensionResults,
}

impl RegistrationResponse {
    /// `rawId`: the new credential's id, 1 to 1,023 bytes.
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// `attestationObject`: CBOR of `fmt`, `attStmt` and `authData`, in this order.
    pub fn attestation_object(&self) -> &[u8] {
        &self.attestation_object
    }

    /// `getAuthenticatorData()`: the authenticator data in the attestation object.
    pub fn authenticator_data(&self) -> &[u8] {
        &self.authenticator_data
    }

    /// `clientDataJSON`, UTF-8.
    pub fn client_data_json(&self) -> &[u8] {
        self.client_data_json.as_bytes()
    }

    /// `getPublicKey()`: DER SubjectPublicKeyInfo, nothing for an algorithm other than ES256, EdDSA and RS256.
    pub fn public_key(&self) -> Option<&[u8]> {
        self.public_key.as_deref()
    }

    /// `getPublicKeyAlgorithm()`: the COSE algorithm.
    pub fn public_key_algorithm(&self) -> i64 {
        self.public_key_algorithm
    }

    /// `getTransports()`: sorted and unique.
    pub fn transports(&self) -> &[String] {
        &self.transports
    }

    /// `authenticatorAttachment`.
    pub fn authenticator_attachment(&self) -> AuthenticatorAttachment {
        self.authenticator_attachment
    }

    /// `getClientExtensionResults()`.
    pub fn client_extension_results(&self) -> &ClientExtensionResults {
        &self.client_extension_results
    }

    /// `RegistrationResponseJSON` on one line.
    pub fn to_json(&self) -> String {
        super::to_json(self)
    }
}

impl Serialize for RegistrationResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CredentialJson {
            id: Base64Url(&self.credential_id),
            raw_id: Base64Url(&self.credential_id),
            response: AttestationResponseJson {
                attestation_object: Base64Url(&self.attestation_object),
                authenticator_data: Base64Url(&self.authenticator_data),
                client_data_json: Base64Url(self.client_data_json()),
                public_key: self.public_key().map(Base64Url),
                public_key_algorithm: self.public_key_algorithm,
                transports: &self.transports,
            },
            r#type: "public-key",
            client_extension_results: &self.client_extension_results,
            authenticator_attachment: self.authenticator_attachment,
        }
        .serialize(serializer)
    }
}

/// `AuthenticatorAttestationResponseJSON`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponseJson<'a> {
    attestation_object: Base64Url<'a>,
    authenticator_data: Base64Url<'a>,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<Base64Url<'a>>,
    public_key_algorithm: i64,
    transports: &'a [String],
}

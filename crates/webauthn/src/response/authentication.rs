//! The response of `get()`.

use serde::{Serialize, Serializer};

use super::{Base64Url, CredentialJson};
use crate::{AuthenticatorAttachment, ClientExtensionResults};

/// An assertion: a `PublicKeyCredential` with an `AuthenticatorAssertionResponse`.
///
/// It serializes as `AuthenticationResponseJSON`.
///
/// Source: WebAuthn Level 3 §5.1 and §5.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationResponse {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data_json: String,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) authenticator_attachment: AuthenticatorAttachment,
    pub(crate) client_extension_results: ClientExtensionResults,
}

impl AuthenticationResponse {
    /// `rawId`: the credential's id, 1 to 1,023 bytes.
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// `authenticatorData`.
    pub fn authenticator_data(&self) -> &[u8] {
        &self.authenticator_data
    }

    /// `clientDataJSON`, UTF-8.
    pub fn client_data_json(&self) -> &[u8] {
        self.client_data_json.as_bytes()
    }

    /// `signature` over the authenticator data ‖ SHA-256 of the client data.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// `userHandle`: the `user.id` of creation, 1 to 64 bytes, if the authenticator gave it.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }

    /// `authenticatorAttachment`.
    pub fn authenticator_attachment(&self) -> AuthenticatorAttachment {
        self.authenticator_attachment
    }

    /// `getClientExtensionResults()`.
    pub fn client_extension_results(&self) -> &ClientExtensionResults {
        &self.client_extension_results
    }

    /// `AuthenticationResponseJSON` on one line.
    pub fn to_json(&self) -> String {
        super::to_json(self)
    }
}

impl Serialize for AuthenticationResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CredentialJson {
            id: Base64Url(&self.credential_id),
            raw_id: Base64Url(&self.credential_id),
            response: AssertionResponseJson {
                authenticator_data: Base64Url(&self.authenticator_data),
                client_data_json: Base64Url(self.client_data_json()),
                signature: Base64Url(&self.signature),
                user_handle: self.user_handle().map(Base64Url),
            },
            r#type: "public-key",
            client_extension_results: &self.client_extension_results,
            authenticator_attachment: self.authenticator_attachment,
        }
        .serialize(serializer)
    }
}

/// `AuthenticatorAssertionResponseJSON`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponseJson<'a> {
    authenticator_data: Base64Url<'a>,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url<'a>,
    signature: Base64Url<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_handle: Option<Base64Url<'a>>,
}

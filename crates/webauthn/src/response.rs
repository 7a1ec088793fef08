//! What a ceremony gives back: the responses, and their JSON form as browsers send it.
//!
//! Source: WebAuthn Level 3 §5.1.7, `RegistrationResponseJSON` and `AuthenticationResponseJSON`.

mod authentication;
mod registration;

pub use authentication::AuthenticationResponse;
pub use registration::RegistrationResponse;

use serde::{Serialize, Serializer};

use crate::base64url;

/// The members that both kinds have, in the order in which they are printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialJson<'a, R> {
    id: Base64Url<'a>,
    raw_id: Base64Url<'a>,
    response: R,
    r#type: &'static str,
    client_extension_results: &'a crate::ClientExtensionResults,
    authenticator_attachment: crate::AuthenticatorAttachment,
}

/// Bytes that are printed as base64url.
pub(crate) struct Base64Url<'a>(pub(crate) &'a [u8]);

impl Serialize for Base64Url<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url::encode(self.0))
    }
}

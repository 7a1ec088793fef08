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

/// JSON on one line.
fn to_json(response: &impl Serialize) -> String {
    // Most responses are shorter.
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, response)
        .expect("all member names are strings and nothing in it can fail");
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// Bytes that are printed as base64url.
pub(crate) struct Base64Url<'a>(pub(crate) &'a [u8]);

impl Serialize for Base64Url<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64url::display(self.0))
    }
}

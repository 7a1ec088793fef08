//! The options of `navigator.credentials.get()`.

use std::time::Duration;

use super::{
    CredentialDescriptor, OptionsError, UserVerificationRequirement, extensions, lifetime, read, string,
    strings, timeout, webidl::Dictionary,
};
use crate::extensions::ClientExtensionInputs;

/// `PublicKeyCredentialRequestOptions`.
///
/// Source: WebAuthn Level 3 §5.5; its JSON form §5.1.10.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestOptions {
    /// The challenge, of any length.
    pub challenge: Vec<u8>,
    /// How long the relying party is willing to wait; see [`RequestOptions::lifetime`].
    pub timeout: Option<Duration>,
    /// The RP ID; the origin's effective domain if absent.
    pub rp_id: Option<String>,
    /// The credentials that may answer. If there are none, any discoverable one of the RP ID may.
    pub allow_credentials: Vec<CredentialDescriptor>,
    /// Whether the user has to be verified.
    pub user_verification: UserVerificationRequirement,
    /// Which kind of authenticator to offer first. With one authenticator they change nothing.
    pub hints: Vec<String>,
    /// Inputs of the extensions that this client knows.
    pub extensions: ClientExtensionInputs,
}

impl RequestOptions {
    /// Reads the JSON form, bare or inside `{"publicKey": …}`, of at most [`MAX_JSON`](crate::MAX_JSON) bytes.
    ///
    /// # Errors
    ///
    /// [`OptionsError`], naming the first member in alphabetical order that is missing or of another type, or else the
    /// first that is not base64url.
    ///
    /// Source: WebAuthn Level 3 §5.1.10, `parseRequestOptionsFromJSON()`.
    pub fn from_json(text: &str) -> Result<Self, OptionsError> {
        read(text, Self::convert)
    }

    fn convert(options: &Dictionary<'_>) -> Result<Self, OptionsError> {
        // Web IDL converts the members of a dictionary in alphabetical order.
        Ok(Self {
            allow_credentials: CredentialDescriptor::list(options.optional("allowCredentials"))?,
            challenge: options.required("challenge")?.base64url()?,
            extensions: extensions::convert(options.optional("extensions"))?,
            hints: strings(options.optional("hints"))?,
            rp_id: string(options.optional("rpId"))?,
            timeout: timeout(options.optional("timeout"))?,
            user_verification: string(options.optional("userVerification"))?
                .and_then(|value| UserVerificationRequirement::from_value(&value))
                .unwrap_or_default(),
        })
    }

    /// How long the ceremony may take: `timeout`, brought into the recommended 300 to 600 s; 300 s if absent.
    ///
    /// The client has no clock: whoever runs it ends the ceremony after this time by dropping its future, and reports
    /// `NotAllowedError`.
    ///
    /// Source: WebAuthn Level 3 §5.1.4.1 step 4 and §15.1.
    pub fn lifetime(&self) -> Duration {
        lifetime(self.timeout)
    }
}

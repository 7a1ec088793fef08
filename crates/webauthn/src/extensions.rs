//! Client extensions: what is asked for, and what comes out.
//!
//! Extensions that are not named here are ignored without a word, as a browser ignores those it does not know: they
//! have no output.

use serde::Serialize;

/// `AuthenticationExtensionsClientInputs`, of the extensions that this client knows.
///
/// Source: WebAuthn Level 3 §5.7.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientExtensionInputs {
    /// `credProps`: report the new credential's properties. Absent and `false` both mean no.
    pub cred_props: Option<bool>,
}

/// `AuthenticationExtensionsClientOutputs`: outputs of those extensions alone that were asked for.
///
/// Source: WebAuthn Level 3 §5.7.2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClientExtensionResults {
    /// `credProps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_props: Option<CredentialProperties>,
}

/// `CredentialPropertiesOutput`.
///
/// Source: WebAuthn Level 3 §10.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CredentialProperties {
    /// `rk`: whether the new credential is discoverable.
    pub rk: bool,
}

impl CredentialProperties {
    pub(crate) fn new(rk: bool) -> Self {
        Self { rk }
    }
}

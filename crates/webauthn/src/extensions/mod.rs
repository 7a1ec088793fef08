//! Client extensions: what is asked for, what an authenticator is sent for it, and what comes out.
//!
//! Extensions that are not named here are ignored without a word, as a browser ignores those it does not know: they
//! have no output.

pub(crate) mod app_id;
mod assertion;
mod creation;
pub(crate) mod large_blob;
mod prf;

pub(crate) use assertion::AssertionExtensions;
pub(crate) use creation::CreationExtensions;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use softhello_ctap::{
    Extension,
    cbor::{Reader, Writer},
    message::{EXTENSIONS, MapBuilder, Members},
};

use crate::response::Base64Url;

/// `AuthenticationExtensionsClientInputs`, of the extensions that this client knows.
///
/// Source: WebAuthn Level 3 §5.7.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientExtensionInputs {
    /// `appid`: the AppID under which U2F credentials were made, tried besides the RP ID.
    pub appid: Option<String>,
    /// `appidExclude`: the AppID under which U2F credentials of `excludeCredentials` were made.
    pub appid_exclude: Option<String>,
    /// `credBlob`: bytes to keep with the new credential.
    pub cred_blob: Option<Vec<u8>>,
    /// `credentialProtectionPolicy`: when the new credential needs verification.
    pub credential_protection_policy: Option<CredentialProtectionPolicy>,
    /// `credProps`: report the new credential's properties. Absent and `false` both mean no.
    pub cred_props: Option<bool>,
    /// `enforceCredentialProtectionPolicy`: rather no credential than one that is not protected so.
    pub enforce_credential_protection_policy: bool,
    /// `getCredBlob`: give the bytes that are kept with the credential.
    pub get_cred_blob: bool,
    /// `largeBlob`: support for, or access to, the bytes that belong to a credential.
    pub large_blob: Option<LargeBlobInputs>,
    /// `minPinLength`: report the shortest PIN that the authenticator takes.
    pub min_pin_length: bool,
    /// `prf`: evaluate the credential's pseudo-random function.
    pub prf: Option<PrfInputs>,
}

/// The values of `credentialProtectionPolicy`.
///
/// Source: CTAP 2.3 §12.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialProtectionPolicy {
    /// `userVerificationOptional`.
    UserVerificationOptional,
    /// `userVerificationOptionalWithCredentialIDList`.
    UserVerificationOptionalWithCredentialIdList,
    /// `userVerificationRequired`.
    UserVerificationRequired,
}

impl CredentialProtectionPolicy {
    pub(crate) fn from_value(value: &str) -> Option<Self> {
        match value {
            "userVerificationOptional" => Some(Self::UserVerificationOptional),
            "userVerificationOptionalWithCredentialIDList" => {
                Some(Self::UserVerificationOptionalWithCredentialIdList)
            }
            "userVerificationRequired" => Some(Self::UserVerificationRequired),
            _ => None,
        }
    }

    /// The level of `credProtect`.
    pub(crate) fn level(self) -> u64 {
        match self {
            Self::UserVerificationOptional => 1,
            Self::UserVerificationOptionalWithCredentialIdList => 2,
            Self::UserVerificationRequired => 3,
        }
    }
}

/// `AuthenticationExtensionsLargeBlobInputs`.
///
/// Source: WebAuthn Level 3 §10.1.5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LargeBlobInputs {
    /// `support`, at creation: whether it is `required`; anything else counts as `preferred`.
    pub required: Option<bool>,
    /// `read`, at assertion.
    pub read: Option<bool>,
    /// `write`, at assertion.
    pub write: Option<Vec<u8>>,
}

/// `AuthenticationExtensionsPRFInputs`.
///
/// Source: WebAuthn Level 3 §10.1.4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrfInputs {
    /// `eval`: for any credential.
    pub eval: Option<PrfValues>,
    /// `evalByCredential`: for the credential whose id is the key, in base64url.
    pub eval_by_credential: Option<Vec<(String, PrfValues)>>,
}

/// `AuthenticationExtensionsPRFValues`: one or two inputs, of any length, or outputs, of 32 bytes.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PrfValues {
    /// `first`.
    #[serde(serialize_with = "base64url")]
    pub first: Vec<u8>,
    /// `second`.
    #[serde(serialize_with = "optional_base64url", skip_serializing_if = "Option::is_none")]
    pub second: Option<Vec<u8>>,
}

impl std::fmt::Debug for PrfValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrfValues(..)")
    }
}

/// `AuthenticationExtensionsClientOutputs`: outputs of those extensions alone that were asked for.
///
/// Source: WebAuthn Level 3 §5.7.2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClientExtensionResults {
    /// `appid`: whether the credential is one of the AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<bool>,
    /// `appidExclude`: that credentials of the AppID were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid_exclude: Option<bool>,
    /// `credBlob`: whether the bytes are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_blob: Option<bool>,
    /// `credProps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_props: Option<CredentialProperties>,
    /// `getCredBlob`: the bytes that are kept.
    #[serde(serialize_with = "optional_base64url", skip_serializing_if = "Option::is_none")]
    pub get_cred_blob: Option<Vec<u8>>,
    /// `largeBlob`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large_blob: Option<LargeBlobOutputs>,
    /// `minPinLength`: in Unicode code points, if the authenticator tells this relying party.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_pin_length: Option<u64>,
    /// `prf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prf: Option<PrfOutputs>,
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

/// `AuthenticationExtensionsLargeBlobOutputs`.
///
/// Source: WebAuthn Level 3 §10.1.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LargeBlobOutputs {
    /// `supported`, at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported: Option<bool>,
    /// `blob`: what was read, if anything was there.
    #[serde(serialize_with = "optional_base64url", skip_serializing_if = "Option::is_none")]
    pub blob: Option<Vec<u8>>,
    /// `written`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<bool>,
}

/// `AuthenticationExtensionsPRFOutputs`.
///
/// Source: WebAuthn Level 3 §10.1.4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PrfOutputs {
    /// `enabled`, at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `results`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<PrfValues>,
}

fn base64url<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    Base64Url(bytes).serialize(serializer)
}

fn optional_base64url<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    bytes.as_deref().map(Base64Url).serialize(serializer)
}

/// The authenticator extension inputs of one request.
#[derive(Default)]
pub(crate) struct AuthenticatorInputs(BTreeMap<&'static str, Vec<u8>>);

impl AuthenticatorInputs {
    /// Adds the input of an extension.
    pub(crate) fn add(&mut self, extension: Extension, write: impl FnOnce(&mut Writer)) {
        let mut value = Writer::default();
        write(&mut value);
        self.0.insert(extension.identifier(), value.into_bytes());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        let mut map = MapBuilder::new(&EXTENSIONS);
        for extension in Extension::ALL {
            if let Some(value) = self.0.get(extension.identifier()) {
                map.member(extension.identifier()).raw(value);
            }
        }
        map.write(out);
    }
}

/// The authenticator extension outputs of one reply, signed or unsigned.
#[derive(Default)]
pub(crate) struct AuthenticatorOutputs<'a>(Option<Members<'a>>);

impl<'a> AuthenticatorOutputs<'a> {
    /// Of a map that was checked to be one.
    pub(crate) fn read(map: Option<&'a [u8]>) -> Self {
        Self(map.and_then(|map| Members::read(&EXTENSIONS, map).ok()))
    }

    /// The output of an extension; nothing if it is not of the type that `read` wants.
    pub(crate) fn get<T>(
        &self,
        extension: Extension,
        read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
    ) -> Option<T> {
        let item = self.0.as_ref()?.raw(extension.identifier())?;
        read(&mut Reader::new(item))
    }

    pub(crate) fn bool(&self, extension: Extension) -> Option<bool> {
        self.get(extension, |item| item.bool().ok())
    }

    pub(crate) fn bytes(&self, extension: Extension) -> Option<&'a [u8]> {
        self.get(extension, |item| item.bytes().ok())
    }

    pub(crate) fn uint(&self, extension: Extension) -> Option<u64> {
        self.get(extension, |item| item.uint().ok())
    }
}

//! The options of `navigator.credentials.create()`.

use std::time::Duration;

use super::{
    AuthenticatorAttachment, CredentialDescriptor, OptionsError, UserVerificationRequirement, extensions,
    lifetime, read, string, strings, timeout,
    webidl::{Dictionary, Member},
};
use crate::extensions::ClientExtensionInputs;

/// `PublicKeyCredentialCreationOptions`.
///
/// Source: WebAuthn Level 3 §5.4; its JSON form §5.1.9.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreationOptions {
    /// The relying party.
    pub rp: RpEntity,
    /// The account.
    pub user: UserEntity,
    /// The challenge, of any length.
    pub challenge: Vec<u8>,
    /// The kinds of credential the relying party accepts, the most wanted first. Empty means ES256, then RS256.
    pub pub_key_cred_params: Vec<CredentialParameters>,
    /// How long the relying party is willing to wait; see [`CreationOptions::lifetime`].
    pub timeout: Option<Duration>,
    /// Credentials of this account: an authenticator that has one of them refuses.
    pub exclude_credentials: Vec<CredentialDescriptor>,
    /// What the authenticator has to be able to do.
    pub authenticator_selection: AuthenticatorSelection,
    /// Which kind of authenticator to offer first. With one authenticator they change nothing.
    pub hints: Vec<String>,
    /// How much the relying party wants to know of the authenticator.
    pub attestation: AttestationConveyance,
    /// Attestation statement formats, the most wanted first.
    pub attestation_formats: Vec<String>,
    /// Inputs of the extensions that this client knows.
    pub extensions: ClientExtensionInputs,
}

impl CreationOptions {
    /// Reads the JSON form, bare or inside `{"publicKey": …}`, of at most [`MAX_JSON`](crate::MAX_JSON) bytes.
    ///
    /// # Errors
    ///
    /// [`OptionsError`], naming the first member in alphabetical order that is missing or of another type, or else the
    /// first that is not base64url.
    ///
    /// Source: WebAuthn Level 3 §5.1.9, `parseCreationOptionsFromJSON()`.
    pub fn from_json(text: &str) -> Result<Self, OptionsError> {
        read(text, Self::convert)
    }

    fn convert(options: &Dictionary<'_>) -> Result<Self, OptionsError> {
        // Web IDL converts the members of a dictionary in alphabetical order.
        Ok(Self {
            attestation: string(options.optional("attestation"))?
                .and_then(|value| AttestationConveyance::from_value(&value))
                .unwrap_or_default(),
            attestation_formats: strings(options.optional("attestationFormats"))?,
            authenticator_selection: AuthenticatorSelection::convert(
                options.optional("authenticatorSelection"),
            )?,
            challenge: options.required("challenge")?.base64url()?,
            exclude_credentials: CredentialDescriptor::list(options.optional("excludeCredentials"))?,
            extensions: extensions::convert(options.optional("extensions"))?,
            hints: strings(options.optional("hints"))?,
            pub_key_cred_params: options
                .required("pubKeyCredParams")?
                .sequence()?
                .map(CredentialParameters::convert)
                .collect::<Result<_, _>>()?,
            rp: RpEntity::convert(options.required("rp")?)?,
            timeout: timeout(options.optional("timeout"))?,
            user: UserEntity::convert(options.required("user")?)?,
        })
    }

    /// How long the ceremony may take: `timeout`, brought into the recommended 300 to 600 s; 300 s if absent.
    ///
    /// The client has no clock: whoever runs it ends the ceremony after this time by dropping its future, and reports
    /// `NotAllowedError`.
    ///
    /// Source: WebAuthn Level 3 §5.1.3 step 4 and §15.1.
    pub fn lifetime(&self) -> Duration {
        lifetime(self.timeout)
    }
}

/// `PublicKeyCredentialRpEntity`.
///
/// Source: WebAuthn Level 3 §5.4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RpEntity {
    /// `id`, the RP ID; the origin's effective domain if absent.
    pub id: Option<String>,
    /// `name`, for people.
    pub name: String,
}

impl RpEntity {
    fn convert(member: Member<'_>) -> Result<Self, OptionsError> {
        let rp = member.dictionary()?;
        // The members of the inherited dictionary, of which `name` is one, come first.
        let name = rp.required("name")?.dom_string()?;
        Ok(Self { name, id: string(rp.optional("id"))? })
    }
}

/// `PublicKeyCredentialUserEntity`.
///
/// Source: WebAuthn Level 3 §5.4.3.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserEntity {
    /// `id`, the user handle; a ceremony refuses it unless it has 1 to 64 bytes.
    pub id: Vec<u8>,
    /// `name`, what the person types to sign in.
    pub name: String,
    /// `displayName`, what a person would call the account.
    pub display_name: String,
}

impl UserEntity {
    fn convert(member: Member<'_>) -> Result<Self, OptionsError> {
        let user = member.dictionary()?;
        Ok(Self {
            display_name: user.required("displayName")?.dom_string()?,
            id: user.required("id")?.base64url()?,
            name: user.required("name")?.dom_string()?,
        })
    }
}

/// `PublicKeyCredentialParameters`: a kind of credential.
///
/// Source: WebAuthn Level 3 §5.3.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialParameters {
    /// `type`; entries of another type than `public-key` are ignored.
    pub type_: String,
    /// `alg`, a COSE algorithm. What is no number became 0, which is no algorithm.
    pub alg: i32,
}

impl CredentialParameters {
    fn convert(member: Member<'_>) -> Result<Self, OptionsError> {
        let parameters = member.dictionary()?;
        Ok(Self {
            alg: parameters.required("alg")?.long()?,
            type_: parameters.required("type")?.dom_string()?,
        })
    }
}

/// `AuthenticatorSelectionCriteria`.
///
/// Source: WebAuthn Level 3 §5.4.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatorSelection {
    /// Only authenticators of this attachment.
    pub authenticator_attachment: Option<AuthenticatorAttachment>,
    /// Whether the credential has to be discoverable; see [`AuthenticatorSelection::effective_resident_key`].
    pub resident_key: Option<ResidentKey>,
    /// The older form of `resident_key`, used if that is absent.
    pub require_resident_key: bool,
    /// Whether the user has to be verified.
    pub user_verification: UserVerificationRequirement,
}

impl AuthenticatorSelection {
    fn convert(member: Option<Member<'_>>) -> Result<Self, OptionsError> {
        let Some(member) = member else { return Ok(Self::default()) };
        let criteria = member.dictionary()?;
        Ok(Self {
            authenticator_attachment: string(criteria.optional("authenticatorAttachment"))?
                .and_then(|value| AuthenticatorAttachment::from_value(&value)),
            require_resident_key: criteria
                .optional("requireResidentKey")
                .is_some_and(|member| member.boolean()),
            resident_key: string(criteria.optional("residentKey"))?
                .and_then(|value| ResidentKey::from_value(&value)),
            user_verification: string(criteria.optional("userVerification"))?
                .and_then(|value| UserVerificationRequirement::from_value(&value))
                .unwrap_or_default(),
        })
    }

    /// `residentKey`, or what `requireResidentKey` says if that is absent or unknown.
    ///
    /// Source: WebAuthn Level 3 §5.4.4, `residentKey`.
    pub fn effective_resident_key(&self) -> ResidentKey {
        match (self.resident_key, self.require_resident_key) {
            (Some(requirement), _) => requirement,
            (None, true) => ResidentKey::Required,
            (None, false) => ResidentKey::Discouraged,
        }
    }
}

/// `ResidentKeyRequirement`: whether a credential has to be discoverable.
///
/// Source: WebAuthn Level 3 §5.4.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidentKey {
    /// `discouraged`.
    Discouraged,
    /// `preferred`.
    Preferred,
    /// `required`.
    Required,
}

impl ResidentKey {
    fn from_value(value: &str) -> Option<Self> {
        match value {
            "discouraged" => Some(Self::Discouraged),
            "preferred" => Some(Self::Preferred),
            "required" => Some(Self::Required),
            _ => None,
        }
    }
}

/// `AttestationConveyancePreference`: how much a relying party wants to know of the authenticator.
///
/// Source: WebAuthn Level 3 §5.4.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttestationConveyance {
    /// `none`, the default: nothing.
    #[default]
    None,
    /// `indirect`: an attestation that the client may anonymise. This client passes it on.
    Indirect,
    /// `direct`: the attestation as the authenticator made it.
    Direct,
    /// `enterprise`: one that may identify the single device.
    Enterprise,
}

impl AttestationConveyance {
    fn from_value(value: &str) -> Option<Self> {
        match value {
            "none" => Some(Self::None),
            "indirect" => Some(Self::Indirect),
            "direct" => Some(Self::Direct),
            "enterprise" => Some(Self::Enterprise),
            _ => None,
        }
    }
}

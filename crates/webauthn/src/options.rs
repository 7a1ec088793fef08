//! What a relying party asks for: the options of `create()` and `get()`, read from their JSON form.
//!
//! They are read as `PublicKeyCredential.parseCreationOptionsFromJSON()` and `parseRequestOptionsFromJSON()` read
//! them, Web IDL conversions included: unknown members are ignored, a number is a string where a string is wanted
//! (`"timeout": "60000"` and `"name": 7` both work), `null` is not the same as absent, and an unknown enumeration
//! value counts as absent. It departs from Web IDL in one thing: a list or an object where a string or number is
//! wanted is a `TypeError` and does not become `"[object Object]"`.
//!
//! Source: WebAuthn Level 3 §5.1.8 to §5.1.10, §5.4 to §5.8; Web IDL §3.2.

mod creation;
mod extensions;
mod request;
mod webidl;

use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::Value;

pub use creation::{
    AttestationConveyance, AuthenticatorSelection, CreationOptions, CredentialParameters, ResidentKey,
    RpEntity, UserEntity,
};
pub use request::RequestOptions;

use crate::{
    DomException,
    json::{self, JsonError},
};
use webidl::{Dictionary, Member, NotBase64Url};

/// Why options cannot be used: what the browser's parsing function would throw.
///
/// It displays as ``EncodingError: `user.id` carries padding …``.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionsError {
    /// `SyntaxError` (not JSON), `TypeError` (a member is missing or of another type) or `EncodingError` (not
    /// base64url).
    pub name: DomException,
    /// The member, by its path in the text that was given, as `publicKey.user.id` or `allowCredentials[2].id`; empty
    /// if it is the whole.
    pub member: String,
    /// What is wrong with it, for people, as `is missing`.
    pub reason: String,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member.as_str() {
            "" => write!(f, "{}: the text {}", self.name, self.reason),
            member => write!(f, "{}: `{member}` {}", self.name, self.reason),
        }
    }
}

impl std::error::Error for OptionsError {}

/// Reads the options' dictionary, bare or inside `{"publicKey": …}`.
fn read<T>(
    text: &str,
    convert: impl FnOnce(&Dictionary<'_>) -> Result<T, OptionsError>,
) -> Result<T, OptionsError> {
    let value = json::parse(text).map_err(|error| OptionsError {
        name: match error {
            JsonError::Syntax(_) => DomException::SyntaxError,
            JsonError::TooLong(_) => DomException::TypeError,
        },
        member: String::new(),
        reason: error.to_string(),
    })?;
    let not_base64url = NotBase64Url::default();
    let member = match value.as_object().and_then(|object| object.get("publicKey")) {
        Some(inner) => Member::new(inner, "publicKey".to_owned(), &not_base64url),
        None => Member::new(&value, String::new(), &not_base64url),
    };
    if let Value::Null = member.value() {
        return Err(member.type_error("must be an object, not null"));
    }
    let options = convert(&member.dictionary()?)?;
    not_base64url.take().map_or(Ok(options), Err)
}

/// `PublicKeyCredentialDescriptor`: names a credential.
///
/// Source: WebAuthn Level 3 §5.8.3.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialDescriptor {
    /// `type`; entries of another type than `public-key` are ignored.
    pub type_: String,
    /// The credential id.
    pub id: Vec<u8>,
    /// How the credential's authenticator can be reached. This client has one authenticator and ignores it.
    pub transports: Vec<String>,
}

impl CredentialDescriptor {
    fn list(member: Option<Member<'_>>) -> Result<Vec<Self>, OptionsError> {
        let Some(member) = member else { return Ok(Vec::new()) };
        member
            .sequence()?
            .map(|item| {
                let descriptor = item.dictionary()?;
                Ok(Self {
                    id: descriptor.required("id")?.base64url()?,
                    transports: strings(descriptor.optional("transports"))?,
                    type_: descriptor.required("type")?.dom_string()?,
                })
            })
            .collect()
    }
}

/// `sequence<DOMString>`, empty if absent.
fn strings(member: Option<Member<'_>>) -> Result<Vec<String>, OptionsError> {
    let Some(member) = member else { return Ok(Vec::new()) };
    member.sequence()?.map(|item| item.dom_string()).collect()
}

/// `DOMString`, if present.
fn string(member: Option<Member<'_>>) -> Result<Option<String>, OptionsError> {
    member.map(|member| member.dom_string()).transpose()
}

/// `unsigned long` milliseconds, if present.
fn timeout(member: Option<Member<'_>>) -> Result<Option<Duration>, OptionsError> {
    let milliseconds = member.map(|member| member.unsigned_long()).transpose()?;
    Ok(milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into())))
}

/// How long a ceremony may take, given `timeout`.
///
/// Source: WebAuthn Level 3 §15.1, "recommended range and default": 300 to 600 s, by default 300 s.
fn lifetime(timeout: Option<Duration>) -> Duration {
    const LEAST: Duration = Duration::from_secs(300);
    const MOST: Duration = Duration::from_secs(600);
    timeout.unwrap_or(LEAST).clamp(LEAST, MOST)
}

/// `AuthenticatorAttachment`: whether an authenticator is part of the device.
///
/// Source: WebAuthn Level 3 §5.4.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthenticatorAttachment {
    /// `platform`: part of the device, as Windows Hello is.
    Platform,
    /// `cross-platform`: a roaming authenticator, as a security key is.
    CrossPlatform,
}

impl AuthenticatorAttachment {
    /// The enumeration value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }

    fn from_value(value: &str) -> Option<Self> {
        [Self::Platform, Self::CrossPlatform].into_iter().find(|attachment| attachment.as_str() == value)
    }
}

/// `UserVerificationRequirement`: how much a relying party wants the user verified.
///
/// Source: WebAuthn Level 3 §5.8.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserVerificationRequirement {
    /// `required`: the ceremony fails without it.
    Required,
    /// `preferred`, the default: where it is possible.
    #[default]
    Preferred,
    /// `discouraged`: only where the authenticator insists.
    Discouraged,
}

impl UserVerificationRequirement {
    fn from_value(value: &str) -> Option<Self> {
        match value {
            "required" => Some(Self::Required),
            "preferred" => Some(Self::Preferred),
            "discouraged" => Some(Self::Discouraged),
            _ => None,
        }
    }
}

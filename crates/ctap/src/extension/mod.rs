//! The extensions, one file each, in the specification's names.
//!
//! Source: CTAP 2.3 §12.

mod assertion;
mod creation;
mod cred_blob;
mod cred_protect;
mod hmac_secret;
mod hmac_secret_mc;
mod large_blob;
mod large_blob_key;
mod min_pin_length;
mod pin_complexity_policy;
mod third_party_payment;

pub(crate) use assertion::AssertionInputs;
pub(crate) use creation::{Creation, CreationOutputs, create};

use crate::{
    Denied, Profile, Step, Steps,
    api::refuse,
    cbor::{Reader, Unexpected},
    message::{EXTENSIONS, Members, MessageError},
    step::steps,
};

/// The steps of all extensions.
pub(crate) static ALL_STEPS: &[&[&Step]] = &[
    STEPS,
    cred_blob::STEPS,
    cred_protect::STEPS,
    hmac_secret::STEPS,
    hmac_secret_mc::STEPS,
    large_blob::STEPS,
    large_blob_key::STEPS,
    min_pin_length::STEPS,
    pin_complexity_policy::STEPS,
    third_party_payment::STEPS,
];

/// An extension of makeCredential and getAssertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extension {
    /// `credBlob` (§12.2).
    CredBlob,
    /// `largeBlob` (§12.4).
    LargeBlob,
    /// `credProtect` (§12.1).
    CredProtect,
    /// `hmac-secret` (§12.7).
    HmacSecret,
    /// `largeBlobKey` (§12.3).
    LargeBlobKey,
    /// `minPinLength` (§12.5).
    MinPinLength,
    /// `hmac-secret-mc` (§12.8).
    HmacSecretMc,
    /// `thirdPartyPayment` (§12.9).
    ThirdPartyPayment,
    /// `pinComplexityPolicy` (§12.6).
    PinComplexityPolicy,
}

impl Extension {
    /// All of them, in the canonical order of their identifiers.
    pub const ALL: [Self; 9] = [
        Self::CredBlob,
        Self::LargeBlob,
        Self::CredProtect,
        Self::HmacSecret,
        Self::LargeBlobKey,
        Self::MinPinLength,
        Self::HmacSecretMc,
        Self::ThirdPartyPayment,
        Self::PinComplexityPolicy,
    ];

    /// The extension of this identifier, if it is one of these.
    pub fn from_identifier(identifier: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.identifier() == identifier)
    }

    /// The identifier on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::CredBlob => "credBlob",
            Self::LargeBlob => "largeBlob",
            Self::CredProtect => "credProtect",
            Self::HmacSecret => "hmac-secret",
            Self::LargeBlobKey => "largeBlobKey",
            Self::MinPinLength => "minPinLength",
            Self::HmacSecretMc => "hmac-secret-mc",
            Self::ThirdPartyPayment => "thirdPartyPayment",
            Self::PinComplexityPolicy => "pinComplexityPolicy",
        }
    }
}

/// The inputs of the extensions that a profile has; those of others are passed over.
struct Inputs<'a> {
    profile: &'a Profile,
    members: Option<Members<'a>>,
}

impl<'a> Inputs<'a> {
    /// Of a map that was checked to be one.
    fn new(profile: &'a Profile, extensions: Option<&'a [u8]>) -> Result<Self, MessageError> {
        let members = extensions.map(|map| Members::read(&EXTENSIONS, map)).transpose()?;
        Ok(Self { profile, members })
    }

    /// The input of an extension, if it is there and the profile has it.
    fn raw(&self, extension: Extension) -> Option<&'a [u8]> {
        let members = self.members.as_ref().filter(|_| self.profile.has(extension))?;
        members.raw(extension.identifier())
    }

    /// The input of an extension, read as what it has to be.
    fn read<T>(
        &self,
        host: &mut impl Steps,
        extension: Extension,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Unexpected>,
    ) -> Result<Option<T>, Denied> {
        let Some(item) = self.raw(extension) else { return Ok(None) };
        match read(&mut Reader::new(item)) {
            Ok(value) => Ok(Some(value)),
            Err(Unexpected { expected }) => {
                let member = format!("extensions.{}", extension.identifier());
                Err(refuse(host, &TYPE, MessageError::Type { member, expected }.into()))
            }
        }
    }

    /// Whether an extension was asked for by `true`; `false` is as if it were absent.
    fn asked_for(&self, host: &mut impl Steps, extension: Extension) -> Result<bool, Denied> {
        Ok(self.read(host, extension, Reader::bool)? == Some(true))
    }
}

steps! {
    TYPE = "12" "1" "the input of an extension that is known has its type, else CBOR_UNEXPECTED_TYPE; one that is unknown is ignored";
}

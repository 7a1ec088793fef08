//! The inputs of client extensions.

use super::{
    OptionsError,
    webidl::{Dictionary, Member},
};
use crate::extensions::{
    ClientExtensionInputs, CredentialProtectionPolicy, LargeBlobInputs, PrfInputs, PrfValues,
};

/// `AuthenticationExtensionsClientInputsJSON`.
pub(super) fn convert(member: Option<Member<'_>>) -> Result<ClientExtensionInputs, OptionsError> {
    let Some(member) = member else { return Ok(ClientExtensionInputs::default()) };
    let inputs = member.dictionary()?;
    let boolean = |name| inputs.optional(name).map(|member| member.boolean());
    Ok(ClientExtensionInputs {
        appid: super::string(inputs.optional("appid"))?,
        appid_exclude: super::string(inputs.optional("appidExclude"))?,
        cred_blob: base64url(&inputs, "credBlob")?,
        cred_props: boolean("credProps"),
        credential_protection_policy: inputs
            .optional("credentialProtectionPolicy")
            .map(|member| credential_protection_policy(&member))
            .transpose()?,
        enforce_credential_protection_policy: boolean("enforceCredentialProtectionPolicy").unwrap_or(false),
        get_cred_blob: boolean("getCredBlob").unwrap_or(false),
        large_blob: inputs.optional("largeBlob").map(large_blob).transpose()?,
        min_pin_length: boolean("minPinLength").unwrap_or(false),
        prf: inputs.optional("prf").map(prf).transpose()?,
    })
}

fn base64url(dictionary: &Dictionary<'_>, name: &str) -> Result<Option<Vec<u8>>, OptionsError> {
    dictionary.optional(name).map(|member| member.base64url()).transpose()
}

/// An enumeration, of which other values are no members.
fn credential_protection_policy(member: &Member<'_>) -> Result<CredentialProtectionPolicy, OptionsError> {
    let value = member.dom_string()?;
    CredentialProtectionPolicy::from_value(&value).ok_or_else(|| {
        member.type_error(
            "must be userVerificationOptional, userVerificationOptionalWithCredentialIDList or \
             userVerificationRequired",
        )
    })
}

/// `AuthenticationExtensionsLargeBlobInputsJSON`.
fn large_blob(member: Member<'_>) -> Result<LargeBlobInputs, OptionsError> {
    let inputs = member.dictionary()?;
    Ok(LargeBlobInputs {
        read: inputs.optional("read").map(|member| member.boolean()),
        required: super::string(inputs.optional("support"))?.map(|support| support == "required"),
        write: base64url(&inputs, "write")?,
    })
}

/// `AuthenticationExtensionsPRFInputsJSON`.
fn prf(member: Member<'_>) -> Result<PrfInputs, OptionsError> {
    let inputs = member.dictionary()?;
    Ok(PrfInputs {
        eval: inputs.optional("eval").map(prf_values).transpose()?,
        eval_by_credential: inputs
            .optional("evalByCredential")
            .map(|member| member.record()?.map(|(key, member)| Ok((key, prf_values(member)?))).collect())
            .transpose()?,
    })
}

/// `AuthenticationExtensionsPRFValuesJSON`.
fn prf_values(member: Member<'_>) -> Result<PrfValues, OptionsError> {
    let values = member.dictionary()?;
    Ok(PrfValues { first: values.required("first")?.base64url()?, second: base64url(&values, "second")? })
}

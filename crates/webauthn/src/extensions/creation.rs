//! The extensions of a creation, from the page's inputs to its outputs.

use softhello_ctap::{Authenticator, Extension, Flags, Step};

use super::{
    AuthenticatorInputs, AuthenticatorOutputs, ClientExtensionInputs, ClientExtensionResults,
    CredentialProperties, CredentialProtectionPolicy, LargeBlobOutputs, PrfOutputs, large_blob,
    prf::{self, HmacSecret},
};
use crate::{
    DomException, Failure,
    authenticator_data::AuthenticatorData,
    connection::{Connection, Refusal},
    info::AuthenticatorInfo,
    make_credential::NewCredential,
};

/// What one creation asks of its authenticator beyond the credential.
pub(crate) struct CreationExtensions<'a> {
    inputs: &'a ClientExtensionInputs,
    /// The request's option `rk`.
    rk: bool,
    sent: AuthenticatorInputs,
    hmac_secret: Option<HmacSecret>,
}

impl<'a> CreationExtensions<'a> {
    /// Checks what can be checked without an authenticator.
    pub(crate) fn check(inputs: &ClientExtensionInputs) -> Result<(), Failure> {
        inputs.large_blob.as_ref().map_or(Ok(()), large_blob::check_creation)?;
        inputs.prf.as_ref().map_or(Ok(()), prf::check_creation)
    }

    /// Whether the user has to be verified, where that is possible, whatever the relying party says.
    ///
    /// Source: WebAuthn Level 3 §10.1.4, "that PRF MUST be the one used for when user verification is performed".
    pub(crate) fn need_verification(inputs: &ClientExtensionInputs, info: &AuthenticatorInfo) -> bool {
        info.has(Extension::HmacSecretMc) && inputs.prf.as_ref().is_some_and(|prf| prf.eval.is_some())
    }

    /// What the authenticator can do of it.
    ///
    /// # Errors
    ///
    /// `ConstraintError` if it cannot do what is required.
    pub(crate) fn new(
        inputs: &'a ClientExtensionInputs,
        info: &AuthenticatorInfo,
        rk: bool,
    ) -> Result<Self, Failure> {
        let mut sent = AuthenticatorInputs::default();
        if let Some(cred_blob) = &inputs.cred_blob
            && info.has(Extension::CredBlob)
            && cred_blob.len() <= info.max_cred_blob_length
        {
            sent.add(Extension::CredBlob, |out| {
                out.bytes(cred_blob);
            });
        }
        if let Some(policy) = inputs.credential_protection_policy {
            if info.has(Extension::CredProtect) {
                sent.add(Extension::CredProtect, |out| {
                    out.uint(policy.level());
                });
            } else if inputs.enforce_credential_protection_policy
                && policy != CredentialProtectionPolicy::UserVerificationOptional
            {
                const REASON: &str =
                    "a credential protection policy is to be enforced, and the authenticator knows none";
                return Err(Failure::new(DomException::ConstraintError, &CRED_PROTECT, REASON));
            }
        }
        if inputs.prf.is_some() && info.has(Extension::HmacSecret) {
            sent.add(Extension::HmacSecret, |out| {
                out.bool(true);
            });
        }
        if inputs.min_pin_length && info.has(Extension::MinPinLength) {
            sent.add(Extension::MinPinLength, |out| {
                out.bool(true);
            });
        }
        if let Some(blob) = &inputs.large_blob {
            let required = blob.required == Some(true);
            if rk && info.large_blobs && info.has(Extension::LargeBlobKey) {
                sent.add(Extension::LargeBlobKey, |out| {
                    out.bool(true);
                });
            } else if rk && info.has(Extension::LargeBlob) {
                sent.add(Extension::LargeBlob, |out| {
                    out.map(1).text("support").text(if required { "required" } else { "preferred" });
                });
            } else if required {
                const REASON: &str =
                    "support of `largeBlob` is required, and the authenticator has none for this credential";
                return Err(Failure::new(DomException::ConstraintError, &large_blob::SUPPORT, REASON));
            }
        }
        Ok(Self { inputs, rk, sent, hmac_secret: None })
    }

    /// Prepares what needs a secret that is shared with the authenticator. `verified` tells whether the user is.
    pub(crate) async fn prepare<A: Authenticator>(
        &mut self,
        info: &AuthenticatorInfo,
        verified: bool,
        connection: &mut Connection<'_, A>,
    ) -> Result<(), Refusal> {
        let values = self.inputs.prf.as_ref().and_then(|prf| prf.eval.as_ref());
        if let (Some(values), Some(protocol)) = (values, info.pin_uv_auth_protocols.first())
            && verified
            && info.has(Extension::HmacSecretMc)
        {
            let hmac_secret = HmacSecret::agree(values, *protocol, connection).await?;
            self.sent.add(Extension::HmacSecretMc, |out| {
                hmac_secret.write(&mut |bytes| connection.random(bytes), out);
            });
            self.hmac_secret = Some(hmac_secret);
        }
        Ok(())
    }

    /// The inputs for the authenticator.
    pub(crate) fn sent(&self) -> &AuthenticatorInputs {
        &self.sent
    }

    /// What the page gets.
    pub(crate) fn results(
        &self,
        credential: &NewCredential,
        auth_data: &AuthenticatorData<'_>,
    ) -> ClientExtensionResults {
        let signed = AuthenticatorOutputs::read(auth_data.extensions);
        let unsigned = AuthenticatorOutputs::read(credential.unsigned_extension_outputs.as_deref());
        let inputs = self.inputs;
        let verified = auth_data.flags.has(Flags::UV);
        let prf = inputs.prf.as_ref().map(|_| PrfOutputs {
            enabled: Some(signed.bool(Extension::HmacSecret) == Some(true)),
            results: self
                .hmac_secret
                .as_ref()
                .filter(|_| verified)
                .and_then(|hmac_secret| hmac_secret.read(signed.bytes(Extension::HmacSecretMc)?)),
        });
        let large_blob = inputs.large_blob.as_ref().map(|_| LargeBlobOutputs {
            supported: Some(credential.large_blob_key.is_some() || large_blob::is_supported(&unsigned)),
            ..LargeBlobOutputs::default()
        });
        ClientExtensionResults {
            cred_blob: inputs.cred_blob.as_ref().map(|_| signed.bool(Extension::CredBlob) == Some(true)),
            cred_props: (inputs.cred_props == Some(true)).then(|| CredentialProperties::new(self.rk)),
            large_blob,
            min_pin_length: signed.uint(Extension::MinPinLength).filter(|_| inputs.min_pin_length),
            prf,
            ..ClientExtensionResults::default()
        }
    }
}

static CRED_PROTECT: Step = Step {
    section: "CTAP 12.1",
    number: "1",
    rule: "Where a credential protection policy is enforced, an authenticator that does not know credProtect is \
           left out.",
};

//! The extensions of an assertion, from the page's inputs to its outputs.

use softhello_ctap::{Authenticator, Extension, Flags, Permissions};

use super::{
    AuthenticatorInputs, AuthenticatorOutputs, ClientExtensionInputs, ClientExtensionResults,
    LargeBlobInputs, LargeBlobOutputs, PrfOutputs, large_blob,
    prf::{Evaluations, HmacSecret},
};
use crate::{
    Failure, RequestOptions,
    authenticator_data::AuthenticatorData,
    connection::{Connection, Refusal},
    get_assertion::Assertion,
    info::AuthenticatorInfo,
    large_blobs,
    user_verification::Verification,
};

/// What one assertion asks of its authenticator beyond the signature.
pub(crate) struct AssertionExtensions<'a> {
    inputs: &'a ClientExtensionInputs,
    evaluations: Evaluations<'a>,
    sent: AuthenticatorInputs,
    hmac_secret: Option<HmacSecret>,
}

impl<'a> AssertionExtensions<'a> {
    /// Checks the inputs.
    pub(crate) fn new(options: &'a RequestOptions) -> Result<Self, Failure> {
        let inputs = &options.extensions;
        inputs.large_blob.as_ref().map_or(Ok(()), |blob| large_blob::check_assertion(blob, options))?;
        let evaluations = match &inputs.prf {
            Some(prf) => Evaluations::read(prf, &options.allow_credentials)?,
            None => Evaluations::default(),
        };
        Ok(Self { inputs, evaluations, sent: AuthenticatorInputs::default(), hmac_secret: None })
    }

    /// Whether the user has to be verified, where that is possible, whatever the relying party says.
    ///
    /// Source: WebAuthn Level 3 §10.1.4, "that PRF MUST be the one used for when user verification is performed";
    /// CTAP 2.3 §6.10.2, the permission `lbw`.
    pub(crate) fn need_verification(&self, info: &AuthenticatorInfo) -> bool {
        self.evaluates(info) || self.writes_array(info)
    }

    /// Permissions that a token needs besides `ga`.
    pub(crate) fn permissions(&self, info: &AuthenticatorInfo) -> Permissions {
        if self.writes_array(info) { Permissions::LBW } else { Permissions::default() }
    }

    /// Whether the request depends on which credential answers.
    pub(crate) fn differ_by_credential(&self, info: &AuthenticatorInfo) -> bool {
        self.evaluates(info) && self.evaluations.differ()
    }

    fn evaluates(&self, info: &AuthenticatorInfo) -> bool {
        info.has(Extension::HmacSecret) && !self.evaluations.is_empty()
    }

    fn has_array(info: &AuthenticatorInfo) -> bool {
        info.large_blobs && info.has(Extension::LargeBlobKey)
    }

    fn writes_array(&self, info: &AuthenticatorInfo) -> bool {
        let writes = self.inputs.large_blob.as_ref().is_some_and(|blob| blob.write.is_some());
        writes && Self::has_array(info)
    }

    /// Prepares the inputs for the authenticator. `credential` is the one that will answer, if only one can; `verified`
    /// tells whether the user is.
    pub(crate) async fn prepare<A: Authenticator>(
        &mut self,
        credential: Option<&[u8]>,
        info: &AuthenticatorInfo,
        verified: bool,
        connection: &mut Connection<'_, A>,
    ) -> Result<(), Refusal> {
        if self.inputs.get_cred_blob && info.has(Extension::CredBlob) {
            self.sent.add(Extension::CredBlob, |out| {
                out.bool(true);
            });
        }
        if let Some(LargeBlobInputs { read, write, .. }) = &self.inputs.large_blob
            && (*read == Some(true) || write.is_some())
        {
            if Self::has_array(info) {
                self.sent.add(Extension::LargeBlobKey, |out| {
                    out.bool(true);
                });
            } else if info.has(Extension::LargeBlob)
                && let Some(input) = large_blob::input(write.as_deref(), info.max_fragment_length())
            {
                self.sent.add(Extension::LargeBlob, |out| {
                    out.raw(&input);
                });
            }
        }
        if let (Some(values), Some(protocol)) =
            (self.evaluations.of(credential), info.pin_uv_auth_protocols.first())
            && verified
            && self.evaluates(info)
        {
            let hmac_secret = HmacSecret::agree(values, *protocol, connection).await?;
            self.sent.add(Extension::HmacSecret, |out| {
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

    /// What the page gets. A large-blob array is read and written on the way.
    pub(crate) async fn results<A: Authenticator>(
        &self,
        assertion: &Assertion,
        auth_data: &AuthenticatorData<'_>,
        info: &AuthenticatorInfo,
        verification: &Verification,
        connection: &mut Connection<'_, A>,
    ) -> Result<ClientExtensionResults, Refusal> {
        let signed = AuthenticatorOutputs::read(auth_data.extensions);
        let unsigned = AuthenticatorOutputs::read(assertion.unsigned_extension_outputs.as_deref());
        let verified = auth_data.flags.has(Flags::UV);
        let prf = self.inputs.prf.as_ref().map(|_| PrfOutputs {
            enabled: None,
            results: self
                .hmac_secret
                .as_ref()
                .filter(|_| verified)
                .and_then(|hmac_secret| hmac_secret.read(signed.bytes(Extension::HmacSecret)?)),
        });
        let large_blob = match (&self.inputs.large_blob, assertion.large_blob_key) {
            (None, _) => None,
            (Some(inputs), Some(key)) if Self::has_array(info) => {
                Some(access_array(inputs, &key, info, verification, connection).await?)
            }
            (Some(inputs), _) => Some(large_blob::read_output(inputs, &unsigned)),
        };
        Ok(ClientExtensionResults {
            get_cred_blob: signed
                .bytes(Extension::CredBlob)
                .filter(|_| self.inputs.get_cred_blob)
                .map(<[u8]>::to_vec),
            large_blob,
            prf,
            ..ClientExtensionResults::default()
        })
    }
}

/// Reads or writes the credential's blob in the authenticator's array.
async fn access_array<A: Authenticator>(
    inputs: &LargeBlobInputs,
    key: &[u8; 32],
    info: &AuthenticatorInfo,
    verification: &Verification,
    connection: &mut Connection<'_, A>,
) -> Result<LargeBlobOutputs, Refusal> {
    let mut outputs = LargeBlobOutputs::default();
    if inputs.read != Some(true) && inputs.write.is_none() {
        return Ok(outputs);
    }
    let mut array = large_blobs::read(connection, info).await?;
    match &inputs.write {
        None => outputs.blob = array.get(key),
        Some(blob) => {
            let mut nonce = [0; 12];
            connection.random(&mut nonce);
            array.put(key, nonce, blob);
            let written = large_blobs::write(&array, connection, info, verification.token.as_ref()).await;
            outputs.written = Some(match written {
                Ok(written) => written,
                Err(Refusal::Status(..)) => false,
                Err(refusal) => return Err(refusal),
            });
        }
    }
    Ok(outputs)
}

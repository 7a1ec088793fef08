//! Extensions when a credential is used. Source: CTAP 2.3 §6.2.2 step 10.

use super::{
    Extension, Inputs, cred_blob,
    hmac_secret::{self, Salts},
    large_blob::{self, Access},
    large_blob_key, third_party_payment,
};
use crate::{
    Change, ChangeSet, Credential, Denied, Flags, Host, LargeBlob, LargeBlobKey, Profile, Session,
    message::{EXTENSIONS, MapBuilder},
};

/// What was asked of each credential that answers; remembered for authenticatorGetNextAssertion.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssertionInputs {
    cred_blob: bool,
    large_blob: Option<Access>,
    hmac_secret: Option<Salts>,
    large_blob_key: bool,
    third_party_payment: bool,
}

/// What extensions add to an assertion.
#[derive(Debug, Default)]
pub(crate) struct AssertionOutputs {
    /// The extensions map of authenticator data.
    pub(crate) signed: Option<Vec<u8>>,
    /// `unsignedExtensionOutputs`.
    pub(crate) unsigned: Option<Vec<u8>>,
    /// `largeBlobKey`.
    pub(crate) large_blob_key: Option<LargeBlobKey>,
}

impl AssertionInputs {
    /// Reads the map of inputs, after a credential was located and the user consented.
    pub(crate) fn read(
        host: &mut impl Host,
        profile: &Profile,
        session: &mut Session,
        extensions: Option<&[u8]>,
        up: bool,
    ) -> Result<Self, Denied> {
        let inputs = Inputs::new(profile, extensions)?;
        Ok(Self {
            cred_blob: inputs.asked_for(host, Extension::CredBlob)?,
            large_blob: large_blob::access(host, &inputs)?,
            hmac_secret: hmac_secret::salts(host, session, &inputs, up)?,
            large_blob_key: large_blob_key::input(host, &inputs)?,
            third_party_payment: inputs.asked_for(host, Extension::ThirdPartyPayment)?,
        })
    }

    /// Processes the extensions for one credential. `listed` tells whether the request had an allowList.
    pub(crate) async fn process(
        &self,
        host: &mut impl Host,
        profile: &Profile,
        credential: &mut Credential,
        flags: Flags,
        listed: bool,
    ) -> Result<AssertionOutputs, Denied> {
        let mut signed = MapBuilder::new(&EXTENSIONS);
        if self.cred_blob {
            signed.member("credBlob").bytes(cred_blob::assertion(host, credential));
        }
        if let (Some(salts), Some(random)) = (&self.hmac_secret, &credential.extensions.cred_random) {
            let output = salts.output(host, random, flags.has(Flags::UV));
            signed.member("hmac-secret").bytes(&output);
        }
        if self.third_party_payment {
            signed.member("thirdPartyPayment").bool(third_party_payment::assertion(host, credential));
        }
        let mut unsigned = MapBuilder::new(&EXTENSIONS);
        match &self.large_blob {
            None => {}
            Some(Access::Read) => {
                if let Some(blob) = large_blob::written(host, credential) {
                    large_blob::write_blob(blob, unsigned.member("largeBlob"));
                }
            }
            Some(Access::Write(blob)) => {
                let (max, up) = (profile.max_large_blob_length, flags.has(Flags::UP));
                let takes = large_blob::may_write(host, max, credential, blob, listed, up);
                if takes {
                    credential.extensions.large_blob = Some(LargeBlob(Some(blob.clone())));
                    host.commit(ChangeSet::one(Change::Update(Box::new(credential.clone())))).await?;
                }
                unsigned.member("largeBlob").map(1).text("written").bool(takes);
            }
        }
        let encoded = |map: MapBuilder| (!map.is_empty()).then(|| map.into_bytes());
        Ok(AssertionOutputs {
            signed: encoded(signed),
            unsigned: encoded(unsigned),
            large_blob_key: credential.extensions.large_blob_key.clone().filter(|_| self.large_blob_key),
        })
    }
}

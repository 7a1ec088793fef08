//! authenticatorGetAssertion, from the client's side.
//!
//! Source: CTAP 2.3 §6.2.

use softhello_ctap::{
    Authenticator, api,
    cbor::Writer,
    message::{DESCRIPTOR, GET_ASSERTION, GET_ASSERTION_RESPONSE, MapBuilder, MapWriter, Members, OPTIONS},
};

use crate::{
    connection::{Connection, Refusal},
    extensions::AuthenticatorInputs,
    user_verification::Verification,
};

/// Parameters of authenticatorGetAssertion.
pub(crate) struct GetAssertion<'a> {
    pub(crate) rp_id: &'a str,
    pub(crate) client_data_hash: &'a [u8; 32],
    /// Empty: no allowList, so any discoverable credential.
    pub(crate) allow_list: &'a [&'a [u8]],
    /// Left out if there are none.
    pub(crate) extensions: &'a AuthenticatorInputs,
    /// Sent if false; true is the default.
    pub(crate) up: bool,
    pub(crate) verification: &'a Verification,
}

/// Its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) auth_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) large_blob_key: Option<[u8; 32]>,
    /// An encoded map.
    pub(crate) unsigned_extension_outputs: Option<Vec<u8>>,
}

impl GetAssertion<'_> {
    /// Sends the command and reads the first assertion, which is by one of the allowed credentials.
    pub(crate) async fn send<A: Authenticator>(
        &self,
        connection: &mut Connection<'_, A>,
    ) -> Result<Assertion, Refusal> {
        let reply = connection.call(api::GET_ASSERTION, self.parameters()).await?;
        let only = match self.allow_list {
            [only] => Some(*only),
            _ => None,
        };
        let assertion = Assertion::read(&reply, only)?;
        if !self.allow_list.is_empty() && !self.allow_list.contains(&assertion.credential_id.as_slice()) {
            return Err(Refusal::Malformed("is by a credential that the request does not allow".to_owned()));
        }
        Ok(assertion)
    }

    fn parameters(&self) -> Vec<u8> {
        let mut map = MapBuilder::new(&GET_ASSERTION);
        map.member("rpId").text(self.rp_id);
        map.member("clientDataHash").bytes(self.client_data_hash);
        if !self.allow_list.is_empty() {
            write_descriptors(map.member("allowList"), self.allow_list);
        }
        if !self.extensions.is_empty() {
            self.extensions.write(map.member("extensions"));
        }
        let mut options = MapBuilder::new(&OPTIONS);
        if !self.up {
            options.member("up").bool(false);
        }
        if self.verification.uv {
            options.member("uv").bool(true);
        }
        if !options.is_empty() {
            options.write(map.member("options"));
        }
        if let Some(token) = &self.verification.token {
            token.write(&[self.client_data_hash], &mut map);
        }
        map.into_bytes()
    }
}

impl Assertion {
    /// `only` is the one credential that could answer: CTAP 2.0 lets its id be left out.
    fn read(reply: &[u8], only: Option<&[u8]>) -> Result<Self, Refusal> {
        let members = Members::read(&GET_ASSERTION_RESPONSE, reply)?;
        let credential = members.table("credential");
        let credential_id = credential.as_ref().and_then(|credential| credential.bytes("id")).or(only);
        Ok(Self {
            credential_id: credential_id.ok_or_else(|| Refusal::missing("credential"))?.to_vec(),
            auth_data: members.bytes("authData").ok_or_else(|| Refusal::missing("authData"))?.to_vec(),
            signature: members.bytes("signature").ok_or_else(|| Refusal::missing("signature"))?.to_vec(),
            user_handle: members.table("user").and_then(|user| user.bytes("id").map(<[u8]>::to_vec)),
            large_blob_key: members.bytes("largeBlobKey").and_then(|key| key.try_into().ok()),
            unsigned_extension_outputs: members.raw("unsignedExtensionOutputs").map(<[u8]>::to_vec),
        })
    }
}

/// Writes a list of credentials of type `public-key`.
pub(crate) fn write_descriptors(out: &mut Writer, ids: &[&[u8]]) {
    out.array(ids.len());
    for id in ids {
        let mut map = MapWriter::new(&DESCRIPTOR, 2, out);
        map.member("id").bytes(id);
        map.member("type").text("public-key");
    }
}

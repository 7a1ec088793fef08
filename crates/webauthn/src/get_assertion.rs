//! authenticatorGetAssertion, from the client's side.
//!
//! Source: CTAP 2.3 §6.2.

use softhello_ctap::{
    Authenticator,
    cbor::Writer,
    message::{DESCRIPTOR, GET_ASSERTION, GET_ASSERTION_RESPONSE, MapWriter, Members, OPTIONS},
};

use crate::connection::{Connection, Refusal};

/// Parameters of authenticatorGetAssertion.
pub(crate) struct GetAssertion<'a> {
    pub(crate) rp_id: &'a str,
    pub(crate) client_data_hash: &'a [u8; 32],
    /// Empty: no allowList, so any discoverable credential.
    pub(crate) allow_list: &'a [&'a [u8]],
    /// Sent if false; true is the default.
    pub(crate) up: bool,
    /// Sent if true; false is the default.
    pub(crate) uv: bool,
}

/// Its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) auth_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
}

impl GetAssertion<'_> {
    /// Sends the command and reads the first assertion, which is by one of the allowed credentials.
    pub(crate) async fn send<A: Authenticator>(
        &self,
        connection: &mut Connection<'_, A>,
    ) -> Result<Assertion, Refusal> {
        let reply = connection.call(COMMAND, self.parameters()).await?;
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

    fn parameters(&self) -> Writer {
        let mut out = Writer::default();
        let options = usize::from(!self.up) + usize::from(self.uv);
        let len = 2 + usize::from(!self.allow_list.is_empty()) + usize::from(options > 0);
        let mut map = MapWriter::new(&GET_ASSERTION, len, &mut out);
        map.member("rpId").text(self.rp_id);
        map.member("clientDataHash").bytes(self.client_data_hash);
        if !self.allow_list.is_empty() {
            write_descriptors(map.member("allowList"), self.allow_list);
        }
        if options > 0 {
            let mut map = MapWriter::new(&OPTIONS, options, map.member("options"));
            if !self.up {
                map.member("up").bool(false);
            }
            if self.uv {
                map.member("uv").bool(true);
            }
        }
        out
    }
}

impl Assertion {
    /// `only` is the one credential that could answer: CTAP 2.0 lets its id be left out.
    fn read(reply: &[u8], only: Option<&[u8]>) -> Result<Self, Refusal> {
        let members = Members::read(&GET_ASSERTION_RESPONSE, reply)?;
        let missing = |member: &str| Refusal::Malformed(format!("cannot be read: `{member}` is missing"));
        let credential = members.table("credential");
        let credential_id = credential.as_ref().and_then(|credential| credential.bytes("id")).or(only);
        Ok(Self {
            credential_id: credential_id.ok_or_else(|| missing("credential"))?.to_vec(),
            auth_data: members.bytes("authData").ok_or_else(|| missing("authData"))?.to_vec(),
            signature: members.bytes("signature").ok_or_else(|| missing("signature"))?.to_vec(),
            user_handle: members.table("user").and_then(|user| user.bytes("id").map(<[u8]>::to_vec)),
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

/// authenticatorGetAssertion.
const COMMAND: u8 = 0x02;

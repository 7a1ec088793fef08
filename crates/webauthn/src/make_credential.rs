//! authenticatorMakeCredential, from the client's side.
//!
//! Source: CTAP 2.3 §6.1.

use softhello_ctap::{
    Authenticator, api,
    cbor::Reader,
    message::{
        MAKE_CREDENTIAL, MAKE_CREDENTIAL_RESPONSE, MapBuilder, MapWriter, Members, OPTIONS, PARAMETERS, RP,
        USER,
    },
};

use crate::{
    UserEntity,
    connection::{Connection, Refusal},
    extensions::AuthenticatorInputs,
    get_assertion::write_descriptors,
    user_verification::Verification,
};

/// Parameters of authenticatorMakeCredential.
pub(crate) struct MakeCredential<'a> {
    pub(crate) client_data_hash: &'a [u8; 32],
    pub(crate) rp_id: &'a str,
    pub(crate) rp_name: &'a str,
    pub(crate) user: &'a UserEntity,
    /// COSE algorithms of credentials of type `public-key`.
    pub(crate) algorithms: &'a [i32],
    /// Left out if empty.
    pub(crate) exclude_list: &'a [&'a [u8]],
    /// Left out if there are none.
    pub(crate) extensions: &'a AuthenticatorInputs,
    /// Sent if true; false is the default.
    pub(crate) rk: bool,
    pub(crate) verification: &'a Verification,
    /// Sent as 2, platform-managed.
    pub(crate) enterprise_attestation: bool,
    pub(crate) attestation_formats_preference: &'a [String],
}

/// Its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewCredential {
    pub(crate) fmt: String,
    /// An encoded map.
    pub(crate) att_stmt: Vec<u8>,
    pub(crate) auth_data: Vec<u8>,
    pub(crate) large_blob_key: Option<[u8; 32]>,
    /// An encoded map.
    pub(crate) unsigned_extension_outputs: Option<Vec<u8>>,
}

impl MakeCredential<'_> {
    /// Sends the command and reads the new credential.
    pub(crate) async fn send<A: Authenticator>(
        &self,
        connection: &mut Connection<'_, A>,
    ) -> Result<NewCredential, Refusal> {
        let reply = connection.call(api::MAKE_CREDENTIAL, self.parameters()).await?;
        NewCredential::read(&reply)
    }

    fn parameters(&self) -> Vec<u8> {
        let mut map = MapBuilder::new(&MAKE_CREDENTIAL);
        map.member("clientDataHash").bytes(self.client_data_hash);
        let mut rp = MapWriter::new(&RP, 2, map.member("rp"));
        rp.member("id").text(self.rp_id);
        rp.member("name").text(self.rp_name);
        let mut user = MapWriter::new(&USER, 3, map.member("user"));
        user.member("id").bytes(&self.user.id);
        user.member("name").text(&self.user.name);
        user.member("displayName").text(&self.user.display_name);
        let list = map.member("pubKeyCredParams").array(self.algorithms.len());
        for alg in self.algorithms {
            let mut parameters = MapWriter::new(&PARAMETERS, 2, list);
            parameters.member("alg").int(i64::from(*alg));
            parameters.member("type").text("public-key");
        }
        if !self.exclude_list.is_empty() {
            write_descriptors(map.member("excludeList"), self.exclude_list);
        }
        if !self.extensions.is_empty() {
            self.extensions.write(map.member("extensions"));
        }
        let mut options = MapBuilder::new(&OPTIONS);
        if self.rk {
            options.member("rk").bool(true);
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
        if self.enterprise_attestation {
            map.member("enterpriseAttestation").uint(2);
        }
        if !self.attestation_formats_preference.is_empty() {
            let list =
                map.member("attestationFormatsPreference").array(self.attestation_formats_preference.len());
            for format in self.attestation_formats_preference {
                list.text(format);
            }
        }
        map.into_bytes()
    }
}

impl NewCredential {
    fn read(reply: &[u8]) -> Result<Self, Refusal> {
        let members = Members::read(&MAKE_CREDENTIAL_RESPONSE, reply)?;
        let fmt = members.text("fmt").ok_or_else(|| Refusal::missing("fmt"))?;
        let att_stmt = match members.raw("attStmt") {
            Some(att_stmt) => att_stmt,
            // Since CTAP 2.2 the statement of `none` may be left out.
            None if fmt == "none" => EMPTY_MAP,
            None => return Err(Refusal::missing("attStmt")),
        };
        let auth_data = members.bytes("authData").ok_or_else(|| Refusal::missing("authData"))?;
        Ok(Self {
            fmt: fmt.to_owned(),
            att_stmt: att_stmt.to_vec(),
            auth_data: auth_data.to_vec(),
            large_blob_key: members.bytes("largeBlobKey").and_then(|key| key.try_into().ok()),
            unsigned_extension_outputs: members.raw("unsignedExtensionOutputs").map(<[u8]>::to_vec),
        })
    }

    /// Replaces the attestation by `none`, which says nothing of the authenticator beyond the AAGUID.
    pub(crate) fn without_attestation(self) -> Self {
        Self { fmt: "none".to_owned(), att_stmt: EMPTY_MAP.to_vec(), ..self }
    }

    /// Whether it is `packed` without certificates, that is, self attestation.
    pub(crate) fn is_packed_without_x5c(&self) -> bool {
        let mut reader = Reader::new(&self.att_stmt);
        let mut has_x5c = false;
        for _ in 0..reader.map_len().unwrap_or(0) {
            let (Ok(key), Ok(_)) = (reader.item(), reader.item()) else { return false };
            has_x5c |= Reader::new(key).text() == Ok("x5c");
        }
        self.fmt == "packed" && !has_x5c
    }
}

const EMPTY_MAP: &[u8] = &[0xa0];

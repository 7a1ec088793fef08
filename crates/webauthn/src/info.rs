//! What the client needs to know of an authenticator: its getInfo reply.
//!
//! Source: CTAP 2.3 §6.4.

use softhello_ctap::{
    Authenticator,
    cbor::{Reader, Writer},
    message::{GET_INFO_RESPONSE, Members},
};

use crate::{
    AuthenticatorAttachment,
    connection::{Connection, Refusal},
};

/// The members of a getInfo reply that a ceremony depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuthenticatorInfo {
    pub(crate) plat: bool,
    pub(crate) rk: bool,
    /// Built-in user verification: configured, not configured, not there.
    pub(crate) uv: Option<bool>,
    /// A PIN that the platform collects: set, not set, not supported.
    pub(crate) client_pin: Option<bool>,
    pub(crate) always_uv: bool,
    pub(crate) make_cred_uv_not_rqd: bool,
    pub(crate) ep: bool,
    /// The longest request in bytes; 1,024 if absent.
    pub(crate) max_msg_size: usize,
    pub(crate) max_credential_count_in_list: Option<usize>,
    pub(crate) max_credential_id_length: Option<usize>,
    pub(crate) transports: Option<Vec<String>>,
    /// Preference order; `["packed"]` if absent.
    pub(crate) attestation_formats: Vec<String>,
}

impl AuthenticatorInfo {
    /// Asks the authenticator.
    pub(crate) async fn get<A: Authenticator>(connection: &mut Connection<'_, A>) -> Result<Self, Refusal> {
        let reply = connection.call(GET_INFO, Writer::default()).await?;
        Self::read(&reply)
    }

    fn read(reply: &[u8]) -> Result<Self, Refusal> {
        let info = Members::read(&GET_INFO_RESPONSE, reply)?;
        let options = info.table("options");
        let option = |name| options.as_ref().and_then(|options| options.bool(name));
        let texts = |name| {
            let items = info.array(name)?;
            Some(items.filter_map(|item| Reader::new(item).text().ok().map(str::to_owned)).collect())
        };
        // A limit beyond the address space is none.
        let limit = |name| info.uint(name).and_then(|limit| usize::try_from(limit).ok());
        Ok(Self {
            plat: option("plat").unwrap_or(false),
            rk: option("rk").unwrap_or(false),
            uv: option("uv"),
            client_pin: option("clientPin"),
            always_uv: option("alwaysUv").unwrap_or(false),
            make_cred_uv_not_rqd: option("makeCredUvNotRqd").unwrap_or(false),
            ep: option("ep").unwrap_or(false),
            max_msg_size: limit("maxMsgSize").unwrap_or(1024),
            max_credential_count_in_list: limit("maxCredentialCountInList"),
            max_credential_id_length: limit("maxCredentialIdLength"),
            transports: texts("transports"),
            attestation_formats: texts("attestationFormats").unwrap_or_else(|| vec!["packed".to_owned()]),
        })
    }

    /// The authenticator's attachment modality.
    pub(crate) fn attachment(&self) -> AuthenticatorAttachment {
        if self.plat { AuthenticatorAttachment::Platform } else { AuthenticatorAttachment::CrossPlatform }
    }

    /// The transports it is believed to support, sorted and unique.
    ///
    /// Source: WebAuthn Level 3 §5.2.1, `[[transports]]`.
    pub(crate) fn sorted_transports(&self) -> Vec<String> {
        let mut transports = match &self.transports {
            Some(transports) => transports.clone(),
            None if self.plat => vec!["internal".to_owned()],
            None => Vec::new(),
        };
        transports.sort_unstable();
        transports.dedup();
        transports
    }
}

/// authenticatorGetInfo.
const GET_INFO: u8 = 0x04;

//! What the client needs to know of an authenticator: its getInfo reply.
//!
//! Source: CTAP 2.3 §6.4.

use softhello_ctap::{
    Authenticator, Extension, PinUvAuthProtocol, Status, Version, api,
    cbor::Reader,
    message::{GET_INFO_RESPONSE, Members},
};

use crate::{
    AuthenticatorAttachment,
    connection::{Connection, Refusal},
    u2f,
};

/// The members of a getInfo reply that a ceremony depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuthenticatorInfo {
    /// It speaks CTAP2, in whatever version.
    pub(crate) ctap2: bool,
    pub(crate) u2f: bool,
    /// Those that this client knows.
    pub(crate) extensions: Vec<Extension>,
    pub(crate) plat: bool,
    pub(crate) rk: bool,
    /// Built-in user verification: configured, not configured, not there.
    pub(crate) uv: Option<bool>,
    /// A PIN that the platform collects: set, not set, not supported.
    pub(crate) client_pin: Option<bool>,
    pub(crate) always_uv: bool,
    pub(crate) make_cred_uv_not_rqd: bool,
    pub(crate) ep: bool,
    pub(crate) pin_uv_auth_token: bool,
    pub(crate) no_mc_ga_permissions_with_client_pin: bool,
    pub(crate) large_blobs: bool,
    /// Those that this client knows, the most wanted first; protocol one if none is named.
    pub(crate) pin_uv_auth_protocols: Vec<PinUvAuthProtocol>,
    /// The longest request in bytes; 1,024 if absent.
    pub(crate) max_msg_size: usize,
    pub(crate) max_credential_count_in_list: Option<usize>,
    pub(crate) max_credential_id_length: Option<usize>,
    pub(crate) transports: Option<Vec<String>>,
    /// In bytes; 1,024 if absent.
    pub(crate) max_serialized_large_blob_array: usize,
    pub(crate) force_pin_change: bool,
    /// In bytes; 32 if absent.
    pub(crate) max_cred_blob_length: usize,
    /// How often the platform asks for built-in verification before it asks for a PIN; once if absent.
    pub(crate) preferred_platform_uv_attempts: u64,
    /// Preference order; `["packed"]` if absent.
    pub(crate) attestation_formats: Vec<String>,
}

impl AuthenticatorInfo {
    /// Asks the authenticator. One that does not know CTAP2 may know U2F.
    pub(crate) async fn get<A: Authenticator>(connection: &mut Connection<'_, A>) -> Result<Self, Refusal> {
        match connection.call(api::GET_INFO, Vec::new()).await {
            Ok(reply) => Self::read(&reply),
            Err(Refusal::Status(Status::InvalidCommand, _)) if u2f::is_spoken_by(connection).await => {
                Ok(Self { u2f: true, ..Self::default() })
            }
            Err(refusal) => Err(refusal),
        }
    }

    fn read(reply: &[u8]) -> Result<Self, Refusal> {
        let info = Members::read(&GET_INFO_RESPONSE, reply)?;
        let options = info.table("options");
        let option = |name| options.as_ref().and_then(|options| options.bool(name));
        let texts = |name| Some(info.array(name)?.filter_map(|item| Reader::new(item).text().ok()));
        let has_version =
            |is: fn(&str) -> bool| texts("versions").is_some_and(|mut versions| versions.any(is));
        let owned = |name| texts(name).map(|texts| texts.map(str::to_owned).collect());
        // A limit beyond the address space is none.
        let limit = |name| info.uint(name).and_then(|limit| usize::try_from(limit).ok());
        let mut pin_uv_auth_protocols: Vec<_> = info
            .array("pinUvAuthProtocols")
            .into_iter()
            .flatten()
            .filter_map(|item| PinUvAuthProtocol::from_number(Reader::new(item).uint().ok()?))
            .collect();
        if info.array("pinUvAuthProtocols").is_none() {
            pin_uv_auth_protocols.push(PinUvAuthProtocol::One);
        }
        Ok(Self {
            ctap2: has_version(|version| version.starts_with("FIDO_2_")),
            u2f: has_version(|version| version == Version::U2fV2.identifier()),
            extensions: texts("extensions")
                .into_iter()
                .flatten()
                .filter_map(Extension::from_identifier)
                .collect(),
            plat: option("plat").unwrap_or(false),
            rk: option("rk").unwrap_or(false),
            uv: option("uv"),
            client_pin: option("clientPin"),
            always_uv: option("alwaysUv").unwrap_or(false),
            make_cred_uv_not_rqd: option("makeCredUvNotRqd").unwrap_or(false),
            ep: option("ep").unwrap_or(false),
            pin_uv_auth_token: option("pinUvAuthToken").unwrap_or(false),
            no_mc_ga_permissions_with_client_pin: option("noMcGaPermissionsWithClientPin").unwrap_or(false),
            large_blobs: option("largeBlobs").unwrap_or(false),
            pin_uv_auth_protocols,
            max_msg_size: limit("maxMsgSize").unwrap_or(1024),
            max_credential_count_in_list: limit("maxCredentialCountInList"),
            max_credential_id_length: limit("maxCredentialIdLength"),
            transports: owned("transports"),
            max_serialized_large_blob_array: limit("maxSerializedLargeBlobArray").unwrap_or(1024),
            force_pin_change: info.bool("forcePINChange").unwrap_or(false),
            max_cred_blob_length: limit("maxCredBlobLength").unwrap_or(32),
            preferred_platform_uv_attempts: info.uint("preferredPlatformUvAttempts").unwrap_or(1),
            attestation_formats: owned("attestationFormats").unwrap_or_else(|| vec!["packed".to_owned()]),
        })
    }

    pub(crate) fn has(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }

    /// The longest fragment of the large-blob array in bytes.
    ///
    /// Source: CTAP 2.3 §6.10.2, maxFragmentLength.
    pub(crate) fn max_fragment_length(&self) -> usize {
        self.max_msg_size.saturating_sub(64).max(1)
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

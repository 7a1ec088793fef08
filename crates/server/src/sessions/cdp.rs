//! The methods of CDP's WebAuthn domain, with the same parameters and the same meaning.
//!
//! Source: the protocol of Chromium 156, as it describes itself at `/json/protocol`, and as it answers.

use std::sync::Arc;

use axum::{Json, extract::State};
use data_encoding::BASE64;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use softhello_app::Faults;
use utoipa::ToSchema;

use super::{
    Authenticator, Extension, Options, Protocol, Session,
    authenticator::Presence,
    credential::{CredentialParameters, UNMAKEABLE, Unfit, told},
    webdriver::named_transport,
};
use crate::{
    Shared,
    api::{Input, Path},
    lock,
};

/// A command of CDP's WebAuthn domain.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Command {
    /// As `WebAuthn.addVirtualAuthenticator`.
    method: String,
    #[serde(default)]
    params: Value,
}

/// An error of JSON-RPC.
struct Error {
    code: i32,
    message: String,
    data: Option<String>,
}

type Result<T> = std::result::Result<T, Error>;

const INVALID_PARAMS: i32 = -32602;
const SERVER_ERROR: i32 = -32000;

fn invalid(message: impl Into<String>) -> Error {
    Error { code: INVALID_PARAMS, message: message.into(), data: None }
}

fn failed(message: impl std::fmt::Display) -> Error {
    Error { code: SERVER_ERROR, message: message.to_string(), data: None }
}

/// A method of CDP's WebAuthn domain
///
/// Bytes are base64 with padding, as in CDP. Answers `{result}` or `{error: {code, message}}`.
#[utoipa::path(post, path = "/api/sessions/{session}/cdp", tag = "sessions", params(("session" = String, Path)), request_body = Command, responses((status = 200, body = Value)))]
pub(crate) async fn command(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    Input(Command { method, params }): Input<Command>,
) -> Json<Value> {
    let session = shared.sessions.session(&session);
    Json(match run(&shared, &session, &method, params).await {
        Ok(result) => json!({ "result": result }),
        Err(Error { code, message, data: None }) => json!({ "error": { "code": code, "message": message } }),
        Err(Error { code, message, data }) => {
            json!({ "error": { "code": code, "message": message, "data": data } })
        }
    })
}

async fn run(shared: &Shared, session: &Session, method: &str, params: Value) -> Result<Value> {
    let params = if params.is_null() { json!({}) } else { params };
    match method {
        "WebAuthn.enable" => {
            let _: Enable = read(params)?;
            *lock(&session.enabled) = true;
            return Ok(json!({}));
        }
        "WebAuthn.disable" => {
            *lock(&session.enabled) = false;
            session.clear(&shared.devices).await;
            return Ok(json!({}));
        }
        known if METHODS.contains(&known) => {}
        other => return Err(Error { code: -32601, message: format!("'{other}' wasn't found"), data: None }),
    }
    if !*lock(&session.enabled) {
        return Err(failed("The Virtual Authenticator Environment has not been enabled for this session"));
    }
    if method == "WebAuthn.addVirtualAuthenticator" {
        let AddVirtualAuthenticator { options } = read(params)?;
        let options = options.into_options()?;
        session.has_room_for(&options).map_err(invalid)?;
        let added = Authenticator::add(shared, session, options).await.map_err(failed)?;
        return Ok(json!({ "authenticatorId": added.id() }));
    }
    let Whose { authenticator_id } = read(params.clone())?;
    let whose = session.find(&authenticator_id);
    let whose = whose.ok_or_else(|| invalid("Could not find a Virtual Authenticator matching the ID"))?;
    if method == "WebAuthn.removeVirtualAuthenticator" {
        session.remove(&shared.devices, &authenticator_id).await;
        return Ok(json!({}));
    }
    at(&whose, method, params).await
}

const METHODS: [&str; 11] = [
    "WebAuthn.addVirtualAuthenticator",
    "WebAuthn.removeVirtualAuthenticator",
    "WebAuthn.setResponseOverrideBits",
    "WebAuthn.addCredential",
    "WebAuthn.getCredential",
    "WebAuthn.getCredentials",
    "WebAuthn.removeCredential",
    "WebAuthn.clearCredentials",
    "WebAuthn.setUserVerified",
    "WebAuthn.setAutomaticPresenceSimulation",
    "WebAuthn.setCredentialProperties",
];

async fn at(authenticator: &Authenticator, method: &str, params: Value) -> Result<Value> {
    let missing = || invalid("Could not find a credential matching the ID");
    match method {
        "WebAuthn.setResponseOverrideBits" => {
            let bits: OverrideBits = read(params)?;
            let faults = Faults {
                bogus_signature: bits.is_bogus_signature,
                bad_uv: bits.is_bad_uv,
                bad_up: bits.is_bad_up,
            };
            authenticator.set_faults(faults);
        }
        "WebAuthn.addCredential" => {
            let AddCredential { credential } = read(params)?;
            let added = authenticator.add_credential(credential.into_parameters()?).await;
            added.map_err(|unfit| match unfit {
                Unfit::Invalid(message) => invalid(message),
                Unfit::Unmakeable => failed(UNMAKEABLE),
            })?;
        }
        "WebAuthn.getCredential" => {
            let Which { credential_id } = read(params)?;
            let found = authenticator.credential(&credential_id.0).await.map_err(failed)?;
            return Ok(json!({ "credential": told(&found.ok_or_else(missing)?, &BASE64) }));
        }
        "WebAuthn.getCredentials" => {
            let found = authenticator.credentials().await.map_err(failed)?;
            return Ok(
                json!({ "credentials": found.iter().map(|found| told(found, &BASE64)).collect::<Vec<_>>() }),
            );
        }
        "WebAuthn.removeCredential" => {
            let Which { credential_id } = read(params)?;
            if !authenticator.remove_credential(&credential_id.0).await.map_err(failed)? {
                return Err(missing());
            }
        }
        "WebAuthn.clearCredentials" => {
            authenticator.clear_credentials().await.map_err(failed)?;
        }
        "WebAuthn.setUserVerified" => {
            let UserVerified { is_user_verified } = read(params)?;
            authenticator.set_user_verified(is_user_verified).await.map_err(failed)?;
        }
        "WebAuthn.setAutomaticPresenceSimulation" => {
            let Enabled { enabled } = read(params)?;
            authenticator.set_present(enabled).await.map_err(failed)?;
        }
        _ => {
            let properties: Properties = read(params)?;
            let count = properties.sign_count.map(count).transpose()?;
            let (eligible, state) = (properties.backup_eligibility, properties.backup_state);
            let id = properties.credential_id.0;
            if !authenticator.set_properties(&id, eligible, state, count).await.map_err(failed)? {
                return Err(missing());
            }
        }
    }
    Ok(json!({}))
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T> {
    serde_json::from_value(params).map_err(|error| Error {
        code: INVALID_PARAMS,
        message: "Invalid parameters".to_owned(),
        data: Some(error.to_string()),
    })
}

/// −1 means that there is no counter.
fn count(count: f64) -> Result<u32> {
    if count == -1.0 {
        return Ok(0);
    }
    let whole = (count.fract() == 0.0 && count >= 0.0).then(|| format!("{count:.0}").parse().ok());
    whole.flatten().ok_or_else(|| invalid("Signature counter must be greater than or equal to -1"))
}

/// Bytes as CDP writes them.
struct Binary(Vec<u8>);

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| serde::de::Error::custom("invalid base64 string"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enable {
    #[serde(default, rename = "enableUI")]
    _enable_ui: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddVirtualAuthenticator {
    options: VirtualAuthenticatorOptions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VirtualAuthenticatorOptions {
    protocol: String,
    #[serde(default = "ctap2_0")]
    ctap2_version: String,
    transport: String,
    #[serde(default)]
    has_resident_key: bool,
    #[serde(default)]
    has_user_verification: bool,
    #[serde(default)]
    has_large_blob: bool,
    #[serde(default)]
    has_cred_blob: bool,
    #[serde(default)]
    has_min_pin_length: bool,
    #[serde(default)]
    has_prf: bool,
    #[serde(default)]
    has_hmac_secret: bool,
    #[serde(default)]
    has_hmac_secret_mc: bool,
    #[serde(default = "yes")]
    automatic_presence_simulation: bool,
    #[serde(default)]
    is_user_verified: bool,
    #[serde(default)]
    default_backup_eligibility: bool,
    #[serde(default)]
    default_backup_state: bool,
}

fn ctap2_0() -> String {
    "ctap2_0".to_owned()
}

fn yes() -> bool {
    true
}

impl VirtualAuthenticatorOptions {
    fn into_options(self) -> Result<Options> {
        let protocol = match (self.protocol.as_str(), self.ctap2_version.as_str()) {
            ("u2f", _) => Protocol::U2f,
            ("ctap2", "ctap2_0") => Protocol::Ctap20,
            ("ctap2", "ctap2_1" | "ctap2_2") => Protocol::Ctap21,
            ("ctap2", _) => return Err(invalid("Invalid CTAP version.")),
            _ => return Err(invalid("The protocol is not valid")),
        };
        let prf = self.has_prf || self.has_hmac_secret || self.has_hmac_secret_mc;
        let extensions = [
            (self.has_large_blob, Extension::LargeBlob),
            (self.has_cred_blob, Extension::CredBlob),
            (self.has_min_pin_length, Extension::MinPinLength),
            (prf, Extension::Prf),
        ];
        let options = Options {
            protocol,
            transport: named_transport(&self.transport)
                .ok_or_else(|| invalid("The transport is not valid"))?,
            has_resident_key: self.has_resident_key,
            has_user_verification: self.has_user_verification,
            presence: match self.automatic_presence_simulation {
                true => Presence::Consents,
                false => Presence::Absent,
            },
            is_user_verified: self.is_user_verified,
            extensions: extensions.iter().filter(|(has, _)| *has).map(|(_, extension)| *extension).collect(),
            default_backup_eligibility: self.default_backup_eligibility,
            default_backup_state: self.default_backup_state,
        };
        options.check().map_err(invalid)?;
        Ok(options)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    authenticator_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Which {
    credential_id: Binary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OverrideBits {
    #[serde(default)]
    is_bogus_signature: bool,
    #[serde(default, rename = "isBadUV")]
    is_bad_uv: bool,
    #[serde(default, rename = "isBadUP")]
    is_bad_up: bool,
}

#[derive(Deserialize)]
struct AddCredential {
    credential: Credential,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    credential_id: Binary,
    is_resident_credential: bool,
    rp_id: Option<String>,
    private_key: Binary,
    user_handle: Option<Binary>,
    sign_count: f64,
    large_blob: Option<Binary>,
    #[serde(default)]
    backup_eligibility: bool,
    #[serde(default)]
    backup_state: bool,
    #[serde(default)]
    user_name: String,
    #[serde(default)]
    user_display_name: String,
}

impl Credential {
    fn into_parameters(self) -> Result<CredentialParameters> {
        Ok(CredentialParameters {
            credential_id: self.credential_id.0,
            is_resident_credential: self.is_resident_credential,
            rp_id: self.rp_id.ok_or_else(|| invalid("The Relying Party ID is a required parameter"))?,
            private_key: self.private_key.0,
            user_handle: self.user_handle.map(|handle| handle.0),
            sign_count: count(self.sign_count)?,
            large_blob: self.large_blob.map(|blob| blob.0),
            backup_eligibility: self.backup_eligibility,
            backup_state: self.backup_state,
            user_name: self.user_name,
            user_display_name: self.user_display_name,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserVerified {
    is_user_verified: bool,
}

#[derive(Deserialize)]
struct Enabled {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    credential_id: Binary,
    backup_eligibility: Option<bool>,
    backup_state: Option<bool>,
    sign_count: Option<f64>,
}

//! The virtual authenticator endpoints of WebDriver.
//!
//! Source: WebAuthn Level 3 §11.3 to §11.10. Where the text leaves room, or no driver follows it, this answers as
//! chromedriver 156 does: unknown members are ignored, errors have its words.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use serde_json::{Map, Value, json};
use softhello_ctap::Transport;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Authenticator, Extension, Options, Protocol, Session,
    authenticator::Presence,
    credential::{CredentialParameters, UNMAKEABLE, Unfit, told},
};
use crate::{Shared, api::Whole};

/// An error as WebDriver tells it.
#[derive(Debug)]
pub(crate) struct WebDriverError {
    status: StatusCode,
    error: &'static str,
    message: String,
}

type Result = std::result::Result<Json<Value>, WebDriverError>;

fn invalid(message: impl Into<String>) -> WebDriverError {
    WebDriverError { status: StatusCode::BAD_REQUEST, error: "invalid argument", message: message.into() }
}

fn unknown(message: impl std::fmt::Display) -> WebDriverError {
    WebDriverError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error: "unknown error",
        message: message.to_string(),
    }
}

impl IntoResponse for WebDriverError {
    fn into_response(self) -> Response {
        let message = format!("{}: {}", self.error, self.message);
        let value = json!({ "error": self.error, "message": message, "stacktrace": "" });
        (self.status, Json(json!({ "value": value }))).into_response()
    }
}

fn done() -> Result {
    Ok(Json(json!({ "value": null })))
}

pub(crate) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(add_authenticator))
        .routes(routes!(remove_authenticator))
        .routes(routes!(add_credential))
        .routes(routes!(credentials, remove_all_credentials))
        .routes(routes!(remove_credential))
        .routes(routes!(set_user_verified))
        .routes(routes!(set_properties))
}

/// The members of a body.
struct Members(Map<String, Value>);

impl Members {
    fn read(body: &[u8]) -> std::result::Result<Self, WebDriverError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(invalid("missing command parameters")),
        }
    }

    fn bool(&self, name: &str) -> std::result::Result<Option<bool>, WebDriverError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(invalid(PARAMETERS)),
        }
    }

    fn text(&self, name: &str) -> std::result::Result<Option<&str>, WebDriverError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value)),
            Some(_) => Err(invalid(PARAMETERS)),
        }
    }

    fn bytes(&self, name: &str) -> std::result::Result<Option<Vec<u8>>, WebDriverError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let decoded = value.as_str().and_then(base64url);
        decoded.map(Some).ok_or_else(|| invalid(format!("{name} must be a base64url encoded string")))
    }

    /// A count, or none where there is no counter.
    fn sign_count(&self) -> std::result::Result<Option<Option<u32>>, WebDriverError> {
        let wrong = || invalid("'signCount' must be an unsigned 32-bit integer or null");
        match self.0.get("signCount") {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::Number(number)) => {
                let whole = number.as_u64().or_else(|| {
                    // A whole number may be written as 3.0.
                    number
                        .as_f64()
                        .filter(|number| number.fract() == 0.0 && *number >= 0.0)
                        .and_then(|number| format!("{number:.0}").parse().ok())
                });
                let count = whole.and_then(|number| u32::try_from(number).ok());
                count.map(|count| Some(Some(count))).ok_or_else(wrong)
            }
            Some(_) => Err(wrong()),
        }
    }
}

const PARAMETERS: &str = "Invalid parameters";

/// With padding or without.
fn base64url(text: &str) -> Option<Vec<u8>> {
    [BASE64URL_NOPAD, BASE64URL].iter().find_map(|base64url| base64url.decode(text.as_bytes()).ok())
}

fn options(body: &Members) -> std::result::Result<Options, WebDriverError> {
    let required = |name| body.text(name)?.ok_or_else(|| invalid(PARAMETERS));
    let (protocol, transport) = (required("protocol")?, required("transport")?);
    let flag = |name, default| Ok(body.bool(name)?.unwrap_or(default));
    let options = Options {
        protocol: match protocol {
            "ctap1/u2f" => Protocol::U2f,
            "ctap2" => Protocol::Ctap20,
            "ctap2_1" | "ctap2_2" | "ctap2_3" => Protocol::Ctap21,
            other => return Err(invalid(format!("{other} is not a recognized protocol version"))),
        },
        transport: named_transport(transport).ok_or_else(|| invalid("The transport is not valid"))?,
        has_resident_key: flag("hasResidentKey", false)?,
        has_user_verification: flag("hasUserVerification", false)?,
        presence: if flag("isUserConsenting", true)? { Presence::Consents } else { Presence::Declines },
        is_user_verified: flag("isUserVerified", false)?,
        default_backup_eligibility: flag("defaultBackupEligibility", false)?,
        default_backup_state: flag("defaultBackupState", false)?,
        extensions: match body.0.get("extensions") {
            None => Default::default(),
            Some(Value::Array(names)) => {
                names.iter().map(extension).collect::<std::result::Result<_, _>>()?
            }
            Some(_) => return Err(invalid("extensions must be a list of strings")),
        },
    };
    options.check().map_err(invalid)?;
    Ok(options)
}

/// A transport by its name; `cable` is what hybrid was called.
pub(super) fn named_transport(name: &str) -> Option<Transport> {
    let name = if name == "cable" { "hybrid" } else { name };
    Transport::ALL.into_iter().find(|transport| transport.identifier() == name)
}

fn extension(name: &Value) -> std::result::Result<Extension, WebDriverError> {
    match name.as_str() {
        Some("credBlob") => Ok(Extension::CredBlob),
        Some("largeBlob") => Ok(Extension::LargeBlob),
        Some("minPinLength") => Ok(Extension::MinPinLength),
        Some("prf" | "hmac-secret") => Ok(Extension::Prf),
        Some(other) => Err(WebDriverError {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "unsupported operation",
            message: format!("{other} is not a recognized extension"),
        }),
        None => Err(invalid("extensions must be a list of strings")),
    }
}

fn find(session: &Session, id: &str) -> std::result::Result<Arc<Authenticator>, WebDriverError> {
    session.find(id).ok_or_else(|| invalid("Could not find a Virtual Authenticator matching the ID"))
}

/// Adds a virtual authenticator (WebAuthn §11.3)
#[utoipa::path(post, path = "/session/{session}/webauthn/authenticator", tag = "sessions", params(("session" = String, Path)), request_body = Value, responses((status = 200, body = Value)))]
pub(crate) async fn add_authenticator(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    Whole(body): Whole,
) -> Result {
    let options = options(&Members::read(&body)?)?;
    let session = shared.sessions.session(&session);
    session.has_room_for(&options).map_err(invalid)?;
    let added = Authenticator::add(&shared, &session, options).await.map_err(unknown)?;
    Ok(Json(json!({ "value": added.id() })))
}

/// Removes a virtual authenticator (WebAuthn §11.4)
#[utoipa::path(delete, path = "/session/{session}/webauthn/authenticator/{authenticator}", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path)), responses((status = 200, body = Value)))]
pub(crate) async fn remove_authenticator(
    State(shared): State<Arc<Shared>>,
    Path((session, id)): Path<(String, String)>,
) -> Result {
    let session = shared.sessions.session(&session);
    find(&session, &id)?;
    session.remove(&shared.devices, &id).await;
    done()
}

/// Adds a credential (WebAuthn §11.5)
#[utoipa::path(post, path = "/session/{session}/webauthn/authenticator/{authenticator}/credential", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path)), request_body = Value, responses((status = 200, body = Value)))]
pub(crate) async fn add_credential(
    State(shared): State<Arc<Shared>>,
    Path((session, id)): Path<(String, String)>,
    Whole(body): Whole,
) -> Result {
    let body = Members::read(&body)?;
    if body.0.is_empty() {
        return Err(invalid("'credential' must be a JSON object"));
    }
    let required = || invalid(PARAMETERS);
    let rp_id = match body.0.get("rpId") {
        None | Some(Value::Null) => return Err(invalid("The Relying Party ID is a required parameter")),
        Some(rp_id) => rp_id.as_str().ok_or_else(required)?.to_owned(),
    };
    let parameters = CredentialParameters {
        credential_id: body.bytes("credentialId")?.ok_or_else(required)?,
        is_resident_credential: body.bool("isResidentCredential")?.ok_or_else(required)?,
        rp_id,
        private_key: body.bytes("privateKey")?.ok_or_else(required)?,
        user_handle: body.bytes("userHandle")?,
        sign_count: body.sign_count()?.ok_or_else(required)?.unwrap_or_default(),
        large_blob: body.bytes("largeBlob")?,
        backup_eligibility: body.bool("backupEligibility")?.unwrap_or_default(),
        backup_state: body.bool("backupState")?.unwrap_or_default(),
        user_name: body.text("userName")?.unwrap_or_default().to_owned(),
        user_display_name: body.text("userDisplayName")?.unwrap_or_default().to_owned(),
    };
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    authenticator.add_credential(parameters).await.map_err(|unfit| match unfit {
        Unfit::Invalid(message) => invalid(message),
        Unfit::Unmakeable => unknown(UNMAKEABLE),
    })?;
    done()
}

/// Lists the credentials (WebAuthn §11.6)
#[utoipa::path(get, path = "/session/{session}/webauthn/authenticator/{authenticator}/credentials", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path)), responses((status = 200, body = Value)))]
pub(crate) async fn credentials(
    State(shared): State<Arc<Shared>>,
    Path((session, id)): Path<(String, String)>,
) -> Result {
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    let credentials = authenticator.credentials().await.map_err(unknown)?;
    Ok(Json(
        json!({ "value": credentials.iter().map(|found| told(found, &BASE64URL_NOPAD)).collect::<Vec<_>>() }),
    ))
}

/// Removes one credential (WebAuthn §11.7)
#[utoipa::path(delete, path = "/session/{session}/webauthn/authenticator/{authenticator}/credentials/{credential}", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path), ("credential" = String, Path)), responses((status = 200, body = Value)))]
pub(crate) async fn remove_credential(
    State(shared): State<Arc<Shared>>,
    Path((session, id, credential)): Path<(String, String, String)>,
) -> Result {
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    let credential = path_id(&credential)?;
    match authenticator.remove_credential(&credential).await.map_err(unknown)? {
        true => done(),
        false => Err(no_credential()),
    }
}

/// Removes all credentials (WebAuthn §11.8)
#[utoipa::path(delete, path = "/session/{session}/webauthn/authenticator/{authenticator}/credentials", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path)), responses((status = 200, body = Value)))]
pub(crate) async fn remove_all_credentials(
    State(shared): State<Arc<Shared>>,
    Path((session, id)): Path<(String, String)>,
) -> Result {
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    authenticator.clear_credentials().await.map_err(unknown)?;
    done()
}

/// Says whether user verification succeeds (WebAuthn §11.9)
#[utoipa::path(post, path = "/session/{session}/webauthn/authenticator/{authenticator}/uv", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path)), request_body = Value, responses((status = 200, body = Value)))]
pub(crate) async fn set_user_verified(
    State(shared): State<Arc<Shared>>,
    Path((session, id)): Path<(String, String)>,
    Whole(body): Whole,
) -> Result {
    let verified = Members::read(&body)?.bool("isUserVerified")?.ok_or_else(|| invalid(PARAMETERS))?;
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    authenticator.set_user_verified(verified).await.map_err(unknown)?;
    done()
}

/// Changes a credential's backup flags and counter (WebAuthn §11.10)
#[utoipa::path(post, path = "/session/{session}/webauthn/authenticator/{authenticator}/credentials/{credential}/props", tag = "sessions", params(("session" = String, Path), ("authenticator" = String, Path), ("credential" = String, Path)), request_body = Value, responses((status = 200, body = Value)))]
pub(crate) async fn set_properties(
    State(shared): State<Arc<Shared>>,
    Path((session, id, credential)): Path<(String, String, String)>,
    Whole(body): Whole,
) -> Result {
    let body = Members::read(&body)?;
    let (eligible, state) = (body.bool("backupEligibility")?, body.bool("backupState")?);
    let count = body.sign_count()?.map(Option::unwrap_or_default);
    let authenticator = find(&shared.sessions.session(&session), &id)?;
    let credential = path_id(&credential)?;
    match authenticator.set_properties(&credential, eligible, state, count).await.map_err(unknown)? {
        true => done(),
        false => Err(no_credential()),
    }
}

fn path_id(text: &str) -> std::result::Result<Vec<u8>, WebDriverError> {
    base64url(text).ok_or_else(|| invalid("credentialId must be a base64url encoded string"))
}

fn no_credential() -> WebDriverError {
    invalid("Could not find a credential matching the ID")
}

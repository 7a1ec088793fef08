//! Ceremonies in a browser with virtual authenticators: which of them does it.

use std::{sync::Arc, time::Instant};

use axum::{Json, extract::State, response::Response};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use softhello_app::{AppError, CeremonyKind};
use softhello_ctap::Transport;
use softhello_windows::{Client, DomException};

use super::{Authenticator, Session};
use crate::{
    Shared,
    api::{
        CeremonyRequest, Path, Whole, answer,
        shapes::{AuthenticationResponseJson, CeremonyBody, IsUvpaa, RegistrationResponseJson},
    },
    error::{Error, Result},
};

/// Makes a passkey on one of the session's virtual authenticators
#[utoipa::path(post, path = "/api/sessions/{session}/create", tag = "sessions", params(("session" = String, Path)), request_body = CeremonyBody,
    responses((status = 200, body = RegistrationResponseJson), (status = 422, body = Error), (status = "4XX", body = Error)))]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    Whole(body): Whole,
) -> Result<Response> {
    ceremony(&shared, &shared.sessions.session(&session), CeremonyKind::Create, &body).await
}

/// Signs in with a passkey of one of the session's virtual authenticators
#[utoipa::path(post, path = "/api/sessions/{session}/get", tag = "sessions", params(("session" = String, Path)), request_body = CeremonyBody,
    responses((status = 200, body = AuthenticationResponseJson), (status = 422, body = Error), (status = "4XX", body = Error)))]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    Whole(body): Whole,
) -> Result<Response> {
    ceremony(&shared, &shared.sessions.session(&session), CeremonyKind::Get, &body).await
}

/// Whether a page is told that there is a user-verifying platform authenticator
#[utoipa::path(get, path = "/api/sessions/{session}/uvpaa", tag = "sessions", params(("session" = String, Path)), responses((status = 200, body = IsUvpaa)))]
pub(crate) async fn uvpaa(State(shared): State<Arc<Shared>>, Path(session): Path<String>) -> Json<IsUvpaa> {
    let session = shared.sessions.session(&session);
    session.note_attached();
    let authenticators = session.list();
    Json(IsUvpaa { is_uvpaa: authenticators.iter().any(|found| found.is_uvpaa()) })
}

async fn ceremony(shared: &Shared, session: &Session, kind: CeremonyKind, body: &[u8]) -> Result<Response> {
    let request = CeremonyRequest::read(body)?;
    let mut ceremony = request.ceremony()?;
    let mut options: Value = serde_json::from_str(&ceremony.options).unwrap_or_default();
    if let Some(inner) = options.get_mut("publicKey") {
        options = inner.take();
    }
    let Some(authenticator) = choose(session, kind, &options, &ceremony.origin).await? else {
        let done = shared.devices.refused(kind, &session.name, ceremony, none_fits());
        shared.metrics.count(kind, &done, 0.0);
        return Ok(answer(done));
    };
    if forget_removed(&authenticator, kind, &mut options) {
        ceremony.options = options.to_string();
    }
    let begin = Instant::now();
    let done = authenticator.device().ceremony(kind, None, request.credential, ceremony).await;
    shared.metrics.count(kind, &done, begin.elapsed().as_secs_f64());
    if let (CeremonyKind::Create, Ok(response)) = (kind, &done.result)
        && let Ok(response) = serde_json::from_str(response)
    {
        authenticator.made(&done.rp_id, &options, &response).await;
    }
    Ok(answer(done))
}

/// The authenticator that a browser would come to: the one that has a credential of the list, else the first that can do
/// what is asked for.
async fn choose(
    session: &Session,
    kind: CeremonyKind,
    options: &Value,
    origin: &str,
) -> Result<Option<Arc<Authenticator>>> {
    let able: Vec<_> = session.list().into_iter().filter(|found| can(found, kind, options)).collect();
    if let [only] = able.as_slice() {
        return Ok(Some(Arc::clone(only)));
    }
    let listed = ids(options, list_of(kind));
    // Where the options name no RP ID it is the domain of the page.
    let page = Client::new(origin).ok();
    let domain = page.as_ref().and_then(|page| page.origin().effective_domain());
    let rp_id = options.get("rpId").and_then(Value::as_str).or(domain);
    for authenticator in &able {
        let has = authenticator.credentials().await?.iter().any(|found| {
            let credential = &found.credential;
            match listed.is_empty() {
                true => {
                    kind == CeremonyKind::Get
                        && credential.discoverable
                        && rp_id == Some(credential.rp_id.as_str())
                }
                false => listed.iter().any(|id| id == credential.id.as_bytes()),
            }
        });
        if has {
            return Ok(Some(Arc::clone(authenticator)));
        }
    }
    Ok(able.into_iter().next())
}

/// Source: WebAuthn Level 3 §5.1.3 step 20, which authenticators are tried.
fn can(authenticator: &Authenticator, kind: CeremonyKind, options: &Value) -> bool {
    let offered = authenticator.options();
    let text = |pointer: &str| options.pointer(pointer).and_then(Value::as_str);
    if kind == CeremonyKind::Get {
        return text("/userVerification") != Some("required") || offered.has_user_verification;
    }
    let internal = offered.transport == Transport::Internal;
    let resident = match text("/authenticatorSelection/residentKey") {
        Some(wanted) => wanted == "required",
        None => {
            options.pointer("/authenticatorSelection/requireResidentKey").and_then(Value::as_bool)
                == Some(true)
        }
    };
    let attachment = match text("/authenticatorSelection/authenticatorAttachment") {
        Some("platform") => internal,
        Some("cross-platform") => !internal,
        _ => true,
    };
    let verification = text("/authenticatorSelection/userVerification") != Some("required");
    attachment && (!resident || offered.has_resident_key) && (verification || offered.has_user_verification)
}

fn list_of(kind: CeremonyKind) -> &'static str {
    match kind {
        CeremonyKind::Create => "excludeCredentials",
        CeremonyKind::Get => "allowCredentials",
    }
}

fn id(descriptor: &Value) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(descriptor.get("id")?.as_str()?.as_bytes()).ok()
}

fn ids(options: &Value, list: &str) -> Vec<Vec<u8>> {
    let descriptors = options.get(list).and_then(Value::as_array);
    descriptors.into_iter().flatten().filter_map(id).collect()
}

/// Takes what was removed out of the list; whether anything was. A list that becomes empty would mean any passkey, so the
/// last one stays, as an id that nobody has.
fn forget_removed(authenticator: &Authenticator, kind: CeremonyKind, options: &mut Value) -> bool {
    let Some(list) = options.get_mut(list_of(kind)).and_then(Value::as_array_mut) else { return false };
    let mut changed = false;
    for descriptor in list {
        if id(descriptor).is_some_and(|id| authenticator.has_removed(&id)) {
            changed = true;
            // "removed" in base64url.
            descriptor["id"] = "cmVtb3ZlZA".into();
        }
    }
    changed
}

fn none_fits() -> AppError {
    AppError::refused(
        DomException::NotAllowedError,
        "no virtual authenticator of the session can do what the options ask for",
        "add one that has what is asked for: transport, resident keys, user verification",
    )
}

//! `navigator.credentials.create()` and `get()`.

use std::{borrow::Cow, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use softhello_app::{Ceremony, CeremonyKind, Done};

use super::{
    Input, Path, Whole,
    body::wrong_json,
    shapes::{AuthenticationResponseJson, CeremonyBody, RegistrationResponseJson, Signal},
};
use crate::{
    Shared,
    error::{Error, Result},
};

/// A ceremony that a page asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CeremonyRequest<'a> {
    #[serde(borrow)]
    origin: Option<Cow<'a, str>>,
    #[serde(borrow)]
    options: &'a RawValue,
    #[serde(default)]
    pub(crate) account: Option<String>,
    #[serde(default)]
    top_origin: Option<String>,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    related_origins: Option<String>,
    #[serde(default)]
    pub(crate) credential: Option<String>,
}

/// What Chromium adds to the options that it hands to an extension: the page is named nowhere else.
const REMOTE_DESKTOP: &str = "remoteDesktopClientOverride";

impl<'a> CeremonyRequest<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self> {
        serde_json::from_slice(body).map_err(|error| wrong_json(&error))
    }

    /// The ceremony, from the page that Chromium names or the request does.
    pub(crate) fn ceremony(&self) -> Result<Ceremony> {
        let mut ceremony = Ceremony {
            origin: self.origin.as_deref().unwrap_or_default().to_owned(),
            top_origin: self.top_origin.clone(),
            cross_origin: self.cross_origin,
            related_origins: self.related_origins.clone(),
            options: String::new(),
            explain: false,
        };
        let options = self.options.get();
        if !options.contains(REMOTE_DESKTOP) {
            options.clone_into(&mut ceremony.options);
            return named(ceremony);
        }
        let mut options: Value = serde_json::from_str(options).map_err(|error| wrong_json(&error))?;
        let extensions = match options.get("publicKey") {
            Some(_) => options.pointer_mut("/publicKey/extensions"),
            None => options.get_mut("extensions"),
        };
        if let Some(client) =
            extensions.and_then(|extensions| extensions.as_object_mut()?.remove(REMOTE_DESKTOP))
        {
            if let (Some(origin), None) = (client.get("origin").and_then(Value::as_str), &self.origin) {
                origin.clone_into(&mut ceremony.origin);
            }
            ceremony.cross_origin |=
                client.get("sameOriginWithAncestors").and_then(Value::as_bool) == Some(false);
        }
        ceremony.options = options.to_string();
        named(ceremony)
    }
}

fn named(ceremony: Ceremony) -> Result<Ceremony> {
    if ceremony.origin.is_empty() {
        return Err(Error::bad_request(
            "the request names no origin",
            "give `origin`, as \"https://rp.example\"",
        ));
    }
    Ok(ceremony)
}

/// Makes a passkey, as navigator.credentials.create() does
///
/// Closing the connection aborts the ceremony.
#[utoipa::path(post, path = "/api/devices/{device}/create", tag = "ceremonies",
    params(("device" = String, Path)), request_body = CeremonyBody,
    responses((status = 200, body = RegistrationResponseJson), (status = 422, body = Error, description = "the ceremony was refused"), (status = "4XX", body = Error)))]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
    Whole(body): Whole,
) -> Result<Response> {
    at_device(&shared, CeremonyKind::Create, &device, &body).await
}

/// Signs in with a passkey, as navigator.credentials.get() does
///
/// Closing the connection aborts the ceremony.
#[utoipa::path(post, path = "/api/devices/{device}/get", tag = "ceremonies",
    params(("device" = String, Path)), request_body = CeremonyBody,
    responses((status = 200, body = AuthenticationResponseJson), (status = 422, body = Error, description = "the ceremony was refused"), (status = "4XX", body = Error)))]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
    Whole(body): Whole,
) -> Result<Response> {
    at_device(&shared, CeremonyKind::Get, &device, &body).await
}

async fn at_device(shared: &Shared, kind: CeremonyKind, device: &str, body: &[u8]) -> Result<Response> {
    let device = super::devices::find(shared, device)?;
    let request = CeremonyRequest::read(body)?;
    let ceremony = request.ceremony()?;
    let begin = Instant::now();
    let done = device.ceremony(kind, request.account, request.credential, ceremony).await;
    shared.metrics.count(kind, &done, begin.elapsed().as_secs_f64());
    Ok(answer(done))
}

/// The response of a ceremony, or its error, with the number of its trace.
pub(crate) fn answer(done: Done) -> Response {
    const TRACE: HeaderName = HeaderName::from_static("softhello-trace");
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let mut response = match done.result {
        Ok(json) => ([(header::CONTENT_TYPE, JSON)], Body::from(json)).into_response(),
        Err(error) => Error::of_ceremony(error).into_response(),
    };
    response.headers_mut().insert(TRACE, HeaderValue::from(done.trace));
    response
}

/// What a page signals of its passkeys: PublicKeyCredential.signalUnknownCredential() and the like
///
/// Source: WebAuthn Level 3 §5.1.10.
#[utoipa::path(post, path = "/api/devices/{device}/signal", tag = "ceremonies",
    params(("device" = String, Path)), request_body = Signal,
    responses((status = 204, description = "heard"), (status = "4XX", body = Error)))]
pub(crate) async fn signal(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
    Input(signal): Input<Signal>,
) -> Result<axum::http::StatusCode> {
    let device = super::devices::find(&shared, &device)?;
    let signalled = device.signal(&signal.origin, signal.method, &signal.options).await;
    signalled.map_err(Error::of_ceremony)?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceremony(body: &str) -> Result<Ceremony> {
        CeremonyRequest::read(body.as_bytes())?.ceremony()
    }

    #[test]
    fn the_page_is_named_by_chromium_or_by_the_request() {
        let plain =
            ceremony(r#"{"origin":"https://a.example","options":{"rpId":"a.example"}}"#).expect("one");
        assert_eq!(
            (plain.origin.as_str(), plain.options.as_str()),
            ("https://a.example", r#"{"rpId":"a.example"}"#)
        );
        let chromium = r#"{"options":{"extensions":{"prf":{},"remoteDesktopClientOverride":
            {"origin":"https://b.example","sameOriginWithAncestors":false}}}}"#;
        let chromium = ceremony(chromium).expect("one");
        assert_eq!(chromium.origin, "https://b.example");
        assert!(chromium.cross_origin);
        assert_eq!(chromium.options, r#"{"extensions":{"prf":{}}}"#);
        for (wrong, want) in [
            (r#"{"options":{}}"#, "names no origin"),
            (r#"{"origin":"https://a.example"}"#, "missing field `options`"),
            (r#"{"origin":"https://a.example","options":{},"orgin":""}"#, "unknown field `orgin`"),
            ("[", "EOF"),
        ] {
            let error = ceremony(wrong).expect_err(wrong);
            assert!(error.message.contains(want), "{wrong}: {}", error.message);
        }
    }
}

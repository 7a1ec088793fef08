//! The relying party of the demonstration, modelled on the page "Security info" of a work account. It is verified by the
//! independent library that `softhello demo` uses, and calls nothing of softhello: its page has `navigator.credentials` alone.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use softhello_windows::rp::{Registration, RelyingParty, RpError};
use uuid::Uuid;

use crate::{
    Shared,
    api::{Path, Text},
    lock,
};

const RP_ID: &str = "localhost";
const USER: &str = "ada@contoso.example";
const DISPLAY_NAME: &str = "Ada Lovelace";
const COOKIE: &str = "softhello-demo";

/// How many visitors are remembered.
const MAX_VISITORS: usize = 100;

/// The visitors, the last one last.
pub(crate) struct Demo {
    origin: String,
    visitors: Mutex<VecDeque<(String, Visitor)>>,
}

/// What the relying party knows of one browser.
struct Visitor {
    rp: RelyingParty,
    methods: Vec<Method>,
    signed_in: bool,
}

struct Method {
    id: Vec<u8>,
    name: String,
    added: String,
}

impl Demo {
    pub(crate) fn new(origin: String) -> Self {
        Self { origin, visitors: Mutex::default() }
    }
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/state", get(state))
        .route("/register/options", post(register_options))
        .route("/register", post(register))
        .route("/sign-in/options", post(sign_in_options))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/methods/{id}", delete(remove))
}

/// Refused, for the page to show.
struct Refused(String);

impl From<RpError> for Refused {
    fn from(error: RpError) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "message": self.0 }))).into_response()
    }
}

/// Who may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Whoever has a cookie already.
    Known,
    /// Whoever comes; a new visitor gets a cookie. Only what begins a ceremony makes one, since each may put another one out.
    Anyone,
}

/// Does something for the visitor whose cookie it is.
fn visit<T: IntoResponse>(
    shared: &Shared,
    headers: &HeaderMap,
    whose: Whose,
    what: impl FnOnce(&mut Visitor) -> Result<T, Refused>,
) -> Response {
    let known = cookie(headers);
    let mut visitors = lock(&shared.demo.visitors);
    let at = known.as_ref().and_then(|known| visitors.iter().position(|(id, _)| id == known));
    let (id, mut visitor) = match at.and_then(|at| visitors.remove(at)) {
        Some(found) => found,
        None if whose == Whose::Known => {
            return Refused("this browser is new here: begin with the options".to_owned()).into_response();
        }
        None => match RelyingParty::new(RP_ID) {
            Ok(rp) => {
                let rp = rp.with_origin(&shared.demo.origin);
                let visitor = Visitor { rp, methods: Vec::new(), signed_in: true };
                (Uuid::new_v4().simple().to_string(), visitor)
            }
            Err(error) => return Refused::from(error).into_response(),
        },
    };
    let mut response = what(&mut visitor).into_response();
    if at.is_none()
        && let Ok(cookie) =
            HeaderValue::try_from(format!("{COOKIE}={id}; Path=/demo; HttpOnly; SameSite=Strict"))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    visitors.push_back((id, visitor));
    if visitors.len() > MAX_VISITORS {
        visitors.pop_front();
    }
    response
}

/// Whether there is no visitor of this cookie.
fn is_new(shared: &Shared, headers: &HeaderMap) -> bool {
    let known = cookie(headers);
    let visitors = lock(&shared.demo.visitors);
    !visitors.iter().any(|(id, _)| Some(id) == known.as_ref())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}

fn method(method: &Method) -> Value {
    json!({ "id": BASE64URL_NOPAD.encode(&method.id), "name": method.name, "added": method.added })
}

async fn state(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let state = |methods: &[Method], signed_in: bool| {
        Json(json!({
            "user": { "name": USER, "displayName": DISPLAY_NAME },
            "methods": methods.iter().map(method).collect::<Vec<_>>(),
            "signedIn": signed_in,
        }))
    };
    if is_new(&shared, &headers) {
        return state(&[], true).into_response();
    }
    visit(&shared, &headers, Whose::Known, |visitor| Ok(state(&visitor.methods, visitor.signed_in)))
}

fn options(text: &str) -> Result<Value, Refused> {
    serde_json::from_str(text).map_err(|error| Refused(error.to_string()))
}

async fn register_options(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    visit(&shared, &headers, Whose::Anyone, |visitor| {
        let registration = Registration::default();
        let mut options = options(&visitor.rp.creation_options(USER, registration)?)?;
        for (member, name) in [("/rp/name", "Contoso"), ("/user/displayName", DISPLAY_NAME)] {
            if let Some(found) = options.pointer_mut(member) {
                *found = name.into();
            }
        }
        Ok(Json(options))
    })
}

async fn register(State(shared): State<Arc<Shared>>, headers: HeaderMap, Text(body): Text) -> Response {
    visit(&shared, &headers, Whose::Known, |visitor| {
        let registered = visitor.rp.register(&body)?;
        let number = visitor.methods.len() + 1;
        let added = Method {
            id: registered.credential_id,
            name: if number == 1 { "Passkey".to_owned() } else { format!("Passkey {number}") },
            added: jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string(),
        };
        let answer = method(&added);
        visitor.methods.push(added);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn sign_in_options(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    visit(&shared, &headers, Whose::Anyone, |visitor| Ok(Json(options(&visitor.rp.request_options(None)?)?)))
}

async fn sign_in(State(shared): State<Arc<Shared>>, headers: HeaderMap, Text(body): Text) -> Response {
    visit(&shared, &headers, Whose::Known, |visitor| {
        let signed_in = visitor.rp.sign_in(&body)?;
        visitor.signed_in = true;
        let id = BASE64URL_NOPAD.encode(&signed_in.credential_id);
        Ok(Json(json!({ "signedIn": true, "method": id })))
    })
}

async fn sign_out(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    visit(&shared, &headers, Whose::Known, |visitor| {
        visitor.signed_in = false;
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn remove(State(shared): State<Arc<Shared>>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    visit(&shared, &headers, Whose::Known, |visitor| {
        let id = BASE64URL_NOPAD.decode(id.as_bytes()).unwrap_or_default();
        visitor.methods.retain(|method| method.id != id);
        visitor.rp.forget(&id);
        Ok(StatusCode::NO_CONTENT)
    })
}
